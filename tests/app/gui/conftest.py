"""What every test of the window needs: Qt's own plugins and fonts, and something to show."""

from __future__ import annotations

import os

import cv2  # noqa: F401  imported first, for it sets the variables that are cleared here
import numpy as np
import pytest

from app.runtime.live.results import NetworkInfo, PoseResult
from model.core.crop import SquareBox
from model.core.skeleton import PENN13
from model.tracking import Detection

for _variable in ("QT_QPA_PLATFORM_PLUGIN_PATH", "QT_QPA_FONTDIR"):
    os.environ.pop(_variable, None)


@pytest.fixture
def network() -> NetworkInfo:
    """Thirteen joints over thirty self-supervised keypoints."""
    sides = tuple(PENN13.side(joint) for joint in range(len(PENN13)))
    return NetworkInfo("test", "transformer", "resnet34", PENN13.names, PENN13.limbs, sides, 30)


def standing_at(x: float) -> Detection:
    """Somebody who stands at that column, as the detector sees them: shoulders, hips and ankles."""
    points, scores = np.zeros((17, 2), np.float32), np.zeros(17, np.float32)
    for left, y in ((5, 130), (11, 260), (13, 340), (15, 420)):
        points[left : left + 2] = (x + 20, y), (x - 20, y)
        scores[left : left + 2] = 0.9
    return Detection(0.8, (x - 40, 80, 80, 360), points, scores)


@pytest.fixture
def pose() -> PoseResult:
    """A person standing upright in a 640 x 480 frame.

    Self-supervised keypoint j lies 20 px right of joint j for j < 13, the others at the head.
    Joint i is made of keypoint i (0.6) and, a little, of all others. Another person is at the left.
    """
    joints = np.array(
        [
            (320, 60), (370, 120), (270, 120), (400, 190), (240, 190), (420, 260), (220, 260),
            (350, 260), (290, 260), (355, 340), (285, 340), (360, 420), (280, 420),
        ],
        np.float32,
    )  # fmt: skip
    keypoints = np.vstack([joints, np.repeat(joints[:1], 17, axis=0)])
    keypoints[:, 0] += 20
    affinity = np.full((13, 30), 0.4 / 29, np.float32)
    np.fill_diagonal(affinity, 0.6)
    return PoseResult(
        frame_index=0,
        media_index=0,
        timestamp=0.0,
        box=SquareBox(320, 240, 480),
        keypoints=joints,
        confidence=np.ones(13, np.float32),
        self_keypoints=keypoints,
        affinity=affinity,
        contribution=affinity.sum(axis=0),
        updates=0,
        latency=0.05,
        others=(standing_at(60),),
    )
