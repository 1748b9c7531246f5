"""Clips of poses alone, as the prior of method 2.8 needs them: labels without any pictures."""

from __future__ import annotations

from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from model.core.crop import BOX_TO_SIDE
from model.data.records import BadDataError, Clip
from model.data.sampling import boxes_of_joints, squares


class NoPictures:
    """The frames of a clip that has poses only: ``count`` of them, from ``name``."""

    def __init__(self, count: int, name: str) -> None:
        self._count = count
        self._name = name

    def __len__(self) -> int:
        return self._count

    def describe(self, index: int) -> str:
        return f"pose {index} of {self._name}"

    def read(self, index: int) -> NoReturn:
        raise BadDataError(
            f"There is no picture of {self.describe(index)}: this data set has poses only. Use it "
            "as the prior, and another one for pictures."
        )


def pose_clip(
    name: str,
    person: str,
    joints: NDArray[np.float32],
    visible: NDArray[np.uint8],
    source: str,
) -> Clip:
    """A clip of a person's poses ``joints`` (N, K, 2) and ``visible`` (N, K), as in ``Clip``.

    The squares are those that pictures of such people are cut by. A pose with fewer than two
    different joints has none and is left out. ``source`` is the file, for messages.
    """
    return _clip(name, person, joints, visible, squares(boxes_of_joints(joints, visible)), source)


def head_clip(
    name: str, person: str, joints: NDArray[np.float32], visible: NDArray[np.uint8], source: str
) -> Clip:
    """The same for landmarks of heads, with ``head_squares``."""
    return _clip(name, person, joints, visible, head_squares(joints, visible), source)


def head_squares(joints: NDArray[np.float32], visible: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Crop squares (N, 3) about the landmarks (N, K, 2) of heads, not moved down.

    Their sides are 1.5 times the landmarks' longest extent, as those of people's squares are. With
    fewer than two different landmarks the row is NaN.
    """
    left, top, width, height = boxes_of_joints(joints, visible).T
    side = BOX_TO_SIDE * np.maximum(width, height)
    return np.column_stack([left + width / 2, top + height / 2, side])


def _clip(
    name: str,
    person: str,
    joints: NDArray[np.float32],
    visible: NDArray[np.uint8],
    boxes: NDArray[np.float64],
    source: str,
) -> Clip:
    rows = np.flatnonzero(np.isfinite(boxes).all(axis=1))
    frames = NoPictures(len(joints), source)
    return Clip(name, person, frames, boxes, joints, visible).part(rows)
