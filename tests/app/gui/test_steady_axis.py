from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.gui.panels.plots import SteadyRange, round_up

_NUMBERS = st.floats(-1e4, 1e4)


@given(st.lists(st.tuples(_NUMBERS, _NUMBERS), min_size=1, max_size=20))
def test_the_data_are_always_inside(spans: list[tuple[float, float]]) -> None:
    axis = SteadyRange(smallest=0.5)
    for a, b in spans:
        low, high = axis.include(min(a, b), max(a, b))
        assert low <= min(a, b)
        assert max(a, b) <= high


@given(st.lists(st.floats(0, 1e4), min_size=1, max_size=20))
def test_a_floor_is_kept(tops: list[float]) -> None:
    axis = SteadyRange(smallest=1.0, floor=0.0)
    for top in tops:
        low, high = axis.include(top / 2, top)
        assert low == 0
        assert high >= top


def test_small_changes_do_not_move_the_axis() -> None:
    axis = SteadyRange(smallest=1.0, floor=0.0)
    first = axis.include(0, 19)
    assert all(axis.include(0, top) == first for top in (18, 15, 19.5, 11, 19))


def test_it_grows_at_once_and_shrinks_when_most_is_empty() -> None:
    axis = SteadyRange(smallest=1.0, floor=0.0)
    small = axis.include(0, 19)
    large = axis.include(0, 45)
    assert large[1] > small[1]
    assert axis.include(0, 30) == large
    assert axis.include(0, 5)[1] < small[1]


def test_equal_numbers_have_a_span() -> None:
    low, high = SteadyRange(smallest=0.5).include(6.0, 6.0)
    assert low < 6.0 < high


@pytest.mark.parametrize(("value", "rounded"), [(1, 1), (1.1, 2), (2.1, 2.5), (3, 5), (51, 100)])
def test_rounding_up(value: float, rounded: float) -> None:
    assert math.isclose(round_up(value), rounded)
    assert math.isclose(round_up(value / 1000), rounded / 1000)
