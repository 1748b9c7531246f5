from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.core.crop import (
    CENTRE_SHIFT,
    SquareBox,
    compose,
    crop_matrix,
    heatmap_to_image,
    invert,
    square_from_person_box,
    transform,
    warp,
)

_boxes = st.builds(SquareBox, st.floats(-500, 500), st.floats(-500, 500), st.floats(10, 1000))


def test_the_published_rule_by_hand() -> None:
    box = square_from_person_box(10, 20, 40, 100, shift=CENTRE_SHIFT)
    assert (box.x, box.y, box.side) == (30, 70 + 7.5, 125)
    assert square_from_person_box(10, 20, 40, 100, shift=0) == SquareBox(30, 70, 125)
    left, top, right, bottom = box.corners
    assert (right - left, bottom - top) == (125, 125)


def test_the_centre_maps_to_pixel_64() -> None:
    box = SquareBox(30, 50, 64)
    assert transform(np.array([30, 50]), crop_matrix(box)).tolist() == [64, 64]
    # Half a side to the right is half a crop to the right, without a half-pixel offset.
    assert transform(np.array([62, 50]), crop_matrix(box)).tolist() == [128, 64]


@given(
    box=_boxes,
    scale=st.floats(0.75, 1.25),
    rotation=st.floats(-60, 60),
    flip=st.booleans(),
    x=st.floats(-1000, 1000),
    y=st.floats(-1000, 1000),
)
def test_there_and_back(
    box: SquareBox, scale: float, rotation: float, flip: bool, x: float, y: float
) -> None:
    matrix = crop_matrix(box, scale=scale, rotation=rotation, flip=flip)
    point = np.array([x, y])
    np.testing.assert_allclose(
        transform(transform(point, matrix), invert(matrix)), point, atol=1e-4
    )
    np.testing.assert_allclose(compose(invert(matrix), matrix), np.eye(2, 3), atol=1e-4)


@given(box=_boxes, cell=st.floats(0, 31))
def test_heatmap_cells_are_four_crop_pixels(box: SquareBox, cell: float) -> None:
    point = np.array([cell, 31 - cell])
    by_crop = transform(4 * point, invert(crop_matrix(box)))
    np.testing.assert_allclose(heatmap_to_image(point, box), by_crop, atol=1e-6 * box.side + 1e-6)


def test_positive_rotation_turns_the_content_counter_clockwise() -> None:
    right = transform(np.array([20.0, 0.0]), crop_matrix(SquareBox(0, 0, 128), rotation=90))
    np.testing.assert_allclose(right, [64, 44], atol=1e-9)


def test_outside_the_image_is_black() -> None:
    image = np.full((10, 10, 3), 200, np.uint8)
    crop = warp(image, crop_matrix(SquareBox(0, 5, 20), 20), 20)
    assert crop.shape == (20, 20, 3) and crop.dtype == np.uint8
    assert crop[10, 5].tolist() == [0, 0, 0]
    assert crop[10, 15].tolist() == [200, 200, 200]


@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_scaling_keeps_the_centre(factor: float) -> None:
    assert SquareBox(3, 4, 10).scaled(factor) == SquareBox(3, 4, 10 * factor)
