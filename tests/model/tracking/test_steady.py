from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.core.crop import SquareBox
from model.tracking.follower import MAX_STEP, follow

squares = st.builds(
    SquareBox,
    x=st.floats(-100, 2000),
    y=st.floats(-100, 2000),
    side=st.floats(16, 3000),
)
elapsed = st.floats(0, 0.5)


def _settled(square: SquareBox, target: SquareBox, elapsed_s: float, frames: int) -> SquareBox:
    for _ in range(frames):
        square = follow(square, target, elapsed_s)
    return square


@given(squares, squares, elapsed)
def test_one_step_is_bounded_and_never_overshoots(
    square: SquareBox, target: SquareBox, elapsed_s: float
) -> None:
    after = follow(square, target, elapsed_s)
    assert after.side > 0
    assert 1 / MAX_STEP - 1e-9 <= after.side / square.side <= MAX_STEP + 1e-9
    low, high = sorted((square.side, target.side))
    assert low - 1e-6 <= after.side <= high + 1e-6
    for before, now, aim in ((square.x, after.x, target.x), (square.y, after.y, target.y)):
        low, high = sorted((before, aim))
        assert low - 1e-6 <= now <= high + 1e-6


@given(squares, squares)
def test_settles_on_the_target(square: SquareBox, target: SquareBox) -> None:
    after = _settled(square, target, 1 / 30, 400)
    assert abs(after.x - target.x) <= 0.041 * after.side
    assert abs(after.y - target.y) <= 0.041 * after.side
    assert abs(math.log(after.side / target.side)) <= 0.061


@given(squares, st.floats(-0.04, 0.04), st.floats(0.95, 1.05))
def test_noise_does_not_move_it(square: SquareBox, shift: float, size: float) -> None:
    noisy = SquareBox(square.x + shift * square.side, square.y, square.side * size)
    after = follow(square, noisy, 1 / 30)
    assert (after.x, after.y, after.side) == pytest.approx((square.x, square.y, square.side))


def test_does_not_depend_on_the_frame_rate() -> None:
    start, target = SquareBox(100, 100, 200), SquareBox(130, 90, 230)
    slow, fast = _settled(start, target, 0.1, 2), _settled(start, target, 0.02, 10)
    # Only nearly: the shift is measured in sides, and the side changes meanwhile.
    assert (slow.x, slow.y, slow.side) == pytest.approx((fast.x, fast.y, fast.side), rel=0.01)


def test_grows_faster_than_it_shrinks() -> None:
    small, large = SquareBox(0, 0, 200), SquareBox(0, 0, 220)
    grown = math.log(follow(small, large, 0.05).side / 200)
    shrunk = math.log(220 / follow(large, small, 0.05).side)
    assert grown > 1.5 * shrunk
