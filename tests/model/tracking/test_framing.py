from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from model.core.crop import CENTRE_SHIFT, SquareBox
from model.core.skeleton import BBC7, COCO17, PENN13, joint_set
from model.data.records import DataSet
from model.data.sampling import boxes_of_joints, recentred
from model.data.sampling import squares as squares_of_boxes
from model.tracking import Detection
from model.tracking.follower import overlap, square_around, square_of_detection, square_of_joints
from tests.model.data.clips import make_clip
from tests.model.tracking.people import HEIGHT, WIDTH, detection, detection_of, standing

SIZE = (WIDTH, HEIGHT)
SURE = np.full(13, 0.9)
squares = st.builds(
    SquareBox,
    x=st.floats(-500, 500),
    y=st.floats(-500, 500),
    side=st.floats(1, 1000),
)


@pytest.mark.parametrize("shift", [0.0, 0.075])
def test_square_is_the_training_crops(shift: float) -> None:
    square = square_around(np.array([(100.0, 50.0), (140.0, 250.0), (120.0, 150.0)]), shift)
    assert (square.x, square.y) == pytest.approx((120, 150 + shift * 1.2 * 200))
    assert square.side == pytest.approx(1.25 * 1.2 * 200)


@pytest.mark.parametrize("shift", [0.0, 0.075])
def test_square_is_that_of_a_data_set_read_by_the_same_rule(shift: float) -> None:
    joints = standing(300, 240, 320).astype(np.float32)[None]
    published = squares_of_boxes(boxes_of_joints(joints, np.full((1, 13), 2, np.uint8)))
    data_set = DataSet("one", PENN13, (replace(make_clip(count=1), boxes=published),))
    (clip,) = recentred(data_set, CENTRE_SHIFT, shift)
    square = square_around(joints[0], shift)
    assert clip.boxes[0] == pytest.approx((square.x, square.y, square.side), rel=1e-5)


@given(arrays(np.float64, (13, 2), elements=st.floats(0, 479)))
def test_square_holds_its_joints_with_room(points: np.ndarray) -> None:
    square = square_around(points, 0)
    reach = np.abs(points - (square.x, square.y)).max()
    assert reach <= square.side / 3 + 1e-9


@pytest.mark.parametrize("shift", [0.0, 0.075])
def test_detection_and_joints_give_the_same_square(shift: float) -> None:
    joints = standing(300, 240, 320)
    square = square_of_detection(detection_of(joints), PENN13, shift)
    assert overlap(square, square_around(joints, shift)) > 0.99
    assert square_of_joints(joints, SURE, SIZE, shift) == square_around(joints, shift)


def test_joints_outside_the_picture_do_not_count() -> None:
    joints = standing(300, 400, 500)  # a webcam view: knees and ankles are below the edge
    square = square_of_joints(joints, SURE, SIZE, 0)
    inside = joints[joints[:, 1] < HEIGHT]
    assert len(inside) == 9
    assert square == square_around(inside, 0)


def test_weak_joints_do_not_count() -> None:
    joints = standing(300, 240, 300)
    joints[5] = (630, 20)
    confidence = SURE.copy()
    confidence[5] = 0.1
    square = square_of_joints(joints, confidence, SIZE, 0)
    assert square == square_around(np.delete(joints, 5, axis=0), 0)


def test_too_few_joints_tell_nothing() -> None:
    confidence = np.zeros(13)
    confidence[:3] = 0.9
    assert square_of_joints(standing(300, 240, 300), confidence, SIZE, 0) is None
    assert square_of_joints(np.full((13, 2), 200.0), SURE, SIZE, 0) is None
    assert square_of_joints(np.full((13, 2), np.nan), SURE, SIZE, 0) is None
    assert square_of_joints(standing(300, 240, 300), np.full(13, np.nan), SIZE, 0) is None


def test_set_without_legs_is_framed_without_them() -> None:
    body = standing(300, 240, 400)
    keypoints = np.zeros((17, 2), np.float32)
    keypoints[:5] = body[0]
    keypoints[5:] = body[1:]
    whole = detection_of(body)
    person = Detection(whole.score, whole.box, keypoints, np.full(17, 0.8, np.float32))
    upper_body = body[:7]  # head, shoulders, elbows, wrists
    expected = square_around(upper_body, 0)
    square = square_of_detection(person, BBC7, 0)
    assert (square.x, square.y, square.side) == pytest.approx(
        (expected.x, expected.y, expected.side), rel=1e-5
    )
    for whole_body in (PENN13, COCO17):
        assert square_of_detection(person, whole_body, 0).side > 1.5 * square.side


def test_box_is_used_when_keypoints_cannot_be() -> None:
    box_only = detection(300, 240, 100, 300)
    expected = square_of_detection(box_only, PENN13, 0)
    assert square_of_detection(box_only, BBC7, 0) == expected
    assert square_of_detection(box_only, joint_set("joints-5"), 0) == expected


@given(squares, squares)
def test_overlap_is_symmetric_and_bounded(a: SquareBox, b: SquareBox) -> None:
    assert 0 <= overlap(a, b) <= 1 + 1e-9
    assert overlap(a, b) == pytest.approx(overlap(b, a))
    assert overlap(a, a) == pytest.approx(1)


def test_overlap_of_known_squares() -> None:
    unit = SquareBox(0, 0, 1)
    assert overlap(unit, SquareBox(1 / 3, 0, 1)) == pytest.approx(0.5)
    assert overlap(unit, SquareBox(0, 0, 2)) == pytest.approx(0.25)
    assert overlap(unit, SquareBox(1, 0, 1)) == 0
    assert overlap(unit, SquareBox(5, 5, 1)) == 0
