"""Running figures for the status bar: rates and percentiles over the last seconds."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

import numpy as np

WINDOW_SECONDS = 5.0


class RecentValues:
    """Values with the time they came, over the last ``WINDOW_SECONDS``; safe between threads."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._values: deque[tuple[float, float]] = deque()
        self._start = clock()

    def add(self, value: float = 1.0) -> None:
        with self._lock:
            self._values.append((self._clock(), value))
            self._forget()

    def per_second(self) -> float:
        """The sum of the recent values per second."""
        with self._lock:
            self._forget()
            span = min(WINDOW_SECONDS, self._clock() - self._start)
            return sum(value for _, value in self._values) / span if span > 0 else 0.0

    def percentile(self, q: float) -> float:
        """The q-th percentile (0..100) of the recent values; 0 when there are none."""
        with self._lock:
            self._forget()
            return float(np.percentile([v for _, v in self._values], q)) if self._values else 0.0

    def _forget(self) -> None:
        oldest = self._clock() - WINDOW_SECONDS
        while self._values and self._values[0][0] < oldest:
            self._values.popleft()
