"""What a person asked an experiment to be run on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from model.checks import check_number
from model.data.catalogue import Request
from model.data.records import Split
from model.errors import UserError
from model.experiments.catalogue import ROLES
from model.personalization import PersonalizationSettings, preset


@dataclass(frozen=True)
class StudyRequest:
    """The values of the command line, checked; nothing is opened yet.

    ``UserError`` says which value makes no sense.
    """

    #: Whom to measure on.
    data: Request
    split: Split
    #: Weight files by role, at least one.
    weights: Mapping[str, Path]
    #: The experiment's folder is made in here.
    out: Path
    #: Training people, for choices; of them only the ``aside`` share (0..1) that training with
    #: the same share keeps out. None: all of them.
    development: Request | None = None
    aside: float | None = None
    settings: PersonalizationSettings = field(default_factory=lambda: preset(None).settings)
    seeds: tuple[int, ...] = (0,)
    #: ``Protocol.downsample`` of online runs.
    every: int = 1
    #: Only that many people, spread over the set, and only the first frames of each; None: all.
    people: int | None = None
    frames: int | None = None
    #: Processes that go through people beside each other.
    workers: int = 1
    device: str | None = None
    #: Show no progress.
    quiet: bool = False
    #: As typed.
    command: str = ""

    def __post_init__(self) -> None:
        check_number("every", self.every, self.every >= 1, "1 or more")
        check_number("workers", self.workers, self.workers >= 1, "1 or more")
        for name in ("people", "frames"):
            value = getattr(self, name)
            if value is not None:
                check_number(name, value, value >= 1, "1 or more")
        if not self.seeds or min(self.seeds) < 0 or len(set(self.seeds)) < len(self.seeds):
            raise UserError(
                f"The seeds were {', '.join(map(str, self.seeds)) or 'none'}; give different whole "
                "numbers of 0 or more, such as 0,1,2."
            )
        if self.aside is not None and not 0 < self.aside < 1:
            raise UserError(f"--aside was {self.aside}; it is a share above 0 and below 1.")
        if self.aside is not None and self.development is None:
            raise UserError("--aside is a share of the --development people. Give these as well.")
        unknown = [role for role in self.weights if role not in ROLES]
        if unknown or not self.weights:
            raise UserError(
                f"The roles of the weights were {', '.join(unknown) or 'none'}; they are "
                f"{', '.join(ROLES)}."
            )
