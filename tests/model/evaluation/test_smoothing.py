from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from model.core.errors import UserError
from model.core.skeleton import PENN13
from model.evaluation import smoothing as smoothing_module
from model.evaluation.accuracy import Predictions
from model.evaluation.smoothing import GRID, Smoothing, choose_smoothing, smooth, smoothed

_TIME = np.arange(20, dtype=np.float32)


def _path(curve: NDArray[np.float32]) -> NDArray[np.float32]:
    """Points (T, 13, 2) that all move along the curve (T,); the torso is 6 pixels."""
    joints = np.stack([np.arange(13.0), np.zeros(13)], axis=-1).astype(np.float32)
    return joints + curve[:, None, None]


def _predictions(
    points: NDArray[np.float32], truth: NDArray[np.float32], clips: list[str] | None = None
) -> Predictions:
    names = np.array(clips or ["clip"] * len(points))
    return Predictions(
        PENN13, points, truth, np.ones(points.shape[:2], np.uint8),
        persons=np.array(["someone"] * len(points)), clips=names, order=np.arange(len(points)),
    )  # fmt: skip


def test_a_path_of_the_filters_order_stays() -> None:
    path = _path(0.1 * _TIME**2 - _TIME)

    np.testing.assert_allclose(smooth(path, Smoothing(7, 2)), path, atol=1e-4)
    assert np.abs(smooth(path, Smoothing(7, 1)) - path).max() > 0.3


def test_noise_becomes_less() -> None:
    noise = np.random.default_rng(0).normal(size=(20, 13, 2)).astype(np.float32)
    path = _path(_TIME)

    found = smooth(path + noise, Smoothing(9, 1))

    assert found.dtype == np.float32
    assert np.abs(found - path).mean() < 0.6 * np.abs(noise).mean()


@pytest.mark.parametrize(("frames", "window"), [(20, 19), (19, 19), (6, 5), (3, 3)])
def test_a_clip_shorter_than_the_window_has_the_longest_that_it_holds(
    frames: int, window: int
) -> None:
    path = np.random.default_rng(0).normal(size=(frames, 13, 2)).astype(np.float32)

    found = smooth(path, Smoothing(25, 1))

    np.testing.assert_array_equal(found, smooth(path, Smoothing(window, 1)))
    assert np.abs(found - path).max() > 0.1


def test_a_clip_too_short_for_the_order_stays() -> None:
    path = np.random.default_rng(0).normal(size=(2, 13, 2)).astype(np.float32)

    np.testing.assert_array_equal(smooth(path, Smoothing(7, 1)), path)


def test_a_window_does_not_win_by_leaving_short_clips_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """20 frames that are right, with a jump: the longer the window, the worse."""
    long = Smoothing(25, 1)
    monkeypatch.setattr(smoothing_module, "GRID", (Smoothing(3, 1), long))
    truth = _path(np.where(_TIME < 10, 0, 40).astype(np.float32))

    best, scores = choose_smoothing(_predictions(truth, truth))

    assert best == Smoothing(3, 1)
    assert scores[long] < scores[best] < 100


def test_a_joint_that_is_no_number_stays_and_harms_no_other() -> None:
    noise = np.random.default_rng(0).normal(size=(20, 13, 2)).astype(np.float32)
    broken = noise.copy()
    broken[4, 2] = np.nan

    found = smooth(broken, Smoothing(5, 1))

    np.testing.assert_array_equal(found[:, 2], broken[:, 2])
    others = np.arange(13) != 2
    np.testing.assert_array_equal(found[:, others], smooth(noise, Smoothing(5, 1))[:, others])


def test_clips_are_smoothed_by_themselves_and_in_their_order() -> None:
    noise = np.random.default_rng(0).normal(size=(20, 13, 2)).astype(np.float32)
    clips = ["first"] * 8 + ["second"] * 12
    whole = _predictions(noise, noise, clips)
    shuffled = np.random.default_rng(1).permutation(20)
    rows = _predictions(noise[shuffled], noise, [clips[row] for row in shuffled])
    rows.order[:] = shuffled

    found = smoothed(whole, Smoothing(5, 2)).points
    mixed = smoothed(rows, Smoothing(5, 2)).points

    np.testing.assert_array_equal(found[:8], smooth(noise[:8], Smoothing(5, 2)))
    np.testing.assert_array_equal(found[8:], smooth(noise[8:], Smoothing(5, 2)))
    np.testing.assert_array_equal(mixed, found[shuffled])
    np.testing.assert_array_equal(whole.points, noise)


def test_clips_of_one_name_of_two_people_are_two() -> None:
    noise = np.random.default_rng(0).normal(size=(20, 13, 2)).astype(np.float32)
    both = _predictions(noise, noise)
    both.persons[10:] = "another"

    found = smoothed(both, Smoothing(5, 1)).points

    np.testing.assert_array_equal(found[:10], smooth(noise[:10], Smoothing(5, 1)))


def test_the_best_smoothing_is_chosen() -> None:
    truth = _path(np.zeros(20, np.float32))
    shaking = truth + np.where(_TIME % 2, 1.5, -1.5).astype(np.float32)[:, None, None]

    best, scores = choose_smoothing(_predictions(shaking, truth))

    assert set(scores) == set(GRID)
    assert scores[best] == max(scores.values()) > _predictions(shaking, truth).score().mean
    assert scores[best] == smoothed(_predictions(shaking, truth), best).score().mean


def test_of_equals_the_first_is_chosen() -> None:
    truth = _path(_TIME)

    assert choose_smoothing(_predictions(truth, truth))[0] == Smoothing(3, 1)


def test_nothing_can_be_chosen_on_people_without_joints() -> None:
    nobody = _predictions(_path(_TIME), _path(_TIME))
    nobody.visible[:] = 0

    with pytest.raises(UserError, match="no joints to score"):
        choose_smoothing(nobody)


@pytest.mark.parametrize(("window", "order"), [(4, 1), (3, 3), (5, -1)])
def test_an_impossible_smoothing_is_refused(window: int, order: int) -> None:
    with pytest.raises(UserError, match="odd window"):
        Smoothing(window, order)
