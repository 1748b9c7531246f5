"""Every knob of IMM's training, as released by default (methods 3.2 and 3.3)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

from model.checks import check_choices, check_number
from model.imm.features import FeatureKind
from model.imm.loss import InitialMeans
from model.imm.pairs import PairKind
from model.training.settings import Precision

LossKind = Literal["perceptual", "l2"]

_CHOICES: dict[str, tuple[str, ...]] = {
    "pairs": get_args(PairKind),
    "loss": get_args(LossKind),
    "features": get_args(FeatureKind),
    "initial_means": get_args(InitialMeans),
    "precision": get_args(Precision),
}
_POSITIVE = ("steps", "batch_size", "decay_every", "look_every", "checkpoint_every")


@dataclass(frozen=True)
class ImmSettings:
    """Settings of training. ``UserError`` for values that are out of range."""

    #: Optimiser steps in all; the released cap, which nobody waits for.
    steps: int = 30_000_000
    #: Pairs per step.
    batch_size: int = 50
    #: Adam's learning rate at the start.
    learning_rate: float = 1e-3
    #: The rate is multiplied by ``decay`` after every ``decay_every`` steps.
    decay: float = 0.95
    decay_every: int = 100_000
    #: The gradient of each single tensor is shortened to this length.
    clip: float = 1.0
    #: Times half the squared norm of all convolution weights, added to the loss.
    weight_decay: float = 1e-5
    #: Where pairs come from: two warps of a picture, or two frames of a clip.
    pairs: PairKind = "warp"
    #: Whether half of the pairs of frames are mirrored.
    flip: bool = True
    #: How pictures are compared.
    loss: LossKind = "perceptual"
    #: The network of the perceptual loss. The released code's is ``colorization``.
    features: FeatureKind = "imagenet"
    #: What the errors are divided by at first; the ``published`` belong to ``colorization``.
    initial_means: InitialMeans = "first batch"
    #: Whether no gradient passes through what the errors are divided by; released: it does.
    detached: bool = False
    precision: Precision = "float32"
    #: Look at the network, and draw what it does, every so many steps.
    look_every: int = 1_000
    #: Save a checkpoint every so many steps.
    checkpoint_every: int = 2_000
    seed: int = 0

    def __post_init__(self) -> None:
        check_choices(self, _CHOICES)
        for name in _POSITIVE:
            check_number(name, getattr(self, name), getattr(self, name) >= 1, "1 or more")
        check_number("learning_rate", self.learning_rate, 0 < self.learning_rate <= 1, "in (0, 1]")
        check_number("decay", self.decay, 0 < self.decay <= 1, "in (0, 1]")
        check_number("clip", self.clip, 0 < self.clip < math.inf, "above 0")
        decay = self.weight_decay
        check_number("weight_decay", decay, 0 <= decay < math.inf, "0 or more")
        check_number("seed", self.seed, self.seed >= 0, "0 or more")

    def learning_rate_at(self, step: int) -> float:
        """The learning rate of step 0, 1, ...: a staircase (method 3.3)."""
        return self.learning_rate * self.decay ** (step // self.decay_every)
