"""Where the files that come in the box are, and the demo clips with what is known of them."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.project import ROOT
from model.core.errors import UserError
from model.core.skeleton import COCO17, PENN13

ASSETS = ROOT / "assets"
WEIGHTS = ASSETS / "weights" / "ttp-movenet-thunder-penn13.safetensors"
KEYPOINT_GAN_WEIGHTS = (
    ASSETS / "weights" / "keypointgan-rendered-penn13.safetensors"
)  # may be absent
PERCEPTUAL_WEIGHTS = ASSETS / "perceptual" / "vgg16-features-relu5_2-fp16.safetensors"
DETECTOR = ASSETS / "detector" / "movenet-multipose-fp16.onnx"
PERSON_MASK = ASSETS / "mask" / "selfie-segmentation-fp16.onnx"
DEMO_CLIPS = ASSETS / "demo"


@dataclass(frozen=True)
class Demo:
    """An embedded clip: the ``name`` it is opened by, the ``title`` a person reads, its files."""

    name: str
    title: str
    video: Path
    joints: Path | None = None


DEMOS: tuple[Demo, ...] = (
    Demo(
        "webcam",
        "At the desk (rendered, true joints known)",
        DEMO_CLIPS / "demo-webcam.mp4",
        DEMO_CLIPS / "demo-webcam.joints.npz",
    ),
    Demo("gymnast", "Gymnast on a trampoline (real, four views)", DEMO_CLIPS / "gymnast.mp4"),
    Demo(
        "stage",
        "On a black stage (rendered, for KeypointGAN)",
        DEMO_CLIPS / "demo-stage.mp4",
        DEMO_CLIPS / "demo-stage.joints.npz",
    ),
)


def demo(name: str) -> Demo:
    """The clip called ``name``; ``UserError`` lists the names there are."""
    for candidate in DEMOS:
        if candidate.name == name:
            return candidate
    names = ", ".join(d.name for d in DEMOS)
    raise UserError(f"There is no demo clip {name!r}. Choose one of: {names}.")


@dataclass(frozen=True)
class KnownJoints:
    """True joints of a clip, in the order of the network's joint set.

    ``joints`` (T, K, 2) float32 in pixels of the frame, ``visible`` (T, K) bool: inside the
    picture (occluded joints included).
    """

    joints: NDArray[np.float32]
    visible: NDArray[np.bool_]

    @classmethod
    def load(cls, path: Path) -> KnownJoints:
        """Read COCO-17 joints with the head's centre and reorder them as Penn-13.

        ``path`` is an ``.npz`` with ``joints`` (T, 17, 2), ``head`` (T, 2) and ``visible`` (T, 17),
        0 outside the picture. ``UserError`` if it is not.
        """
        try:
            with np.load(path) as file:
                joints, head, visible = file["joints"], file["head"], file["visible"]
        except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
            raise UserError(
                f"{path} cannot be read as known joints ({error}). Give an .npz file with joints, "
                "head and visible, as beside the demo clip."
            ) from error
        order = [COCO17.index(name) for name in PENN13.names[1:]]
        # The nose tells whether the head is in the picture.
        seen = np.concatenate([visible[:, :1], visible[:, order]], axis=1) > 0
        points = np.concatenate([head[:, None], joints[:, order]], axis=1)
        return cls(points.astype(np.float32), seen)

    def error(self, frame: int, keypoints: NDArray[np.floating]) -> float | None:
        """Mean distance (pixels) of ``keypoints`` (K, 2) to the true joints of a frame.

        Only joints inside the picture count; None for a frame without any.
        """
        if not 0 <= frame < len(self.joints) or not self.visible[frame].any():
            return None
        distance = np.linalg.norm(keypoints - self.joints[frame], axis=-1)
        return float(distance[self.visible[frame]].mean())
