"""Small helpers for panels: sizes, channels, and whom to show."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from model.core.crop import CROP_SIZE
from model.core.errors import UserError
from model.core.panels import ZOOM, enlarged, resized, write_picture
from model.data.records import spread
from tests.model.data.clips import make_clip


def test_a_picture_is_written_as_it_is(tmp_path: Path) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (9, 7, 3), np.uint8)
    write_picture(tmp_path / "folder" / "a.png", picture)
    found = cv2.imread(str(tmp_path / "folder" / "a.png"))
    assert found is not None
    np.testing.assert_array_equal(found[..., ::-1], picture)
    with pytest.raises(UserError, match="cannot be written"):
        write_picture(tmp_path / "folder", picture)


def test_smaller_pictures_are_means_and_equal_ones_are_the_same() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (8, 8, 3), np.uint8)
    assert resized(picture, 8) is picture
    half = resized(picture, 4)
    means = picture.reshape(4, 2, 4, 2, 3).mean(axis=(1, 3))
    assert half.dtype == np.uint8
    np.testing.assert_allclose(half, means, atol=0.51)
    ramp = np.tile(np.arange(0, 80, 10, dtype=np.uint8)[None, :, None], (8, 1, 3))
    larger = resized(ramp, 16)
    assert larger.shape == (16, 16, 3)
    np.testing.assert_allclose(larger[0, 1:-1, 0], np.arange(5, 145, 10)[:14] / 2, atol=3)


def test_pictures_of_any_size_become_those_of_a_panel() -> None:
    pictures = [np.full((size, size, 3), size, np.uint8) for size in (32, 128, 200)]
    for zoom, side in ((True, ZOOM * CROP_SIZE), (False, CROP_SIZE)):
        found = enlarged(pictures, zoom=zoom)
        assert [each.shape for each in found] == [(side, side, 3)] * 3
        assert [int(each[5, 5, 0]) for each in found] == [32, 128, 200]


def test_clips_of_different_people_are_chosen_where_there_are_enough() -> None:
    clips = [make_clip(f"{person}{n}", person) for person in "abcd" for n in range(3)]
    assert {clip.person for clip in spread(clips, 4)} == set("abcd")
    chosen = spread(clips, 2)
    assert len({clip.person for clip in chosen}) == 2
    assert {clip.name for clip in spread(clips, 6)} <= {clip.name for clip in clips}
    assert len({clip.name for clip in spread(clips, 6)}) == 6


def test_never_more_clips_than_there_are_and_none_without_frames() -> None:
    clips = [make_clip("a", count=2), make_clip("empty", count=0), make_clip("b", count=1)]
    assert {clip.name for clip in spread(clips, 6)} == {"a", "b"}
    assert len(spread(clips, 1)) == 1
    assert spread([], 3) == []
