"""Where masks are placed, and what they do to errors and keypoints."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from model.core.augmentation import Augmenter
from model.core.crop import SquareBox, transform, warp
from model.core.heatmaps import spatial_expectation
from model.core.masking import (
    MASK_MARGIN,
    MASK_SIZE,
    PersonMask,
    as_masks,
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
    # Half a pixel beside it, they would differ by 8.
    assert np.abs(cut - found).max() <= 5


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
    assert (weights[..., : size // 2 + reach] == 1).all()
    torch.testing.assert_close(weights[..., size // 2 + reach :].unique(), torch.tensor([0.3]))


def test_keypoints_are_told_to_be_on_the_person_or_not() -> None:
    # The dilated mask ends where cell 33 does, half a cell right of its middle.
    points = torch.tensor([[[5.0, 20.0], [33.25, 1.0], [33.75, 1.0], [60.0, 40.0]]])
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


@pytest.mark.parametrize(("cell", "mass"), [(15, 0.0), (16, 0.0), (17, 1.0), (30, 1.0)])
def test_the_person_of_a_distribution_is_the_dilated_mask(cell: int, mass: float) -> None:
    maps = torch.zeros(1, 1, 32, 32)
    maps[0, 0, 20, cell] = 60.0
    assert mass_off_person(maps, _left(128)).item() == pytest.approx(mass, abs=1e-3)


def test_a_peak_in_the_background_is_drawn_onto_the_person() -> None:
    columns, rows = torch.meshgrid(torch.arange(16.0), torch.arange(16.0), indexing="xy")
    peak = -((columns - 11) ** 2 + (rows - 8) ** 2) / 8
    maps = peak[None, None].clone().requires_grad_()
    places, masses = [], []
    for _ in range(60):
        mass = mass_off_person(maps, _left(128))
        (gradient,) = torch.autograd.grad(mass, maps)
        places.append(float(spatial_expectation(maps.detach())[0, 0, 0]))
        masses.append(mass.item())
        maps = (maps - 20 * gradient).detach().requires_grad_()
    assert places[0] > 10 and places[-1] < 8
    assert masses[0] > 0.8 and masses[-1] < 0.2 and masses == sorted(masses, reverse=True)


@given(seed=st.integers(0, 2**32 - 1), size=st.sampled_from([64, 128]))
@settings(max_examples=20)
def test_weights_and_masses_stay_within_their_bounds(seed: int, size: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    masks = torch.rand(2, 1, size, size, generator=generator) ** 4
    maps = 5 * torch.randn(2, 3, 16, 16, generator=generator)
    grown = dilated(masks)
    assert (grown >= masks).all() and grown.max() == masks.max()
    torch.testing.assert_close(error_weights(masks), 0.3 + 0.7 * grown)
    assert 0 <= mass_off_person(maps, masks) <= 1
    everywhere = mass_off_person(maps, torch.ones_like(masks))
    nowhere = mass_off_person(maps, torch.zeros_like(masks))
    assert everywhere.item() == pytest.approx(0, abs=1e-4)
    assert nowhere.item() == pytest.approx(1, abs=1e-4)


def test_stored_masks_are_read_as_shares() -> None:
    stored = torch.tensor([[[0, 51], [204, 255]]], dtype=torch.uint8)
    torch.testing.assert_close(as_masks(stored), torch.tensor([[[[0.0, 0.2], [0.8, 1.0]]]]))
