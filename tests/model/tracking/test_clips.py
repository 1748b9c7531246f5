"""The real detector on real and rendered clips; needs the material beside the checkout."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from model.core.crop import SquareBox
from model.core.skeleton import PENN13
from model.tracking import PersonDetector, PersonFollower
from tests.model.tracking.people import frames
from tests.model.tracking.test_detector import MODEL

ASL = [
    "again", "bird", "book", "eat", "help", "hungry", "milk", "night", "no", "school", "sister",
    "sorry", "thanks", "walk", "want",
]  # fmt: skip
LABEL_RULE = 1.25 * 1.2  # the crop's side over that of the visible joints' box


@pytest.fixture(scope="module")
def detector() -> PersonDetector:
    return PersonDetector(MODEL)


@pytest.mark.parametrize("name", ASL)
def test_signer_is_found_at_once(shared_dir: Path, detector: PersonDetector, name: str) -> None:
    for image in frames(str(shared_dir / f"media/asl/{name}.mkv"), 3):
        people = detector.detect(image)
        assert len(people) == 1  # the bystander at the edge is no person to follow
        x, _, width, height = people[0].box
        assert 230 < x + width / 2 < 350
        assert height > 350
        square = PersonFollower(detector, PENN13, 0.0).locate(image, 0.0)
        assert square is not None
        left, top, right, bottom = square.corners
        upper_body = people[0].keypoints[:9]  # face, shoulders, elbows
        assert np.all((upper_body > (left, top)) & (upper_body < (right, bottom)))
        assert square.side < 1.3 * max(width, height)


@pytest.mark.parametrize(("name", "within"), [("demo-gym", 0.98), ("demo-webcam", 0.95)])
def test_true_joints_stay_in_the_square(
    shared_dir: Path, detector: PersonDetector, name: str, within: float
) -> None:
    known = np.load(shared_dir / f"media/{name}.joints.npz")
    joints = np.concatenate([known["head"][:, None], known["joints"][:, 5:]], axis=1)
    visible = np.concatenate([np.ones((len(joints), 1)), known["visible"][:, 5:]], axis=1) > 0
    images = frames(str(shared_dir / f"media/{name}.mp4"))
    squares, contained = _follow(detector, images, joints, visible, 25.0)
    assert contained.mean() >= 0.99
    ratio = np.array(
        [
            s.side / (LABEL_RULE * _side(points[seen]))
            for s, points, seen in zip(squares, joints, visible, strict=True)
        ]
    )
    assert np.mean(np.abs(ratio - 1) <= 0.25) >= within
    assert np.median(ratio) == pytest.approx(1, abs=0.08)


def test_gymnast_is_followed_through_three_cuts(shared_dir: Path, detector: PersonDetector) -> None:
    images = frames(str(shared_dir / "media/gymnast.mp4"))[::3]
    people = [detector.detect(image)[0] for image in images]
    head = np.array([p.keypoints[:5].mean(axis=0) for p in people])
    joints = np.concatenate([head[:, None], np.array([p.keypoints[5:] for p in people])], axis=1)
    visible = np.ones(joints.shape[:2], bool)
    squares, contained = _follow(detector, images, joints, visible, 10.0)
    assert contained.mean() >= 0.99
    ratio = np.array(
        [s.side / (LABEL_RULE * _side(points)) for s, points in zip(squares, joints, strict=True)]
    )
    assert np.mean(np.abs(ratio - 1) <= 0.25) >= 0.97


def _follow(
    detector: PersonDetector,
    images: list[NDArray[np.uint8]],
    joints: NDArray[np.floating],
    visible: NDArray[np.bool_],
    frames_per_second: float,
) -> tuple[list[SquareBox], NDArray[np.bool_]]:
    """Follow with the true joints as predictions: the squares, and whether each held them all."""
    follower = PersonFollower(detector, PENN13, 0.0)
    squares, contained = [], []
    for index, (image, points, seen) in enumerate(zip(images, joints, visible, strict=True)):
        square = follower.locate(image, index / frames_per_second)
        assert square is not None
        squares.append(square)
        reach = np.abs(points[seen] - (square.x, square.y)).max()
        contained.append(reach <= square.side / 2)
        follower.observe(points, 0.9 * seen, (image.shape[1], image.shape[0]))
    return squares, np.array(contained)


def _side(points: NDArray[np.floating]) -> float:
    return float((points.max(axis=0) - points.min(axis=0)).max())
