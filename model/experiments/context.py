"""What an experiment is made from: what was asked for, people, networks, and kept predictions."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from tqdm import tqdm

from model.adaptation import PersonalizationSettings, preset
from model.adaptation.settings import method_of
from model.core.device import ServingPrecision, choose_device
from model.core.errors import UserError, check_number
from model.core.files import make_folder, sha256_of
from model.data.catalogue import Request, people_aside
from model.data.records import DataSet, Split
from model.engine.ranks import joined_ranks
from model.evaluation.accuracy import Predictions
from model.evaluation.gain import first_frames, with_unlabelled
from model.evaluation.personalized import Protocol, Unit
from model.evaluation.runs import Machine, PeopleRunner
from model.experiments.catalogue import ROLES
from model.ttp.networks import VARIANTS
from model.ttp.weights import read_metadata, read_spec


def configuration(study: Study, **more: Any) -> dict[str, Any]:
    """Data, weights and their SHA-256, settings, seeds, versions, the command, and ``more``."""
    return {
        "command": study.command,
        "data": described(study.people),
        "development": None if study.development is None else described(study.development),
        "weights": {
            role: {
                "file": path.name,
                "sha256": sha256_of(path),
                "trained_on": study.trained_on.get(role),
            }
            for role, path in study.weights.items()
        },
        "method": study.method,
        "precision": study.precision,
        "settings": asdict(study.settings),
        "unit": study.unit,
        "first_frame_only": study.first_frame_only,
        "seeds": list(study.seeds),
        "every": study.every,
        **more,
        "versions": versions(),
    }


def versions() -> dict[str, str]:
    """Of what figures may depend on."""
    return {
        "python": platform.python_version(),
        "torch": str(torch.__version__),
        "numpy": np.__version__,
    }


def described(data_set: DataSet) -> dict[str, Any]:
    """What a data set is, as plain values."""
    return {
        "name": data_set.name,
        "joints": data_set.joint_set.name,
        "people": len(data_set.persons),
        "clips": len(data_set.clips),
        "frames": len(data_set),
    }


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
    #: More frames of the same people, whose labels are not looked at.
    extra: Request | None = None
    settings: PersonalizationSettings = field(default_factory=lambda: preset("paper").settings)
    #: What is computed with; None: what the app would use on this device.
    precision: ServingPrecision | None = "float32"
    #: ``Protocol``'s, of personalized runs.
    unit: Unit = "person"
    first_frame_only: bool = False
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


_STORE = "predictions"


@dataclass(frozen=True)
class Study:
    """Everything an experiment may use.

    ``people`` are measured on; choices are made on ``development``, training people kept aside.
    ``weights`` has a file for each role that was given. ``settings`` are those of personalization,
    ``seeds`` at least one; online runs update on and predict every ``every``-th frame. ``mask`` is
    the file of the person mask, for networks that are ``masked``. Pictures go to ``folder``.
    ``predict`` predicts people; what it did before is read back.
    """

    people: DataSet
    development: DataSet | None
    weights: Mapping[str, Path]
    settings: PersonalizationSettings
    seeds: tuple[int, ...]
    every: int
    folder: Path
    predict: Callable[[Path, DataSet, Protocol], Predictions]
    command: str
    mask: Path
    #: Whether this process writes files and speaks to the user.
    first: bool = True
    #: On what the networks of roles were trained, if their files say so.
    trained_on: Mapping[str, str] = field(default_factory=dict)
    #: Of each person only so many frames were asked for.
    frames: int | None = None
    #: ``Protocol``'s, of personalized runs.
    unit: Unit = "person"
    first_frame_only: bool = False
    #: How people are personalized to, in words, and what is computed with.
    method: str = "preset paper (as published)"
    precision: ServingPrecision = "float32"

    def weight(self, role: str) -> Path:
        """The weight file of a role; ``UserError`` says which one is missing."""
        if role not in self.weights:
            raise UserError(
                f"This experiment needs the weights of the {role} network. Add --weights "
                f"{role}=FILE, or train it first: python main.py train."
            )
        return self.weights[role]


@contextmanager
def open_study(request: StudyRequest, name: str, perceptual: Path, mask: Path) -> Iterator[Study]:
    """Read the data and prepare the machine for the experiment called ``name``.

    ``perceptual`` and ``mask`` are the files of the perceptual network and the person mask. Under
    ``torchrun`` every process gets a study and they share the people out; all but the first write
    to a folder that is thrown away.
    """
    device = choose_device(request.device).device
    with joined_ranks(device) as ranks, ExitStack() as stack:
        folder = request.out / name
        if not ranks.first:
            folder = Path(stack.enter_context(TemporaryDirectory()))
        make_folder(folder)
        runner = PeopleRunner(
            perceptual,
            mask,
            request.out / _STORE,
            Machine(ranks.device, request.workers, request.precision),
            ranks,
        )
        people, development = _read(request)
        yield Study(
            people,
            development,
            request.weights,
            request.settings,
            request.seeds,
            request.every,
            folder,
            _Predictor(runner, request.quiet or not ranks.first),
            request.command,
            mask,
            ranks.first,
            trained_on=_trained_on(request.weights),
            frames=request.frames,
            unit=request.unit,
            first_frame_only=request.first_frame_only,
            method=method_of(request.settings, request.data.source.name),
            precision=runner.precision,
        )


def _trained_on(weights: Mapping[str, Path]) -> dict[str, str]:
    said = {role: read_metadata(path).get("data", "") for role, path in weights.items()}
    return {role: data for role, data in said.items() if data}


class _Predictor:
    """Predicts with a bar that tells the frames done, of how many, and the time left."""

    def __init__(self, runner: PeopleRunner, quiet: bool) -> None:
        self._runner = runner
        self._hidden = True if quiet else None  # None: hidden where nobody watches

    def __call__(self, weights: Path, data_set: DataSet, protocol: Protocol) -> Predictions:
        words = f"{weights.stem}, {protocol.mode}, seed {protocol.seed}"
        with tqdm(total=len(data_set), desc=words, unit="frame", disable=self._hidden) as bar:
            return self._runner.predict(weights, data_set, protocol, bar.update)


def _read(request: StudyRequest) -> tuple[DataSet, DataSet | None]:
    specs = {role: read_spec(path) for role, path in request.weights.items()}
    for role, spec in specs.items():
        if role in VARIANTS and spec.variant != role:
            raise UserError(
                f"{request.weights[role]} was given as the {role} network, but holds the variant "
                f"{spec.variant}. Give --weights {spec.variant}={request.weights[role]}."
            )
    shifts = {request.weights[role]: spec.crop_shift for role, spec in specs.items()}
    if len(set(shifts.values())) > 1:
        found = ", ".join(f"{path.name}: {shift:g}" for path, shift in shifts.items())
        raise UserError(
            "The networks of one experiment must have been trained on crops that were moved down "
            f"alike (--crop-shift), and these were not: {found}. Measure them one by one."
        )
    shift = next(iter(shifts.values()))
    people = request.data.read(request.split, shift)
    development = None
    if request.development is not None:
        development = people_aside(request.development, request.aside, shift)
        development = first_frames(development, request.people, request.frames)
    people = first_frames(people, request.people, request.frames)
    if request.extra is not None:
        people = with_unlabelled(people, request.extra.read(request.split, shift))
    return people, development
