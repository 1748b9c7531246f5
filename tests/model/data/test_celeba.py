from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from model.core.crop import crop_matrix, transform, warp
from model.data.faces import CELEBA5, read_celeba, read_mafl
from model.data.records import BadDataError, DataSet

COUNT = 40
_HEADER = "lefteye_x lefteye_y righteye_x righteye_y nose_x nose_y " + (
    "leftmouth_x leftmouth_y rightmouth_x rightmouth_y"
)
_MARKS = (69, 109, 106, 113, 77, 142, 73, 152, 108, 154)
# Pictures 1 to 30 are for training, 31 to 35 for validation, 36 to 40 for the test. MAFL trains on
# 1 to 20, listed backwards, and is tested on 36 and 37, and here on 5 of CelebA's training too.
_MAFL_TRAIN = [n for n in range(20, 0, -1) if n != 5]
_MAFL_TEST = [36, 37, 5]


def _name(number: int) -> str:
    return f"{number:06d}.jpg"


def write(root: Path, *, nested: bool = False) -> Path:
    """CelebA's lists, flat or in the archives' folders, and one picture with a dot on each mark."""
    images, lists, parts = (
        (root / "Img" / "img_align_celeba", root / "Anno", root / "Eval")
        if nested
        else (root / "img_align_celeba", root, root)
    )
    for folder in (images, lists, parts, root / "MAFL"):
        folder.mkdir(parents=True, exist_ok=True)
    picture = np.zeros((218, 178, 3), np.uint8)
    for x, y in np.reshape(_MARKS, (5, 2)):
        picture[y - 2 : y + 3, x - 2 : x + 3] = 255
    assert cv2.imwrite(str(images / _name(1)), picture)
    marks = "  ".join(map(str, _MARKS))
    rows = [f"{_name(n)}  {marks}" for n in range(1, COUNT + 1)]
    text = "\n".join([str(COUNT), _HEADER, *rows])
    (lists / "list_landmarks_align_celeba.txt").write_text(text + "\n")
    partition = [f"{_name(n)} {int(n > 30) + int(n > 35)}\n" for n in range(1, COUNT + 1)]
    (parts / "list_eval_partition.txt").write_text("".join(partition))
    for name, numbers in (("training", _MAFL_TRAIN), ("testing", _MAFL_TEST)):
        (root / "MAFL" / f"{name}.txt").write_text("".join(f"{_name(n)}\n" for n in numbers))
    return root


@pytest.mark.parametrize("nested", [False, True])
def test_who_is_in_which_part(nested: bool, tmp_path: Path) -> None:
    write(tmp_path, nested=nested)

    def numbers(data_set: DataSet) -> list[int]:
        return [int(clip.name) for clip in data_set]

    # 10 % of MAFL's 19 training faces are the two with the highest numbers.
    assert numbers(read_mafl(tmp_path, "train10")) == [19, 20]
    assert numbers(read_mafl(tmp_path, "train")) == [n for n in range(1, 19) if n != 5]
    assert numbers(read_mafl(tmp_path, "test")) == [5, 36, 37]
    assert numbers(read_celeba(tmp_path, "test")) == [5, 36, 37]
    assert numbers(read_celeba(tmp_path, "train")) == [
        n for n in range(1, 31) if n not in (5, 19, 20)
    ]


def test_the_crop_is_the_middle_of_the_picture_resized_to_160(tmp_path: Path) -> None:
    data_set = read_celeba(write(tmp_path), "train")
    assert data_set.joint_set is CELEBA5
    clip = data_set.clips[0]
    matrix = crop_matrix(clip.box(0))
    crop = warp(clip.frames.read(0), matrix)
    np.testing.assert_array_equal(crop, clip.frames.read(0)[16:144, 16:144])
    joints = transform(clip.joints[0], matrix)
    assert (clip.visible == 2).all()
    expected = np.reshape(_MARKS, (5, 2)) * [160 / 178, 160 / 218] - 16
    np.testing.assert_allclose(joints, expected, atol=1e-4)  # as released
    for x, y in joints.round().astype(int):
        assert crop[y, x].min() > 200
    assert not crop[0].any()


def test_lists_that_are_missing_or_damaged_are_named(tmp_path: Path) -> None:
    with pytest.raises(BadDataError, match=r"list_landmarks_align_celeba\.txt.*http"):
        read_celeba(tmp_path, "train")
    write(tmp_path)
    testing = tmp_path / "MAFL" / "testing.txt"
    testing.write_text("999999.jpg\n")
    with pytest.raises(BadDataError, match=r"testing\.txt lists 1 pictures, of which CelebA has 0"):
        read_celeba(tmp_path, "test")
    testing.unlink()
    with pytest.raises(BadDataError, match=r"MAFL.testing\.txt.*http"):
        read_mafl(tmp_path, "test")
    write(tmp_path)
    (tmp_path / "list_eval_partition.txt").write_text("000001.jpg\n")
    with pytest.raises(BadDataError, match=r"list_eval_partition\.txt.*http"):
        read_celeba(tmp_path, "train")
    (tmp_path / "list_landmarks_align_celeba.txt").write_text("1\nnames\n000001.jpg 1 2 3\n")
    with pytest.raises(BadDataError, match=r"list_landmarks_align_celeba\.txt.*10 numbers"):
        read_mafl(tmp_path, "train")
    write(tmp_path)
    (tmp_path / "img_align_celeba").rename(tmp_path / "pictures")
    with pytest.raises(BadDataError, match=r"img_align_celeba.*http"):
        read_celeba(tmp_path, "train")
