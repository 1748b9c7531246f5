"""Landmark files, 300-W and MultiPIE."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from model.core.errors import UserError
from model.core.skeleton import FACES68
from model.data.faces import read_300w, read_multipie, read_pts
from model.data.records import BadDataError
from tests.model.data.layouts import write_picture

_WHERE = "Get it from http://example.org/."
_FOLDERS = ("afw", "helen/trainset", "lfpw/trainset", "helen/testset", "lfpw/testset", "ibug")


def points(seed: int = 0, count: int = 68) -> NDArray[np.float64]:
    return np.random.default_rng(seed).uniform(5, 20, (count, 2)).round(3)


def write_pts(path: Path, marks: NDArray[np.float64]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = "\n".join(f"{x:.6f} {y:.6f}" for x, y in marks)
    path.write_text(f"version: 1\nn_points:  {len(marks)}\n{{\n{lines}\n}}\n")
    return path


def write_300w(root: Path) -> Path:
    """One face in each folder, and a second one in ibug; a PNG in lfpw."""
    for number, folder in enumerate(_FOLDERS):
        suffix = "png" if folder.startswith("lfpw") else "jpg"
        write_picture(root / folder / f"image_{number}.{suffix}", 20 * number)
        write_pts(root / folder / f"image_{number}.pts", points(number))
    write_picture(root / "ibug" / "image_100 _01.jpg", 200)
    write_pts(root / "ibug" / "image_100 _01.pts", points(100))
    return root


def write_multipie(root: Path) -> Path:
    for number, name in enumerate(("001_01_01_051_06", "001_02_01_051_07", "250_01_01_051_06")):
        write_pts(root / "points" / f"{name}.pts", points(number))
    write_pts(root / "points" / "profile" / "001_01_01_240_06.pts", points(9, 39))
    return root


def test_points_are_counted_from_zero(tmp_path: Path) -> None:
    marks = points()
    path = write_pts(tmp_path / "a.pts", marks)
    np.testing.assert_allclose(read_pts(path, _WHERE), marks - 1, atol=1e-5)
    path.write_bytes(b"version: 1\r\nn_points: 2\r\n{\r\n1 2\r\n3.5 4e1\r\n}")
    assert read_pts(path, _WHERE).tolist() == [[0, 1], [2.5, 39]]


@pytest.mark.parametrize(
    "text",
    [
        "", "version: 1\nn_points: 2\n{\n1 2\n3 4\n", "version: 1\nn_points: 3\n{\n1 2\n3 4\n}",
        "version: 1\n{\n1 2\n}", "n_points: 1\n{\n1 2 3\n}", "n_points: 1\n{\n1 x\n}",
        "n_points: 1\n{\n1 nan\n}", "n_points: 0\n{\n}",
    ],
)  # fmt: skip
def test_a_damaged_landmark_file_is_named(text: str, tmp_path: Path) -> None:
    path = tmp_path / "a.pts"
    path.write_text(text)
    with pytest.raises(BadDataError, match=r"a\.pts.*n_points: N.*example\.org"):
        read_pts(path, _WHERE)


def test_300w_is_divided_by_folder(tmp_path: Path) -> None:
    write_300w(tmp_path)
    train, test = read_300w(tmp_path, "train"), read_300w(tmp_path, "test")
    assert train.joint_set is test.joint_set is FACES68
    assert [clip.name for clip in train] == [
        "afw/image_0", "helen/trainset/image_1", "lfpw/trainset/image_2",
    ]  # fmt: skip
    assert [clip.name for clip in test] == [
        "helen/testset/image_3", "lfpw/testset/image_4", "ibug/image_100 _01", "ibug/image_5",
    ]  # fmt: skip
    for number, clip in ((2, train.clips[2]), (5, test.clips[3])):
        np.testing.assert_allclose(clip.frames.read(0)[5, 5], (20 * number, 100, 200), atol=5)
        np.testing.assert_allclose(clip.joints[0], points(number) - 1, atol=1e-5)
        low, high = clip.joints[0].min(axis=0), clip.joints[0].max(axis=0)
        np.testing.assert_allclose(clip.boxes[0, :2], (low + high) / 2, rtol=1e-5)
        assert clip.boxes[0, 2] == pytest.approx(1.5 * (high - low).max(), rel=1e-5)
        assert (clip.visible == 2).all()


def test_300w_names_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"afw, .*trainset, .*lfpw.*http"):
        read_300w(tmp_path, "train")
    write_300w(tmp_path)
    write_pts(tmp_path / "afw" / "image_7.pts", points(7))
    with pytest.raises(BadDataError, match=r"image_7\.jpg"):
        read_300w(tmp_path, "train")
    write_pts(tmp_path / "afw" / "image_7.pts", points(7, 51))
    with pytest.raises(BadDataError, match=r"image_7\.pts has 51 points, not 68"):
        read_300w(tmp_path, "train")
    for path in (tmp_path / "ibug").glob("*.pts"):
        path.unlink()
    with pytest.raises(BadDataError, match=r"ibug/\*\.pts"):
        read_300w(tmp_path, "test")


def test_multipie_gives_poses_by_subject_without_profiles(tmp_path: Path) -> None:
    prior = read_multipie(write_multipie(tmp_path))
    assert prior.joint_set is FACES68
    assert {clip.person: len(clip) for clip in prior} == {"001": 2, "250": 1}
    np.testing.assert_allclose(prior.clips[0].joints[1], points(1) - 1, atol=1e-5)
    with pytest.raises(BadDataError, match="pose 0 of MultiPIE's subject 250"):
        prior.clips[1].frames.read(0)
    with pytest.raises(UserError, match=r"none.*68 points.*http"):
        read_multipie(tmp_path / "none")
    with pytest.raises(UserError, match=r"profile.*68 points"):
        read_multipie(tmp_path / "points" / "profile")
