"""Reading people and redrawing them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from model.keypointgan.evaluation import Factorization
from tests.model.keypointgan.tiny import SIZE, parts_that_differ, tensors_of, tiny_network


@pytest.fixture(scope="module")
def factorization() -> Factorization:
    return Factorization(tiny_network().train())


def picture(seed: int, side: int = SIZE) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (side, side, 3), np.uint8)


def test_a_reading_has_points_and_two_skeletons(factorization: Factorization) -> None:
    reading = factorization.read(picture(0))
    assert reading.points.shape == (13, 2) and reading.points.dtype == np.float32
    assert np.abs(reading.points).max() <= 1
    for image in (reading.skeleton_image, reading.clean):
        assert image.shape == (SIZE, SIZE) and image.dtype == np.uint8
    np.testing.assert_array_equal(reading.clean, factorization.skeleton(reading.points))
    assert (reading.skeleton_image != reading.clean).any()
    assert reading.clean.max() > 200 and factorization.size == SIZE


def test_a_picture_is_read_as_the_network_does(factorization: Factorization) -> None:
    pixels = picture(1)
    image = torch.from_numpy(pixels).permute(2, 0, 1)[None].float() / 127.5 - 1
    with torch.inference_mode():
        translation = factorization.network.translate(image)
    reading = factorization.read(pixels)
    np.testing.assert_allclose(reading.points, translation.points[0].numpy(), atol=1e-6)
    wanted = ((translation.skeleton_image[0, 0] + 1) * 127.5).clamp(0, 255).numpy()
    np.testing.assert_allclose(reading.skeleton_image, wanted, atol=0.51)


def test_the_pose_and_the_look_come_from_two_pictures(factorization: Factorization) -> None:
    pose, look, other = (picture(seed) for seed in (2, 3, 4))
    shown = factorization.transfer(pose, look)
    assert shown.shape == (SIZE, SIZE, 3) and shown.dtype == np.uint8
    assert shown.flags.c_contiguous
    np.testing.assert_array_equal(
        shown, factorization.redraw(factorization.read(pose).points, look)
    )
    assert (shown != factorization.transfer(pose, other)).any()
    assert (shown != factorization.transfer(other, look)).any()


def test_moving_a_point_moves_the_person(factorization: Factorization) -> None:
    points = factorization.read(picture(5)).points.astype(np.float64)
    moved = points.copy()
    moved[5] += 0.6
    look = picture(6)
    assert (factorization.redraw(points, look) != factorization.redraw(moved, look)).any()
    assert (factorization.skeleton(points) != factorization.skeleton(moved)).any()


def test_a_picture_of_any_side_comes_out_in_the_networks(factorization: Factorization) -> None:
    smooth = np.full((96, 96, 3), (200, 100, 50), np.uint8)
    reading = factorization.read(smooth)
    np.testing.assert_allclose(
        reading.points, factorization.read(smooth[:SIZE, :SIZE]).points, atol=1e-6
    )
    assert factorization.redraw(reading.points, smooth).shape == (SIZE, SIZE, 3)
    assert factorization.read(picture(0, 16)).clean.shape == (SIZE, SIZE)


@pytest.mark.parametrize("side", [SIZE, 50])
def test_pictures_may_be_views_and_may_be_locked(side: int, factorization: Factorization) -> None:
    pixels = picture(7, side)
    wanted = factorization.read(pixels)
    mirrored = np.ascontiguousarray(pixels[:, ::-1])[:, ::-1]
    locked = pixels.copy()
    locked.flags.writeable = False
    for same in (mirrored, locked):
        np.testing.assert_allclose(factorization.read(same).points, wanted.points, atol=1e-6)
    points = wanted.points
    points.flags.writeable = False
    assert factorization.redraw(points, locked).shape == (SIZE, SIZE, 3)


def test_nothing_is_learnt_and_nothing_is_written_to(factorization: Factorization) -> None:
    before = tensors_of(factorization.network)
    pose, look = picture(8), picture(9)
    kept = pose.copy(), look.copy()
    first = factorization.transfer(pose, look)
    np.testing.assert_array_equal(factorization.transfer(pose, look), first)
    assert not parts_that_differ(before, tensors_of(factorization.network))
    np.testing.assert_array_equal(pose, kept[0])
    np.testing.assert_array_equal(look, kept[1])
