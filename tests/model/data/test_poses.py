"""Clips without pictures, and stills of one folder."""

from __future__ import annotations

import pickle
from pathlib import Path

import cv2
import numpy as np
import pytest

from model.core.crop import crop_matrix, transform
from model.core.skeleton import CAT7
from model.data.frames import NamedImages, resized_points, still_clips
from model.data.poses import NoPictures, head_clip, head_squares, pose_clip
from model.data.records import BadDataError, DataSet
from model.data.sampling import Mixture
from tests.model.data.layouts import write_picture

_SEEN = np.full((3, 7), 2, np.uint8)


def test_a_pose_has_no_picture_and_says_what_to_do() -> None:
    frames = NoPictures(3, "labels/0001.mat")
    assert len(frames) == 3
    with pytest.raises(BadDataError, match=r"pose 2 of labels/0001\.mat.*as the prior"):
        frames.read(2)


def test_poses_are_framed_as_pictures_and_what_cannot_be_framed_is_left_out() -> None:
    joints = np.random.default_rng(0).uniform(0, 50, (3, 7, 2)).astype(np.float32)
    joints[0, :2] = [[10, 0], [50, 100]]
    joints[1] = 5
    clip = pose_clip("a", "b", joints, _SEEN, "file")
    assert (len(clip), clip.name, clip.person) == (2, "a", "b")
    np.testing.assert_array_equal(clip.joints, joints[[0, 2]])
    with pytest.raises(BadDataError, match="pose 2 of file"):
        clip.frames.read(1)
    # The joints are 100 high: a person box of 120, whose square is moved down by 9.
    assert clip.boxes[0, 1:] == pytest.approx([50 + 9, 150])
    assert head_clip("a", "b", joints, _SEEN, "file").boxes[0, 1:] == pytest.approx([50, 150])
    assert len(Mixture([DataSet("poses", CAT7, (clip,))])) == 2


def test_landmarks_of_a_head_fill_two_thirds_of_the_crop() -> None:
    joints = np.random.default_rng(0).uniform(100, 400, (3, 7, 2)).astype(np.float32)
    clip = head_clip("a", "b", joints, _SEEN, "file")
    for index in range(3):
        placed = transform(joints[index], crop_matrix(clip.box(index)))
        assert np.ptp(placed, axis=0).max() == pytest.approx(128 / 1.5)
        middle = (placed.min(axis=0) + placed.max(axis=0)) / 2
        np.testing.assert_allclose(middle, [64, 64], atol=1e-6)
    absent = np.zeros_like(_SEEN)
    assert np.isnan(head_squares(joints, absent)).all()


def test_points_stay_on_what_they_mark_when_a_picture_is_resized(tmp_path: Path) -> None:
    picture = np.zeros((90, 60, 3), np.uint8)
    picture[45:48, 30:33] = 255  # its middle is (31, 46)
    assert cv2.imwrite(str(tmp_path / "dot.png"), picture)
    small = NamedImages(tmp_path, ["dot.png"], (40, 30)).read(0)
    assert small.shape == (30, 40, 3)
    rows, columns = np.indices(small.shape[:2])
    weights = small[..., 0].astype(float)
    centre = [(columns * weights).sum() / weights.sum(), (rows * weights).sum() / weights.sum()]
    point = resized_points(np.array([31.0, 46.0]), (60, 90), (40, 30))
    np.testing.assert_allclose(point, centre, atol=0.1)


def test_stills_are_read_by_name(tmp_path: Path) -> None:
    for number in range(2):
        write_picture(tmp_path / f"{number}.jpg", 100 * number)
    boxes, joints = np.ones((2, 3)), np.zeros((2, 7, 2), np.float32)
    clips = list(still_clips(tmp_path, ["0.jpg", "1.jpg"], boxes, joints, _SEEN[:2], prefix="x/"))
    assert [clip.name for clip in clips] == ["x/0", "x/1"]
    assert [clip.person for clip in clips] == ["x/0", "x/1"]
    copy = pickle.loads(pickle.dumps(clips[1]))  # as loader processes get them
    np.testing.assert_allclose(copy.frames.read(0)[5, 5], (100, 100, 200), atol=5)
    (tmp_path / "1.jpg").unlink()
    with pytest.raises(BadDataError, match=r"1\.jpg"):
        clips[1].frames.read(0)
