"""Detecting people in a whole picture with MoveNet MultiPose through ONNX Runtime."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from model.core.device import checked_session

LONG_SIDE = 256
STRIDE = 32
# People on real and rendered clips score 0.37 to 0.8, slivers of bystanders and empty rooms
# 0.1 at most.
MIN_SCORE = 0.25
_KEYPOINTS = 17


@dataclass(frozen=True)
class Detection:
    """One detected person, in pixels of the picture that was searched.

    ``score`` is in 0..1. ``box`` is (x, y, width, height), cut to the picture. ``keypoints``
    (17, 2), (x, y) in COCO order, float32, may lie outside the picture; ``keypoint_scores``
    (17,), float32, in 0..1.
    """

    score: float
    box: tuple[float, float, float, float]
    keypoints: NDArray[np.float32]
    keypoint_scores: NDArray[np.float32]

    @property
    def area(self) -> float:
        """Square pixels of the box."""
        return self.box[2] * self.box[3]


class PersonDetector:
    """MoveNet MultiPose: up to six people in one picture.

    ``path`` is the ONNX file, ``threads`` the number of CPU threads one call may use.
    ``UserError`` if the file is missing, damaged, or another model.
    """

    def __init__(self, path: str | Path, threads: int = 1) -> None:
        self._session = checked_session(
            Path(path),
            threads,
            what="person detector",
            inputs=[("input", "tensor(int32)", [1, None, None, 3])],
            outputs=[[1, 6, 3 * _KEYPOINTS + 5]],
        )

    def detect(self, image: NDArray[np.uint8]) -> list[Detection]:
        """People in ``image`` (height x width x 3, uint8, RGB), the largest box first."""
        height, width = image.shape[:2]
        padded, zoom = _prepare(image)
        people = self._session.run(None, {"input": padded[None]})[0][0]  # 6, 56
        size = np.array([padded.shape[1], padded.shape[0]]) / zoom
        found = [
            _detection(row, size, width, height) for row in people if float(row[55]) >= MIN_SCORE
        ]
        return sorted((d for d in found if d.area > 0), key=lambda d: d.area, reverse=True)


def _prepare(image: NDArray[np.uint8]) -> tuple[NDArray[np.int32], float]:
    """The picture shrunk to ``LONG_SIDE`` and padded right and below, and its zoom."""
    height, width = image.shape[:2]
    zoom = LONG_SIDE / max(height, width)
    size = (max(1, round(width * zoom)), max(1, round(height * zoom)))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    padded = np.zeros((_round_up(size[1]), _round_up(size[0]), 3), np.int32)
    padded[: size[1], : size[0]] = small
    return padded, zoom


def _round_up(length: int) -> int:
    return -(-length // STRIDE) * STRIDE


def _detection(
    row: NDArray[np.float32], size: NDArray[np.float64], width: int, height: int
) -> Detection:
    """One row of the output; ``size`` is what 1.0 means in picture pixels, (x, y)."""
    keypoints = row[: 3 * _KEYPOINTS].reshape(_KEYPOINTS, 3)
    top, left, bottom, right, score = (float(v) for v in row[3 * _KEYPOINTS :])
    left, right = (min(max(v * float(size[0]), 0.0), float(width)) for v in (left, right))
    top, bottom = (min(max(v * float(size[1]), 0.0), float(height)) for v in (top, bottom))
    return Detection(
        score=score,
        box=(left, top, max(0.0, right - left), max(0.0, bottom - top)),
        keypoints=(keypoints[:, 1::-1] * size).astype(np.float32),
        keypoint_scores=keypoints[:, 2].copy(),
    )
