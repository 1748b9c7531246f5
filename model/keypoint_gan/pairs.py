"""What one training example is: two pictures of a person and somebody else's pose (method 2.8)."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from model.crop import crop_matrix, warp
from model.data.records import Clip, DataSet
from model.data.thin_plate import random_thin_plate_warp
from model.keypoint_gan.prior import PosePrior


class GanExample(NamedTuple):
    """``target`` and ``condition`` (S, S, 3) uint8 RGB, ``pose`` (K, 2) float32 in -1..1."""

    target: NDArray[np.uint8]
    condition: NDArray[np.uint8]
    pose: NDArray[np.float32]


class GanBatch(NamedTuple):
    """Examples one under another: (N, S, S, 3) uint8 twice, and (N, K, 2) float32."""

    target: Tensor
    condition: Tensor
    pose: Tensor


class GanExamples:
    """Draws examples: a clip, a frame of it, a later frame within the window, and a prior pose.

    Of a still, the conditioning picture is a thin-plate-spline warp. Nothing of the clips but
    their pictures and boxes is looked at.
    """

    def __init__(self, people: DataSet, prior: PosePrior, size: int, window: int) -> None:
        self._clips = people.clips
        self._prior = prior
        self._size = size
        self._window = window

    def draw(self, rng: np.random.Generator) -> GanExample:
        """One example. ``BadDataError`` names a frame that cannot be read."""
        clip = self._clips[rng.integers(len(self._clips))]
        start = int(rng.integers(len(clip)))
        last = min(start + self._window, len(clip) - 1)
        end = int(rng.integers(start, last + 1))
        target = cut(clip, start, self._size)
        if len(clip) == 1:
            condition = random_thin_plate_warp(target, rng)
        else:
            condition = cut(clip, end, self._size)
        return GanExample(target, condition, self._prior.draw(rng))


def cut(clip: Clip, frame: int, size: int) -> NDArray[np.uint8]:
    """The network's picture (size, size, 3) of a frame."""
    return resized(warp(clip.frames.read(frame), crop_matrix(clip.box(frame))), size)


def resized(picture: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """A square RGB picture (S, S, 3) as one of (size, size, 3)."""
    side = picture.shape[0]
    if side == size:
        return picture
    kind = cv2.INTER_AREA if size < side else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(picture, (size, size), interpolation=kind), np.uint8)
