"""The TTP networks in plain PyTorch."""

from model.core.perceptual import PerceptualLoss, VGGFeatures, load_perceptual_loss
from model.ttp.networks.variants import (
    VARIANT_TITLES,
    VARIANTS,
    NetworkOutput,
    NetworkSpec,
    PoseNetwork,
    PoseOutput,
    Variant,
)

__all__ = [
    "VARIANTS",
    "VARIANT_TITLES",
    "NetworkOutput",
    "NetworkSpec",
    "PerceptualLoss",
    "PoseNetwork",
    "PoseOutput",
    "VGGFeatures",
    "Variant",
    "load_perceptual_loss",
]
