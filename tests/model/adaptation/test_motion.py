"""Heatmaps that are carried along by how the picture moved."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from model.adaptation.motion import Carrier, grey
from model.core.heatmaps import decode, gaussian_maps


def _texture(seed: int = 0) -> NDArray[np.uint8]:
    """A picture (256, 256, 3) with something to follow everywhere."""
    noise = np.random.default_rng(seed).uniform(0, 255, (256, 256, 3)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 6)
    return cv2.normalize(smooth, None, 0, 255, cv2.NORM_MINMAX).astype(np.uint8)  # type: ignore[call-overload]


def _shifted(picture: NDArray[np.uint8], x: int, y: int) -> NDArray[np.uint8]:
    matrix = np.float32([[1, 0, x], [0, 1, y]])  # type: ignore[arg-type]
    return cv2.warpAffine(picture, matrix, (256, 256), borderMode=cv2.BORDER_REFLECT)  # type: ignore[call-overload]


@given(st.integers(-16, 16), st.integers(-16, 16))
def test_maps_go_where_the_picture_went(x: int, y: int) -> None:
    picture = _texture()
    points = torch.tensor([[[24.0, 30.0], [40.0, 36.0]]])  # cells of 4 pixels
    maps = gaussian_maps(points, 64)[0]
    moved, trust = Carrier().carried(maps, grey(picture), grey(_shifted(picture, x, y)))
    found, confidence = decode(moved[None])
    expected = points + torch.tensor([x / 4, y / 4])
    torch.testing.assert_close(found, expected, atol=0.6, rtol=0)
    assert confidence.min() > 0.8
    assert trust[24:40, 24:40].min() > 0.5  # away from the border, where something new came in
    assert moved.dtype == trust.dtype == torch.float32 and moved.shape == maps.shape


def test_the_same_picture_changes_nothing() -> None:
    picture = grey(_texture())
    maps = gaussian_maps(torch.tensor([[[10.0, 20.0]]]), 32)[0]
    moved, trust = Carrier().carried(maps, picture, picture)
    torch.testing.assert_close(moved, maps, atol=0.02, rtol=0)
    assert trust.min() > 0.95


def test_a_picture_of_something_else_is_not_trusted() -> None:
    seen, now = grey(_texture(1)), grey(255 - _texture(2))
    maps = gaussian_maps(torch.tensor([[[32.0, 32.0]]]), 64)[0]
    assert Carrier().carried(maps, seen, now)[1].mean() < 0.5


@pytest.mark.parametrize("side", [128, 192, 256])
def test_motion_is_found_in_a_small_grey_picture(side: int) -> None:
    picture = np.zeros((side, side, 3), np.uint8)
    picture[..., 0] = 255
    small = grey(picture)
    assert small.shape == (128, 128) and small.dtype == np.uint8
    assert (small == small[0, 0]).all() and 60 < small[0, 0] < 90  # red is no bright grey
