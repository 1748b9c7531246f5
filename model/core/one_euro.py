"""The One-Euro filter: little jitter where points rest, little lag where they move.

Casiez, Roussel, Vogel: 1€ Filter, CHI 2012. Not part of the papers, and for the eye only.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

_Points = NDArray[np.float64]


class OneEuroFilter:
    """Smooths points (n, 2) that come one after another.

    Args:
        min_cutoff: Frequency (Hz) above which points at rest are smoothed; lower: less jitter.
        beta: By how many Hz that rises with each unit of length per second; higher: less lag.
        speed_cutoff: Frequency (Hz) above which the speed itself is smoothed.
    """

    def __init__(
        self, min_cutoff: float = 1.5, beta: float = 8.0, speed_cutoff: float = 1.0
    ) -> None:
        self._min_cutoff = min_cutoff
        self._beta = beta
        self._speed_cutoff = speed_cutoff
        self.reset()

    def reset(self) -> None:
        """Forget everything: the next points are taken as they are."""
        self._points: _Points | None = None
        self._speed: _Points = np.zeros(0)
        self._time_s = -math.inf

    def __call__(self, points: NDArray[np.floating], time_s: float, unit: float = 1.0) -> _Points:
        """The smoothed ``points`` of the moment ``time_s`` (seconds), ``unit`` being ``beta``'s.

        Times that do not rise, and another number of points, begin anew.
        """
        new = np.asarray(points, np.float64)
        elapsed = time_s - self._time_s
        self._time_s = time_s
        if self._points is None or elapsed <= 0 or new.shape != self._points.shape:
            self._points, self._speed = new, np.zeros_like(new)
        else:
            speed = (new - self._points) / elapsed
            self._speed = self._speed + _share(self._speed_cutoff, elapsed) * (speed - self._speed)
            moving = np.linalg.norm(self._speed, axis=-1, keepdims=True) / unit
            cutoff = self._min_cutoff + self._beta * moving
            self._points = self._points + _share(cutoff, elapsed) * (new - self._points)
        return self._points


def _share(cutoff: NDArray[np.float64] | float, elapsed: float) -> NDArray[np.float64]:
    """The share of the new value in a low-pass filter with this cut-off frequency (Hz)."""
    return 1 / (1 + 1 / (2 * np.pi * np.asarray(cutoff) * elapsed))
