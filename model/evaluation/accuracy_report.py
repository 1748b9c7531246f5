"""How right a network is as it is, without personalization, in a table for people and programs."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from model.core.errors import UserError
from model.core.skeleton import BBC7, PENN13, JointSet
from model.data.records import DataSet, check_common_joints, converted, correspondence
from model.evaluation.accuracy import Predictions, find_points, gathered, network_predictor
from model.evaluation.metrics import BBC_RADIUS, PCK_THRESHOLD, Pck
from model.evaluation.rival import HEAD_LIFT, Rival, TorsoOffsets, fit_offsets
from model.evaluation.tables import (
    PeopleMean,
    figure,
    known,
    markdown_table,
    mean_over_people,
    write_report,
)
from model.ttp.networks import VARIANT_TITLES, NetworkSpec, PoseNetwork
from model.ttp.onnx_int8 import Range

_CSV_HEADER = ("kind", "name", "percent", "correct", "scored", "network")


@dataclass(frozen=True, eq=False)
class Scored:
    """One network's figures, in percent.

    Attributes:
        name: What reports call the network.
        predictions: Its joints beside the true ones.
        threshold: That of PCK, in torsos.
    """

    name: str
    predictions: Predictions
    threshold: float

    @cached_property
    def score(self) -> Pck:
        """Pooled over all frames."""
        return self.predictions.score(self.threshold)

    @cached_property
    def by_person(self) -> dict[str, Pck]:
        """The same of each person."""
        return self.predictions.by_person(self.threshold)

    @cached_property
    def people(self) -> PeopleMean:
        """The mean of the people's own means."""
        return mean_over_people(score.mean for score in self.by_person.values())

    @property
    def columns(self) -> dict[str, float]:
        """The row of a published table."""
        return self.score.row(self.predictions.joint_set)

    @property
    def joints(self) -> list[tuple[str, float, int, int]]:
        """Name, percentage, right and scored keypoints of each joint."""
        score = self.score
        figures = (score.per_joint.tolist(), score.correct.tolist(), score.scored.tolist())
        return list(zip(self.predictions.joint_set.names, *figures, strict=True))

    def as_json(self) -> dict[str, Any]:
        """The figures as plain values for JSON, None for what is unknown."""
        return {
            "columns": {name: known(value) for name, value in self.columns.items()},
            "joints": {name: known(percent) for name, percent, _, _ in self.joints},
            "mean_over_people": {k: known(v) for k, v in asdict(self.people).items()},
        }

    def csv_rows(self) -> Iterator[tuple[str, ...]]:
        """A row for each column of the published table, mean, joint and person."""
        for name, value in self.columns.items():
            yield "column", name, _cell(value), "", "", self.name
        for name, value in (
            ("mean", self.people.mean),
            ("low", self.people.low),
            ("high", self.people.high),
        ):
            yield "mean over people", name, _cell(value), "", "", self.name
        for name, percent, correct, scored in self.joints:
            yield "joint", name, _cell(percent), str(correct), str(scored), self.name
        for person, score in self.by_person.items():
            correct, scored = int(score.correct.sum()), int(score.scored.sum())
            yield "person", person, _cell(score.mean), str(correct), str(scored), self.name


@dataclass(frozen=True, eq=False)
class ScoredRival:
    """A rival's figures on the same squares.

    Attributes:
        scored: The figures, under the name of its file, ``with offsets`` where it has them.
        side: Pixels along each side of its input.
        offsets: What its joints were moved by, None if they were not.
    """

    scored: Scored
    side: int
    offsets: TorsoOffsets | None = None

    def as_json(self) -> dict[str, Any]:
        """The figures as plain values for JSON, None for what is unknown."""
        offsets = None
        if self.offsets is not None:
            torsos = np.round(self.offsets.torsos, 4).tolist()
            offsets = {
                "data": self.offsets.data,
                "frames": self.offsets.frames,
                "people": self.offsets.people,
                "torsos_down_and_across": dict(zip(PENN13.names, torsos, strict=True)),
            }
        return {
            "name": self.scored.name,
            "side": self.side,
            "offsets": offsets,
            **self.scored.as_json(),
        }


