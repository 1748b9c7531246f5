"""What a KeypointGAN is made of, and its ablations (methods 2.2, 2.11)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from model.checks import check_choices, check_number
from model.keypoint_gan.rendering import SIGMA
from model.keypoint_gan.skeletons import Skeleton, skeleton_of

SMALLEST_PATCH = 24  # a discriminator's last convolution needs something to look at

Mask = Literal["none", "person"]


@dataclass(frozen=True)
class GanSpec:
    """Everything that a weight file must say about its networks; the published values.

    ``conditional``: G_B sees another picture of the person. ``bottleneck``: G_B sees the skeleton
    drawn from the points, not G_A's own image. ``second_cycle``: prior skeletons are turned into
    pictures and back, and a discriminator judges these pictures. KeypointGAN is yes, yes, no.
    ``mask``: whether pictures have to be masked first (``person``) or are as they come (``none``,
    which data sets with a black background are as well).
    """

    skeleton_name: str = "h36m32"
    size: int = 128
    width: int = 32
    discriminator_width: int = 64
    scales: int = 3
    sigma: float = SIGMA
    conditional: bool = True
    global_condition: bool = False
    bottleneck: bool = True
    second_cycle: bool = False
    mask: Mask = "none"

    def __post_init__(self) -> None:
        skeleton_of(self.skeleton_name)
        check_choices(self, {"mask": get_args(Mask)})
        good = self.size % 8 == 0 and self.size >= SMALLEST_PATCH
        check_number("size", self.size, good, f"a multiple of 8 from {SMALLEST_PATCH}")
        for name in ("width", "discriminator_width", "scales"):
            check_number(name, getattr(self, name), getattr(self, name) >= 1, "1 or more")
        smallest = self.size / 2 ** (self.scales - 1)
        check_number(
            "scales",
            self.scales,
            smallest >= SMALLEST_PATCH,
            f"so few that {self.size} pixels halved {self.scales - 1} times are at least "
            f"{SMALLEST_PATCH}",
        )
        check_number("sigma", self.sigma, self.sigma > 0, "above 0")

    @property
    def skeleton(self) -> Skeleton:
        return skeleton_of(self.skeleton_name)


VARIANTS: Mapping[str, tuple[str, dict[str, Any]]] = {
    "cyclegan": (
        "CycleGAN",
        {"conditional": False, "bottleneck": False, "second_cycle": True},
    ),
    "conditional": (
        "+ conditional generator",
        {"conditional": True, "bottleneck": False, "second_cycle": True},
    ),
    "bottleneck": (
        "+ skeleton bottleneck",
        {"conditional": True, "bottleneck": True, "second_cycle": True},
    ),
    "keypointgan": (
        "without second cycle (KeypointGAN)",
        {"conditional": True, "bottleneck": True, "second_cycle": False},
    ),
    "cyclegan-one-cycle": (
        "CycleGAN without second cycle",
        {"conditional": False, "bottleneck": False, "second_cycle": False},
    ),
}
"""The rows of Table 4: title and what sets each apart, by the command line's word."""
