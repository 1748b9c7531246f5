"""Made-up people for the tests: poses, detections, a detector that is told, and films."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from model.core.crop import SquareBox
from model.core.skeleton import PENN13
from model.tracking import Detection, PersonFollower
from model.tracking.follower import overlap, square_around

WIDTH, HEIGHT = 640, 480
FRAME_S = 1 / 25
SURE, WEAK = np.full(13, 0.9), np.full(13, 0.3)
# A standing body in Penn order, in units of its height, about its middle.
_STANDING = np.array(
    [
        (0, -0.5), (0.12, -0.35), (-0.12, -0.35), (0.18, -0.15), (-0.18, -0.15), (0.2, 0.03),
        (-0.2, 0.03), (0.08, 0), (-0.08, 0), (0.09, 0.25), (-0.09, 0.25), (0.1, 0.5), (-0.1, 0.5),
    ]
)  # fmt: skip


def standing(x: float, y: float, height: float) -> NDArray[np.float64]:
    """Joints (13, 2) of a body whose joints' box is ``height`` high about (``x``, ``y``)."""
    return _STANDING * height + (x, y)


ADULT, CHILD = standing(200, 240, 300), standing(480, 260, 150)


def detection(x: float, y: float, width: float, height: float, score: float = 0.8) -> Detection:
    """A person about (``x``, ``y``) with a box of that size, and no sure keypoint."""
    return Detection(
        score=score,
        box=(x - width / 2, y - height / 2, width, height),
        keypoints=np.zeros((17, 2), np.float32),
        keypoint_scores=np.zeros(17, np.float32),
    )


def detection_of(joints: NDArray[np.floating]) -> Detection:
    """What the detector says of somebody with these joints: a box 1.24 times as large."""
    low, high = joints.min(axis=0), joints.max(axis=0)
    (x, y), (width, height) = (low + high) / 2, 1.24 * (high - low)
    return detection(float(x), float(y), float(width), float(height))


@dataclass
class FakeDetector:
    """Answers with ``people``, the largest first as the real one does, and counts its calls."""

    people: list[Detection] = field(default_factory=list)
    calls: int = 0

    def detect(self, image: NDArray[np.uint8]) -> list[Detection]:
        self.calls += 1
        return sorted(self.people, key=lambda person: person.area, reverse=True)


def blank(grey: int = 90) -> NDArray[np.uint8]:
    """A room without people: patches around ``grey``, others for every grey."""
    patches = np.random.default_rng(grey).integers(-30, 31, (6, 8, 3))
    room = np.clip(grey + patches, 0, 255).astype(np.uint8)
    return np.asarray(cv2.resize(room, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC), np.uint8)


def frames(path: str, limit: int | None = None) -> list[NDArray[np.uint8]]:
    """The frames of a video file, RGB, at most ``limit``."""
    capture = cv2.VideoCapture(path)
    images: list[NDArray[np.uint8]] = []
    while limit is None or len(images) < limit:
        read, image = capture.read()
        if not read:
            break
        images.append(np.ascontiguousarray(image[..., ::-1], np.uint8))
    capture.release()
    return images


@dataclass
class Film:
    """Plays frames to a follower: locates, then lets it observe what is given."""

    detector: FakeDetector = field(default_factory=FakeDetector)
    time_s: float = 10.0
    crop_shift: float = 0.0

    def __post_init__(self) -> None:
        self.follower = PersonFollower(self.detector, PENN13, self.crop_shift)

    def play(
        self,
        joints: NDArray[np.floating],
        confidence: NDArray[np.floating] = SURE,
        frames: int = 1,
        image: NDArray[np.uint8] | None = None,
    ) -> SquareBox | None:
        """The square of the last of ``frames`` frames on which the joints stay where they are."""
        box = None
        for _ in range(frames):
            box = self.follower.locate(blank() if image is None else image, self.time_s)
            self.follower.observe(joints, confidence, (WIDTH, HEIGHT))
            self.time_s += FRAME_S
        return box


def is_at(box: SquareBox | None, joints: NDArray[np.floating]) -> bool:
    """Whether the square is nearly the one of these joints."""
    return box is not None and overlap(box, square_around(joints, 0)) > 0.75


def frames_in(seconds: float) -> int:
    """How many frames of a film last that long, and one more."""
    return round(seconds / FRAME_S) + 1
