"""Where masks are placed, and what they do to errors and keypoints."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from model.augmentation import Augmenter
from model.crop import SquareBox, transform, warp
from model.masking import (
    MASK_MARGIN,
    MASK_SIZE,
    PersonMask,
    dilated,
    error_weights,
    mask_matrix,
    mass_off_person,
    on_person,
    only_person,
)


@given(seed=st.integers(0, 2**32 - 1), x=st.floats(60, 100), y=st.floats(60, 100))
def test_a_mask_is_cut_like_its_picture(seed: int, x: float, y: float) -> None:
    """A blob that is drawn in the frame and in the mask stays one blob, however both are cut."""
    box = SquareBox(x, y, 90)
    rows, columns = np.mgrid[0:160, 0:160]
    blob = np.exp(-((columns - x - 12) ** 2 + (rows - y + 9) ** 2) / (2 * 8.0**2))
    frame = np.repeat((255 * blob)[..., None], 3, axis=-1).astype(np.uint8)
    mask = PersonMask(warp(frame[..., 0], mask_matrix(box), MASK_SIZE), box)
    matrix = Augmenter(1.0).draw(np.random.default_rng(seed)).matrix(box)
    cut, found = warp(frame, matrix)[..., 0].astype(int), mask.crop(matrix).astype(int)
    assert np.abs(cut - found).mean() < 4 and np.percentile(np.abs(cut - found), 99) < 40


def test_what_lies_outside_a_mask_is_background() -> None:
    box = SquareBox(50, 50, 20)
    mask = PersonMask(np.full((MASK_SIZE, MASK_SIZE), 255, np.uint8), box)
    matrix = np.array([[1.0, 0, 0], [0, 1.0, 0]])
    found = mask.crop(matrix, 100)
    reach = MASK_MARGIN * 10
    inside = transform(np.array([[50.0, 50.0]]), matrix)[0]
    assert found[int(inside[1]), int(inside[0])] == 255
    assert not found[:, : int(50 - reach) - 2].any() and not found[int(50 + reach) + 2 :].any()


def _left(size: int) -> torch.Tensor:
    """A mask (1, 1, size, size) whose left half is the person."""
    mask = torch.zeros(1, 1, size, size)
    mask[..., : size // 2] = 1
    return mask


def test_the_background_is_the_mean_colour() -> None:
    images = torch.randn(1, 3, 8, 8)
    shown = only_person(images, _left(8))
    assert torch.equal(shown[..., :4], images[..., :4]) and not shown[..., 4:].any()


@pytest.mark.parametrize(("size", "reach"), [(128, 4), (64, 2)])
def test_masks_reach_four_pixels_of_128_further(size: int, reach: int) -> None:
    grown = dilated(_left(size))
    assert grown[..., size // 2 + reach - 1].all() and not grown[..., size // 2 + reach].any()
    weights = error_weights(_left(size))
    assert weights[..., 0, 0] == 1 and 0 < weights[..., 0, -1] < 0.5
    assert weights.unique().numel() == 2


def test_keypoints_are_told_to_be_on_the_person_or_not() -> None:
    points = torch.tensor([[[5.0, 20.0], [33.5, 1.0], [36.0, 1.0], [60.0, 40.0]]])
    assert on_person(points, _left(128), 64).tolist() == [[True, True, False, False]]


def test_a_distribution_off_the_person_is_drawn_onto_it() -> None:
    maps = torch.full((1, 2, 16, 16), -20.0)
    maps[0, 0, 8, 3], maps[0, 1, 8, 13] = 20.0, 20.0
    assert mass_off_person(maps, _left(128)).item() == pytest.approx(0.5, abs=1e-4)
    soft = torch.zeros(1, 1, 16, 16, requires_grad=True)
    mass_off_person(soft, _left(128)).backward()
    assert soft.grad is not None
    # A step down the gradient raises the maps on the person and lowers them elsewhere.
    assert (soft.grad[..., :8] < 0).all() and (soft.grad[..., 10:] > 0).all()
