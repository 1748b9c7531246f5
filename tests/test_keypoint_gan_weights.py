"""The KeypointGAN in the box finds the person of the clip that is in the box for it."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from app.assets import KEYPOINT_GAN_WEIGHTS, KnownJoints, demo
from model.core.crop import CROP_SIZE, SquareBox, crop_matrix, transform, warp
from model.keypointgan import weights
from model.keypointgan.evaluation import Factorization

_EVERY = 25


@pytest.fixture(scope="module")
def factorization() -> Factorization:
    return Factorization(weights.load(KEYPOINT_GAN_WEIGHTS))


@pytest.fixture(scope="module")
def crops() -> list[tuple[np.ndarray, np.ndarray]]:
    """Crops (128, 128, 3) of the clip's person and the true joints (13, 2) in -1..1."""
    clip = demo("stage")
    assert clip.joints is not None
    known = KnownJoints.load(clip.joints)
    capture = cv2.VideoCapture(str(clip.video))
    found = []
    for index in range(len(known.joints)):
        good, frame = capture.read()
        assert good, f"the clip has fewer frames than joints: {index}"
        if index % _EVERY == 0:
            joints = known.joints[index]
            low, high = joints.min(axis=0), joints.max(axis=0)
            middle, side = (low + high) / 2, 1.5 * float((high - low).max())
            matrix = crop_matrix(SquareBox(float(middle[0]), float(middle[1]), side))
            picture = np.asarray(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB), np.uint8)
            truth = 2 * transform(joints, matrix) / CROP_SIZE - 1
            found.append((warp(picture, matrix), truth))
    capture.release()
    return found


def test_it_finds_the_person_without_having_seen_a_label(
    factorization: Factorization, crops: list[tuple[np.ndarray, np.ndarray]]
) -> None:
    truth = np.stack([joints for _, joints in crops])
    points = np.stack([factorization.read(picture).points for picture, _ in crops])
    error = np.linalg.norm(points - truth, axis=-1).mean()
    still = np.linalg.norm(truth.mean(axis=0) - truth, axis=-1).mean()
    assert error < 0.8 * still, "no better than the clip's own mean pose, which nobody can know"


def test_it_redraws_a_moved_person_elsewhere(
    factorization: Factorization, crops: list[tuple[np.ndarray, np.ndarray]]
) -> None:
    picture, _ = crops[0]
    points = factorization.read(picture).points
    light = [
        factorization.redraw(points + np.array([shift, 0]), picture).astype(float).sum(axis=(0, 2))
        for shift in (-0.3, 0.3)
    ]
    left, right = (float((row * np.arange(len(row))).sum() / row.sum()) for row in light)
    assert right - left > 0.05 * factorization.size
