"""Studies whose people are predicted by a rule instead of a network."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from app.assets import PERSON_MASK
from model.adaptation import PersonalizationSettings
from model.data.records import DataSet
from model.evaluation.accuracy import Predictions
from model.evaluation.personalized import Protocol
from model.experiments.context import Study
from model.experiments.result import ExperimentResult, Table
from tests.model.data.clips import make_data_set

Rule = Callable[[str, Protocol, str, int], int]
"""How many joints are right: of the network of a role, personalized so, a person's n-th frame."""


@dataclass
class RuleOfThumb:
    """Predicts the first joints of a frame rightly, as many as a rule says, and notes the calls."""

    rule: Rule
    calls: list[tuple[str, DataSet, Protocol]] = field(default_factory=list)

    def __call__(self, weights: Path, data_set: DataSet, protocol: Protocol) -> Predictions:
        self.calls.append((weights.stem, data_set, protocol))
        points, rows, order, number = [], [], [], 0
        for person, clips in data_set.persons.items():
            predicted = 0
            for clip in clips:
                for frame in range(len(clip)):
                    number += 1
                    if number % protocol.downsample:
                        continue
                    found = clip.joints[frame].copy()
                    found[self.rule(weights.stem, protocol, person, predicted) :] += 100
                    points.append(found)
                    rows.append((clip, frame))
                    order.append(predicted)
                    predicted += 1
        return Predictions(
            data_set.joint_set,
            np.stack(points),
            np.stack([clip.joints[frame] for clip, frame in rows]),
            np.stack([clip.visible[frame] for clip, frame in rows]),
            persons=np.array([clip.person for clip, _ in rows]),
            clips=np.array([clip.name for clip, _ in rows]),
            order=np.array(order),
        )

    def protocols(self, role: str = "transformer") -> list[Protocol]:
        """How the network of a role was asked for."""
        return [protocol for name, _, protocol in self.calls if name == role]


BASE = {
    "baseline": 3, "rotation": 4, "keypoint": 5, "transformer": 6, "rendered": 2, "real": 10,
    "reference": 10,
}  # fmt: skip


def usual(role: str, protocol: Protocol, person: str, order: int) -> int:
    """Joints that are right of 13: 1 more online, 2 more offline."""
    del person, order
    return BASE[role] + {"none": 0, "online": 1, "offline": 2}[protocol.mode]


def make_study(
    folder: Path,
    rule: Rule = usual,
    *,
    roles: Sequence[str] = ("transformer",),
    people: DataSet | None = None,
    development: DataSet | None = None,
    seeds: tuple[int, ...] = (0,),
    every: int = 1,
) -> tuple[Study, RuleOfThumb]:
    """A study in ``folder``, and what predicts in it."""
    weights: Mapping[str, Path] = {role: folder / f"{role}.safetensors" for role in roles}
    for path in weights.values():
        path.write_bytes(path.stem.encode())
    predict = RuleOfThumb(rule)
    study = Study(
        people=make_data_set("made", [4, 6, 5]) if people is None else people,
        development=development,
        weights=weights,
        settings=PersonalizationSettings(),
        seeds=seeds,
        every=every,
        folder=folder,
        predict=predict,
        command="python main.py evaluate",
        mask=PERSON_MASK,
    )
    return study, predict


def percent(right: float, joints: int = 13) -> str:
    """The cell of so many joints that are right."""
    return f"{100 * right / joints:.2f}"


def column(table: Table, name: str) -> list[str]:
    """The cells of a column."""
    return [row[table.header.index(name)] for row in table.rows]


def pictures_exist(result: ExperimentResult, folder: Path) -> bool:
    """Whether each picture of a result is a PNG in its folder."""
    return all(
        (folder / picture.file).read_bytes().startswith(b"\x89PNG") for picture in result.pictures
    )
