"""The filter steadies what rests, follows what moves, and begins anew when told."""

from __future__ import annotations

import numpy as np
import pytest

from model.core.motion import OneEuroFilter

RATE = 25


def test_it_follows_the_published_formulas() -> None:
    smooth = OneEuroFilter(min_cutoff=1.0, beta=0.5, speed_cutoff=1.0)
    np.testing.assert_array_equal(smooth(np.array([[3.0, 4.0]]), 10.0), [[3, 4]])
    alpha = 1 / (1 + 1 / (2 * np.pi * 0.1))
    speed = alpha * np.array([30.0, 40.0])  # (6, 8) - (3, 4), in a tenth of a second
    cutoff = 1.0 + 0.5 * np.hypot(*speed) / 2  # the unit
    share = 1 / (1 + 1 / (2 * np.pi * cutoff * 0.1))
    found = smooth(np.array([[6.0, 8.0]]), 10.1, unit=2.0)
    np.testing.assert_allclose(found, [[3 + 3 * share, 4 + 4 * share]])


def test_jitter_at_rest_shrinks_and_a_fast_movement_is_followed() -> None:
    rng = np.random.default_rng(0)
    smooth = OneEuroFilter()
    noisy = 0.5 + rng.normal(0, 0.004, (100, 3, 2))
    still = np.array([smooth(points, i / RATE) for i, points in enumerate(noisy)])
    assert still[25:].std(axis=0).max() < 0.6 * noisy.std(axis=0).min()
    smooth.reset()
    seconds = np.arange(25) / RATE
    moving = np.tile((2 * seconds)[:, None, None], (1, 3, 2))  # two units a second
    followed = np.array([smooth(p, t) for p, t in zip(moving, seconds, strict=True)])
    lag_s = (moving - followed)[-1].max() / 2
    assert 0 < lag_s < 0.02


@pytest.mark.parametrize("reason", ["reset", "another size", "time runs backwards"])
def test_it_begins_anew(reason: str) -> None:
    smooth = OneEuroFilter()
    smooth(np.zeros((2, 2)), 1.0)
    assert smooth(np.ones((2, 2)), 1.04).max() < 1
    if reason == "reset":
        smooth.reset()
    count, time_s = (3 if reason == "another size" else 2), (0.5 if "back" in reason else 1.08)
    np.testing.assert_array_equal(smooth(np.full((count, 2), 7.0), time_s), 7.0)


def test_no_points_are_no_problem() -> None:
    smooth = OneEuroFilter()
    for i in range(3):
        assert smooth(np.zeros((0, 2)), float(i)).shape == (0, 2)