@dataclass(frozen=True)
class AccuracyReport:
    """Figures in percent of the joints that are right: within ``limit`` of the truth.

    ``network``, from the file ``weights``, predicted every ``every``-th frame of the data set
    called ``data``; ``threshold`` is that of PCK, in torsos. With ``flip_test`` each prediction is
    the mean of the answers for the crop and for its mirror image. ``rivals`` predicted the same
    squares; ``not_shared`` are the joints that are not scored, of anybody, as not all networks
    have them. ``int8`` says that the network's trunk was computed in whole numbers.
    """

    weights: str
    network: NetworkSpec
    data: str
    every: int
    predictions: Predictions
    threshold: float
    flip_test: bool = False
    rivals: tuple[ScoredRival, ...] = ()
    not_shared: tuple[str, ...] = ()
    int8: bool = False

    @cached_property
    def own(self) -> Scored:
        """The network's own figures."""
        return Scored(self.weights, self.predictions, self.threshold)

    @property
    def score(self) -> Pck:
        """The network's, pooled over all frames."""
        return self.own.score

    @property
    def people(self) -> PeopleMean:
        """The mean of the people's own means."""
        return self.own.people

    @property
    def columns(self) -> dict[str, float]:
        """The network's row of a published table."""
        return self.own.columns

    @property
    def limit(self) -> str:
        """How far from the truth a joint may be."""
        if self.predictions.joint_set == BBC7:
            return f"{2 * BBC_RADIUS:g} pixels"
        return f"{self.threshold:g} of the torso"

    def markdown(self) -> str:
        """The report as Markdown that can be read as it is."""
        network = self.network
        parts = [
            f"# Accuracy on {self.data}",
            f"{self.weights}: {VARIANT_TITLES[network.variant]}, {network.backbone}, "
            f"{network.joints}, without personalization{self._computed()}. A joint is right "
            f"within {self.limit}; figures are percentages.",
            *self._about_rivals(),
            self._counts(),
            *(self._tables_of_all() if self.rivals else self._tables()),
        ]
        if self.predictions.skipped:
            parts.append("Left out:")
            parts.append("\n".join(f"- {sentence}" for sentence in self.predictions.skipped))
        return "\n\n".join(parts) + "\n"

    def as_json(self) -> dict[str, Any]:
        """The report as plain values for JSON, None for what is unknown."""
        return {
            "data": self.data,
            "weights": self.weights,
            "network": asdict(self.network),
            "every": self.every,
            "flip_test": self.flip_test,
            "int8": self.int8,
            "limit": self.limit,
            "frames": len(self.predictions.persons),
            "people": len(self.own.by_person),
            "skipped": list(self.predictions.skipped),
            "without_torso": self.score.without_torso,
            **self.own.as_json(),
            "rivals": [rival.as_json() for rival in self.rivals],
            "not_shared": list(self.not_shared),
        }

    def write(self, folder: Path) -> None:
        """Write ``accuracy.md`` and ``accuracy.csv``; ``UserError`` if they cannot be.

        The table has a row for each network's columns of the published table, joints and people;
        ``correct`` and ``scored`` count keypoints.
        """
        rows = (row for scored in self._all for row in scored.csv_rows())
        write_report(folder, "accuracy", self.markdown(), _CSV_HEADER, rows)

    @property
    def _all(self) -> list[Scored]:
        """The network's figures, then the rivals'."""
        return [self.own, *(rival.scored for rival in self.rivals)]

    def _computed(self) -> str:
        return ", its trunk in int8" * self.int8 + self._mirrored()

    def _mirrored(self) -> str:
        return ", mean of the answers for each picture and its mirror image" * self.flip_test

    def _about_rivals(self) -> Iterator[str]:
        for rival in self.rivals:
            if rival.offsets is None:
                yield (
                    f"{rival.scored.name}: a rival, shown the same squares at {rival.side} x "
                    f"{rival.side} pixels{self._mirrored()}; its head is the middle of its ears "
                    f"moved up by {HEAD_LIFT:g} of its torso."
                )
            else:
                yield (
                    f"{rival.scored.name}: the same answers, each joint moved by a constant in "
                    f"the frame of the predicted torso, fitted on {rival.offsets.frames} frames of "
                    f"{rival.offsets.people} people of {rival.offsets.data}."
                )
        if self.not_shared:
            yield (
                "Only joints that all these networks have are scored. Not scored: "
                f"{', '.join(self.not_shared)}."
            )

    def _counts(self) -> str:
        frames, skipped = len(self.predictions.persons), len(self.predictions.skipped)
        share = "" if self.every == 1 else f", one in {self.every}"
        return (
            f"Frames: {frames} of {len(self.own.by_person)} people{share}; left out, as they could "
            f"not be used: {skipped}; without a torso to measure by: {self.score.without_torso}."
        )

    def _tables(self) -> list[str]:
        columns, people = self.columns, self.people
        return [
            markdown_table(list(columns), [[figure(value) for value in columns.values()]]),
            f"Mean over {people.people} people: {figure(people.mean)}, 95 % interval "
            f"{figure(people.low)} to {figure(people.high)} (by drawing people anew).",
            markdown_table(
                ["Joint", "right", "scored"],
                [
                    [name, figure(percent), str(scored)]
                    for name, percent, _, scored in self.own.joints
                ],
            ),
        ]

    def _tables_of_all(self) -> list[str]:
        """The same tables with the rivals beside the network."""
        networks = self._all
        joints = [
            [name, *(figure(scored.joints[index][1]) for scored in networks), str(count)]
            for index, (name, _, _, count) in enumerate(self.own.joints)
        ]
        return [
            markdown_table(
                ["Network", *self.columns],
                [[s.name, *(figure(value) for value in s.columns.values())] for s in networks],
            ),
            f"Mean over {self.people.people} people, and its 95 % interval (by drawing people "
            "anew):",
            markdown_table(
                ["Network", "mean", "low", "high"],
                [
                    [s.name, figure(s.people.mean), figure(s.people.low), figure(s.people.high)]
                    for s in networks
                ],
            ),
            markdown_table(["Joint", *(s.name for s in networks), "scored"], joints),
        ]


