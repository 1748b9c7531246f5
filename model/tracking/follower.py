"""Following one person through a video with few calls of the detector, in a square of its own.

Penn Action's label boxes are the visible joints' box times 1.2, about its centre; that holds for
people cut off by the picture's edge as well. So the square here is 1.25 * 1.2 times the longest
side of the joints' box, about its centre moved down by as much as the network's training crops
were: everywhere here ``shift`` is the network's ``NetworkSpec.crop_shift``.
"""

from __future__ import annotations

import math
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from model.core.crop import PERSON_TO_JOINTS, SquareBox, square_from_person_box
from model.core.skeleton import COCO17, JointSet
from model.tracking.detector import Detection
from model.tracking.scene import SceneChange

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


# Below these differences (parts of the side; logarithm of the size ratio) nothing moves: it is
# what the prediction's own noise amounts to.
_DEAD_CENTRE = 0.04
_DEAD_SIZE = 0.06
# Time constants in seconds. Growing is quick, as a stretched arm would leave the crop; shrinking
# is slow, as gesturing hands come back.
_CENTRE_S = 0.12
_GROW_S = 0.12
_SHRINK_S = 0.3
# The most that the size may change in one frame, as a factor.
MAX_STEP = 1.12


def follow(square: SquareBox, target: SquareBox, elapsed_s: float) -> SquareBox:
    """``square`` moved towards ``target`` by as much as ``elapsed_s`` seconds allow.

    Exponential smoothing of the centre and of the logarithm of the side, each with a dead zone;
    the side changes by at most the factor ``MAX_STEP``.
    """
    x = _approach((target.x - square.x) / square.side, _DEAD_CENTRE, _CENTRE_S, elapsed_s)
    y = _approach((target.y - square.y) / square.side, _DEAD_CENTRE, _CENTRE_S, elapsed_s)
    difference = math.log(target.side / square.side)
    constant = _GROW_S if difference > 0 else _SHRINK_S
    growth = _approach(difference, _DEAD_SIZE, constant, elapsed_s)
    limit = math.log(MAX_STEP)
    return SquareBox(
        x=square.x + x * square.side,
        y=square.y + y * square.side,
        side=square.side * math.exp(min(max(growth, -limit), limit)),
    )


def _approach(difference: float, dead: float, constant_s: float, elapsed_s: float) -> float:
    """How far to go along ``difference``; only what exceeds the dead zone counts."""
    excess = math.copysign(max(0.0, abs(difference) - dead), difference)
    return excess * -math.expm1(-elapsed_s / constant_s)


# Seconds until the detector is asked again: while nobody is found, while it disagrees with the
# followed square or the joints are weak, and while all is well.
SEARCH_PERIOD_S = 0.1
DOUBT_PERIOD_S = 0.25
CHECK_PERIOD_S = 2.0
# Overlap (intersection over union of squares) at which a detection confirms what is followed;
# 0.5 is a side wrong by 30 % or a centre wrong by a third of the side.
AGREEMENT = 0.5
# Overlap from which a detection may still be the followed person, seen more rightly.
SAME_PERSON = 0.25
MAX_DOUBTS = 3
# Mean confidence of the surest third of the joints below which they do not tell where the person
# is: under it are nine in ten crops without a person and 2 % of those with one.
WEAK_CONFIDENCE = 0.65
_MAX_ELAPSED_S = 0.5
# Seconds until other people are looked at again, for show; it says nothing of the followed one.
OTHERS_PERIOD_S = 0.25


class Detector(Protocol):
    """What the follower needs of a ``PersonDetector``."""

    def detect(self, image: NDArray[np.uint8]) -> list[Detection]:
        """People in the picture (height x width x 3, uint8, RGB), the largest first."""


