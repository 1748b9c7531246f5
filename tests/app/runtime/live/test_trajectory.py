"""The keypoints seen so far, as a table and as COCO JSON."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from app.runtime.live.export import Trajectory
from model.core.errors import UserError
from tests.app.runtime.recordings.stand_ins import NETWORK, found, not_found


def _filled() -> Trajectory:
    trajectory = Trajectory(NETWORK)
    for processed in (found(4), not_found(5), found(6, updates=2)):
        trajectory.add(processed.result)
    return trajectory


def test_every_frame_has_a_row_at_its_time(tmp_path: Path) -> None:
    path = tmp_path / "keypoints.csv"
    _filled().write_csv(path, (64, 48))
    with path.open() as file:
        rows = list(csv.DictReader(file))
    assert [row["frame"] for row in rows] == ["4", "5", "6"]
    assert [row["time_s"] for row in rows] == ["0.000000", "0.050000", "0.100000"]
    assert [row["person_found"] for row in rows] == ["1", "0", "1"]
    assert rows[0]["head_x"] == "12.00" and rows[1]["head_x"] == ""
    assert rows[2]["updates"] == "2"


def test_coco_json_has_the_pictures_size_and_the_people(tmp_path: Path) -> None:
    path = tmp_path / "keypoints.json"
    _filled().write_coco(path, (64, 48), "clip.mp4")
    whole = json.loads(path.read_text())
    assert [image["file_name"] for image in whole["images"]] == [
        "clip.mp4/000004", "clip.mp4/000005", "clip.mp4/000006",
    ]  # fmt: skip
    assert {(image["width"], image["height"]) for image in whole["images"]} == {(64, 48)}
    assert [annotation["image_id"] for annotation in whole["annotations"]] == [1, 3]


def test_nothing_seen_and_nowhere_to_write_are_explained(tmp_path: Path) -> None:
    trajectory = _filled()
    with pytest.raises(UserError, match="cannot be written"):
        trajectory.write_csv(tmp_path / "no" / "where.csv", (64, 48))
    trajectory.clear()
    assert len(trajectory) == 0
    with pytest.raises(UserError, match="No frame was predicted yet"):
        trajectory.write_csv(tmp_path / "keypoints.csv", (64, 48))
    assert list(tmp_path.iterdir()) == []
