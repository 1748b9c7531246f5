"""What finds people in a picture, through ONNX Runtime: the detector of all, the mask of one.

People are detected in a whole picture with MoveNet MultiPose; where in a square the person is, is
said by MediaPipe's selfie segmentation.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from model.core.crop import SquareBox, warp
from model.core.device import checked_session
from model.core.masking import MASK_INPUT, MASK_SIZE, PersonMask, mask_matrix

_LONG_SIDE = 256
_STRIDE = 32
# People on real and rendered clips score 0.37 to 0.8, slivers of bystanders and empty rooms
# 0.1 at most.
_MIN_SCORE = 0.25
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
            _detection(row, size, width, height) for row in people if float(row[55]) >= _MIN_SCORE
        ]
        return sorted((d for d in found if d.area > 0), key=lambda d: d.area, reverse=True)


def _prepare(image: NDArray[np.uint8]) -> tuple[NDArray[np.int32], float]:
    """The picture shrunk to ``_LONG_SIDE`` and padded right and below, and its zoom."""
    height, width = image.shape[:2]
    zoom = _LONG_SIDE / max(height, width)
    size = (max(1, round(width * zoom)), max(1, round(height * zoom)))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    padded = np.zeros((_round_up(size[1]), _round_up(size[0]), 3), np.int32)
    padded[: size[1], : size[0]] = small
    return padded, zoom


def _round_up(length: int) -> int:
    return -(-length // _STRIDE) * _STRIDE


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


# Less of the picture than this is no person found, but a face on a poster or nothing at all.
_LEAST_SHARE = 0.015


class PersonMasker:
    """Finds the person in crops. Safe between threads.

    Args:
        path: the ONNX file.
        threads: how many CPU threads one call may use.

    Raises:
        UserError: the file is missing, damaged, or another model.
    """

    def __init__(self, path: str | Path, threads: int = 1) -> None:
        self._session = checked_session(
            Path(path),
            threads,
            what="person mask",
            inputs=[("input_1:0", "tensor(float)", [1, MASK_INPUT, MASK_INPUT, 3])],
            outputs=[[1, MASK_INPUT, MASK_INPUT, 1]],
        )

    def __call__(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The mask (128, 128), 0 to 255, of a square picture (S, S, 3), uint8, RGB.

        Where nobody is found all of the picture counts as person: then nothing is hidden, which is
        better than everything.
        """
        image = cv2.resize(picture, (MASK_INPUT, MASK_INPUT), interpolation=cv2.INTER_LINEAR)
        scaled = image[None].astype(np.float32) / 255
        found = self._session.run(None, {"input_1:0": scaled})[0][0, :, :, 0]
        small = cv2.resize(found, (MASK_SIZE, MASK_SIZE), interpolation=cv2.INTER_AREA)
        if small.mean() < _LEAST_SHARE:
            return np.full((MASK_SIZE, MASK_SIZE), 255, np.uint8)
        return np.round(255 * np.clip(small, 0, 1)).astype(np.uint8)

    def find(self, frame: NDArray[np.uint8], box: SquareBox) -> PersonMask:
        """The mask of the person whose crop square in ``frame`` (H, W, 3), uint8, is ``box``."""
        return PersonMask(self(warp(frame, mask_matrix(box, MASK_INPUT), MASK_INPUT)), box)
