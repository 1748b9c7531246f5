"""From joints or a detection to the square that the pose network is shown.

Penn Action's label boxes are the visible joints' box times 1.2, about its centre; that holds for
people cut off by the picture's edge as well. So the square here is 1.25 * 1.2 times the longest
side of the joints' box, about its centre moved down by as much as the network's training crops
were: everywhere here ``shift`` is the network's ``NetworkSpec.crop_shift``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from model.core.crop import PERSON_TO_JOINTS, SquareBox, square_from_person_box
from model.core.skeleton import COCO17, JointSet
from model.tracking.detector import Detection

# The detector's box against the box of the true visible joints, longest sides: median 1.24 on
# whole bodies and on webcam views alike (1.19 to 1.29 and 1.08 to 1.35 in 90 % of the frames).
DETECTION_TO_JOINTS = 1.24
# Low, as a weak joint left out makes the square shrink, and the next crop cuts that joint off.
MIN_CONFIDENCE = 0.25
_MIN_JOINTS = 4
_MIN_SIDE = 16.0
_FACE = 5  # nose, eyes and ears come first among the COCO keypoints


def square_around(points: NDArray[np.floating], shift: float) -> SquareBox:
    """The square of a person whose visible joints are ``points`` (N, 2), N >= 1, in pixels."""
    low, high = points.min(axis=0), points.max(axis=0)
    return _square((low + high) / 2, float((high - low).max()), shift)


def square_of_joints(
    keypoints: NDArray[np.floating],
    confidence: NDArray[np.floating],
    image_size: tuple[int, int],
    shift: float,
) -> SquareBox | None:
    """The square of predicted joints, or None if too few are sure enough to tell it.

    ``keypoints`` (K, 2) in pixels, ``confidence`` (K,) in 0..1, ``image_size`` (width, height).
    Joints outside the picture are left out: the network guesses those of a person who is cut off
    by the edge, in the black border of its crop.
    """
    inside = np.all((keypoints >= 0) & (keypoints < image_size), axis=1)  # False for NaN
    sure = inside & (confidence >= MIN_CONFIDENCE)
    if sure.sum() < min(_MIN_JOINTS, len(keypoints)):
        return None
    square = square_around(np.asarray(keypoints, np.float64)[sure], shift)
    return square if square.side >= _MIN_SIDE else None


def square_of_detection(detection: Detection, joint_set: JointSet, shift: float) -> SquareBox:
    """The square of a detected person, as the joints of ``joint_set`` would give it.

    A set without legs (BBC Pose) is framed by the detector's keypoints of the same joints, as
    the detector's box would hold the legs too.
    """
    if "left ankle" not in joint_set.names:
        points = _matching_points(detection, joint_set)
        if len(points) >= _MIN_JOINTS:
            return square_around(points, shift)
    x, y, width, height = detection.box
    centre = np.array([x + width / 2, y + height / 2])
    return _square(centre, max(width, height) / DETECTION_TO_JOINTS, shift)


def overlap(a: SquareBox, b: SquareBox) -> float:
    """Intersection over union of two squares, 0..1."""
    a_left, a_top, a_right, a_bottom = a.corners
    b_left, b_top, b_right, b_bottom = b.corners
    width = min(a_right, b_right) - max(a_left, b_left)
    height = min(a_bottom, b_bottom) - max(a_top, b_top)
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    return shared / (a.side**2 + b.side**2 - shared)


def _square(centre: NDArray[np.floating], joints_side: float, shift: float) -> SquareBox:
    side = PERSON_TO_JOINTS * joints_side
    left, top = centre - side / 2
    return square_from_person_box(float(left), float(top), side, side, shift=shift)


def _matching_points(detection: Detection, joint_set: JointSet) -> NDArray[np.float32]:
    """The detector's sure keypoints that ``joint_set`` has too, (N, 2); its face is the head."""
    sure = detection.keypoint_scores >= MIN_CONFIDENCE
    shared = np.array([name in joint_set.names for name in COCO17.names])
    points = detection.keypoints[sure & shared]
    face = detection.keypoints[:_FACE][sure[:_FACE]]
    if "head" in joint_set.names and len(face):
        points = np.vstack([points, face.mean(axis=0)])
    return points