class PersonFollower:
    """Says where the person is in each frame: ``locate`` before the prediction, ``observe`` after.

    The square follows the predicted joints; while they are weak, the detector. Otherwise the
    detector is asked only to find somebody, after a cut, and every ``CHECK_PERIOD_S`` to confirm.
    A person it has not seen ``MAX_DOUBTS`` times running, ``DOUBT_PERIOD_S`` apart, is lost. With
    several people the largest is taken first; ``choose`` takes another. ``others`` are those whom
    the detector saw beside the followed one. One thread owns it.
    ``joint_set`` and ``crop_shift`` are those of the network that is shown the squares.
    """

    changes = 0
    """How often somebody else was taken for the one before, at the same place and time."""

    def __init__(self, detector: Detector, joint_set: JointSet, crop_shift: float) -> None:
        self._detector = detector
        self._joint_set = joint_set
        self._crop_shift = crop_shift
        self.reset()

    def reset(self) -> None:
        """Forget the person; the next ``locate`` searches the whole picture."""
        self._square: SquareBox | None = None
        self._choice: tuple[float, float] | None = None
        self._scene = SceneChange()
        self._time_s = -math.inf
        self._elapsed_s = 0.0
        self._last_look_s = -math.inf
        self._others: tuple[Detection, ...] = ()
        self._others_seen_s = -math.inf
        self._doubts = 0
        self._weak = False

    @property
    def found(self) -> bool:
        """Whether a person is being followed."""
        return self._square is not None

    @property
    def others(self) -> tuple[Detection, ...]:
        """Who else is in the picture; as old as ``OTHERS_PERIOD_S`` at most."""
        return self._others

    def choose(self, x: float, y: float) -> None:
        """Take the person at (``x``, ``y``), in pixels, or the nearest, at the next ``locate``."""
        self._choice = (x, y)

    def locate(self, image: NDArray[np.uint8], time_s: float) -> SquareBox | None:
        """The square to crop from ``image`` (height x width x 3, uint8, RGB), None if nobody.

        ``time_s`` is the frame's time in seconds; when it runs backwards (a clip that starts
        again) the person is looked for anew.
        """
        rewound = time_s < self._time_s
        self._elapsed_s = min(max(time_s - self._time_s, 0.0), _MAX_ELAPSED_S)
        self._time_s = time_s
        jumped = self._scene.changed(image) or rewound
        due = time_s >= self._last_look_s + self._period_s()
        if jumped or due or self._choice is not None:
            self._look(image, jumped)
        elif self._others and time_s >= self._others_seen_s + OTHERS_PERIOD_S:
            found = self._detector.detect(image)
            self._note_others(found, self._squares(found))
        return self._square

    def observe(
        self,
        keypoints: NDArray[np.floating],
        confidence: NDArray[np.floating],
        image_size: tuple[int, int],
    ) -> None:
        """Take in the prediction made on the located square; the next frame's square follows.

        ``keypoints`` (K, 2), (x, y) in pixels; ``confidence`` (K,) in 0..1; ``image_size``
        (width, height). Does nothing while nobody is found.
        """
        if self._square is None:
            return
        surest = np.sort(confidence)[-math.ceil(len(confidence) / 3) :]
        self._weak = not surest.mean() >= WEAK_CONFIDENCE  # so that NaN is weak
        target = square_of_joints(keypoints, confidence, image_size, self._crop_shift)
        if target is not None and not self._weak:
            self._square = follow(self._square, target, self._elapsed_s)

    def _look(self, image: NDArray[np.uint8], jumped: bool) -> None:
        """Ask the detector, and confirm, correct, or give up what is followed."""
        found = self._detector.detect(image)
        squares = self._squares(found)
        choice, self._choice = self._choice, None
        if choice is not None and found:
            chosen = squares[_nearest(found, *choice)]
            if self._square is not None and overlap(chosen, self._square) < SAME_PERSON:
                self.changes += 1
            self._take(chosen)
        elif self._square is None:
            self._take(squares[0] if squares else None)
        else:
            self._check(self._square, squares, jumped)
        self._last_look_s = self._time_s
        self._note_others(found, squares)

    def _squares(self, found: list[Detection]) -> list[SquareBox]:
        return [square_of_detection(d, self._joint_set, self._crop_shift) for d in found]

    def _note_others(self, found: list[Detection], squares: list[SquareBox]) -> None:
        """Everybody but the one who fits the followed square best."""
        shares = [overlap(square, self._square) if self._square else 0.0 for square in squares]
        followed = int(np.argmax(shares)) if max(shares, default=0.0) >= SAME_PERSON else None
        self._others = tuple(d for index, d in enumerate(found) if index != followed)
        self._others_seen_s = self._time_s

    def _check(self, current: SquareBox, squares: list[SquareBox], jumped: bool) -> None:
        best = max(squares, key=lambda square: overlap(square, current), default=None)
        agreement = overlap(best, current) if best else 0.0
        if best and agreement >= AGREEMENT and not jumped:
            self._doubts = 0
            if self._weak:
                self._square = follow(current, best, DOUBT_PERIOD_S)
            return
        self._doubts += 1
        if jumped or self._doubts >= MAX_DOUBTS:
            same = agreement >= SAME_PERSON
            # Behind a cut it may be the same person.
            if squares and not same and not jumped:
                self.changes += 1
            self._take(best if same else squares[0] if squares else None)

    def _take(self, square: SquareBox | None) -> None:
        self._square = square
        self._doubts = 0
        self._weak = False

    def _period_s(self) -> float:
        if self._square is None:
            return SEARCH_PERIOD_S
        return DOUBT_PERIOD_S if self._doubts or self._weak else CHECK_PERIOD_S


def _nearest(people: list[Detection], x: float, y: float) -> int:
    """Index of the person whose box is nearest to the point; among those, the nearest centre."""

    def distances(index: int) -> tuple[float, float]:
        left, top, width, height = people[index].box
        outside_x = max(left - x, 0.0, x - left - width)
        outside_y = max(top - y, 0.0, y - top - height)
        to_centre = math.hypot(x - left - width / 2, y - top - height / 2)
        return math.hypot(outside_x, outside_y), to_centre

    return min(range(len(people)), key=distances)
