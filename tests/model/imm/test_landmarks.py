"""IMM's evaluation: which pictures are fitted, what is an error, and the whole protocol."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from model.core.errors import UserError
from model.core.skeleton import PENN13
from model.data.records import BadDataError, DataSet
from model.imm.landmarks import (
    errors_by_labels,
    evaluate_landmarks,
    eye_distance_errors,
    fitting_rows,
    found_and_labelled,
    in_frames,
    landmark_features,
)
from tests.model.data.clips import make_clip
from tests.model.imm.small import lively_network, picture


@pytest.mark.parametrize(("count", "fitted"), [(19_000, 17_100), (10, 9), (25, 22), (4, 4)])
def test_the_last_tenth_is_kept_out(count: int, fitted: int) -> None:
    rows, kept = fitting_rows(count)
    assert rows == slice(0, fitted)
    assert kept == slice(fitted, count)


def test_a_share_that_leaves_nothing_is_refused() -> None:
    assert fitting_rows(10, 0.0) == (slice(0, 10), slice(10, 10))
    with pytest.raises(UserError, match="leaves none"):
        fitting_rows(0)
    for share in (-0.1, 1.0, float("nan")):
        with pytest.raises(UserError, match="kept out was"):
            fitting_rows(10, share)


def test_features_are_pixels_of_the_picture() -> None:
    points = np.array([[[-1.0, 0.0], [1.0, 0.5]]])
    np.testing.assert_allclose(landmark_features(points), [[0, 64, 128, 96]])


def test_errors_are_in_hundredths_of_the_eyes_distance() -> None:
    truth = np.array([[[0.0, 0.0], [10.0, 0.0], [5.0, 5.0]], [[0.0, 0.0], [0.0, 20.0], [1.0, 1.0]]])
    found = truth + np.array([3.0, 4.0])
    np.testing.assert_allclose(
        eye_distance_errors(found, truth, (0, 1)), [[50, 50, 50], [25, 25, 25]]
    )
    truth[1, 1] = 0
    with pytest.raises(BadDataError, match="1 of 2 pictures"):
        eye_distance_errors(found, truth, (0, 1))
    with pytest.raises(UserError, match="cannot be compared"):
        eye_distance_errors(found, truth, (0, 3))
    with pytest.raises(UserError, match="cannot be compared"):
        eye_distance_errors(found[:, :2], truth, (0, 1))


def test_the_protocol_fits_without_the_last_tenth_and_measures_on_the_test_list() -> None:
    rng = np.random.default_rng(0)
    points = rng.uniform(-1, 1, (60, 4, 2))
    mixing = rng.normal(size=(8, 10))
    labels = (((points.reshape(60, 8) + 1) * 64) @ mixing).reshape(60, 5, 2)
    train, test = slice(0, 40), slice(40, 60)
    spoilt = labels[train].copy()
    spoilt[36:] += rng.normal(0, 50, spoilt[36:].shape)  # of no use, and not to be used
    result = evaluate_landmarks((points[train], spoilt), (points[test], labels[test]), (0, 1))
    assert result.error < 1e-8
    assert result.held_out is not None and result.held_out > 1
    np.testing.assert_allclose(result.landmarks, labels[test], atol=1e-8)
    assert not result.regression.offset.any()

    shifted = [labels[rows] + 1000 for rows in (train, test)]
    pairs = (points[train], shifted[0]), (points[test], shifted[1])
    assert evaluate_landmarks(*pairs, (0, 1)).error > 1
    fitted = evaluate_landmarks(*pairs, (0, 1), intercept=True, held_out=0.0)
    assert fitted.error < 1e-8
    assert fitted.held_out is None


def test_points_and_labels_are_taken_in_order_and_in_the_networks_pixels() -> None:
    network = lively_network()
    first = dataclasses.replace(
        make_clip("a", pictures=[picture(n, 64) for n in range(3)]),
        boxes=np.tile([32.0, 32.0, 64.0], (3, 1)),
    )
    second = dataclasses.replace(make_clip("b", pictures=[picture(9, 32)]))
    second.boxes[:] = [16.0, 16.0, 32.0]
    people = DataSet("d", PENN13, (first, second))
    points, labels = found_and_labelled(network, people, batch_size=3)
    assert points.shape == (4, 3, 2)
    np.testing.assert_allclose(labels[:3], first.joints / 2)
    np.testing.assert_allclose(labels[3], second.joints[0])
    with torch.no_grad():
        own = network.eval().points(
            torch.from_numpy(picture(9, 32))[None].permute(0, 3, 1, 2).float()
        )
    np.testing.assert_allclose(points[3], own[0], atol=1e-5)
    assert np.abs(points[3] - points[2]).max() > 0.01

    second.visible[0, 2] = 0
    assert len(found_and_labelled(network, people)[0]) == 3, "what lacks a label is left out"
    first.visible[:] = 0
    with pytest.raises(BadDataError, match="label for every landmark"):
        found_and_labelled(network, people)


def test_more_labels_give_smaller_errors_and_all_of_them_the_protocols() -> None:
    rng = np.random.default_rng(0)
    points = rng.uniform(-1, 1, (220, 3, 2))
    labels = 64 + 30 * points[:, :2] + rng.normal(0, 1, (220, 2, 2))
    train, test = (points[:120], labels[:120]), (points[120:], labels[120:])
    few, more, whole = errors_by_labels(train, test, None, [2, 30, 5000], draws=5)
    assert [each.labelled for each in (few, more, whole)] == [2, 30, 108], "without the last tenth"
    assert [each.draws for each in (few, more, whole)] == [5, 5, 1]
    assert few.error > 2 * more.error > 2 * whole.error * 0.99
    assert few.deviation > more.deviation > whole.deviation == 0
    assert whole.error == evaluate_landmarks(train, test, None).error
    assert errors_by_labels(train, test, None, [2], draws=5) == [few], "draws are repeatable"
    for counts, draws in (([0], 5), ([2], 0)):
        with pytest.raises(UserError, match="was 0"):
            errors_by_labels(train, test, None, counts, draws=draws)


def test_landmarks_in_frames_are_as_far_apart_as_the_squares_say() -> None:
    clip = make_clip(count=2)
    people = DataSet("people", PENN13, (clip,))
    landmarks = np.zeros((2, 13, 2))
    landmarks[:, 1] = (32, 0)
    sides = [clip.box(frame).side for frame in range(2)]
    apart = in_frames(people, landmarks, 64)
    np.testing.assert_allclose(apart[:, 1, 0] - apart[:, 0, 0], [side / 2 for side in sides])
