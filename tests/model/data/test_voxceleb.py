from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from model.core.crop import crop_matrix, warp
from model.core.errors import UserError
from model.core.skeleton import FACES68
from model.data.faces import read_voxceleb2
from model.data.records import DataSet
from model.data.sampling import Mixture
from tests.model.data.layouts import write_picture


def write(root: Path) -> Path:
    """Two people, the first with two clips of one video; frame n has the red 10 n."""
    for person, clip, frames in (("id00012", 1, 11), ("id00012", 2, 1), ("id08000", 1, 2)):
        for number in range(1, frames + 1):
            place = root / person / "21Uxsk56VDQ" / f"{clip:05d}" / f"{number}.jpg"
            write_picture(place, 10 * number, 224, 224)
    return root


def test_a_clip_per_utterance_in_order_of_time(tmp_path: Path) -> None:
    faces = read_voxceleb2(write(tmp_path), "train")
    assert faces.joint_set is FACES68
    assert [clip.name for clip in faces] == [
        "id00012/21Uxsk56VDQ/00001", "id00012/21Uxsk56VDQ/00002", "id08000/21Uxsk56VDQ/00001",
    ]  # fmt: skip
    assert {person: len(clips) for person, clips in faces.persons.items()} == {
        "id00012": 2,
        "id08000": 1,
    }
    first = faces.clips[0]
    shades = [int(first.frames.read(index)[5, 5, 0]) for index in range(11)]
    np.testing.assert_allclose(shades, 10 * np.arange(1, 12), atol=5)
    picture = first.frames.read(0)
    assert picture.shape == (128, 128, 3)
    np.testing.assert_array_equal(warp(picture, crop_matrix(first.box(0))), picture)


def test_frames_without_labels_can_be_drawn(tmp_path: Path) -> None:
    faces = read_voxceleb2(write(tmp_path), "train")
    assert not any(clip.visible.any() for clip in faces)
    clip, frame = Mixture([faces]).place(0)
    clip.check(frame)
    assert isinstance(faces.without({"id08000"}), DataSet)


def test_the_release_is_divided_into_people(tmp_path: Path) -> None:
    write(tmp_path / "dev")
    for split in ("train", "test"):
        if split == "test":
            with pytest.raises(UserError, match=r"test does not hold.*http"):
                read_voxceleb2(tmp_path, "test")
            write_picture(tmp_path / "test" / "id00017" / "a" / "00001" / "000001.jpg", 1, 224, 224)
    assert list(read_voxceleb2(tmp_path, "train").persons) == ["id00012", "id08000"]
    assert list(read_voxceleb2(tmp_path, "test").persons) == ["id00017"]
