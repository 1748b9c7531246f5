"""Clips that are made of pictures in memory."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from model.core.skeleton import PENN13, JointSet
from model.data.records import Clip, DataSet


class Pictures:
    """Pictures in memory as the frames of a clip."""

    def __init__(self, pictures: Sequence[NDArray[np.uint8]]) -> None:
        self._pictures = pictures

    def __len__(self) -> int:
        return len(self._pictures)

    def read(self, index: int) -> NDArray[np.uint8]:
        return self._pictures[index]

    def describe(self, index: int) -> str:
        return f"picture {index}"


def plain_pictures(count: int) -> list[NDArray[np.uint8]]:
    """Pictures of 8 x 8 pixels; number n is n bright, modulo 256."""
    return [np.full((8, 8, 3), number % 256, np.uint8) for number in range(count)]


def make_clip(
    name: str = "clip",
    person: str = "someone",
    *,
    pictures: Sequence[NDArray[np.uint8]] | None = None,
    count: int = 3,
    joints: int = 13,
) -> Clip:
    """A clip of ``pictures``, or of ``count`` plain ones; joint j of frame n is at (j, n)."""
    chosen = plain_pictures(count) if pictures is None else pictures
    where = np.stack(np.meshgrid(np.arange(joints), np.arange(len(chosen))), axis=-1)
    return Clip(
        name=name,
        person=person,
        frames=Pictures(chosen),
        boxes=np.tile([4.0, 4.0, 8.0], (len(chosen), 1)),
        joints=where.astype(np.float32),
        visible=np.full((len(chosen), joints), 2, np.uint8),
    )


def make_data_set(
    name: str, lengths: Sequence[int], joint_set: JointSet = PENN13, person: str = "{}"
) -> DataSet:
    """Clips of these lengths, each of a person of their own."""
    return DataSet(
        name,
        joint_set,
        tuple(
            make_clip(f"{name}-{k}", person.format(k), count=n, joints=len(joint_set))
            for k, n in enumerate(lengths)
        ),
    )
