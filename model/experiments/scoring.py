"""What the tables share: scores over seeds, gains with their interval or band, and cells."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import convolve1d

from model.adaptation import PersonalizationSettings
from model.data.records import DataSet
from model.evaluation.accuracy import Predictions
from model.evaluation.gain import HARM, Gain, gain_between
from model.evaluation.metrics import mean_title
from model.evaluation.personalized import Mode, Protocol
from model.evaluation.tables import UNKNOWN, PeopleMean, figure

if TYPE_CHECKING:
    from model.experiments.context import Study

Floats = NDArray[np.float64]

_DRAWS = 2000


@dataclass(frozen=True, eq=False)
class Counts:
    """Keypoints of P people at T times that were ``right`` and that were ``scored``, (P, T)."""

    right: Floats
    scored: Floats

    def between(self, start: int, end: int) -> Counts:
        """Only the times from ``start`` to before ``end``."""
        return Counts(self.right[:, start:end], self.scored[:, start:end])

    def together(self) -> Counts:
        """All times as one."""
        return Counts(self.right.sum(axis=1, keepdims=True), self.scored.sum(axis=1, keepdims=True))

    def running(self, window: int) -> Counts:
        """At each time the ``window`` (odd) times around it, fewer at the ends."""
        ones = np.ones(window)
        return Counts(
            convolve1d(self.right, ones, axis=1, mode="constant"),
            convolve1d(self.scored, ones, axis=1, mode="constant"),
        )

    @property
    def people(self) -> NDArray[np.int64]:
        """How many people have keypoints that were scored at each time (T,)."""
        return np.count_nonzero(self.scored, axis=0).astype(np.int64)


@dataclass(frozen=True, eq=False)
class Band:
    """A difference in points at T times: pooled over people, and its 95 % interval; each (T,).

    NaN where nobody was scored; the interval also where only one person was.
    """

    mean: Floats
    low: Floats
    high: Floats


def count_keypoints(runs: Sequence[Predictions]) -> Counts:
    """Count by person and ``Predictions.order``, summed over the runs."""
    persons = dict.fromkeys(str(person) for person in runs[0].persons)
    right = np.zeros((len(persons), max(int(run.order.max()) for run in runs) + 1))
    scored = np.zeros_like(right)
    row = {person: number for number, person in enumerate(persons)}
    for run in runs:
        places = np.array([row[str(person)] for person in run.persons]), run.order
        frame_right, frame_scored = _by_frame(run)
        np.add.at(right, places, frame_right)
        np.add.at(scored, places, frame_scored)
    return Counts(right, scored)


def gain_band(before: Counts, after: Counts, seed: int = 0) -> Band:
    """Percent right after less before, of the same people (P, T) at each time."""
    people, times = before.scored.shape
    gain = _gain(before, after, np.ones((1, people)))[0]
    low, high = np.full((2, times), np.nan)
    several = np.flatnonzero(np.minimum(before.people, after.people) > 1)
    if len(several):
        rng = np.random.default_rng(seed)
        draws = rng.multinomial(people, np.full(people, 1 / people), size=_DRAWS)
        parts = [Counts(c.right[:, several], c.scored[:, several]) for c in (before, after)]
        # A draw can hold nobody who was there at some time.
        drawn = _gain(parts[0], parts[1], draws.astype(np.float64))
        low[several], high[several] = np.nanpercentile(drawn, [2.5, 97.5], axis=0)
    return Band(gain, low, high)


def pooled_gain(before: Counts, after: Counts) -> PeopleMean:
    """The gain over all times together."""
    band = gain_band(before.together(), after.together())
    mean, low, high = (float(part[0]) for part in (band.mean, band.low, band.high))
    return PeopleMean(mean, low, high, int(before.together().people[0]))


def _gain(before: Counts, after: Counts, draws: Floats) -> Floats:
    """The gain (B, T) of people of whom each draw (B, P) has so many."""
    return 100 * (
        _ratio(draws @ after.right, draws @ after.scored)
        - _ratio(draws @ before.right, draws @ before.scored)
    )


def _ratio(right: Floats, scored: Floats) -> Floats:
    return np.divide(right, scored, out=np.full(right.shape, np.nan), where=scored > 0)


def _by_frame(run: Predictions) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Right and scored keypoints of each frame, by the data set's own measure; each (N,)."""
    counts = np.zeros((2, len(run.persons)), np.int64)
    for index in range(len(run.persons)):
        row = slice(index, index + 1)
        one = replace(
            run, points=run.points[row], truth=run.truth[row], visible=run.visible[row]
        ).score()
        counts[:, index] = one.correct.sum(), one.scored.sum()
    return counts[0], counts[1]


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
    protocol = replace(
        protocol,
        settings=settings or study.settings,
        unit=study.unit,
        first_frame_only=study.first_frame_only,
    )
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


def how_personalized(study: Study) -> str:
    """The method in a sentence, with which every result begins."""
    clip = ", trained weights back after every clip" if study.unit == "clip" else ""
    first = ", learning from the first frame alone" if study.first_frame_only else ""
    return f"Personalized by the {study.method}{clip}{first}, computed in {study.precision}."


def how_measured(study: Study) -> str:
    """How the figures of a table came about, in words."""
    count, seeds = len(study.people.persons), len(study.seeds)
    return sentences(
        how_personalized(study),
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
