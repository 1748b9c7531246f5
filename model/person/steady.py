"""A square that follows another one without trembling or pumping."""

from __future__ import annotations

import math

from model.crop import SquareBox

# Below these differences (parts of the side; logarithm of the size ratio) nothing moves: it is
# what the prediction's own noise amounts to.
_DEAD_CENTRE = 0.04
_DEAD_SIZE = 0.06
# Time constants in seconds. Growing is quick, as a stretched arm would leave the crop; shrinking
# is slow, as gesturing hands come back.
_CENTRE_S = 0.12
_GROW_S = 0.12
_SHRINK_S = 0.3
# The most that the size may change in one frame, as a factor.
MAX_STEP = 1.12


def follow(square: SquareBox, target: SquareBox, elapsed_s: float) -> SquareBox:
    """``square`` moved towards ``target`` by as much as ``elapsed_s`` seconds allow.

    Exponential smoothing of the centre and of the logarithm of the side, each with a dead zone;
    the side changes by at most the factor ``MAX_STEP``.
    """
    x = _approach((target.x - square.x) / square.side, _DEAD_CENTRE, _CENTRE_S, elapsed_s)
    y = _approach((target.y - square.y) / square.side, _DEAD_CENTRE, _CENTRE_S, elapsed_s)
    difference = math.log(target.side / square.side)
    constant = _GROW_S if difference > 0 else _SHRINK_S
    growth = _approach(difference, _DEAD_SIZE, constant, elapsed_s)
    limit = math.log(MAX_STEP)
    return SquareBox(
        x=square.x + x * square.side,
        y=square.y + y * square.side,
        side=square.side * math.exp(min(max(growth, -limit), limit)),
    )


def _approach(difference: float, dead: float, constant_s: float, elapsed_s: float) -> float:
    """How far to go along ``difference``; only what exceeds the dead zone counts."""
    excess = math.copysign(max(0.0, abs(difference) - dead), difference)
    return excess * -math.expm1(-elapsed_s / constant_s)
