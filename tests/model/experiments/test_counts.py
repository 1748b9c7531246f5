from __future__ import annotations

import numpy as np
import pytest

from model.core.skeleton import PENN13
from model.evaluation.accuracy import Predictions
from model.experiments.scoring import Counts, count_keypoints, gain_band, pooled_gain


def _counts(right: list[list[float]], scored: list[list[float]]) -> Counts:
    return Counts(np.array(right, np.float64), np.array(scored, np.float64))


def _predictions(persons: list[str], order: list[int], right: list[int]) -> Predictions:
    truth = np.zeros((len(persons), 13, 2), np.float32)
    truth[..., 0] = np.arange(13)
    points = truth.copy()
    for row, count in enumerate(right):
        points[row, count:] += 50
    return Predictions(
        PENN13, points, truth, np.ones(truth.shape[:2], np.uint8),
        persons=np.array(persons), clips=np.array(persons), order=np.array(order),
    )  # fmt: skip


def test_keypoints_are_counted_by_person_and_number() -> None:
    first = _predictions(["a", "b", "a"], [0, 0, 1], [3, 4, 5])
    second = _predictions(["a", "b", "a"], [0, 0, 1], [5, 6, 7])
    first.visible[0, 0] = 0

    counts = count_keypoints([first, second])

    np.testing.assert_array_equal(counts.right, [[2 + 5, 12], [10, 0]])
    np.testing.assert_array_equal(counts.scored, [[12 + 13, 26], [26, 0]])
    np.testing.assert_array_equal(counts.people, [2, 1])


def test_a_frame_is_scored_by_the_data_sets_own_measure() -> None:
    found = _predictions(["a"], [0], [13])
    found.points[0, 0, 0] += 0.21 * 6  # the torso is 6 pixels
    found.points[0, 1, 0] += 0.19 * 6

    assert count_keypoints([found]).right[0, 0] == found.score().correct.sum() == 12


def test_a_gain_is_pooled_over_the_people_that_are_there() -> None:
    before = _counts([[2, 4], [6, 0]], [[10, 10], [10, 0]])
    after = _counts([[4, 4], [8, 0]], [[10, 10], [10, 0]])

    band = gain_band(before, after)

    np.testing.assert_allclose(band.mean, [20, 0])
    np.testing.assert_allclose([band.low[0], band.high[0]], [20, 20])
    assert np.isnan(band.low[1])
    assert pooled_gain(before, after).mean == pytest.approx(100 * 4 / 30)
    assert pooled_gain(before, after).people == 2


def test_the_band_is_as_wide_as_people_differ() -> None:
    before = _counts([[5]] * 8, [[10]] * 8)
    alike = gain_band(before, _counts([[6]] * 8, [[10]] * 8))
    apart = gain_band(before, _counts([[4], [8]] * 4, [[10]] * 8))

    assert alike.low[0] == pytest.approx(10) and alike.high[0] == pytest.approx(10)
    assert apart.mean[0] == pytest.approx(10)
    # Of eight draws of -10 or 30, the mean's standard deviation is 7.1.
    assert apart.low[0] == pytest.approx(10 - 1.96 * 7.07, abs=2.5)
    assert apart.high[0] == pytest.approx(10 + 1.96 * 7.07, abs=2.5)


def test_nobody_has_no_gain() -> None:
    nobody = _counts([[0]], [[0]])

    assert np.isnan(gain_band(nobody, nobody).mean[0])


def test_a_running_mean_has_fewer_frames_at_the_ends() -> None:
    counts = _counts([[1, 2, 4, 8]], [[1, 1, 1, 1]]).running(3)

    np.testing.assert_array_equal(counts.right, [[3, 7, 14, 12]])
    np.testing.assert_array_equal(counts.scored, [[2, 3, 3, 2]])
