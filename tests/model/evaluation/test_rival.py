"""Rivals: what they are shown, where their answers lie in the picture, and what is no rival."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper

from model.core.crop import SquareBox
from model.core.errors import UserError
from model.core.skeleton import BBC7, COCO17, PENN13
from model.data.records import DataSet
from model.data.shards import read_shards
from model.evaluation.accuracy import find_points, gathered
from model.evaluation.accuracy_report import measure_accuracy
from model.evaluation.rival import Rival, fit_offsets, penn_from_coco
from tests.model.data.clips import make_clip
from tests.model.evaluation.rivals import INPUT, OUTPUT, brightest_pixel, write_rival
from tests.model.evaluation.test_accuracy import Torn, data_of, right_clip, sure
from tests.networks import small_network

CENTRE = np.full((17, 3), 0.5)


def dotted(x: int, y: int, side: int = 60) -> NDArray[np.uint8]:
    """A black picture with one red pixel, and a blue one that is brighter."""
    picture = np.zeros((side, side + 10, 3), np.uint8)
    picture[y, x] = 200, 0, 0
    picture[y - 8, x - 8] = 0, 0, 255
    return picture


def answering(folder: Path, answer: NDArray[np.floating], side: int = 32, **options: Any) -> Rival:
    return Rival(write_rival(folder / "rival.onnx", side, answer), **options)


@pytest.mark.parametrize("flip_test", [False, True])
def test_answers_lie_where_the_picture_has_them(tmp_path: Path, flip_test: bool) -> None:
    path = write_rival(tmp_path / "brightest.onnx", 32, brightest_pixel(32))
    rival = Rival(path, flip_test=flip_test)
    assert (rival.name, rival.side, rival.joint_set) == ("brightest.onnx", 32, PENN13)
    boxes = [SquareBox(30, 24, 16), SquareBox(50, 40, 32)]
    found = rival.predict([dotted(33, 20), dotted(44, 51)], boxes)
    assert found.shape == (2, 13, 2)
    np.testing.assert_allclose(found, np.broadcast_to([[[33, 20]], [[44, 51]]], found.shape))
    assert rival.predict([], []).shape == (0, 13, 2)


def test_the_square_is_cut_at_the_rivals_own_resolution(tmp_path: Path) -> None:
    # Cut to 128 pixels first, the odd pixel would be dimmer than its even neighbour.
    picture = dotted(101, 77, 256)
    picture[40, 40] = 150, 0, 0
    rival = Rival(write_rival(tmp_path / "a.onnx", 256, brightest_pixel(256)))
    np.testing.assert_allclose(
        rival.predict([picture], [SquareBox(128, 128, 256)])[0, 3], [101, 77]
    )


def test_the_mean_with_the_mirror_image_swaps_left_and_right(tmp_path: Path) -> None:
    answer = CENTRE.copy()
    answer[15], answer[16] = (0.75, 0.25, 1), (0.5, 0.5, 1)  # ankles
    rival = answering(tmp_path, answer, flip_test=True)
    left, right = rival.predict([dotted(20, 20)], [SquareBox(16, 16, 32)])[0, 11:]
    np.testing.assert_allclose(left, [(8 + 31 - 16) / 2, (24 + 16) / 2])
    np.testing.assert_allclose(right, [(16 + 31 - 8) / 2, (24 + 16) / 2])


def test_coco_becomes_penn_with_a_head_above_the_ears() -> None:
    points = np.arange(34.0).reshape(1, 17, 2)
    points[0, [5, 6]], points[0, [11, 12]] = (10, 10), (22, 26)  # a torso of 20
    penn = penn_from_coco(points)[0]
    np.testing.assert_allclose(penn[0], points[0, [3, 4]].mean(axis=0) - [0, 1])
    for joint, name in enumerate(PENN13.names[1:], 1):
        np.testing.assert_array_equal(penn[joint], points[0, COCO17.index(name)])


def people(count: int = 9) -> NDArray[np.float64]:
    """Joints of Penn Action, (count, 13, 2), of people in all directions and sizes."""
    rng = np.random.default_rng(3)
    points = rng.uniform(0, 100, (count, 13, 2))
    points[:, 1:3] = points[:, 7:9] + rng.uniform(20, 60, (count, 1, 2)) * [[[1, -1]]]
    return points


def moved(points: NDArray[np.float64], torsos: NDArray[np.float64]) -> NDArray[np.float64]:
    """Joints moved down and across their torsos, one by one."""
    result = points.copy()
    for joints, shifted in zip(points, result, strict=True):
        down = joints[7:9].mean(axis=0) - joints[1:3].mean(axis=0)
        angle, length = np.arctan2(down[1], down[0]), np.hypot(*down)
        for joint, (along, across) in enumerate(torsos):
            shifted[joint] += length * along * np.array([np.cos(angle), np.sin(angle)])
            turned = angle + np.pi / 2
            shifted[joint] += length * across * np.array([np.cos(turned), np.sin(turned)])
    return result


def test_offsets_are_found_again_in_the_torsos_frame() -> None:
    points, torsos = people(), np.random.default_rng(4).normal(0, 0.1, (13, 2))
    truth, visible = moved(points, torsos), np.ones((9, 13), np.uint8)
    persons = np.array(list("aabbccdde"))
    found = fit_offsets(points, truth, visible, persons, "these")
    np.testing.assert_allclose(found.torsos, torsos, atol=1e-9)
    assert (found.data, found.frames, found.people) == ("these", 9, 5)
    np.testing.assert_allclose(found.applied(points), truth, atol=1e-9)


def test_offsets_are_medians_of_what_counts() -> None:
    points, torsos = people(), np.full((13, 2), 0.1)
    truth, visible = moved(points, torsos), np.ones((9, 13), np.uint8)
    truth[:3] += 1000  # less than half of them
    truth[4, 5] = np.nan
    visible[:, 12] = 0  # no offset can be known
    points[8, [1, 2]] = points[8, [7, 8]]  # no torso
    persons = np.array(list("aabbccdde"))
    found = fit_offsets(points, truth, visible, persons, "these")
    assert (found.frames, found.people) == (8, 4)
    np.testing.assert_array_equal(found.torsos[12], 0)
    np.testing.assert_allclose(found.torsos[:12], torsos[:12], atol=1e-9)
    with pytest.raises(UserError, match="No frame of these has a torso"):
        fit_offsets(points[8:], truth[8:], visible[8:], persons[8:], "these")


def test_a_rival_is_scored_on_the_frames_that_the_network_is_scored_on(tmp_path: Path) -> None:
    torn = right_clip("a", frames=Torn([np.zeros((100, 100, 3), np.uint8)] * 4))
    jointless = right_clip("b")
    jointless.joints[3, 5] = np.nan
    seen: list[int] = []
    report = measure_accuracy(
        sure(), "ours", data_of(torn, jointless), rivals=[answering(tmp_path, CENTRE)],
        progress=seen.append,
    )  # fmt: skip
    (rival,) = report.rivals
    predictions = rival.scored.predictions
    np.testing.assert_array_equal(predictions.truth, report.predictions.truth)
    np.testing.assert_array_equal(predictions.visible, report.predictions.visible)
    np.testing.assert_array_equal(predictions.points[:, 1:], np.full((6, 12, 2), [40, 50]))
    assert sum(seen) == 8 and report.score.mean == 100
    # Two shoulders and hips of a torso of 20 pixels, 10.8 from its middle; nobody is that near.
    assert rival.scored.score.mean == 0


def test_only_joints_that_all_have_are_scored(tmp_path: Path) -> None:
    rival = answering(tmp_path, CENTRE)
    report = measure_accuracy(sure(BBC7), "ours", data_of(right_clip()), rivals=[rival])
    assert report.not_shared == PENN13.names[7:]
    assert report.rivals[0].scored.score.scored.tolist() == [4] * 7 + [0] * 6
    assert "Not scored: left hip, right hip, " in report.markdown()
    assert report.as_json()["not_shared"] == list(PENN13.names[7:])
    nothing_left = DataSet("faces", COCO17, (make_clip(joints=17),))
    with pytest.raises(UserError, match="one of all these joint sets: celeba5, penn13"):
        measure_accuracy(small_network("baseline", "celeba5"), "ours", nothing_left, rivals=[rival])


def test_what_is_no_rival_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "no.onnx"
    with pytest.raises(UserError, match=r"no rival .*no\.onnx\. Give the path"):
        Rival(path)
    path.write_bytes(b"no network")
    with pytest.raises(UserError, match=r"no\.onnx cannot be read as an ONNX model"):
        Rival(path)


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"kind": TensorProto.FLOAT}, r"tensor\(float\) of shape \[1, 32, 32, 3\]"),
        ({"input_shape": [1, 32, 48, 3]}, r"\[1, 32, 48, 3\]"),
        ({"input_shape": [1, 3, 32, 32]}, r"\[1, 3, 32, 32\]"),
        ({"input_shape": [1, "side", "side", 3]}, "'side'"),
        ({"input_shape": [32, 32, 3]}, r"\[32, 32, 3\]"),
        ({"output_shape": [1, 6, 56]}, r"\[1, 6, 56\], and a rival needs one input, int32"),
    ],
)
def test_other_networks_are_refused_with_what_they_are(
    changes: dict[str, Any], part: str, tmp_path: Path
) -> None:
    answer = np.zeros(changes.get("output_shape", (17, 3)))
    with pytest.raises(UserError, match=part):
        Rival(write_rival(tmp_path / "other.onnx", 32, answer, **changes))


def test_a_network_that_fails_on_a_picture_is_told(tmp_path: Path) -> None:
    node = helper.make_node

    def constant(name: str, values: Sequence[int]) -> NodeProto:
        tensor = numpy_helper.from_array(np.array(values, np.int64))
        return node("Constant", [], [name], value=tensor)

    nodes = [
        constant("flat", [-1]),
        constant("shape", [1, 1, 17, 3]),
        node("Reshape", [INPUT, "flat"], ["row"]),
        node("NonZero", ["row"], ["bright"]),  # as many as there are: never 51
        node("Cast", ["bright"], ["numbers"], to=TensorProto.FLOAT),
        node("Reshape", ["numbers", "shape"], [OUTPUT]),
    ]
    rival = Rival(write_rival(tmp_path / "fails.onnx", 32, nodes))
    with pytest.raises(UserError, match=r"fails\.onnx cannot be computed by ONNX Runtime"):
        rival.predict([dotted(20, 20)], [SquareBox(16, 16, 32)])


@pytest.mark.parametrize(("name", "side", "least"), [("thunder", 256, 60), ("lightning", 192, 55)])
def test_movenet_itself(name: str, side: int, least: float, shared_dir: Path) -> None:
    path = shared_dir / "weights" / f"movenet-{name}-fp16.onnx"
    shards = sorted((shared_dir / "data").glob("jhmdb-train-*.npz"))
    if not path.is_file() or not shards:
        pytest.skip("needs MoveNet and J-HMDB's training clips, which are not part of the project")
    rival = Rival(path)
    assert rival.side == side
    data = read_shards(shards, "training clips")
    found = find_points([rival.predict], data, every=100)
    predictions = gathered(data, found.rows, found.points[0], rival.joint_set)
    assert predictions.score().mean > least
