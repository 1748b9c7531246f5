from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest

from model.core.errors import UserError
from model.tracking import PersonDetector
from tests.model.tracking.people import frames

MODEL = Path(__file__).parents[3] / "assets/detector/movenet-multipose-fp16.onnx"


@pytest.fixture(scope="module")
def detector() -> PersonDetector:
    return PersonDetector(MODEL)


@pytest.fixture(scope="module")
def gymnast(shared_dir: Path) -> np.ndarray:
    return frames(str(shared_dir / "media/gymnast.mp4"), 1)[0]


def test_nobody_in_an_empty_picture(detector: PersonDetector) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (480, 640, 3), dtype=np.uint8)
    assert detector.detect(np.zeros((480, 640, 3), np.uint8)) == []
    assert detector.detect(noise) == []


@pytest.mark.parametrize("shape", [(1, 1), (17, 500), (500, 17), (33, 31)])
def test_odd_picture_sizes(detector: PersonDetector, shape: tuple[int, int]) -> None:
    assert detector.detect(np.zeros((*shape, 3), np.uint8)) == []


def test_box_and_keypoints_are_in_the_pictures_pixels(
    detector: PersonDetector, gymnast: np.ndarray
) -> None:
    person = detector.detect(gymnast)[0]
    x, y, width, height = person.box
    assert person.keypoints.shape == (17, 2)
    assert person.keypoint_scores.shape == (17,)
    sure = person.keypoints[person.keypoint_scores > 0.4]
    assert len(sure) >= 10
    assert np.all(sure >= (x - 5, y - 5))
    assert np.all(sure <= (x + width + 5, y + height + 5))
    nose, ankles = person.keypoints[0], person.keypoints[15:]
    assert nose[1] < ankles[:, 1].min()


@pytest.mark.parametrize(("left", "top"), [(0, 0), (200, 0), (0, 150), (123, 77)])
def test_moving_the_picture_moves_the_box(
    detector: PersonDetector, gymnast: np.ndarray, left: int, top: int
) -> None:
    height, width = gymnast.shape[:2]
    canvas = np.zeros((height + 150, width + 200, 3), np.uint8)
    canvas[top : top + height, left : left + width] = gymnast
    alone, moved = detector.detect(gymnast)[0], detector.detect(canvas)[0]
    expected = np.array(alone.box) + np.array([left, top, 0, 0])
    assert moved.box == pytest.approx(tuple(expected), abs=0.06 * max(alone.box))


def test_larger_person_comes_first(detector: PersonDetector, gymnast: np.ndarray) -> None:
    height, width = gymnast.shape[:2]
    small = cv2.resize(gymnast, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
    canvas = np.zeros((height, width + width // 2, 3), np.uint8)
    canvas[: height // 2, : width // 2] = small
    canvas[:, width // 2 :] = gymnast
    people = detector.detect(canvas)
    assert len(people) >= 2
    assert [p.area for p in people] == sorted((p.area for p in people), reverse=True)
    assert people[0].box[0] > width // 2


def test_box_ends_at_the_pictures_edge(detector: PersonDetector, gymnast: np.ndarray) -> None:
    _, y, _, height = detector.detect(gymnast)[0].box
    cut = np.ascontiguousarray(gymnast[: round(y + 0.6 * height)])
    box = detector.detect(cut)[0].box
    assert box[1] + box[3] == pytest.approx(len(cut), abs=0.1 * height)
    assert box[1] + box[3] <= len(cut)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no person detector at"):
        PersonDetector(tmp_path / "nothing.onnx")


@pytest.mark.parametrize("length", [0, 1000, 100_000])
def test_damaged_file(tmp_path: Path, length: int) -> None:
    path = tmp_path / "damaged.onnx"
    path.write_bytes(MODEL.read_bytes()[:length])
    with pytest.raises(UserError, match="truncated"):
        PersonDetector(path)


def test_another_model(tmp_path: Path) -> None:
    float_type = onnx.TensorProto.FLOAT
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("Relu", ["a"], ["b"])],
        "other",
        [onnx.helper.make_tensor_value_info("a", float_type, [1])],
        [onnx.helper.make_tensor_value_info("b", float_type, [1])],
    )
    model = onnx.helper.make_model(
        graph, ir_version=8, opset_imports=[onnx.helper.make_opsetid("", 17)]
    )
    path = tmp_path / "other.onnx"
    onnx.save(model, path)
    with pytest.raises(UserError, match="not a person detector"):
        PersonDetector(path)
