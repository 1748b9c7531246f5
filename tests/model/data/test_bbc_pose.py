"""BBC Pose, from a folder written in its owners' layout."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.io

from model.core.skeleton import BBC7
from model.data.records import BadDataError
from model.data.videos import read_bbc_pose
from tests.model.data.layouts import write_picture

FIELDS = (
    "videoName", "type", "source", "train_frames", "train_joints", "test_frames", "test_joints",
)  # fmt: skip
# One pose in the file's order and its 1-based pixels: the person faces the camera.
POSE = {
    "head": (361, 101),
    "right wrist": (301, 301),
    "left wrist": (421, 301),
    "right elbow": (281, 241),
    "left elbow": (441, 241),
    "right shoulder": (321, 161),
    "left shoulder": (401, 161),
}


def poses(count: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    """(2, 7, count): the pose, a pixel further right in each frame."""
    joints = np.array(list(POSE.values()), np.float64).T[:, :, None]
    return joints + np.arange(count) * np.array([1.0, 0.0])[:, None, None]


def write(root: Path, labels: str = "code/bbcpose.mat", **changes: Any) -> Path:
    """All 92 records, of which the first 20 are BBC Pose; ``changes`` are made to record 12."""
    records = np.zeros((1, 92), [(field, object) for field in FIELDS])
    empty = np.zeros((0, 0))
    for index in range(92):
        number = index + 1
        kind = "train" if number <= 10 or number > 20 else "val" if number <= 15 else "test"
        source = "buehler11" if number <= 20 else "charles13"
        frames = np.array([[4.0, 9.0, 12.0]]) + 100 * number
        held = number in range(11, 21)
        record = {
            "videoName": f"video-{number}",
            "type": kind,
            "source": source,
            "train_frames": frames,
            "train_joints": poses(3),
            "test_frames": frames[:, 1:] if held else empty,
            "test_joints": poses(3)[:, :, 1:] if held else empty,
            **(changes if number == 12 else {}),
        }
        records[0, index] = tuple(record.values())
    for number in range(1, 21):
        (root / str(number)).mkdir(parents=True, exist_ok=True)
    path = root / labels
    path.parent.mkdir(exist_ok=True)
    scipy.io.savemat(path, {"bbcpose": records}, do_compression=True)
    return path


@pytest.mark.parametrize(
    "labels", ["bbcpose.mat", "code/bbcpose.mat", "bbcpose_extbbcpose_code_1.0/bbcpose.mat"]
)
def test_training_videos(tmp_path: Path, labels: str) -> None:
    write(tmp_path, labels)
    data_set = read_bbc_pose(tmp_path, "train")
    assert data_set.joint_set == BBC7
    assert list(data_set.persons) == [str(number) for number in range(1, 11)]
    clip = data_set.clips[2]
    assert [clip.frames.describe(index) for index in range(3)] == [
        str(tmp_path / "3" / f"{number}.jpg") for number in (304, 309, 312)
    ]
    # As the owners number them, the person's right side first.
    assert BBC7.names == tuple(POSE)
    for joint, (x, y) in enumerate(POSE.values()):
        assert clip.joints[0, joint].tolist() == [x - 1, y - 1]
        assert clip.joints[2, joint].tolist() == [x + 1, y - 1]
    assert (clip.visible == 2).all()


def test_test_videos(tmp_path: Path) -> None:
    write(tmp_path)
    data_set = read_bbc_pose(tmp_path, "test")
    assert [clip.name for clip in data_set] == [str(number) for number in range(11, 21)]
    clip = data_set.clips[0]
    assert [Path(clip.frames.describe(index)).name for index in range(2)] == [
        "1109.jpg",
        "1112.jpg",
    ]
    assert clip.joints[0, 0].tolist() == [361, 100]


def test_the_square_is_the_published_one(tmp_path: Path) -> None:
    pose = poses(1)
    far = pose + np.array([300.0, 160.0])[:, None, None]
    write(tmp_path, test_frames=[[1.0, 2.0]], test_joints=np.concatenate([pose, far], axis=2))
    clip = read_bbc_pose(tmp_path, "test").clips[1]
    # Joints x 281..441, y 101..301, 60 px further on each side: 280 x 320 and one more.
    assert clip.boxes[0] == pytest.approx([361 - 1, 201 + 0.075 * 321 - 1, 1.25 * 321])
    # Moved: x 521..741 ends at 720, y 201..461 + 60 at 480.
    assert clip.boxes[1] == pytest.approx([620.5 - 1, 340.5 + 0.075 * 280 - 1, 1.25 * 280])


def test_frames_are_read_by_number(tmp_path: Path) -> None:
    write(tmp_path)
    write_picture(tmp_path / "11" / "1109.jpg", 30)
    write_picture(tmp_path / "11" / "1112.jpg", 220)
    frames = read_bbc_pose(tmp_path, "test").clips[0].frames
    assert abs(int(frames.read(1)[12, 16, 0]) - 220) < 4
    (tmp_path / "11" / "1109.jpg").unlink()
    with pytest.raises(BadDataError, match=r"1109\.jpg cannot be read"):
        frames.read(0)


def test_one_frame_keeps_its_axes(tmp_path: Path) -> None:
    write(tmp_path, test_frames=np.array([[7.0]]), test_joints=poses(1))
    clip = read_bbc_pose(tmp_path, "test").clips[1]
    assert clip.joints.shape == (1, 7, 2)
    assert clip.joints[0, 0].tolist() == [360, 100]


def test_missing_parts_are_named(tmp_path: Path) -> None:
    with pytest.raises(BadDataError, match=r"bbcpose\.mat.*robots\.ox\.ac\.uk"):
        read_bbc_pose(tmp_path, "train")
    write(tmp_path)
    (tmp_path / "13").rmdir()
    with pytest.raises(BadDataError, match=r"folder .*13 of a video's frames.*robots\.ox\.ac\.uk"):
        read_bbc_pose(tmp_path, "test")
    assert len(read_bbc_pose(tmp_path, "train").clips) == 10


@pytest.mark.parametrize(
    "damaged",
    [
        {"test_joints": poses(2)[:, :6]},
        {"test_joints": poses(3)},
        {"test_frames": "none"},
    ],
)
def test_a_record_that_does_not_fit_is_named(tmp_path: Path, damaged: dict[str, Any]) -> None:
    write(tmp_path, **damaged)
    with pytest.raises(BadDataError, match=r"Record 12 of .*bbcpose\.mat is no video of BBC Pose"):
        read_bbc_pose(tmp_path, "test")


def test_a_file_with_too_few_videos_is_named(tmp_path: Path) -> None:
    path = write(tmp_path)
    scipy.io.savemat(path, {"bbcpose": np.zeros((1, 3), [("train_frames", object)])})
    with pytest.raises(BadDataError, match="is no video of BBC Pose"):
        read_bbc_pose(tmp_path, "test")
    scipy.io.savemat(path, {"bbcpose": 3.0})
    with pytest.raises(BadDataError, match="Record 1 of"):
        read_bbc_pose(tmp_path, "train")


def test_joints_as_released_are_where_they_are_marked(tmp_path: Path) -> None:
    write(tmp_path)
    ours, released = (
        read_bbc_pose(tmp_path, "test", as_released=asked).clips[0] for asked in (False, True)
    )
    np.testing.assert_array_equal(released.joints, ours.joints + 1)
    np.testing.assert_array_equal(released.boxes, ours.boxes)


def test_extra_frames_come_by_their_numbers_and_without_labels(tmp_path: Path) -> None:
    """Record 12 has labelled frames 1209 and 1212 for the test, and two more for training."""
    more = np.array([[1204.0, 1209.0, 1210.0, 1300.0]])
    write(tmp_path, train_frames=more, train_joints=poses(4))
    data_set = read_bbc_pose(tmp_path, "test", extra=True)
    clip = data_set.clips[1]
    numbers = [int(Path(clip.frames.describe(i)).stem) for i in range(len(clip))]
    assert numbers == [1204, 1209, 1210, 1212, 1300]
    assert (clip.visible == np.array([0, 2, 0, 2, 0])[:, None]).all()
    plain = read_bbc_pose(tmp_path, "test").clips[1]
    np.testing.assert_array_equal(clip.boxes[[1, 3]], plain.boxes)
    assert data_set.name.startswith("BBC Pose")
    assert len(read_bbc_pose(tmp_path, "train", extra=True)) == 30
