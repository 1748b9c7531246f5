"""What the tables share: scores over seeds, gains with their interval, and cells of both."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from model.data.records import DataSet
from model.evaluation.accuracy import Predictions
from model.evaluation.gain import HARM, Gain, gain_between
from model.evaluation.metrics import mean_title
from model.evaluation.people import PeopleMean
from model.evaluation.protocol import Mode, Protocol
from model.evaluation.tables import UNKNOWN, figure
from model.personalization import PersonalizationSettings

if TYPE_CHECKING:
    from model.experiments.context import Study

NOT_GIVEN = "not given"
GAIN_COLUMNS = ("gain", "mean over people (95 %)", "harmed", "worst")


@dataclass(frozen=True, eq=False)
class Scored:
    """One network that went through people in one way; ``runs`` has the predictions by seed."""

    runs: tuple[Predictions, ...]

    @cached_property
    def columns(self) -> dict[str, float]:
        """The row of a published table in percent, each the mean over the seeds."""
        rows = [run.score().row(run.joint_set) for run in self.runs]
        return {title: float(np.mean([row[title] for row in rows])) for title in rows[0]}

    @cached_property
    def percents(self) -> tuple[float, ...]:
        """The score of each seed, pooled over all frames."""
        return tuple(run.score().mean for run in self.runs)

    @property
    def percent(self) -> float:
        """The mean over the seeds."""
        return float(np.mean(self.percents))

    @property
    def spread(self) -> float:
        """The standard deviation over the seeds; NaN for one."""
        return float(np.std(self.percents, ddof=1)) if len(self.percents) > 1 else math.nan

    @cached_property
    def by_person(self) -> dict[str, float]:
        """The score of each person, the mean over the seeds."""
        found = [run.by_person() for run in self.runs]
        return {
            person: float(np.mean([scores[person].mean for scores in found])) for person in found[0]
        }

    @property
    def cell(self) -> str:
        """The score, and the spread over several seeds."""
        return figure(self.percent) + ("" if math.isnan(self.spread) else f" ± {self.spread:.2f}")


def gain(mode: Mode, before: Scored, after: Scored) -> Gain:
    """What people gain from ``before`` to ``after``, on the same frames; means over the seeds.

    ``UserError`` if nobody can be scored.
    """
    return gain_between(mode, (before.percent, before.by_person), (after.percent, after.by_person))


def gain_cells(gain: Gain) -> tuple[str, ...]:
    """Cells under ``GAIN_COLUMNS``."""
    harmed = f"{100 * gain.harmed:.0f} %"
    return points(gain.gain), interval(gain.over_people), harmed, points(gain.worst)


def gain_note(over: str = "the same network without personalization") -> str:
    """What the cells of a gain ``over`` something mean."""
    return (
        f"Gains are in points, over {over} on the same frames: pooled over all keypoints, and as "
        "a mean over people with its 95 % interval (by drawing people anew). Harmed are people "
        f"who lose more than {HARM} points; worst is the smallest gain of one person."
    )


def measure(
    study: Study,
    weights: Path,
    mode: Mode,
    *,
    people: DataSet | None = None,
    settings: PersonalizationSettings | None = None,
    like: Mode | None = None,
) -> Scored:
    """Predict ``people``, the study's unless given, once with each seed.

    Without personalization nothing is left to chance, and there is one run. It predicts the
    frames that the mode ``like`` predicts: all of them offline, every ``study.every``-th online.
    """
    downsample = 1 if (like or mode) == "offline" else study.every
    protocol = Protocol(mode, downsample=downsample)
    chosen = study.people if people is None else people
    if mode == "none":
        return Scored((study.predict(weights, chosen, protocol),))
    protocol = replace(protocol, settings=settings or study.settings)
    runs = [study.predict(weights, chosen, replace(protocol, seed=seed)) for seed in study.seeds]
    return Scored(tuple(runs))


def measure_gain(
    study: Study,
    weights: Path,
    mode: Mode,
    *,
    people: DataSet | None = None,
    settings: PersonalizationSettings | None = None,
) -> tuple[Scored, Gain]:
    """The network personalized by ``mode``, and its gain on the same frames without."""
    before = measure(study, weights, "none", people=people, like=mode)
    after = measure(study, weights, mode, people=people, settings=settings)
    return after, gain(mode, before, after)


def score_title(study: Study) -> str:
    """What the score of the study's people is called: mPCK, or BBC Pose's mAcc."""
    return mean_title(study.people.joint_set)


def skipped(*measured: Scored | None) -> tuple[str, ...]:
    """Every sentence on what was left out, once."""
    runs = [run for scored in measured if scored is not None for run in scored.runs]
    return tuple(dict.fromkeys(sentence for run in runs for sentence in run.skipped))


def points(value: float) -> str:
    """A difference with its sign, a dash for NaN."""
    return UNKNOWN if math.isnan(value) else f"{value:+.2f}"


def interval(mean: PeopleMean) -> str:
    """A mean of differences and its interval."""
    if math.isnan(mean.low):
        return points(mean.mean)
    return f"{points(mean.mean)} ({points(mean.low)} to {points(mean.high)})"


def unknown(count: int) -> tuple[str, ...]:
    """Cells of what was not measured."""
    return (UNKNOWN,) * count


def sentences(*parts: str | Iterable[str]) -> str:
    """A paragraph of those parts that are not empty."""
    flat = [part for group in parts for part in ([group] if isinstance(group, str) else group)]
    return " ".join(part for part in flat if part)


def how_measured(study: Study) -> str:
    """How the figures of a table came about, in words."""
    count, seeds = len(study.people.persons), len(study.seeds)
    return sentences(
        f"Measured on {study.people.name}: {len(study.people)} frames of {count} people.",
        f"Percentages; personalized figures are means over {seeds} seeds ± their standard "
        "deviation."
        if seeds > 1
        else "Percentages, of one seed.",
        f"Online runs take one frame in {study.every} and offline runs all; a gain is always "
        "over the same frames without personalization."
        if study.every > 1
        else "",
    )