def measure_accuracy(
    network: PoseNetwork,
    weights: str,
    data_set: DataSet,
    *,
    every: int = 1,
    threshold: float | None = None,
    flip_test: bool = False,
    ranges: Sequence[Range] | None = None,
    rivals: Sequence[Rival] = (),
    fit_on: DataSet | None = None,
    progress: Callable[[int], object] | None = None,
) -> AccuracyReport:
    """Predict every ``every``-th frame with the network as it is, in eval mode, and score.

    Args:
        network: It is shown the data set's squares, which must be those of its ``crop_shift``.
        weights: What the report calls the network.
        data_set: Frames that cannot be used are left out and listed.
        every: 2 for every second frame, of ``fit_on`` too.
        threshold: That of PCK, in torsos; the published one if None. BBC Pose has none.
        flip_test: Take the mean of the network's answers for a crop and for its mirror image. The
            rivals do what they were loaded to do.
        ranges: Of the values in the network's trunk, to compute it in whole numbers.
        rivals: Networks to score on the same squares of the same frames.
        fit_on: Other people, on whom a constant offset for each joint of each rival is fitted; the
            rivals are then scored with their offsets as well.
        progress: Hears how many more frames are done.

    Returns:
        The report. With rivals only joints that all networks have are scored.

    Raises:
        UserError: A setting makes no sense, or there is nothing to score.
    """
    _check(data_set, every, threshold, rivals, fit_on)
    joint_sets = [network.spec.joint_set, *(rival.joint_set for rival in rivals)]
    not_shared = _not_shared(data_set, joint_sets)
    offsets = _fitted(rivals, fit_on, every, progress)
    found = find_points(
        [
            network_predictor(network, flip_test=flip_test, ranges=ranges),
            *(rival.predict for rival in rivals),
        ],
        data_set,
        every=every,
        skip_bad=True,
        progress=progress,
    )
    limit = PCK_THRESHOLD if threshold is None else threshold
    scorable = np.array([name not in not_shared for name in data_set.joint_set.names], np.uint8)

    def beside_truth(points: Iterable[Any], joint_set: JointSet) -> Predictions:
        full = gathered(data_set, found.rows, points, joint_set, found.skipped)
        return replace(full, visible=full.visible * scorable)

    own, *others = found.points
    scored = []
    for rival, points, moved in zip(rivals, others, offsets, strict=True):
        plain = Scored(rival.name, beside_truth(points, rival.joint_set), limit)
        scored.append(ScoredRival(plain, rival.side))
        if moved is not None:
            predictions = beside_truth(moved.applied(points), rival.joint_set)
            better = Scored(f"{rival.name} with offsets", predictions, limit)
            scored.append(ScoredRival(better, rival.side, moved))
    return AccuracyReport(
        weights, network.spec, data_set.name, every, beside_truth(own, network.spec.joint_set),
        limit, flip_test, tuple(scored), not_shared, ranges is not None,
    )  # fmt: skip


