"""Crop squares of labelled people (method 1.8), for whole clips at once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from model.crop import BOX_TO_SIDE, CENTRE_SHIFT, PERSON_TO_JOINTS, square_from_person_box
from model.data.records import ABSENT, DataSet


def squares(boxes: NDArray[np.floating]) -> NDArray[np.float64]:
    """Crop squares (N, 3), as in ``Clip.boxes``, of person boxes (N, 4): left, top, width, height.

    They are moved down by the published ``CENTRE_SHIFT``. Boxes that hold NaN give NaN.
    """
    found = (
        square_from_person_box(*box, shift=CENTRE_SHIFT)
        for box in np.asarray(boxes, np.float64).tolist()
    )
    return np.array([(square.x, square.y, square.side) for square in found]).reshape(-1, 3)


def boxes_of_joints(joints: NDArray[np.float32], visible: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Person boxes (N, 4) from joints (N, K, 2) and visibility (N, K): left, top, width, height.

    A person is taken to reach past the marked joints by as much as Penn Action's boxes do. With
    fewer than two different joints there is no telling: such a row is NaN, which refuses the
    frame when it is used.
    """
    marked = np.where((visible != ABSENT)[..., None], joints.astype(np.float64), np.nan)
    low, high = np.fmin.reduce(marked, axis=1), np.fmax.reduce(marked, axis=1)
    size = high - low
    size[~(size.max(axis=1) > 0)] = np.nan
    return np.hstack([(low + high - PERSON_TO_JOINTS * size) / 2, PERSON_TO_JOINTS * size])


def recentred(data_set: DataSet, shift: float, wanted: float) -> DataSet:
    """The data set with squares that are moved down by ``wanted`` where they are by ``shift``.

    Both are shares of the person boxes' longest sides, as ``NetworkSpec.crop_shift`` is.
    """
    if shift == wanted:
        return data_set
    step = (wanted - shift) / BOX_TO_SIDE  # in shares of the squares' sides
    clips = []
    for clip in data_set:
        x, y, side = clip.boxes.T
        clips.append(replace(clip, boxes=np.column_stack([x, y + step * side, side])))
    return replace(data_set, clips=tuple(clips))
