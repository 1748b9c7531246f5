"""Where the files that come in the box are."""

from __future__ import annotations

from pathlib import Path

ASSETS = Path(__file__).resolve().parents[1] / "assets"
WEIGHTS = ASSETS / "weights" / "ttp-movenet-thunder-penn13.safetensors"
KEYPOINT_GAN_WEIGHTS = (
    ASSETS / "weights" / "keypointgan-rendered-penn13.safetensors"
)  # may be absent
PERCEPTUAL_WEIGHTS = ASSETS / "perceptual" / "vgg16-features-relu5_2-fp16.safetensors"
DETECTOR = ASSETS / "detector" / "movenet-multipose-fp16.onnx"
PERSON_MASK = ASSETS / "mask" / "selfie-segmentation-fp16.onnx"
DEMO_CLIPS = ASSETS / "demo"
