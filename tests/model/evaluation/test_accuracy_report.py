from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from model.core.errors import UserError
from model.core.skeleton import BBC7, PENN13
from model.data.records import DataSet, converted
from model.evaluation.accuracy_report import AccuracyReport, measure_accuracy
from tests.model.evaluation.test_accuracy import Torn, data_of, right_clip, sure


def people() -> DataSet:
    """Two people with three frames of one and four of the other; one frame is torn."""
    first = right_clip("Ann", frames=Torn([np.zeros((8, 8, 3), np.uint8)] * 4))
    second = right_clip("Bob")
    second.joints[:, 6] += 100  # the right wrist is never right
    second.joints[0, 0] += 100
    second.visible[:, 12] = 0
    first.visible[:, 12] = 0
    return data_of(first, second)


@pytest.fixture
def report() -> AccuracyReport:
    return measure_accuracy(sure(), "net.safetensors", people())


def test_the_figures_are_the_papers(report: AccuracyReport) -> None:
    columns = report.columns
    assert list(columns) == ["Head", "Sho", "Elb", "Wri", "Hip", "Knee", "Ank", "mPCK"]
    assert columns["Head"] == pytest.approx(100 * 6 / 7)
    assert columns["Wri"] == pytest.approx((100 + 100 * 3 / 7) / 2)
    assert np.isnan(columns["Ank"])
    assert columns["mPCK"] == pytest.approx(100 * (7 * 12 - 5) / (7 * 12))
    # Two people: the mean is theirs, not the frames', and chance draws one of them twice.
    bob = 100 * (48 - 5) / 48
    assert report.people.mean == pytest.approx((100 + bob) / 2)
    assert report.people.low == pytest.approx(bob) and report.people.high == 100


def test_the_markdown_says_all_of_it(report: AccuracyReport) -> None:
    text = report.markdown()
    assert text.startswith("# Accuracy on some people\n\nnet.safetensors: Baseline, resnet-mini, ")
    assert "within 0.2 of the torso" in text
    assert "Frames: 7 of 2 people; left out, as they could not be used: 1; without" in text
    assert "|  Sho |" not in text.splitlines()[6]  # padded to the figures' width
    assert [cell.strip() for cell in text.splitlines()[8].split("|")[1:-1]] == [
        "85.71", "100.00", "100.00", "71.43", "100.00", "100.00", "–", "94.05",
    ]  # fmt: skip
    assert "Mean over 2 people: 94.79, 95 % interval 89.58 to 100.00" in text
    rows = [line.split("|")[1:-1] for line in text.splitlines() if line.startswith("| right wr")]
    assert [[cell.strip() for cell in row] for row in rows] == [["right wrist", "42.86", "7"]]
    assert text.endswith("Left out:\n\n- The picture 1 is damaged.\n")


def test_the_files_hold_the_same(report: AccuracyReport, tmp_path: Path) -> None:
    report.write(tmp_path / "new")
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == [
        "accuracy.csv",
        "accuracy.md",
    ]
    assert (tmp_path / "new" / "accuracy.md").read_text(encoding="utf-8") == report.markdown()
    with (tmp_path / "new" / "accuracy.csv").open(encoding="utf-8", newline="") as file:
        rows = {(row["kind"], row["name"]): row for row in csv.DictReader(file)}
    assert rows["column", "mPCK"]["percent"] == "94.0476"
    assert rows["column", "Ank"]["percent"] == ""
    assert rows["mean over people", "low"]["percent"] == "89.5833"
    wrist = rows["joint", "right wrist"]
    assert (wrist["percent"], wrist["correct"], wrist["scored"]) == ("42.8571", "3", "7")
    bob = rows["person", "Bob"]
    assert (bob["percent"], bob["correct"], bob["scored"]) == ("89.5833", "43", "48")
    assert len(rows) == 8 + 3 + 13 + 2


def test_json_has_no_figure_that_json_lacks(report: AccuracyReport) -> None:
    values = json.loads(json.dumps(report.as_json(), allow_nan=False))
    assert values["columns"]["Ank"] is None and values["joints"]["right ankle"] is None
    assert values["joints"]["right wrist"] == 42.8571
    assert (values["frames"], values["people"], values["every"]) == (7, 2, 1)
    assert values["skipped"] == ["The picture 1 is damaged."]
    assert values["mean_over_people"] == {
        "mean": 94.7917, "low": 89.5833, "high": 100.0, "people": 2,
    }  # fmt: skip
    assert values["network"]["crop_shift"] == 0


def test_bbc_pose_has_its_own_measure() -> None:
    data = converted(people(), BBC7)
    report = measure_accuracy(sure(), "net", data)
    assert list(report.columns) == ["Head", "Sho", "Elb", "Wri", "mAcc"]
    assert report.columns["mAcc"] == pytest.approx(100 * (49 - 5) / 49)
    assert "within 12 pixels" in report.markdown()
    with pytest.raises(UserError, match="no threshold"):
        measure_accuracy(sure(), "net", data, threshold=0.2)


def test_threshold_and_every_count() -> None:
    data = data_of(right_clip())
    data.clips[0].joints[:, :, 1] += 3  # hips and shoulders alike: 3 of 20 pixels
    assert measure_accuracy(sure(), "net", data, threshold=0.1).score.mean == 0
    found = measure_accuracy(sure(), "net", data, every=3, threshold=0.16)
    assert found.score.mean == 100 and len(found.predictions.persons) == 2
    counts = "Frames: 2 of 1 people, one in 3; left out, as they could not be used: 0;"
    assert counts in found.markdown()
    assert "– to –" in found.markdown()  # one person gives no interval
    for wrong in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(UserError, match=r"right within .* torsos"):
            measure_accuracy(sure(), "net", data, threshold=wrong)
    with pytest.raises(UserError, match="every 0th frame"):
        measure_accuracy(sure(), "net", data, every=0)


def test_a_failed_table_is_told(report: AccuracyReport, tmp_path: Path) -> None:
    place = tmp_path / "file"
    place.write_text("no folder")
    with pytest.raises(UserError, match="cannot be written"):
        report.write(place)
    assert replace(report, data="x").markdown().startswith("# Accuracy on x")
    assert report.predictions.joint_set == PENN13
