"""Angles at elbows, knees, shoulders and hips, in the picture's plane."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from model.core.skeleton import SURE


class Angle(NamedTuple):
    """The angle at ``vertex`` between the lines to ``first`` and to ``last``, joints by name."""

    vertex: str
    first: str
    last: str


ANGLES: tuple[Angle, ...] = tuple(
    Angle(f"{side} {vertex}", f"{side} {first}", f"{side} {last}")
    for vertex, first, last in (
        ("elbow", "shoulder", "wrist"),
        ("knee", "hip", "ankle"),
        ("shoulder", "hip", "elbow"),
        ("hip", "shoulder", "knee"),
    )
    for side in ("left", "right")
)
"""A stretched arm or leg and an upright trunk have 180 degrees, an arm along the trunk 0."""


def joint_angles(
    names: Sequence[str],
    keypoints: NDArray[np.floating],
    confidence: NDArray[np.floating],
    least: float = SURE,
) -> NDArray[np.float64]:
    """The ``ANGLES`` of one person as the picture shows them, in degrees.

    A limb that points towards the camera or away from it looks shorter, and its angle is another
    than in space.

    Args:
        names: The joints' names (K), as in a ``JointSet``.
        keypoints: (K, 2), (x, y) in pixels; none (0, 2) where nobody was found.
        confidence: (K,), 0..1.
        least: The confidence that all three joints of an angle must have.

    Returns:
        (8,), 0..180, in the order of ``ANGLES``; NaN where a joint is missing or unsure, or lies
        on the vertex.
    """
    found = np.full(len(ANGLES), np.nan)
    if not len(keypoints):
        return found
    index = {name: i for i, name in enumerate(names)}
    for number, angle in enumerate(ANGLES):
        if any(name not in index for name in angle):
            continue
        vertex, first, last = (index[name] for name in angle)
        if not np.min(confidence[[vertex, first, last]]) >= least:  # so that NaN is unsure
            continue
        (ax, ay), (bx, by) = (keypoints[[first, last]] - keypoints[vertex]).astype(float)
        if (ax or ay) and (bx or by):
            turn = np.arctan2(ax * by - ay * bx, ax * bx + ay * by)
            found[number] = abs(np.degrees(turn))
    return found
