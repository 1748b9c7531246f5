"""What a KeypointGAN is made of, how it is trained (methods 2.2, 2.5 to 2.7, 2.11), and presets."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from model.core.errors import UserError, check_choices, check_number
from model.keypointgan.rendering import SIGMA, Skeleton, skeleton_of

SMALLEST_PATCH = 24  # a discriminator's last convolution needs something to look at

Mask = Literal["none", "person"]


@dataclass(frozen=True)
class KeypointGanSpec:
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


@dataclass(frozen=True)
class KeypointGanSettings:
    """The published training, but for ``steps``: the released code has no last one.

    As many as the regressor's are our choice.
    """

    steps: int = 580_000
    #: Steps before these, which teach the regressor alone, on drawn skeletons of the prior. The
    #: release trains with its regressor of iteration 580,000.
    regressor_steps: int = 580_000
    batch_size: int = 16
    #: Examples computed at a time by one process; 0: as many as a process has of the batch. The
    #: result does not depend on how many processes share them.
    micro_batch: int = 0
    learning_rate: float = 2e-4
    #: Adam's first decay.
    beta1: float = 0.5
    #: Largest norm of the gradient of each of the three optimisers.
    clip: float = 1.0
    #: Earlier images that the discriminator may be shown; 0: none.
    pool: int = 50
    #: Weights of the generators' adversarial and reconstruction terms.
    adversarial: float = 10.0
    reconstruction: float = 10.0
    #: Weights of the way from skeleton to picture and back, and of its pictures looking real, in
    #: ablations; CycleGAN's usual values.
    skeleton_cycle: float = 10.0
    image_adversarial: float = 1.0
    #: The regressor goes on learning beside the generators: weights of its two terms.
    finetune_regressor: bool = True
    regressor_image: float = 0.1
    regressor_prior: float = 0.9
    #: "linear": no ReLU in the perceptual network, as in the released code; "relu": as in the
    #: paper.
    perceptual: str = "linear"
    #: Decay of the moving average of the weights that is kept and measured; published: none.
    average: float = 0.0
    #: How poses of the prior are drawn: a clip and then a frame of it, as published, or ``frames``
    #: all alike.
    prior_draw: str = "clips"
    #: Leave poses out that reach beyond the picture; published: they are kept.
    whole_poses: bool = False
    #: Largest distance in frames between target and conditioning frame.
    window: int = 1000
    #: Targets made of stills are turned, scaled and moved a little too; the released default is no.
    warp_target: bool = False
    #: float32 or bfloat16.
    precision: str = "float32"
    look_every: int = 1000
    checkpoint_every: int = 5000
    seed: int = 0

    def __post_init__(self) -> None:
        check_choices(
            self,
            {
                "precision": ("float32", "bfloat16"),
                "perceptual": ("linear", "relu"),
                "prior_draw": ("clips", "frames"),
            },
        )
        for name in ("steps", "batch_size", "look_every", "checkpoint_every"):
            check_number(name, getattr(self, name), getattr(self, name) >= 1, "1 or more")
        for name in (
            "regressor_steps", "micro_batch", "pool", "window", "seed", "adversarial",
            "reconstruction", "skeleton_cycle", "image_adversarial", "regressor_image",
            "regressor_prior",
        ):  # fmt: skip
            value = getattr(self, name)
            check_number(name, value, 0 <= value < math.inf, "0 or more")
        for name in ("learning_rate", "clip"):
            value = getattr(self, name)
            check_number(name, value, 0 < value < math.inf, "above 0")
        check_number("average", self.average, 0 <= self.average < 1, "from 0 to below 1")
        check_number("beta1", self.beta1, 0 <= self.beta1 < 1, "from 0 to below 1")


@dataclass(frozen=True)
class KeypointGanPreset:
    """``spec`` and ``settings``: what differs from the published."""

    title: str
    spec: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)


PRESETS: Mapping[str, KeypointGanPreset] = {
    "paper": KeypointGanPreset("as published"),
    "small": KeypointGanPreset(
        "pictures of 64 pixels, half the channels, batches of 8, bfloat16, averaged weights",
        {"size": 64, "width": 16, "discriminator_width": 32, "scales": 2},
        {
            "steps": 12_000,
            "regressor_steps": 8_000,
            "batch_size": 8,
            "precision": "bfloat16",
            "average": 0.998,
            "prior_draw": "frames",
            "whole_poses": True,
            "look_every": 250,
            "checkpoint_every": 500,
        },
    ),
}


def gan_preset(name: str) -> KeypointGanPreset:
    """The preset called ``name``; ``UserError`` lists the names there are."""
    if name not in PRESETS:
        raise UserError(
            f"There is no KeypointGAN preset {name!r}. Choose one of: {', '.join(PRESETS)}."
        )
    return PRESETS[name]
