from __future__ import annotations

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
import scipy.io

from model.core.crop import crop_matrix, warp
from model.core.errors import UserError
from model.core.skeleton import H36M32
from model.data.human36m import activity_of, read_simplified_human36m
from model.data.records import BadDataError
from tests.model.data.layouts import write_picture

_SEQUENCES = ("Waiting.60457274", "Directions 1.54138969", "WalkDog.54138969")


def write(
    root: Path, subject: str, sequences: tuple[str, ...] = _SEQUENCES, frames: int = 11
) -> Path:
    """Frames 1 to ``frames``: 10 times their number in red, the person in the upper half.

    In frame n all joints are in row n of 128, joint k in column 2k.
    """
    for sequence in sequences:
        for number in range(1, frames + 1):
            place = root / subject / "WithBackground" / sequence / f"{number}.jpg"
            write_picture(place, 10 * number, 128, 128)
            mask = np.zeros((128, 128), np.uint8)
            mask[:64] = 255
            path = root / subject / "BackgroudMask" / sequence / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            assert cv2.imwrite(str(path), mask)
            points = np.stack([np.full(32, number), 2 * np.arange(32)], axis=1) / 128
            path = root / subject / "Landmarks" / sequence / f"{number}.mat"
            path.parent.mkdir(parents=True, exist_ok=True)
            scipy.io.savemat(path, {"keypoints_2d": points})
    return root


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write(write(tmp_path, "S5"), "S11", _SEQUENCES[:1])


def test_subjects_activities_and_squares(root: Path) -> None:
    train = read_simplified_human36m(root, "train")
    assert train.joint_set is H36M32 and len(train) == 22
    assert [clip.name for clip in train] == ["S5/Directions 1.54138969", "S5/Waiting.60457274"]
    assert [activity_of(clip) for clip in train] == ["directions", "waiting"]
    assert list(train.persons) == ["S5"]
    assert list(read_simplified_human36m(root, "test").persons) == ["S11"]
    waiting = read_simplified_human36m(root, "train", activities=["Waiting"])
    assert [clip.name for clip in waiting] == ["S5/Waiting.60457274"]
    clip = train.clips[0]
    picture = clip.frames.read(0)
    np.testing.assert_array_equal(warp(picture, crop_matrix(clip.box(0))), picture)


def test_frames_are_in_order_of_their_numbers_with_joints_as_x_and_y(root: Path) -> None:
    clip = read_simplified_human36m(root, "train").clips[0]
    for index in (0, 1, 9, 10):
        np.testing.assert_allclose(clip.joints[index, :, 1], index + 1, atol=1e-4)
        np.testing.assert_allclose(clip.joints[index, :, 0], 2 * np.arange(32), atol=1e-4)
        shade = clip.frames.read(index)[5, 5]
        np.testing.assert_allclose(shade, (10 * index + 10, 100, 200), atol=5)
    assert (clip.visible == 2).all()


def test_all_is_black_but_the_person_unless_otherwise_wanted(root: Path) -> None:
    picture = read_simplified_human36m(root, "train").clips[0].frames.read(3)
    assert picture[:64].min(axis=(0, 1)).tolist() != [0, 0, 0] and not picture[64:].any()
    whole = read_simplified_human36m(root, "train", masked=False).clips[0].frames.read(3)
    np.testing.assert_array_equal(whole[:64], picture[:64])
    assert whole[64:].min(axis=(0, 1))[1] > 90
    shutil.rmtree(root / "S5" / "BackgroudMask")
    unmasked = read_simplified_human36m(root, "train", masked=False)
    np.testing.assert_array_equal(unmasked.clips[0].frames.read(3), whole)


def test_the_masks_folder_spelt_rightly_is_read_too(root: Path) -> None:
    (root / "S5" / "BackgroudMask").rename(root / "S5" / "BackgroundMask")
    assert not read_simplified_human36m(root, "train").clips[0].frames.read(0)[64:].any()


def test_halves_and_pictures_without_labels(root: Path) -> None:
    first = read_simplified_human36m(root, "train", half="first").clips[0]
    second = read_simplified_human36m(root, "train", half="second").clips[0]
    assert first.joints[:, 0, 1].tolist() == [1, 2, 3, 4, 5]
    assert second.joints[:, 0, 1].tolist() == [6, 7, 8, 9, 10, 11]
    np.testing.assert_allclose(second.frames.read(0)[5, 5], (60, 100, 200), atol=5)
    shutil.rmtree(root / "S5" / "Landmarks")
    bare = read_simplified_human36m(root, "train", labels=False).clips[0]
    assert len(bare) == 11 and not bare.visible.any()
    bare.check(0)


def test_folders_that_are_missing_are_named_with_what_was_found(root: Path) -> None:
    (root / "S5" / "WithBackground").rename(root / "S5" / "Images")
    expected = r"BackgroudMask, Images, Landmarks; WithBackground, BackgroudMask and Landmarks"
    with pytest.raises(UserError, match=expected):
        read_simplified_human36m(root, "train")
    with pytest.raises(UserError, match=r"nothing.*S11 are expected.*http"):
        read_simplified_human36m(root / "nothing", "test")


def test_damage_is_named(root: Path) -> None:
    label = root / "S11" / "Landmarks" / _SEQUENCES[0] / "4.mat"
    scipy.io.savemat(label, {"keypoints_2d": np.ones((17, 2))})
    with pytest.raises(BadDataError, match=r"4\.mat.*\(17, 2\)"):
        read_simplified_human36m(root, "test")
    scipy.io.savemat(label, {"points": np.ones((32, 2))})
    with pytest.raises(BadDataError, match=r"4\.mat lacks keypoints_2d"):
        read_simplified_human36m(root, "test")
    label.unlink()
    with pytest.raises(BadDataError, match=r"4\.mat"):
        read_simplified_human36m(root, "test")
    clip = read_simplified_human36m(root, "test", labels=False).clips[0]
    write_picture(root / "S11" / "WithBackground" / _SEQUENCES[0] / "2.jpg", 0, 64, 100)
    with pytest.raises(BadDataError, match=r"2\.jpg has 100 x 64 pixels, not 128 x 128"):
        clip.frames.read(1)
