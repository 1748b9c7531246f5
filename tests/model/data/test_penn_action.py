from __future__ import annotations

import shutil
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from numpy.typing import NDArray

from model.core.errors import UserError
from model.core.skeleton import PENN13
from model.data.files import Half
from model.data.records import BadDataError
from model.data.videos import read_penn_action
from tests.model.data.layouts import write_penn_video

_SEEN = np.ones(13, np.uint8)


def _joints(count: int, seed: int = 0) -> NDArray[np.float64]:
    return np.random.default_rng(seed).uniform(2, 22, (count, 13, 2))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Three training videos, the second without its last box, the third of one frame; one test."""
    visibility = np.tile(_SEEN, (3, 1))
    visibility[1, 4] = 0
    boxes = np.array([[3.0, 5, 12, 24], [4, 5, 23, 14], [5, 5, 14, 24]])
    write_penn_video(tmp_path, 1, _joints(3), visibility, boxes, train=True)
    write_penn_video(tmp_path, 2, _joints(3, 1), visibility, boxes[:2], train=True)
    write_penn_video(tmp_path, 4, _joints(1, 2), _SEEN[None], boxes[:1], train=True)
    write_penn_video(tmp_path, 3, _joints(2, 3), visibility[:2], boxes[:2], train=False)
    return tmp_path


def test_videos_frames_and_persons(root: Path) -> None:
    train, test = read_penn_action(root, "train"), read_penn_action(root, "test")
    assert train.joint_set is PENN13
    assert [clip.name for clip in train] == ["0001", "0002", "0004"]
    assert list(test.persons) == ["0003"] and len(test) == 2
    assert [len(clip) for clip in train] == [3, 3, 1]
    picture = train.clips[0].frames.read(2)
    assert picture.shape == (24, 32, 3)
    np.testing.assert_allclose(picture[5, 5], (20, 100, 200), atol=5)


def test_joints_count_from_zero_and_hidden_ones_are_absent(root: Path) -> None:
    first, _, single = read_penn_action(root, "train").clips
    np.testing.assert_allclose(first.joints, _joints(3) - 1, rtol=1e-6)
    np.testing.assert_allclose(single.joints, _joints(1, 2) - 1, rtol=1e-6)
    expected = np.full((3, 13), 2)
    expected[1, 4] = 0
    np.testing.assert_array_equal(first.visible, expected)


def test_squares_are_the_published_ones(root: Path) -> None:
    first, short, _ = read_penn_action(root, "train").clips
    # By hand from (3, 5, 12, 24): width 10, height 20, centre (7 - 1, 14 + 0.075 * 20 - 1).
    np.testing.assert_allclose(first.boxes[0], (6, 14.5, 25))
    # From (4, 5, 23, 14): the width is the longer side, 20.
    np.testing.assert_allclose(first.boxes[1], (12, 9 + 1.5 - 1, 25))
    np.testing.assert_allclose(short.boxes[2], short.boxes[1])


def test_a_wrong_folder_says_how_to_get_the_data_set(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="dreamdragon"):
        read_penn_action(tmp_path / "nothing", "train")


def test_damaged_labels_are_named(root: Path) -> None:
    label = root / "labels" / "0001.mat"
    whole = label.read_bytes()
    label.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BadDataError, match=r"0001\.mat.*dreamdragon"):
        read_penn_action(root, "train")
    write_penn_video(root, 1, _joints(2), _SEEN[None], np.ones((2, 4)), train=True)
    with pytest.raises(BadDataError, match="0001"):
        read_penn_action(root, "train")
    write_penn_video(root, 1, _joints(2), np.ones((2, 13), np.uint8), np.ones((0, 4)), train=True)
    with pytest.raises(BadDataError, match=r"0001\.mat.*dreamdragon"):
        read_penn_action(root, "train")


def test_a_missing_picture_is_named_when_it_is_read(root: Path) -> None:
    picture = root / "frames" / "0001" / "000002.jpg"
    picture.unlink()
    clip = read_penn_action(root, "train").clips[0]
    clip.frames.read(0)
    with pytest.raises(BadDataError, match=str(picture)):
        clip.frames.read(1)


def test_the_owners_own_labels(shared_dir: Path, tmp_path: Path) -> None:
    shutil.copytree(shared_dir / "data" / "penn-labels-sample", tmp_path / "labels")
    (tmp_path / "frames").mkdir()
    train, test = read_penn_action(tmp_path, "train"), read_penn_action(tmp_path, "test")
    assert [len(clip) for clip in train] == [80, 85] and [len(clip) for clip in test] == [151]
    poses = np.load(shared_dir / "data" / "penn-poses.npz")
    rows = poses["video"] == 3
    sampled, seen = poses["joints"][rows], poses["visible"][rows]
    clip = train.clips[1]
    where = [np.abs(clip.joints + 1 - pose).max(axis=(1, 2)).argmin() for pose in sampled]
    np.testing.assert_allclose(clip.joints[where] + 1, sampled, atol=1e-4)
    np.testing.assert_array_equal(clip.visible[where] == 2, seen == 1)
    for clip in (*train, *test):
        # Heads are above knees, and every joint that is seen is in its square.
        knee = PENN13.index("left knee")
        assert (clip.joints[:, PENN13.index("head"), 1] < clip.joints[:, knee, 1]).mean() > 0.9
        offset = np.abs(clip.joints - clip.boxes[:, None, :2]) / clip.boxes[:, None, 2:]
        assert (offset[clip.visible == 2] <= 0.5).all()


def test_joints_as_released_are_where_they_are_marked(root: Path) -> None:
    ours = read_penn_action(root, "train").clips[0]
    released = read_penn_action(root, "train", as_released=True).clips[0]
    np.testing.assert_allclose(released.joints, _joints(3), rtol=1e-6)
    np.testing.assert_array_equal(released.boxes, ours.boxes)


def test_halves_are_of_the_videos_of_each_action(root: Path) -> None:
    first, second = (
        [clip.name for clip in read_penn_action(root, "train", half=half)]
        for half in get_args(Half)
    )
    assert (first, second) == (["0001"], ["0002", "0004"])
