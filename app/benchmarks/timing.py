"""Several ways to do the same, timed in turns: what disturbs the machine disturbs all of them."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping

_WARM_UP = 3


def medians(ways: Mapping[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    """The median milliseconds of each way.

    Args:
        ways: what to call, by name.
        repeats: how often each is called, after three times that do not count.
    """
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(_WARM_UP + repeats):
        for name, way in ways.items():
            start = time.perf_counter()
            way()
            if turn >= _WARM_UP:
                taken[name].append(1000 * (time.perf_counter() - start))
    return {name: statistics.median(times) for name, times in taken.items()}
