"""The TTP networks in plain PyTorch."""

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
    "PoseNetwork",
    "PoseOutput",
    "Variant",
]
