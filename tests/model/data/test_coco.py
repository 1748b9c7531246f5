"""COCO keypoints, from a folder written in its owners' layout."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from model.core.skeleton import COCO17
from model.data.records import BadDataError
from model.data.stills import read_coco
from tests.model.data.layouts import write_picture


def person(number: int, image: int, **changes: Any) -> dict[str, Any]:
    marks: list[int] = []
    for joint in range(17):
        marks += [100 * number + joint, 200 + joint, joint % 3]
    return {
        "id": number,
        "image_id": image,
        "category_id": 1,
        "iscrowd": 0,
        "area": 5000.0,
        "bbox": [10.5, 20.0, 40.0, 100.0],
        "num_keypoints": 11,
        "keypoints": marks,
        "segmentation": [[10.5, 20.0, 50.5, 20.0, 50.5, 120.0]],
        **changes,
    }


PEOPLE = [
    person(901, 785),
    person(902, 785, bbox=[0, 0, 80, 20]),
    person(903, 9, num_keypoints=0, keypoints=[0] * 51),
    person(
        904, 9, iscrowd=1, segmentation={"counts": [3, 4], "size": [30, 40]}, bbox=[0, 0, 30, 30]
    ),
]


def write(root: Path, images: str = "train2017", people: list[dict[str, Any]] = PEOPLE) -> Path:
    write_picture(root / images / "000000000785.jpg", 40)
    write_picture(root / images / "000000000009.jpg", 220)
    (root / "annotations").mkdir(exist_ok=True)
    content = {
        "info": {"year": 2017},
        "licenses": [],
        "images": [
            {"id": number, "file_name": f"{number:012d}.jpg", "width": 32, "height": 24}
            for number in (9, 785)
        ],
        "categories": [{"id": 1, "name": "person", "skeleton": [[16, 14]]}],
        "annotations": people,
    }
    path = root / "annotations" / f"person_keypoints_{Path(images).name}.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


@pytest.mark.parametrize("images", ["train2017", "images/train2017"])
def test_people_with_joints_are_stills(tmp_path: Path, images: str) -> None:
    write(tmp_path, images)
    data_set = read_coco(tmp_path, "train")
    assert data_set.joint_set == COCO17
    assert [clip.person for clip in data_set] == ["901", "902"]
    first, second = data_set.clips
    assert len(first) == 1
    nose, left_eye, right_eye = first.joints[0, :3]
    assert np.isnan(nose).all()  # not marked, which COCO writes as (0, 0)
    assert left_eye.tolist() == [90101, 201]
    assert right_eye.tolist() == [90102, 202]
    assert first.visible[0].tolist() == [0, 1, 2] * 5 + [0, 1]
    # The published rule: 1.25 times the longest side, moved down by 0.075 of it.
    assert first.boxes[0] == pytest.approx([30.5, 70 + 7.5, 125])
    assert second.boxes[0] == pytest.approx([40, 10 + 6, 100])
    assert abs(int(first.frames.read(0)[12, 16, 0]) - 40) < 4
    assert first.frames.describe(0) == str(tmp_path / images / "000000000785.jpg")


def test_the_test_split_is_val2017(tmp_path: Path) -> None:
    write(tmp_path, "train2017", [person(1, 9)])
    write(tmp_path, "val2017", [person(2, 9)])
    assert [clip.person for clip in read_coco(tmp_path, "test")] == ["2"]


def test_a_box_without_size_is_refused_only_when_used(tmp_path: Path) -> None:
    write(tmp_path, people=[person(1, 9, bbox=[4.0, 4.0, 0.0, 0.0]), person(2, 9)])
    bad, good = read_coco(tmp_path, "train").clips
    assert np.isnan(bad.boxes).all()
    assert np.isfinite(good.boxes).all()


def test_missing_parts_are_named(tmp_path: Path) -> None:
    with pytest.raises(BadDataError, match=r"folder of images .*train2017.*cocodataset\.org"):
        read_coco(tmp_path, "train")
    write(tmp_path).unlink()
    with pytest.raises(BadDataError, match=r"person_keypoints_train2017\.json.*cocodataset\.org"):
        read_coco(tmp_path, "train")


def test_a_file_cut_off_is_named(tmp_path: Path) -> None:
    path = write(tmp_path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(BadDataError, match=r"train2017\.json is not a whole JSON file"):
        read_coco(tmp_path, "train")


@pytest.mark.parametrize(
    "damaged",
    [
        {"keypoints": [1, 2, 2]},
        {"keypoints": [None] * 51},
        {"bbox": [1, 2]},
        {"image_id": 77},
        {"num_keypoints": None},
    ],
)
def test_a_file_of_other_content_is_named(tmp_path: Path, damaged: dict[str, Any]) -> None:
    write(tmp_path, people=[person(1, 9), person(2, 9, **damaged)])
    with pytest.raises(BadDataError, match=r"train2017\.json holds no COCO keypoints"):
        read_coco(tmp_path, "train")
