"""Puts together what is published for one frame."""

from __future__ import annotations

import numpy as np

from app.capture.frame import Frame
from app.live.records import Array, PoseResult
from model.crop import SquareBox
from model.prediction import Pose


def pose_result(
    frame: Frame,
    box: SquareBox,
    pose: Pose,
    updates: int,
    latency: float,
    unpersonalized: Array | None = None,
) -> PoseResult:
    """The result for a frame with a person in ``box``; see ``PoseResult`` for the rest."""
    return PoseResult(
        frame_index=frame.index,
        media_index=frame.media_index,
        timestamp=frame.timestamp,
        box=box,
        keypoints=pose.keypoints,
        confidence=pose.confidence,
        self_keypoints=pose.self_keypoints,
        affinity=pose.affinity,
        contribution=pose.contribution,
        updates=updates,
        latency=latency,
        unpersonalized=unpersonalized,
    )


def nobody(frame: Frame, updates: int, latency: float) -> PoseResult:
    """The result for a frame in which no person was found: all arrays are empty."""
    points, none = np.zeros((0, 2), np.float32), np.zeros(0, np.float32)
    return PoseResult(
        frame_index=frame.index,
        media_index=frame.media_index,
        timestamp=frame.timestamp,
        box=None,
        keypoints=points,
        confidence=none,
        self_keypoints=points,
        affinity=np.zeros((0, 0), np.float32),
        contribution=none,
        updates=updates,
        latency=latency,
    )
