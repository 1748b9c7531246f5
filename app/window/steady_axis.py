"""Axis ranges that change only when they must."""

from __future__ import annotations

import math

_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
_SHRINK_BELOW = 0.4
_AXIS_MARGIN = 0.02


class SteadyRange:
    """A range of round numbers around the data, with hysteresis.

    It grows at once when the data leave it, and shrinks only when they need less than 40 % of it,
    so that a curve on the edge of a round number does not make the axis jump to and fro.
    ``floor`` fixes the lower end; ``smallest`` is the least span.
    """

    def __init__(self, smallest: float, floor: float | None = None) -> None:
        self._smallest = smallest
        self._floor = floor
        self._range: tuple[float, float] | None = None

    def include(self, low: float, high: float) -> tuple[float, float]:
        """The range to show for data between ``low`` and ``high``."""
        wanted = self._round_range(low, high)
        if self._range is None:
            self._range = wanted
        outside = low < self._range[0] or high > self._range[1]
        roomy = (wanted[1] - wanted[0]) < _SHRINK_BELOW * (self._range[1] - self._range[0])
        if outside or roomy:
            self._range = wanted
        return self._range

    def _round_range(self, low: float, high: float) -> tuple[float, float]:
        low = low if self._floor is None else self._floor
        span = max(high - low, self._smallest)
        step = round_up(span / 2)
        margin = _AXIS_MARGIN * span  # a curve along the very edge would be drawn half
        bottom = low if self._floor is not None else step * math.floor((low - margin) / step)
        return bottom, bottom + step * max(math.ceil((high + margin - bottom) / step), 2)


def round_up(value: float) -> float:
    """The smallest of 1, 2, 2.5, 5 times a power of ten that is not below ``value`` (> 0)."""
    power = 10.0 ** math.floor(math.log10(value))
    return power * next(step for step in _STEPS if step * power >= value * (1 - 1e-9))
