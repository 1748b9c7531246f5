"""The table and the COCO file say exactly what was predicted."""

from __future__ import annotations

import csv
import json
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from app.runtime.recordings.pipeline import ProcessedFrame
from app.runtime.recordings.writers import CocoJson, KeypointsCsv, ResultWriter, Tally
from model.core.skeleton import ANGLES, PENN13, joint_angles
from tests.app.runtime.recordings.stand_ins import BOX, NETWORK, found, not_found

FRAMES = [
    found(0, updates=1),
    not_found(1, updates=1),
    found(2, confidence=[0.05, *[0.8] * 12], updates=2),
]


def write(writer: ResultWriter, frames: list[ProcessedFrame]) -> None:
    for frame in frames:
        writer.add(frame)
    writer.finish()
    writer.close()


@pytest.fixture
def rows(tmp_path: Path) -> list[dict[str, str]]:
    path = tmp_path / "k.csv"
    write(KeypointsCsv(path, PENN13.names), FRAMES)
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def coco(tmp_path: Path) -> dict[str, list[dict[str, object]]]:
    path = tmp_path / "k.json"
    write(CocoJson(path, NETWORK, lambda index: f"clip/{index}", "Test"), FRAMES)
    loaded: dict[str, list[dict[str, object]]] = json.loads(path.read_text())
    return loaded


def test_the_table_has_a_row_per_frame(rows: list[dict[str, str]]) -> None:
    assert [row["frame"] for row in rows] == ["0", "1", "2"]
    assert [float(row["time_s"]) for row in rows] == pytest.approx([0, 0.05, 0.1])
    assert [row["person_found"] for row in rows] == ["1", "0", "1"]
    assert [row["updates"] for row in rows] == ["1", "1", "2"]


def test_the_table_gives_the_points_by_the_joints_names(rows: list[dict[str, str]]) -> None:
    for row, frame in ((rows[0], FRAMES[0]), (rows[2], FRAMES[2])):
        names = [name.replace(" ", "_") for name in PENN13.names]
        points = [[float(row[f"{name}_x"]), float(row[f"{name}_y"])] for name in names]
        np.testing.assert_allclose(points, frame.result.keypoints, atol=0.005)
        confidence = [float(row[f"{name}_confidence"]) for name in names]
        np.testing.assert_allclose(confidence, frame.result.confidence, atol=5e-5)
        left, top, _, _ = BOX.corners
        box = [float(row[f"box_{part}"]) for part in ("left", "top", "side")]
        assert box == [left, top, BOX.side]


def test_the_table_ends_with_angles(rows: list[dict[str, str]]) -> None:
    assert list(rows[0])[-8:] == [f"{angle.vertex.replace(' ', '_')}_angle" for angle in ANGLES]
    for row, frame in ((rows[0], FRAMES[0]), (rows[2], FRAMES[2])):
        result = frame.result
        expected = joint_angles(PENN13.names, result.keypoints, result.confidence)
        texts = [row[f"{angle.vertex.replace(' ', '_')}_angle"] for angle in ANGLES]
        assert [float(text) if text else np.nan for text in texts] == pytest.approx(
            expected.round(1), nan_ok=True
        )
    assert sum(name.endswith("_angle") and bool(text) for name, text in rows[0].items()) > 0


def test_a_frame_without_a_person_has_empty_fields(rows: list[dict[str, str]]) -> None:
    filled = {name for name, value in rows[1].items() if value}
    assert filled == {"frame", "time_s", "person_found", "updates"}


def test_the_coco_file_has_an_image_per_frame(coco: dict[str, list[dict[str, object]]]) -> None:
    assert [image["id"] for image in coco["images"]] == [1, 2, 3]
    assert [image["file_name"] for image in coco["images"]] == ["clip/0", "clip/1", "clip/2"]
    assert [image["frame"] for image in coco["images"]] == [0, 1, 2]
    assert {(image["width"], image["height"]) for image in coco["images"]} == {(64, 48)}


def test_the_coco_file_annotates_frames_with_a_person(
    coco: dict[str, list[dict[str, object]]],
) -> None:
    annotations = coco["annotations"]
    assert [a["id"] for a in annotations] == [1, 2]
    assert [a["image_id"] for a in annotations] == [1, 3]
    keypoints = np.reshape(np.array(annotations[1]["keypoints"]), (13, 3))
    np.testing.assert_allclose(keypoints[:, :2], FRAMES[2].result.keypoints, atol=0.005)
    assert keypoints[:, 2].tolist() == [1, *[2] * 12]
    assert annotations[1]["score"] == pytest.approx((0.05 + 12 * 0.8) / 13, abs=1e-4)
    assert annotations[1]["keypoint_scores"] == pytest.approx([0.05, *[0.8] * 12])
    assert annotations[1]["num_keypoints"] == 13
    low, high = keypoints[:, :2].min(axis=0), keypoints[:, :2].max(axis=0)
    assert annotations[1]["bbox"] == pytest.approx([*low, *(high - low)])
    assert annotations[1]["area"] == pytest.approx(np.prod(high - low))


def test_the_coco_category_names_joints_and_counts_limbs_from_1(
    coco: dict[str, list[dict[str, object]]],
) -> None:
    (category,) = coco["categories"]
    assert category["keypoints"] == [name.replace(" ", "_") for name in PENN13.names]
    assert category["skeleton"] == [[a + 1, b + 1] for a, b in PENN13.limbs]
    assert {a["category_id"] for a in coco["annotations"]} == {category["id"]}


def test_a_file_without_any_person_is_whole(tmp_path: Path) -> None:
    write(CocoJson(tmp_path / "k.json", NETWORK, str, "Test"), [not_found(0)])
    assert json.loads((tmp_path / "k.json").read_text())["annotations"] == []


def test_the_tally_counts_and_keeps_losses() -> None:
    tally = Tally()
    frames = [found(0, loss=6.25), not_found(1), found(2, loss=float("nan")), found(3, loss=5.5)]
    for frame in frames:
        tally.add(frame)
    assert tally.losses == [6.25, None, 5.5]
    assert tally.totals() == {
        "frames": 4,
        "person_found": 3,
        "updates": 2,
        "loss_first": 6.25,
        "loss_last": 5.5,
    }


def test_without_updates_there_are_no_losses() -> None:
    tally = Tally()
    tally.add(found(0))
    assert tally.totals()["loss_first"] is None
    assert tally.totals()["loss_last"] is None


def test_hours_of_results_do_not_fill_the_memory(tmp_path: Path) -> None:
    coco, frame = CocoJson(tmp_path / "k.json", NETWORK, str, "Test"), found(0)
    tracemalloc.start()
    try:
        for _ in range(500):
            coco.add(frame)
        before, _ = tracemalloc.get_traced_memory()
        for _ in range(500):
            coco.add(frame)
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        coco.close()
    assert after - before < 50_000
