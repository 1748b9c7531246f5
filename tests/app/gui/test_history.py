from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from app.gui.panels.plots import BIN_SECONDS, SECONDS, History


def test_numbers_of_one_bin_are_averaged() -> None:
    history = History(2)
    history.add(10.0, 1.0, 10.0)
    history.add(10.2, 3.0, 30.0)
    history.add(10.6, 5.0, 50.0)
    ages, values = history.series(now=10.6)
    np.testing.assert_allclose(values, [[2, 20], [5, 50]])
    np.testing.assert_allclose(np.diff(ages), BIN_SECONDS, atol=0.26)
    assert ages.max() <= 0


def test_an_unknown_number_is_left_out_of_the_mean() -> None:
    history = History(2)
    history.add(10.0, 1.0, float("nan"))
    history.add(10.1, 3.0, 7.0)
    history.add(10.6, 1.0, float("nan"))
    _, values = history.series(now=10.6)
    np.testing.assert_allclose(values, np.array([[2, 7], [1, np.nan]]))


def test_a_pause_breaks_the_curve() -> None:
    history = History(1)
    for time_s in (10.0, 10.5, 20.0):
        history.add(time_s, 1.0)
    _, values = history.series(now=20.0)
    np.testing.assert_array_equal(np.isnan(values[:, 0]), [False, False, True, False])


def test_what_is_older_than_a_minute_is_gone() -> None:
    history = History(1)
    history.add(0.0, 1.0)
    history.add(SECONDS + 1, 2.0)
    ages, values = history.series(now=SECONDS + 1)
    assert ages.min() >= -SECONDS
    assert 1.0 not in values


def test_an_empty_history_has_no_points() -> None:
    ages, values = History(3).series(now=5.0)
    assert ages.shape == (0,)
    assert values.shape == (0, 3)


@given(st.lists(st.floats(0, 10_000), max_size=400))
def test_memory_is_bounded(times: list[float]) -> None:
    history = History(1)
    for time_s in sorted(times):
        history.add(time_s, 1.0)
    assert len(history._bins) <= SECONDS / BIN_SECONDS + 1


def test_many_numbers_a_second_take_no_more_memory() -> None:
    history = History(1)
    for i in range(20_000):
        history.add(i / 100, 1.0)
    assert len(history._bins) == SECONDS / BIN_SECONDS + 1


def test_numbers_that_come_seldom_need_a_wider_gap() -> None:
    history = History(1, gap_seconds=10)
    for time_s in (0.0, 5.0, 9.0, 25.0):
        history.add(time_s, 1.0)
    _, values = history.series(25.0)
    assert np.isnan(values[:, 0]).tolist() == [False, False, False, True, False]
