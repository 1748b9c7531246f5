from __future__ import annotations

from dataclasses import replace

import numpy as np

from model.core.crop import square_from_person_box
from model.core.skeleton import PENN13
from model.data.records import DataSet
from model.data.sampling import boxes_of_joints, recentred, squares
from tests.model.data.clips import make_clip


def test_squares_follow_the_rule_of_one_box() -> None:
    boxes = np.array([[3.0, 5, 10, 20], [0, 0, 30, 12]])
    for row, box in zip(squares(boxes), boxes, strict=True):
        square = square_from_person_box(*box, shift=0.075)
        np.testing.assert_allclose(row, (square.x, square.y, square.side))
    assert squares(np.empty((0, 4))).shape == (0, 3)


def test_marked_joints_alone_make_the_box() -> None:
    joints = np.array([[[10, 20], [20, 40], [500, 500], [np.nan, 3]]], np.float32)
    visible = np.array([[2, 1, 0, 0]], np.uint8)
    np.testing.assert_allclose(boxes_of_joints(joints, visible), [[9, 18, 12, 24]], rtol=1e-6)


def test_one_point_makes_no_box() -> None:
    joints = np.zeros((3, 2, 2), np.float32)
    joints[2, 1] = 5, 0
    visible = np.array([[0, 0], [2, 0], [2, 2]], np.uint8)
    boxes = boxes_of_joints(joints, visible)
    np.testing.assert_array_equal(np.isnan(boxes).all(axis=1), [True, True, False])
    np.testing.assert_array_equal(np.isnan(squares(boxes)).all(axis=1), [True, True, False])
    np.testing.assert_allclose(boxes[2], (-0.5, 0, 6, 0), atol=1e-6)


def test_recentred_squares_are_those_of_the_wanted_rule() -> None:
    boxes = np.array([[3.0, 5, 10, 20], [0, 0, 30, 12], [np.nan, 0, 1, 1]])
    clip = replace(make_clip(count=3), boxes=squares(boxes))
    data_set = DataSet("two", PENN13, (clip, clip))
    moved = recentred(data_set, 0.075, 0.02)
    for found in moved:
        for row, box in zip(found.boxes[:2], boxes[:2], strict=True):
            square = square_from_person_box(*box, shift=0.02)
            np.testing.assert_allclose(row, (square.x, square.y, square.side))
        assert np.isnan(found.boxes[2]).any()
        assert (found.name, found.frames) == (clip.name, clip.frames)
    assert (moved.name, moved.joint_set) == ("two", PENN13)
    back = recentred(moved, 0.02, 0.075)
    np.testing.assert_allclose(back.clips[0].boxes, clip.boxes)
    assert recentred(data_set, 0.075, 0.075) is data_set
