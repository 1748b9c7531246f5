from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import scipy.io

from model.core.crop import crop_matrix, warp
from model.core.skeleton import CELEBA5
from model.data.faces import read_aflw
from model.data.records import BadDataError
from tests.model.data.layouts import write_picture

_NAMES = {"train": [f"image{n:05d}_{n + 7:05d}.jpg" for n in range(30)], "test": ["image9_1.jpg"]}


def write(root: Path) -> Path:
    """Pictures of 64 x 32 pixels; in picture n all points are in row 4, column 2 n."""
    for part, names in _NAMES.items():
        for number in (0, len(names) - 1):
            write_picture(root / "output" / names[number], number, 32, 64)
        (root / f"aflw_{part}_images.txt").write_text("\n".join(names))
        points = np.zeros((len(names), 5, 2), np.float32)
        points[..., 0] = 4
        points[..., 1] = 2 * np.arange(len(names))[:, None]
        sizes = np.tile(np.array([32, 64], np.uint16), (len(names), 1))
        scipy.io.savemat(root / f"aflw_{part}_keypoints.mat", {"gt": points, "hw": sizes})
    return root


def test_the_last_tenth_of_training_is_held_out(tmp_path: Path) -> None:
    write(tmp_path)
    train, aside = read_aflw(tmp_path, "train"), read_aflw(tmp_path, "train10")
    assert train.joint_set is CELEBA5
    assert [f"{clip.name}.jpg" for clip in (*train, *aside)] == _NAMES["train"]
    assert (len(train), len(aside), len(read_aflw(tmp_path, "test"))) == (27, 3, 1)
    assert aside.clips[0].joints[0, 0, 0] == pytest.approx((54 + 0.5) * 2 - 0.5)


def test_pictures_are_resized_whole_and_points_with_them(tmp_path: Path) -> None:
    clip = read_aflw(write(tmp_path), "train10").clips[-1]
    picture = clip.frames.read(0)
    assert picture.shape == (128, 128, 3)
    np.testing.assert_array_equal(warp(picture, crop_matrix(clip.box(0))), picture)
    # Twice as wide, four times as high.
    np.testing.assert_allclose(clip.joints[0], [[(58 + 0.5) * 2 - 0.5, 4.5 * 4 - 0.5]] * 5)
    assert (clip.visible == 2).all()


def test_what_does_not_fit_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadDataError, match=r"aflw_train_images\.txt.*http"):
        read_aflw(tmp_path, "train")
    write(tmp_path)
    (tmp_path / "aflw_test_images.txt").write_text("one.jpg\ntwo.jpg\n")
    with pytest.raises(BadDataError, match=r"aflw_test_keypoints\.mat.*2 pictures.*http"):
        read_aflw(tmp_path, "test")
    scipy.io.savemat(
        tmp_path / "aflw_test_keypoints.mat", {"gt": np.ones((2, 5, 2)), "hw": np.zeros((2, 2))}
    )
    with pytest.raises(BadDataError, match="a picture has no size"):
        read_aflw(tmp_path, "test")
