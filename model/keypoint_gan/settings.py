"""How a KeypointGAN is trained (methods 2.5 to 2.7); the values are the released code's."""

from __future__ import annotations

import math
from dataclasses import dataclass

from model.checks import check_choices, check_number


@dataclass(frozen=True)
class GanSettings:
    """The published training, but for ``steps`` and ``regressor_steps``, which it does not tell.

    The released code has no last step; its regressor is that of iteration 580,000.
    """

    steps: int = 580_000
    #: Steps before these, which teach the regressor alone, on drawn skeletons of the prior.
    regressor_steps: int = 20_000
    batch_size: int = 16
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
            self, {"precision": ("float32", "bfloat16"), "perceptual": ("linear", "relu")}
        )
        for name in ("steps", "batch_size", "look_every", "checkpoint_every"):
            check_number(name, getattr(self, name), getattr(self, name) >= 1, "1 or more")
        for name in (
            "regressor_steps", "pool", "window", "seed", "adversarial", "reconstruction",
            "skeleton_cycle", "image_adversarial", "regressor_image", "regressor_prior",
        ):  # fmt: skip
            value = getattr(self, name)
            check_number(name, value, 0 <= value < math.inf, "0 or more")
        for name in ("learning_rate", "clip"):
            value = getattr(self, name)
            check_number(name, value, 0 < value < math.inf, "above 0")
        check_number("average", self.average, 0 <= self.average < 1, "from 0 to below 1")
        check_number("beta1", self.beta1, 0 <= self.beta1 < 1, "from 0 to below 1")
