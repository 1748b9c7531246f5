"""How a person's frames are gone through: what is updated when, what is predicted (1.10, 1.11)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, get_args

from model.checks import check_choices, check_number
from model.personalization import PersonalizationSettings

Mode = Literal["none", "online", "offline"]
Unit = Literal["person", "clip"]

_CHOICES = {"mode": get_args(Mode), "unit": get_args(Unit)}


@dataclass(frozen=True)
class Protocol:
    """One way to personalize a network to people and to predict their frames.

    The defaults personalize nothing: ``mode`` ``none`` predicts with the network as it is.
    """

    mode: Mode = "none"
    settings: PersonalizationSettings = field(default_factory=PersonalizationSettings)
    #: Trained weights come back after each ``person``, whose clips are one recording, or after
    #: each ``clip``.
    unit: Unit = "person"
    #: Only frames d-1, 2d-1, 3d-1, ... of the data set are updated on and predicted; the others
    #: may still be sources. 1: all frames. Offline is published with 1 only.
    downsample: int = 1
    #: Update on the first frame of each unit only. With ``downsample`` above 1 the released code
    #: then never updates, and neither does this.
    first_frame_only: bool = False
    #: Of sources, targets and augmentations.
    seed: int = 0

    def __post_init__(self) -> None:
        check_choices(self, _CHOICES)
        check_number("downsample", self.downsample, self.downsample >= 1, "1 or more")
        check_number("seed", self.seed, self.seed >= 0, "0 or more")
        if self.mode == "offline":
            check_number("downsample", self.downsample, self.downsample == 1, "1 offline")