def _check(
    data_set: DataSet,
    every: int,
    threshold: float | None,
    rivals: Sequence[Rival],
    fit_on: DataSet | None,
) -> None:
    """``UserError`` for settings that make no sense."""
    if every < 1:
        raise UserError(f"Cannot score every {every}th frame: give a number of 1 or more.")
    if threshold is not None and not 0 < threshold < math.inf:
        raise UserError(f"No joint can be right within {threshold} torsos: give more than 0.")
    if threshold is not None and data_set.joint_set == BBC7:
        raise UserError(
            "BBC Pose is scored in pixels, as published, and has no threshold in torsos. "
            "Leave the threshold out."
        )
    if fit_on is not None and not rivals:
        raise UserError("Offsets are fitted to rivals, and there is none. Give a rival, too.")
    twice = [name for name, count in Counter(rival.name for rival in rivals).items() if count > 1]
    if twice:
        raise UserError(
            f"Several rivals are called {twice[0]}, and nobody could tell their figures apart. "
            "Rename their files."
        )


def _not_shared(data_set: DataSet, joint_sets: Sequence[JointSet]) -> tuple[str, ...]:
    """The data set's joints that some of the joint sets have, but not all.

    ``UserError`` if there is none that all have.
    """
    for joint_set in joint_sets:
        check_common_joints(data_set, joint_set)
    has = np.stack([correspondence(joints, data_set.joint_set) >= 0 for joints in joint_sets])
    if not has.all(axis=0).any():
        names = ", ".join(dict.fromkeys(joints.name for joints in joint_sets))
        raise UserError(
            f"No joint of {data_set.name} ({data_set.joint_set.name}) is one of all these joint "
            f"sets: {names}. Leave the rivals out."
        )
    some = has.any(axis=0) & ~has.all(axis=0)
    return tuple(np.array(data_set.joint_set.names)[some].tolist())


def _fitted(
    rivals: Sequence[Rival],
    fit_on: DataSet | None,
    every: int,
    progress: Callable[[int], object] | None,
) -> Sequence[TorsoOffsets | None]:
    """The offsets of each rival on every ``every``-th frame of ``fit_on``, None without it."""
    if fit_on is None:
        return [None] * len(rivals)
    data_set = converted(fit_on, PENN13)
    predictors = [rival.predict for rival in rivals]
    found = find_points(predictors, data_set, every=every, skip_bad=True, progress=progress)
    fitted = []
    for points in found.points:
        beside = gathered(data_set, found.rows, points, PENN13)
        truth, visible, persons = beside.truth, beside.visible, beside.persons
        fitted.append(fit_offsets(points, truth, visible, persons, data_set.name))
    return fitted


def _cell(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.4f}"
