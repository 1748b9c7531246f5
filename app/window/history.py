"""The last minute of some numbers, in bounded memory."""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

SECONDS = 60.0
BIN_SECONDS = 0.5
GAP_SECONDS = 2.0


class History:
    """Means over half-second bins of a few numbers that come together, for the last minute.

    However often numbers come, the memory stays that of some 120 bins. A number may be NaN when
    it is not known: it is left out of its bin's mean.
    """

    def __init__(self, columns: int, gap_seconds: float = GAP_SECONDS) -> None:
        self._columns = columns
        self._gap_seconds = gap_seconds
        self._bins: deque[tuple[int, NDArray[np.float64], NDArray[np.float64]]] = deque(
            maxlen=round(SECONDS / BIN_SECONDS) + 1
        )

    def add(self, time_s: float, *values: float) -> None:
        """Add one number per column, taken at ``time_s`` (seconds)."""
        row = np.array(values, np.float64)
        known = np.isfinite(row)
        row[~known] = 0
        number = int(time_s // BIN_SECONDS)
        if self._bins and self._bins[-1][0] >= number:
            self._bins[-1][1][:] += row
            self._bins[-1][2][:] += known
        else:
            self._bins.append((number, row, known.astype(np.float64)))

    def clear(self) -> None:
        """Forget everything."""
        self._bins.clear()

    def series(self, now: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Ages (N,) in seconds before ``now``, negative, and the means (N, columns).

        A row of NaN stands where nothing was added for ``gap_seconds``: there a curve breaks.
        """
        unknown = np.full(self._columns, np.nan)
        times: list[float] = []
        rows: list[NDArray[np.float64]] = []
        last: int | None = None
        for number, total, count in self._bins:
            age = (number + 0.5) * BIN_SECONDS - now
            if age < -SECONDS:
                continue
            if last is not None and (number - last) * BIN_SECONDS > self._gap_seconds:
                times.append(age)
                rows.append(unknown)
            times.append(min(age, 0.0))
            rows.append(np.divide(total, count, out=unknown.copy(), where=count > 0))
            last = number
        return np.array(times), np.array(rows).reshape(-1, self._columns)
