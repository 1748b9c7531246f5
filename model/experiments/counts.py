"""Gains over people who have frames of different number, pooled, with a band by drawing people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import convolve1d

from model.evaluation.accuracy import Predictions
from model.evaluation.people import PeopleMean

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
