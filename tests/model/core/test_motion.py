"""Heatmaps that are carried along by how the picture moved."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from model.core.heatmaps import decode, gaussian_maps
from model.core.motion import Carrier, MotionFusion, grey


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


def _peak(x: float, y: float, height: float = 1.0) -> torch.Tensor:
    return height * gaussian_maps(torch.tensor([[[x, y]]]), 64)


def test_a_hidden_joint_is_where_it_went() -> None:
    """A frame without an answer takes that of the frame before, carried along."""
    fusion, picture = MotionFusion(0.8), _texture()
    fusion.fused(_peak(24, 30), [picture], [0])
    fused = fusion.fused(0.05 * _peak(50, 50), [_shifted(picture, 16, 8)], [1])
    assert fused.shape == (1, 1, 64, 64)
    found = decode(fused)[0][0, 0]
    torch.testing.assert_close(found, torch.tensor([28.0, 32.0]), atol=0.6, rtol=0)


def test_frames_count_by_how_long_ago_they_were() -> None:
    picture = _texture()
    heights = []
    for index in (1, 3):
        fusion = MotionFusion(0.5)
        fusion.fused(_peak(30, 30), [picture], [0])
        heights.append(float(fusion.fused(_peak(30, 30, 0.0), [picture], [index]).max()))
    # A half beside one, and an eighth.
    assert heights == pytest.approx([1 / 3, 1 / 9], abs=0.02)


def test_a_batch_is_fused_as_its_frames_are_one_by_one() -> None:
    pictures = [_shifted(_texture(), 4 * i, 0) for i in range(3)]
    maps = torch.cat([_peak(20 + i, 30) for i in range(3)])
    whole = MotionFusion(0.8).fused(maps, pictures, [0, 1, 2])
    fusion = MotionFusion(0.8)
    for i in range(3):
        part = fusion.fused(maps[i : i + 1], pictures[i : i + 1], [i])
        assert torch.equal(part[0], whole[i])


def test_nothing_is_carried_to_another_picture_or_back_in_time_or_once_forgotten() -> None:
    own, picture = _peak(40, 40), _texture(1)
    fusion = MotionFusion(0.8)
    fusion.fused(_peak(10, 10), [picture], [5])
    assert torch.equal(fusion.fused(own, [picture], [5]), own)
    fusion.fused(_peak(10, 10), [picture], [6])
    fusion.forget()
    assert torch.equal(fusion.fused(own, [picture], [7]), own)
    other = np.random.default_rng(3).integers(0, 255, (256, 256, 3)).astype(np.uint8)
    fused = fusion.fused(own, [other], [8])
    torch.testing.assert_close(decode(fused)[0], decode(own)[0], atol=0.3, rtol=0)
    assert fused[..., :30].max() < 0.2
