"""The example in docs/onnx.md, as it stands there, finds what this program finds."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

import main
import model
from app.assets import WEIGHTS, demo
from model.core.crop import square_from_person_box
from model.ttp.prediction import predict_pose

DOC = Path(__file__).parents[1] / "docs" / "onnx.md"


def test_the_example_finds_the_joints_that_we_find(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", DOC.read_text(encoding="utf-8"), re.DOTALL)
    video = cv2.VideoCapture(str(demo("gymnast").video))
    read, frame = video.read()
    video.release()
    assert read
    monkeypatch.chdir(tmp_path)
    assert cv2.imwrite("person.png", frame)
    assert main.main(["export", "onnx", "--out", "pose.onnx"]) == 0
    capsys.readouterr()

    found: dict[str, Any] = {}
    exec(compile(example, DOC.name, "exec"), found)

    network = model.load(WEIGHTS)
    person = found["left"], found["top"], found["width"], found["height"]
    box = square_from_person_box(*person, shift=network.spec.crop_shift)
    pose = predict_pose(network, np.ascontiguousarray(frame[..., ::-1]), box)
    assert tuple(found["joints"]) == network.spec.joint_set.names
    np.testing.assert_allclose(list(found["joints"].values()), pose.keypoints, atol=1)
    printed = capsys.readouterr().out.splitlines()
    assert [line.split("  ")[0] for line in printed] == list(found["joints"])
    confidences = [float(line.split()[-1]) for line in printed]
    np.testing.assert_allclose(confidences, pose.confidence, atol=0.01)
    # The network knows people: it is sure of most of these joints, and they are in the box.
    assert np.median(pose.confidence) > 0.3
    assert (np.abs(pose.keypoints - (box.x, box.y)) < box.side / 2).all()
