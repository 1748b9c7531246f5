"""Human3.6M, from folders written as the official release is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from cdflib.cdfwrite import CDF
from numpy.typing import NDArray

from model.core.errors import UserError
from model.core.skeleton import H36M16, H36M32
from model.data.human36m import read_human36m
from model.data.records import BadDataError

SUBJECTS = {"train": ("S1", "S5", "S6", "S7", "S8"), "test": ("S9", "S11")}
NESTED = "MyPoseFeatures/D2_Positions"


def pose(count: int) -> NDArray[np.float32]:
    """(1, count, 64): joint j of frame n at x = 10 j + n, y = 400 - 5 j."""
    frames, joints = np.arange(count)[:, None], np.arange(32)[None]
    x = 10 * joints + frames
    y = 400 - 5 * joints + 0 * frames
    return np.stack([x, y], axis=-1).reshape(1, count, 64).astype(np.float32)


def write_cdf(path: Path, values: NDArray[Any], name: str = "Pose") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    variable = {
        "Variable": name,
        "Data_Type": CDF.CDF_FLOAT,
        "Num_Elements": 1,
        "Rec_Vary": True,
        "Dim_Sizes": list(values.shape[1:]),
    }
    file = CDF(path)
    file.write_var(variable, var_data=values)
    file.close()


def write_video(path: Path, count: int) -> None:
    """Frame n is grey, 10 n bright."""
    path.parent.mkdir(parents=True, exist_ok=True)
    video = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 50, (64, 64))
    assert video.isOpened()
    for frame in range(count):
        video.write(np.full((64, 64, 3), 10 * frame, np.uint8))
    video.release()


def write(root: Path, split: str, count: int, poses: str = NESTED) -> None:
    """The subjects of a split with two recordings each; the videos hold nothing yet."""
    for subject in SUBJECTS[split]:
        for name in ("Directions.54138969", "Directions 1.60457274"):
            write_cdf(root / subject / poses / f"{name}.cdf", pose(count))
            video = root / subject / "Videos" / f"{name}.mp4"
            video.parent.mkdir(exist_ok=True)
            video.touch()


@pytest.mark.parametrize("poses", [NESTED, "D2_Positions"])
def test_training_subjects_every_fifth_frame(tmp_path: Path, poses: str) -> None:
    write(tmp_path, "train", 11, poses)
    (tmp_path / "S1" / poses / "._Directions.54138969.cdf").write_bytes(b"left by a Mac")
    video = tmp_path / "S5" / "Videos" / "Directions 1.60457274.mp4"
    write_video(video, 11)
    data_set = read_human36m(tmp_path, "train")
    assert data_set.joint_set == H36M16
    assert tuple(data_set.persons) == SUBJECTS["train"]
    assert all(len(clips) == 2 for clips in data_set.persons.values())
    clip = data_set.persons["S5"][0]
    assert clip.name == "S5 Directions 1.60457274"
    assert [clip.frames.describe(index) for index in range(len(clip))] == [
        f"frame {number} of {video}" for number in (0, 5, 10)
    ]
    for index, number in enumerate((0, 5, 10)):
        assert abs(int(clip.frames.read(index)[32, 32, 0]) - 10 * number) < 5
        assert clip.joints[index, H36M16.index("pelvis")].tolist() == [number, 400]
    assert (clip.visible == 2).all()


def test_joints_by_their_meaning(tmp_path: Path) -> None:
    write(tmp_path, "train", 1)
    joints = read_human36m(tmp_path, "train").clips[0].joints
    numbers = {
        "right ankle": 3, "right knee": 2, "right hip": 1,
        "left hip": 6, "left knee": 7, "left ankle": 8,
        "pelvis": 0, "neck": 13, "head top": 15,
        "right wrist": 27, "right elbow": 26, "right shoulder": 25,
        "left shoulder": 17, "left elbow": 18, "left wrist": 19,
        "thorax": (17 + 25) / 2,
    }  # fmt: skip
    assert joints.shape == (1, 16, 2) and joints.dtype == np.float32
    for name, number in numbers.items():
        assert joints[0, H36M16.index(name)].tolist() == [10 * number, 400 - 5 * number]


def test_squares_are_those_of_the_joints(tmp_path: Path) -> None:
    write(tmp_path, "train", 6)
    clip = read_human36m(tmp_path, "train").clips[0]
    # Joints 0..27: x 0..270, y 265..400; a fifth more for the person, then the published square.
    longest = 1.2 * 270
    expected = [135, 332.5 + 0.075 * longest, 1.25 * longest]
    assert clip.boxes[0] == pytest.approx(expected)
    assert clip.boxes[1] == pytest.approx([expected[0] + 5, *expected[1:]])


def test_test_subjects_every_200th_frame_without_the_corrupt_video(tmp_path: Path) -> None:
    write(tmp_path, "test", 401)
    (tmp_path / "S11" / "Videos" / "Directions.54138969.mp4").unlink()
    data_set = read_human36m(tmp_path, "test")
    assert [clip.name for clip in data_set] == [
        "S9 Directions 1.60457274",
        "S9 Directions.54138969",
        "S11 Directions 1.60457274",
    ]
    clip = data_set.clips[1]
    assert len(clip) == 3
    assert clip.frames.describe(2).startswith("frame 400 of")
    assert clip.joints[2, H36M16.index("pelvis")].tolist() == [400, 400]


def test_missing_parts_are_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"does not hold Human3\.6M.*S9, S11.*vision\.imar\.ro"):
        read_human36m(tmp_path, "test")
    write(tmp_path, "test", 3)
    video = tmp_path / "S9" / "Videos" / "Directions.54138969.mp4"
    video.unlink()
    with pytest.raises(
        BadDataError, match=r"no video .*Directions\.54138969\.mp4.*vision\.imar\.ro"
    ):
        read_human36m(tmp_path, "test")
    video.touch()
    for path in (tmp_path / "S11" / NESTED).iterdir():
        path.unlink()
    with pytest.raises(BadDataError, match=r"no 2D poses .*S11.*vision\.imar\.ro"):
        read_human36m(tmp_path, "test")


def test_files_cut_off_are_named(tmp_path: Path) -> None:
    write(tmp_path, "test", 40)
    path = tmp_path / "S9" / NESTED / "Directions.54138969.cdf"
    whole = path.read_bytes()
    for length in (0, 2, 7, 20, 100, 300, len(whole) // 2, 3 * len(whole) // 4):
        path.write_bytes(whole[:length])
        with pytest.raises(BadDataError, match=r"S9.*Directions\.54138969\.cdf is not a whole CDF"):
            read_human36m(tmp_path, "test")


def test_other_content_is_named(tmp_path: Path) -> None:
    write(tmp_path, "test", 3)
    path = tmp_path / "S9" / NESTED / "Directions.54138969.cdf"
    write_cdf(path, pose(3), "Angles")
    with pytest.raises(BadDataError, match=r"Directions\.54138969\.cdf is not .* with 'Pose'"):
        read_human36m(tmp_path, "test")
    write_cdf(path, np.zeros((1, 3, 96), np.float32))
    with pytest.raises(BadDataError, match=r"Directions\.54138969\.cdf has a 'Pose' of shape"):
        read_human36m(tmp_path, "test")


def test_a_name_is_one_point_with_16_and_with_32_joints(tmp_path: Path) -> None:
    """The release's root and pelvis are one place; its thorax is made from the shoulders."""
    write(tmp_path, "test", 201)
    few = read_human36m(tmp_path, "test")
    all_of_them = read_human36m(tmp_path, "test", all_joints=True)
    assert all_of_them.joint_set == H36M32 and len(all_of_them) == len(few)
    small, large = few.clips[0], all_of_them.clips[0]
    assert large.joints[0].tolist() == [[10 * k, 400 - 5 * k] for k in range(32)]
    np.testing.assert_array_equal(small.boxes, large.boxes)
    shared = set(H36M16.names) & set(H36M32.names) - {"pelvis"}
    assert len(shared) == 14 and {"neck", "head top"} <= shared and "thorax" not in H36M32.names
    for name in shared:
        np.testing.assert_array_equal(
            small.joints[:, H36M16.index(name)], large.joints[:, H36M32.index(name)]
        )
