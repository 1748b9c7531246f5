"""How right a network is as it is, without personalization, in a table for people and programs."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from model.data.records import DataSet
from model.errors import UserError
from model.evaluation.accuracy import Predictions, predict_data_set
from model.evaluation.metrics import BBC_RADIUS, PCK_THRESHOLD, Pck
from model.evaluation.people import PeopleMean, mean_over_people
from model.evaluation.tables import figure, known, markdown_table, write_report
from model.networks import VARIANT_TITLES, NetworkSpec, PoseNetwork
from model.skeleton import BBC7

_CSV_HEADER = ("kind", "name", "percent", "correct", "scored")


@dataclass(frozen=True)
class AccuracyReport:
    """Figures in percent of the joints that are right: within ``limit`` of the truth.

    ``network``, from the file ``weights``, predicted every ``every``-th frame of the data set
    called ``data``; ``threshold`` is that of PCK, in torsos. With ``flip_test`` each prediction is
    the mean of the answers for the crop and for its mirror image.
    """

    weights: str
    network: NetworkSpec
    data: str
    every: int
    predictions: Predictions
    threshold: float
    flip_test: bool = False

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
    def limit(self) -> str:
        """How far from the truth a joint may be."""
        if self.predictions.joint_set == BBC7:
            return f"{2 * BBC_RADIUS:g} pixels"
        return f"{self.threshold:g} of the torso"

    @property
    def columns(self) -> dict[str, float]:
        """The row of a published table."""
        return self.score.row(self.predictions.joint_set)

    def markdown(self) -> str:
        """The report as Markdown that can be read as it is."""
        network, columns = self.network, self.columns
        parts = [
            f"# Accuracy on {self.data}",
            f"{self.weights}: {VARIANT_TITLES[network.variant]}, {network.backbone}, "
            f"{network.joints}, without personalization{self._mirrored()}. A joint is right "
            f"within {self.limit}; figures are percentages.",
            self._counts(),
            markdown_table(list(columns), [[figure(value) for value in columns.values()]]),
            self._mean_over_people(),
            markdown_table(
                ["Joint", "right", "scored"],
                [[name, figure(percent), str(scored)] for name, percent, _, scored in self._joints],
            ),
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
            "limit": self.limit,
            "frames": len(self.predictions.persons),
            "people": len(self.by_person),
            "skipped": list(self.predictions.skipped),
            "without_torso": self.score.without_torso,
            "columns": {name: known(value) for name, value in self.columns.items()},
            "joints": {name: known(percent) for name, percent, _, _ in self._joints},
            "mean_over_people": {k: known(v) for k, v in asdict(self.people).items()},
        }

    def write(self, folder: Path) -> None:
        """Write ``accuracy.md`` and ``accuracy.csv``; ``UserError`` if they cannot be.

        The table has a row for each column of the published table, joint and person; ``correct``
        and ``scored`` count keypoints.
        """
        write_report(folder, "accuracy", self.markdown(), _CSV_HEADER, self._csv_rows())

    def _csv_rows(self) -> Iterator[tuple[str, ...]]:
        for name, value in self.columns.items():
            yield "column", name, _cell(value), "", ""
        for name, value in (
            ("mean", self.people.mean),
            ("low", self.people.low),
            ("high", self.people.high),
        ):
            yield "mean over people", name, _cell(value), "", ""
        for name, percent, correct, scored in self._joints:
            yield "joint", name, _cell(percent), str(correct), str(scored)
        for person, score in self.by_person.items():
            correct, scored = int(score.correct.sum()), int(score.scored.sum())
            yield "person", person, _cell(score.mean), str(correct), str(scored)

    @property
    def _joints(self) -> list[tuple[str, float, int, int]]:
        """Name, percentage, right and scored keypoints of each joint."""
        score = self.score
        figures = (score.per_joint.tolist(), score.correct.tolist(), score.scored.tolist())
        return list(zip(self.predictions.joint_set.names, *figures, strict=True))

    def _mirrored(self) -> str:
        return ", mean of the answers for each picture and its mirror image" * self.flip_test

    def _counts(self) -> str:
        frames, skipped = len(self.predictions.persons), len(self.predictions.skipped)
        share = "" if self.every == 1 else f", one in {self.every}"
        return (
            f"Frames: {frames} of {len(self.by_person)} people{share}; left out, as they could not "
            f"be used: {skipped}; without a torso to measure by: {self.score.without_torso}."
        )

    def _mean_over_people(self) -> str:
        people = self.people
        return (
            f"Mean over {people.people} people: {figure(people.mean)}, 95 % interval "
            f"{figure(people.low)} to {figure(people.high)} (by drawing people anew)."
        )


def measure_accuracy(
    network: PoseNetwork,
    weights: str,
    data_set: DataSet,
    *,
    every: int = 1,
    threshold: float | None = None,
    flip_test: bool = False,
    progress: Callable[[int], object] | None = None,
) -> AccuracyReport:
    """Predict every ``every``-th frame with the network as it is, in eval mode, and score.

    ``weights`` is what the report calls the network. ``threshold`` of PCK is the published one if
    None; BBC Pose has none. Frames that cannot be used are left out and listed. ``progress`` hears
    how many more frames are done. ``UserError`` for settings that make no sense, and if there is
    nothing to score.
    """
    if every < 1:
        raise UserError(f"Cannot score every {every}th frame: give a number of 1 or more.")
    if threshold is not None and not 0 < threshold < math.inf:
        raise UserError(f"No joint can be right within {threshold} torsos: give more than 0.")
    if threshold is not None and data_set.joint_set == BBC7:
        raise UserError(
            "BBC Pose is scored in pixels, as published, and has no threshold in torsos. "
            "Leave the threshold out."
        )
    found = predict_data_set(
        network, data_set, every=every, skip_bad=True, flip_test=flip_test, progress=progress
    )
    limit = PCK_THRESHOLD if threshold is None else threshold
    return AccuracyReport(weights, network.spec, data_set.name, every, found, limit, flip_test)


def _cell(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.4f}"
