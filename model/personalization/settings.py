"""Every knob of test-time personalization, with the paper's values as defaults."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from model.checks import check_choices, check_number
from model.errors import UserError

Scope = Literal["all", "features", "deconvolutions"]
Targets = Literal["current", "random"]
Sources = Literal["all", "recent"]
SourceBox = Literal["target", "own"]

_CHOICES: dict[str, tuple[str, ...]] = {
    "scope": get_args(Scope),
    "targets": get_args(Targets),
    "sources": get_args(Sources),
    "source_box": get_args(SourceBox),
}


@dataclass(frozen=True)
class PersonalizationSettings:
    """Settings of online and offline personalization (method 1.9 to 1.11).

    The defaults are those of the released code, from which the paper's numbers come.
    """

    #: Adam's learning rate, fixed.
    learning_rate: float = 1e-4
    #: Target-source pairs per update.
    batch_size: int = 32
    #: Optimiser steps on each batch (the paper's "update iterations", Table 2).
    iterations: int = 1
    #: What is updated: ``all`` that the released code updates (encoder, self-supervised head,
    #: appearance and keypoint encoders, renderer), ``features`` (encoder and self-supervised
    #: head, as the paper's text says), or ``deconvolutions`` (the encoder's last three layers
    #: and the self-supervised head).
    scope: Scope = "all"
    #: The target of each pair: the ``current`` frame, or a ``random`` one seen so far.
    targets: Targets = "current"
    #: Sources come from ``all`` frames seen so far or from the ``recent`` ones only.
    sources: Sources = "all"
    #: The source is cropped with the ``target``'s box (as published) or with its ``own``.
    source_box: SourceBox = "target"
    #: Restore the trained weights after this many predicted frames; 0 is never.
    reset_every: int = 0
    #: Offline: updates per frame of the recording.
    offline_updates_per_frame: float = 1.0

    def __post_init__(self) -> None:
        check_choices(self, _CHOICES)
        check_number("learning_rate", self.learning_rate, 0 < self.learning_rate <= 1, "in (0, 1]")
        check_number("batch_size", self.batch_size, 1 <= self.batch_size <= 1024, "from 1 to 1024")
        check_number("iterations", self.iterations, 1 <= self.iterations <= 100, "from 1 to 100")
        check_number("reset_every", self.reset_every, self.reset_every >= 0, "0 or more")
        check_number(
            "offline_updates_per_frame",
            self.offline_updates_per_frame,
            0 < self.offline_updates_per_frame <= 100,
            "in (0, 100]",
        )


@dataclass(frozen=True)
class Preset:
    """A named choice of settings, with words for the menu."""

    name: str
    title: str
    description: str
    settings: PersonalizationSettings


PRESETS: tuple[Preset, ...] = (
    Preset(
        "gentle",
        "Gentle",
        "Small steps on the last layers only: safe with the network in the box",
        PersonalizationSettings(
            learning_rate=1e-5, batch_size=8, scope="deconvolutions", source_box="own"
        ),
    ),
    Preset(
        "paper",
        "As published",
        "The paper's setting: everything at 1e-4, 32 pairs per update",
        PersonalizationSettings(),
    ),
)
DEFAULT_PRESET = PRESETS[0]


def preset(name: str | None) -> Preset:
    """The preset called ``name``, None: the default; ``UserError`` lists the names there are."""
    if name is None:
        return DEFAULT_PRESET
    for candidate in PRESETS:
        if candidate.name == name:
            return candidate
    names = ", ".join(p.name for p in PRESETS)
    raise UserError(f"There is no personalization preset {name!r}. Choose one of: {names}.")
