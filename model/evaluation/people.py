"""Figures over people. Frames of one person are alike, so people are the unit of chance."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

_DRAWS = 10_000


@dataclass(frozen=True)
class PeopleMean:
    """The plain mean over ``people`` people, and its 95 % interval ``low`` to ``high``.

    NaN where there is nobody; the interval also where there is only one.
    """

    mean: float
    low: float
    high: float
    people: int


def mean_over_people(values: Iterable[float], seed: int = 0) -> PeopleMean:
    """The mean of one value per person, its interval by drawing people with replacement.

    People whose value is NaN are left out.
    """
    known = np.array([value for value in values if np.isfinite(value)])
    mean = float(known.mean()) if len(known) else np.nan
    if len(known) < 2:
        return PeopleMean(mean, np.nan, np.nan, len(known))
    rng = np.random.default_rng(seed)
    means = rng.choice(known, (_DRAWS, len(known))).mean(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return PeopleMean(mean, float(low), float(high), len(known))
