"""Every knob of training, and the settings of the papers' data sets by name."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Generic, Literal, TypeVar, get_args

from model.core.augmentation import Augmenter
from model.core.crop import CROP_SIZE
from model.core.device import Precision
from model.core.errors import UserError, check_choices, check_number
from model.ttp.networks.variants import ChannelOrder

Schedule = Literal["steps", "cosine"]
OnBadData = Literal["stop", "skip"]
Frozen = Literal["early", "trunk", "encoder"]

#: What pictures may go through, by name: as published (method 1.8), and two more of ours.
AUGMENTATIONS: dict[str, Augmenter] = {
    "paper": Augmenter(),
    "strong": Augmenter(shift_sd=0.03, colour_sd=0.2, blur_probability=0.3, hide_probability=0.4),
    "mild": Augmenter(
        rotation_sd=20,
        scale_sd=0.2,
        shift_sd=0.03,
        colour_sd=0.15,
        blur_probability=0.2,
        hide_probability=0.25,
    ),
}

_CHOICES: dict[str, tuple[str, ...]] = {
    "schedule": get_args(Schedule),
    "precision": get_args(Precision),
    "on_bad_data": get_args(OnBadData),
}
_COUNTS = ("micro_batch", "ramp_steps", "warm_up_steps", "coarse_steps", "pairs", "probe_every")


@dataclass(frozen=True)
class TrainingSettings:
    """Settings of joint training (method 1.6, 1.7). The defaults are those of Penn Action."""

    #: Optimiser steps in all.
    steps: int = 383_000
    #: Examples per step, over all processes and micro-batches.
    batch_size: int = 32
    #: Examples computed at a time by one process; BatchNorm sees one micro-batch. 0: as many as
    #: a process has of the batch. The result does not depend on how many processes share them.
    micro_batch: int = 0
    #: Adam's learning rate.
    learning_rate: float = 1e-3
    #: ``steps`` divides the rate by ten at each of ``decays``, ``cosine`` lowers it to zero.
    schedule: Schedule = "steps"
    #: Shares of ``steps`` at which the rate falls.
    decays: tuple[float, ...] = (246 / 383, 328 / 383)
    #: Steps over which the rate rises from zero at the start.
    ramp_steps: int = 0
    #: Lambda: the weight of the self-supervised loss beside the supervised one.
    self_weight: float = 1e-3
    #: Whether labels are used at all; without, the self-supervised branch learns alone (IMM).
    supervised: bool = True
    #: First steps with the supervised loss alone, which is several times cheaper.
    warm_up_steps: int = 0
    #: How many examples of each batch are also reconstructed; 0: all of them.
    pairs: int = 0
    #: First steps that reconstruct at half the resolution, at a quarter of the cost.
    coarse_steps: int = 0
    #: Share of the pairs whose source is augmented by itself. The paper's sources turn with their
    #: targets (0); of few and short clips, a renderer then learns to copy the source.
    independent_sources: float = 0.0
    #: Decay of the moving average of the weights that is validated and kept; 0: none.
    average: float = 0.0
    #: What the pictures go through (method 1.8 by default).
    augmenter: Augmenter = field(default_factory=Augmenter)
    precision: Precision = "float32"
    #: Validate, draw a panel and save a checkpoint every so many steps.
    validate_every: int = 13_675
    checkpoint_every: int = 1_000
    #: Probe the gain of personalization on development people every so many steps; 0: never.
    probe_every: int = 0
    #: A frame that cannot be used stops the run, or is named and skipped.
    on_bad_data: OnBadData = "stop"
    seed: int = 0

    def __post_init__(self) -> None:
        check_choices(self, _CHOICES)
        positive = ("steps", "batch_size", "validate_every", "checkpoint_every")
        for name in positive:
            check_number(name, getattr(self, name), getattr(self, name) >= 1, "1 or more")
        for name in _COUNTS:
            check_number(name, getattr(self, name), getattr(self, name) >= 0, "0 or more")
        check_number("learning_rate", self.learning_rate, 0 < self.learning_rate <= 1, "in (0, 1]")
        check_number("self_weight", self.self_weight, 0 <= self.self_weight < math.inf, "0 or more")
        shared = self.independent_sources
        check_number("independent_sources", shared, 0 <= shared <= 1, "in [0, 1]")
        check_number("average", self.average, 0 <= self.average < 1, "in [0, 1)")
        check_number("pairs", self.pairs, self.pairs <= self.batch_size, "at most the batch size")

    def learning_rate_at(self, step: int) -> float:
        """The learning rate of step 0, 1, ... ``steps`` - 1."""
        rate = self.learning_rate * min(1.0, (step + 1) / max(1, self.ramp_steps))
        if self.schedule == "cosine":
            return rate * 0.5 * (1 + math.cos(math.pi * step / self.steps))
        return rate * 0.1 ** sum(step >= round(share * self.steps) for share in self.decays)

    def pairs_at(self, step: int) -> int:
        """How many examples of step ``step`` are reconstructed."""
        if step < self.warm_up_steps:
            return 0
        return self.pairs or self.batch_size

    def resolution_at(self, step: int) -> int:
        """The side of the pictures that step ``step`` reconstructs."""
        return CROP_SIZE // 2 if step < self.coarse_steps else CROP_SIZE


@dataclass(frozen=True)
class ResidentSettings:
    """Settings of training with all pictures on the device, for so many minutes (ours).

    What is called as in ``TrainingSettings`` means the same.
    """

    #: How long steps are taken, the looks between them included. Not the steps but the time that
    #: is used up lowers the rates, by a cosine, so that any machine ends with small steps.
    minutes: float = 5.0
    batch_size: int = 256
    #: Adam's highest learning rate for what begins at random.
    learning_rate: float = 1e-3
    #: The same for what was trained before: a ResNet, or MoveNet's trunk and its own neck.
    trunk_rate: float = 2e-4
    ramp_steps: int = 100
    #: 0: only the supervised loss is computed, which is several times cheaper.
    self_weight: float = 1e-3
    #: How many examples of each batch are also reconstructed; 0: all that come with a source.
    pairs: int = 0
    #: The first share of the minutes reconstructs at half the resolution, at a quarter of the cost.
    coarse: float = 0.0
    #: What stays as it is of MoveNet's trunk: the ``early`` quarter of its convolutions, or all of
    #: the ``trunk``; or the whole ``encoder``, so that features stay as they are while heads and
    #: renderer learn. A ResNet's trunk is frozen whole or not at all.
    frozen: Frozen = "early"
    #: One step of so many is a meta step: it personalizes the network to one person, and asks the
    #: supervised loss on other frames of the person to fall. 0: none is. Without it, nothing makes
    #: the two losses pull the same way.
    meta_every: int = 0
    #: How far a meta step personalizes: the root mean square by which weights are moved.
    meta_rate: float = 1e-3
    independent_sources: float = 0.75
    average: float = 0.998
    augmenter: Augmenter = AUGMENTATIONS["strong"]
    precision: Precision = "bfloat16"
    #: Validate, draw a panel and save the network every so many seconds.
    look_every: float = 45.0
    seed: int = 0

    def __post_init__(self) -> None:
        check_choices(self, {"precision": get_args(Precision), "frozen": get_args(Frozen)})
        for name in ("minutes", "look_every"):
            value = getattr(self, name)
            check_number(name, value, 0 < value < math.inf, "a positive number")
        for name in ("learning_rate", "trunk_rate"):
            value = getattr(self, name)
            check_number(name, value, 0 < value <= 1, "in (0, 1]")
        for name in ("ramp_steps", "pairs", "meta_every", "seed"):
            check_number(name, getattr(self, name), getattr(self, name) >= 0, "0 or more")
        check_number("batch_size", self.batch_size, self.batch_size >= 1, "1 or more")
        check_number("self_weight", self.self_weight, 0 <= self.self_weight < math.inf, "0 or more")
        shared = self.independent_sources
        check_number("independent_sources", shared, 0 <= shared <= 1, "in [0, 1]")
        check_number("meta_rate", self.meta_rate, 0 < self.meta_rate <= 1, "in (0, 1]")
        check_number("coarse", self.coarse, 0 <= self.coarse <= 1, "in [0, 1]")
        check_number("average", self.average, 0 <= self.average < 1, "in [0, 1)")
        check_number("pairs", self.pairs, self.pairs <= self.batch_size, "at most the batch size")
        useful = not self.pairs or self.self_weight > 0
        check_number("pairs", self.pairs, useful, "0 where self_weight is 0: nothing is rebuilt")
        useful = not self.meta_every or self.self_weight > 0
        check_number("meta_every", self.meta_every, useful, "0 where self_weight is 0")

    def resolution_at(self, spent: float) -> int:
        """The side of the pictures that are reconstructed when a share of the minutes is spent."""
        return CROP_SIZE // 2 if spent < self.coarse else CROP_SIZE

    def factor_at(self, step: int, spent: float) -> float:
        """What both rates are multiplied by in step 0, 1, ...

        Args:
            step: how many steps were taken before.
            spent: share of the minutes that is used up, 0 to 1.

        Returns:
            From 0 to 1.
        """
        ramp = min(1.0, (step + 1) / max(1, self.ramp_steps))
        return ramp * 0.5 * (1 + math.cos(math.pi * min(1.0, spent)))


#: Lambda of the rotation variant as published, on all data sets.
ROTATION_WEIGHT = 1e-4


_Settings = TypeVar("_Settings", TrainingSettings, ResidentSettings)


@dataclass(frozen=True)
class TrainingPreset(Generic[_Settings]):
    """Settings and backbone that belong to a data set, and the order of the pictures' channels.

    The released code leaves pictures as OpenCV reads them, with blue first (method 1.8). Where
    ImageNet, MoveNet and VGG-16 were trained with red first, ours go on with that. The minutes of
    resident training are the machine's.
    """

    name: str
    description: str
    backbone: str
    settings: _Settings
    channel_order: ChannelOrder = "rgb"

    def settings_for(self, variant: str) -> _Settings:
        """The settings of a variant: the rotation task has a lambda of its own."""
        if variant == "rotation" and self.settings.self_weight:
            return replace(self.settings, self_weight=ROTATION_WEIGHT)
        return self.settings


_PENN = TrainingSettings()
_JHMDB = replace(
    _PENN,
    steps=12_000,
    schedule="cosine",
    ramp_steps=100,
    learning_rate=7e-4,
    pairs=8,
    coarse_steps=8_000,
    independent_sources=0.75,
    average=0.998,
    augmenter=Augmenter(shift_sd=0.03, colour_sd=0.2, blur_probability=0.25, hide_probability=0.4),
    precision="bfloat16",
    validate_every=250,
    checkpoint_every=100,
)
TRAINING_PRESETS: tuple[TrainingPreset[TrainingSettings], ...] = (
    TrainingPreset("penn", "as published for Penn Action", "resnet50", _PENN, "bgr"),
    TrainingPreset(
        "human36m",
        "as published for Human3.6M",
        "resnet18",
        replace(
            _PENN, steps=140_000, decays=(9 / 14, 12 / 14), self_weight=1e-5, validate_every=5_000
        ),
        "bgr",
    ),
    TrainingPreset(
        "bbc",
        "as published for BBC Pose",
        "resnet18",
        replace(_PENN, steps=28_000, decays=(18 / 28, 24 / 28), validate_every=1_000),
        "bgr",
    ),
    TrainingPreset(
        "jhmdb",
        "a ResNet-34 on small data: more augmentation, and an average of the weights",
        "resnet34",
        _JHMDB,
    ),
    TrainingPreset(
        "jhmdb-finish",
        "its last steps, on pictures nearly as they will be seen, from --start",
        "resnet34",
        replace(
            _JHMDB,
            steps=400,
            learning_rate=2e-4,
            ramp_steps=20,
            pairs=4,
            coarse_steps=0,
            average=0.99,
            augmenter=Augmenter(
                rotation_sd=10, scale_sd=0.1, shift_sd=0.02, colour_sd=0.1, blur_probability=0.1
            ),
        ),
    ),
)

RESIDENT_PRESETS: tuple[TrainingPreset[ResidentSettings], ...] = (
    TrainingPreset(
        "movenet",
        "the embedded network's first stage, from MoveNet's weights: the supervised loss alone",
        "movenet-thunder",
        ResidentSettings(self_weight=0.0),
    ),
    TrainingPreset(
        "movenet-joint",
        "its second stage, from the first: both losses",
        "movenet-thunder",
        ResidentSettings(batch_size=192, trunk_rate=1.2e-4),
    ),
    TrainingPreset(
        "movenet-finish",
        "its third stage, on a few cores: small steps on pictures nearly as they will be seen",
        "movenet-thunder",
        ResidentSettings(
            batch_size=16,
            learning_rate=3e-4,
            trunk_rate=5e-5,
            pairs=6,
            augmenter=AUGMENTATIONS["mild"],
            look_every=900.0,
        ),
    ),
)


def training_preset(name: str) -> TrainingPreset[TrainingSettings]:
    """The preset called ``name``; ``UserError`` lists the names there are."""
    for candidate in TRAINING_PRESETS:
        if candidate.name == name:
            return candidate
    names = ", ".join(p.name for p in TRAINING_PRESETS)
    if any(p.name == name for p in RESIDENT_PRESETS):
        raise UserError(f"The preset {name} needs --resident. Add it, or choose one of: {names}.")
    raise UserError(f"There is no training preset {name!r}. Choose one of: {names}.")


def resident_preset(name: str) -> TrainingPreset[ResidentSettings]:
    """The preset of resident training called ``name``; ``UserError`` lists the names there are."""
    for candidate in RESIDENT_PRESETS:
        if candidate.name == name:
            return candidate
    names = ", ".join(p.name for p in RESIDENT_PRESETS)
    raise UserError(f"With --resident there is no preset {name!r}. Choose one of: {names}.")


def augmentation(name: str) -> Augmenter:
    """What pictures go through by the name ``paper``, ``strong`` or ``mild``; ``UserError``."""
    if name not in AUGMENTATIONS:
        names = ", ".join(AUGMENTATIONS)
        raise UserError(f"There is no augmentation {name!r}. Choose one of: {names}.")
    return AUGMENTATIONS[name]
