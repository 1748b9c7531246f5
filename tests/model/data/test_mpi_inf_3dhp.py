from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import scipy.io

from model.core.errors import UserError
from model.core.skeleton import H36M32, MPI28
from model.data.poses import H36M32_SHARED17, MPI28_SHARED17, SIDE_CAMERAS, read_mpi_inf_3dhp
from model.data.records import BadDataError


def write(root: Path, subject: int = 1, sequence: int = 1, frames: int = 5) -> Path:
    """In camera c, frame f, joint k is at (10 k + c, 5 k + f)."""
    path = root / f"S{subject}" / f"Seq{sequence}" / "annot.mat"
    path.parent.mkdir(parents=True, exist_ok=True)
    views = np.empty((14, 1), object)
    for camera in range(14):
        view = np.zeros((frames, 56))
        view[:, 0::2] = 10 * np.arange(28) + camera
        view[:, 1::2] = 5 * np.arange(28) + np.arange(frames)[:, None]
        views[camera, 0] = view
    cameras = np.arange(14, dtype=np.uint8)[None]
    scipy.io.savemat(path, {"annot2": views, "cameras": cameras, "frames": np.arange(frames)})
    return path


def test_a_clip_for_each_view_of_a_person(tmp_path: Path) -> None:
    write(tmp_path, 1, 1)
    write(tmp_path, 1, 2, frames=1)
    write(tmp_path, 3, 1)
    poses = read_mpi_inf_3dhp(tmp_path)
    assert poses.joint_set is MPI28
    assert [len(clip) for clip in poses] == [5] * 8 + [1] * 8 + [5] * 8
    assert {person: len(clips) for person, clips in poses.persons.items()} == {"S1": 16, "S3": 8}
    for camera, clip in zip(SIDE_CAMERAS, poses.persons["S3"], strict=True):
        assert clip.name == f"S3/Seq1/camera {camera}"
        np.testing.assert_array_equal(clip.joints[4, :, 0], 10 * np.arange(28) + camera)
        np.testing.assert_array_equal(clip.joints[4, :, 1], 5 * np.arange(28) + 4)
        assert (clip.visible == 2).all() and clip.boxes[0, 2] == pytest.approx(270 * 1.5)
        with pytest.raises(BadDataError, match=rf"pose 4 of camera {camera} in .*annot\.mat"):
            clip.frames.read(4)


def test_chosen_cameras_and_frames(tmp_path: Path) -> None:
    write(tmp_path)
    clips = read_mpi_inf_3dhp(tmp_path, cameras=[13], every=2).clips
    assert [clip.name for clip in clips] == ["S1/Seq1/camera 13"]
    assert clips[0].joints[:, 0, 1].tolist() == [0, 2, 4]


def test_shared_joints_are_the_same_parts_of_the_body() -> None:
    assert len(set(MPI28_SHARED17)) == len(set(H36M32_SHARED17)) == 17
    names = [MPI28.names[joint] for joint in MPI28_SHARED17]
    assert names == [H36M32.names[joint] for joint in H36M32_SHARED17]


def test_what_is_wrong_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"nothing.*annot\.mat.*http"):
        read_mpi_inf_3dhp(tmp_path / "nothing")
    path = write(tmp_path)
    for annot2 in (np.zeros((3, 56)), np.zeros((14, 5, 55)), np.array("x")):
        scipy.io.savemat(path, {"annot2": annot2})
        with pytest.raises(BadDataError, match=r"annot\.mat has no 'annot2'.*http"):
            read_mpi_inf_3dhp(tmp_path)
    path.write_bytes(b"MATLAB 7.3 MAT-file".ljust(124) + bytes([0, 2]) + b"IM" + bytes(400))
    with pytest.raises(BadDataError, match=r"annot\.mat.*http"):
        read_mpi_inf_3dhp(tmp_path)
