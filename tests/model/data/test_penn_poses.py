from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.io
from numpy.typing import NDArray

from model.core.errors import UserError
from model.core.skeleton import PENN13
from model.data.records import BadDataError
from model.data.videos import read_penn_poses


def _joints(number: int, frames: int) -> NDArray[np.float32]:
    rng = np.random.default_rng(number)
    return rng.uniform(1, 300, (frames, 13, 2)).astype(np.float32)


def write_label(folder: Path, number: int, frames: int, action: str, *, train: bool = True) -> Path:
    """The label of a video whose head is hidden."""
    folder.mkdir(parents=True, exist_ok=True)
    joints, seen = _joints(number, frames), np.ones((frames, 13), np.uint8)
    seen[:, 0] = 0
    path = folder / f"{number:04d}.mat"
    scipy.io.savemat(
        path,
        {
            "action": action,
            "pose": "back",
            "x": joints[..., 0],
            "y": joints[..., 1],
            "visibility": seen,
            "train": np.array([[1 if train else -1]], np.int32),
            "nframes": frames,
        },
    )
    return path


def write_packed(path: Path, **changed: Any) -> Path:
    """Videos 1 to 5 of three, one, two, two and two poses; 2 and 4 are of bowling."""
    video = np.array([1, 1, 1, 2, 3, 3, 4, 4, 5, 5], np.int32)
    arrays = {
        "joints": np.concatenate([_joints(n, int((video == n).sum())) for n in range(1, 6)]),
        "visible": np.ones((10, 13), np.uint8),
        "video": video,
        "action": (video % 2 == 0).astype(np.uint8),
        "action_name": np.array(["baseball_pitch", "bowl"]),
    }
    np.savez(path, **{**arrays, **changed})
    return path


def _names(*args: Any, **options: Any) -> list[str]:
    return [clip.name for clip in read_penn_poses(*args, **options)]


def test_labels_without_pictures(tmp_path: Path) -> None:
    for number, frames, train in ((1, 3, True), (2, 1, True), (3, 2, False)):
        write_label(tmp_path / "labels", number, frames, "bowl", train=train)
    prior = read_penn_poses(tmp_path, "train")
    assert prior.joint_set is PENN13
    assert {person: len(clips[0]) for person, clips in prior.persons.items()} == {
        "0001": 3,
        "0002": 1,
    }
    first = prior.clips[0]
    np.testing.assert_allclose(first.joints, _joints(1, 3) - 1, rtol=1e-5)
    assert first.visible.tolist() == [[0] + [2] * 12] * 3
    seen = first.joints[:, 1:]
    sides = 1.5 * np.ptp(seen, axis=1).max(axis=1)
    np.testing.assert_allclose(first.boxes[:, 2], sides, rtol=1e-5)
    with pytest.raises(BadDataError, match=r"pose 1 of .*0001\.mat.*prior"):
        first.frames.read(1)
    assert _names(tmp_path, "test") == ["0003"]
    assert _names(tmp_path / "labels", "test") == ["0003"]


def test_packed_poses_are_the_same(tmp_path: Path) -> None:
    path = write_packed(tmp_path / "penn-poses.npz")
    prior = read_penn_poses(path, "train")
    assert [len(clip) for clip in prior] == [3, 2, 2, 1, 2]
    np.testing.assert_allclose(prior.clips[0].joints, _joints(1, 3) - 1, rtol=1e-5)
    assert _names(tmp_path, "test") == ["0001", "0003", "0005", "0002", "0004"]


def test_actions_and_halves_of_each(tmp_path: Path) -> None:
    path = write_packed(tmp_path / "poses.npz")
    assert _names(path, "train", actions=["bowl"]) == ["0002", "0004"]
    assert _names(path, "train", half="first") == ["0001", "0002"]
    assert _names(path, "train", half="second") == ["0003", "0005", "0004"]
    with pytest.raises(UserError, match=r"no videos of golf here.*baseball_pitch, bowl"):
        read_penn_poses(path, "train", actions=["bowl", "golf"])


def test_poses_that_cannot_be_framed_are_left_out(tmp_path: Path) -> None:
    visible = np.ones((10, 13), np.uint8)
    visible[1, 1:] = 0
    visible[3] = 0
    prior = read_penn_poses(write_packed(tmp_path / "poses.npz", visible=visible), "train")
    assert {clip.name: len(clip) for clip in prior} == {"0001": 2, "0003": 2, "0004": 2, "0005": 2}


def test_damage_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"nothing.*penn-poses\.npz.*http"):
        read_penn_poses(tmp_path / "nothing", "train")
    path = tmp_path / "poses.npz"
    for changed in (
        {"joints": np.zeros((10, 14, 2))},
        {"visible": np.zeros((9, 13))},
        {"video": np.int32(3)},
        {"action": np.full(10, 7)},
    ):
        write_packed(path, **changed)
        with pytest.raises(BadDataError, match=r"poses\.npz.*http"):
            read_penn_poses(path, "train")
    whole = write_packed(path).read_bytes()
    for length in range(0, len(whole), 97):
        path.write_bytes(whole[:length])
        with pytest.raises(BadDataError, match=r"poses\.npz.*http"):
            read_penn_poses(path, "train")
    label = write_label(tmp_path, 1, 2, "bowl")
    arrays = {key: np.ones((2, 13)) for key in ("x", "y")}
    scipy.io.savemat(
        label, {**arrays, "visibility": np.ones((3, 13)), "action": "bowl", "train": 1}
    )
    with pytest.raises(BadDataError, match=r"0001\.mat.*http"):
        read_penn_poses(tmp_path, "train")


def test_the_owners_own_labels(shared_dir: Path) -> None:
    prior = read_penn_poses(shared_dir / "data" / "penn-poses.npz", "train")
    # Real videos have poses with fewer than two visible joints; few of them.
    assert 0.99 * 14548 < len(prior) <= 14548
    labels = read_penn_poses(shared_dir / "data" / "penn-labels-sample", "train")
    packed = {clip.name: clip for clip in prior}
    for clip in labels:
        sampled = packed[clip.name]
        nearest = [np.abs(clip.joints - pose).max(axis=(1, 2)).min() for pose in sampled.joints]
        assert max(nearest) < 1e-3
    # A pose fills its crop, more or less.
    for clip in prior:
        offset = np.abs(clip.joints - clip.boxes[:, None, :2]) / clip.boxes[:, None, 2:]
        assert (offset[clip.visible == 2] <= 0.5).all()
