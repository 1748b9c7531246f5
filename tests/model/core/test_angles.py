"""Angles in degrees from keypoints, and none where a joint cannot be trusted."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from model.core.skeleton import ANGLES, BBC7, PENN13, joint_angles

STANDING: dict[str, tuple[float, float]] = {
    "head": (50, 10),
    "left shoulder": (60, 30), "left elbow": (60, 50), "left wrist": (80, 50),
    "left hip": (60, 80), "left knee": (60, 110), "left ankle": (60, 140),
    "right shoulder": (40, 30), "right elbow": (20, 30), "right wrist": (0, 30),
    "right hip": (40, 80), "right knee": (10, 80), "right ankle": (10, 110),
}  # fmt: skip
SURE_ALL = np.ones(13)
NUMBER = {angle.vertex: number for number, angle in enumerate(ANGLES)}


def keypoints(**moved: tuple[float, float]) -> NDArray[np.float32]:
    joints = STANDING | {name.replace("_", " "): point for name, point in moved.items()}
    return np.array([joints[name] for name in PENN13.names], np.float32)


@pytest.mark.parametrize(
    ("vertex", "degrees"),
    [
        ("left elbow", 90),  # the forearm points sideways
        ("left shoulder", 0),  # the arm lies along the trunk
        ("left knee", 180),
        ("left hip", 180),
        ("right elbow", 180),
        ("right shoulder", 90),
        ("right hip", 90),
        ("right knee", 90),
    ],
)
def test_an_angle_is_that_of_the_limbs_in_the_picture(vertex: str, degrees: float) -> None:
    found = joint_angles(PENN13.names, keypoints(), SURE_ALL)
    assert found.shape == (8,)
    assert found[NUMBER[vertex]] == pytest.approx(degrees)


def test_mirrored_turned_and_scaled_people_have_the_same_angles() -> None:
    found = joint_angles(PENN13.names, keypoints(left_wrist=(77, 61)), SURE_ALL)
    turned = keypoints(left_wrist=(77, 61)) @ np.array([[0.6, 0.8], [0.8, -0.6]]) * 3 + 7
    np.testing.assert_allclose(joint_angles(PENN13.names, turned, SURE_ALL), found, atol=1e-3)
    assert found[NUMBER["left elbow"]] == pytest.approx(90 + np.degrees(np.arctan2(11, 17)))


def test_an_unsure_joint_leaves_out_every_angle_that_it_is_part_of() -> None:
    confidence = SURE_ALL.copy()
    confidence[PENN13.index("left shoulder")] = 0.09
    missing = np.isnan(joint_angles(PENN13.names, keypoints(), confidence))
    unknown = {angle.vertex for angle, gone in zip(ANGLES, missing, strict=True) if gone}
    assert unknown == {"left elbow", "left shoulder", "left hip"}
    confidence[PENN13.index("left shoulder")] = 0.1
    assert not np.isnan(joint_angles(PENN13.names, keypoints(), confidence)).any()
    confidence[:] = np.nan
    assert np.isnan(joint_angles(PENN13.names, keypoints(), confidence)).all()


def test_joints_that_the_set_lacks_or_that_fall_together_give_none() -> None:
    waist_up = np.array([STANDING[name] for name in BBC7.names])
    found = joint_angles(BBC7.names, waist_up, np.ones(7))
    known = {angle.vertex for angle, value in zip(ANGLES, found, strict=True) if value >= 0}
    assert known == {"left elbow", "right elbow"}
    same = joint_angles(PENN13.names, keypoints(left_wrist=(60, 50)), SURE_ALL)
    assert np.flatnonzero(np.isnan(same)).tolist() == [NUMBER["left elbow"]]
    nobody = joint_angles(PENN13.names, np.zeros((0, 2)), np.zeros(0))
    assert np.isnan(nobody).all()
