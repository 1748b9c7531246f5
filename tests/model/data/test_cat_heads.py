from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from model.core.errors import UserError
from model.core.skeleton import CAT7
from model.data.faces import read_cat_heads
from model.data.records import BadDataError
from tests.model.data.layouts import write_picture

# The data set's own first label.
_LABEL = "9 175 160 239 162 199 199 149 121 137 78 166 93 281 101 312 96 296 133 "


def write(root: Path) -> Path:
    """Two cats in each of the folders 00 to 06."""
    for folder in range(7):
        for number in (1, 2):
            picture = root / f"CAT_{folder:02d}" / f"0000000{number}_{folder:03d}.jpg"
            write_picture(picture, 10 * folder + number)
            picture.with_name(picture.name + ".cat").write_text(_LABEL)
    return root


def test_seven_of_the_nine_points(tmp_path: Path) -> None:
    cats = read_cat_heads(write(tmp_path), "train")
    assert cats.joint_set is CAT7
    clip = cats.clips[0]
    placed = dict(zip(CAT7.names, clip.joints[0].tolist(), strict=True))
    assert placed == {
        "left eye": [175, 160],
        "right eye": [239, 162],
        "mouth": [199, 199],
        "left ear base": [149, 121],
        "left ear tip": [137, 78],
        "right ear tip": [312, 96],
        "right ear base": [296, 133],
    }
    width = 312 - 137
    assert clip.boxes[0] == pytest.approx([(312 + 137) / 2, (199 + 78) / 2, 1.5 * width])
    assert (clip.visible == 2).all()


def test_cats_are_divided_by_folder_and_in_halves(tmp_path: Path) -> None:
    write(tmp_path)
    train, test = read_cat_heads(tmp_path, "train"), read_cat_heads(tmp_path, "test")
    assert [len(train), len(test)] == [12, 2]
    assert [clip.name for clip in test] == ["CAT_06/00000001_006", "CAT_06/00000002_006"]
    np.testing.assert_allclose(test.clips[1].frames.read(0)[5, 5], (62, 100, 200), atol=5)
    halves = [read_cat_heads(tmp_path, "train", half=half) for half in ("first", "second")]
    assert [clip.name for half in halves for clip in half] == [clip.name for clip in train]


@pytest.mark.parametrize("text", ["", "8" + _LABEL[1:], _LABEL + "5", "9 1 2", "nine"])
def test_damaged_labels_are_named(text: str, tmp_path: Path) -> None:
    label = write(tmp_path) / "CAT_06" / "00000002_006.jpg.cat"
    label.write_text(text)
    with pytest.raises(BadDataError, match=r"00000002_006\.jpg\.cat.*http"):
        read_cat_heads(tmp_path, "test")


def test_a_wrong_folder_says_where_to_get_the_data_set(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"CAT_00/\*\.jpg\.cat.*http"):
        read_cat_heads(tmp_path, "train")
