"""Cat heads (Zhang, Sun and Tang, ECCV 2008): ``CAT_00/00000001_000.jpg`` and ``....jpg.cat``.

A label is one line: 9, then x and y of the left eye, the right eye, the mouth, three points of the
left ear and three of the right one, both from the picture's left to its right.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.core.errors import UserError
from model.core.skeleton import CAT7
from model.data.files import Half, half_of, read_text
from model.data.frames import still_clips
from model.data.poses import head_squares
from model.data.records import VISIBLE, BadDataError, Clip, DataSet, Split

_WHERE = (
    "Get the cat head data set, folders CAT_00 to CAT_06, from "
    "https://academictorrents.com/details/c501571c29d16d7f41d159d699d0e7fb37092cbd."
)
_FOLDERS = {"train": tuple(f"CAT_{i:02d}" for i in range(6)), "test": ("CAT_06",)}
_POINTS = 9
# CAT-7's order. Of each ear the inner end of its base is left out: the third point of the left
# ear and the first of the right one.
_KEPT = (0, 1, 2, 3, 4, 7, 8)


def read_cat_heads(root: Path, split: Split, *, half: Half | None = None) -> DataSet:
    """The cats of the folders 00 to 05 for training, or of 06 for the test; stills, CAT-7 points.

    The owners' random division is not given out, and which 7 of the 9 points the paper used is not
    known: both are our choice, as told above. ``half`` keeps one half of the list, as pictures and
    prior come from different ones (method 2.8). Squares are about the points (``head_squares``),
    which are taken as given and all count as visible.

    ``UserError`` if ``root`` is no such folder; ``BadDataError`` names a damaged label.
    """
    paths = [
        path for name in _FOLDERS[split] for path in sorted((root / name).glob("[!.]*.jpg.cat"))
    ]
    if not paths:
        raise UserError(
            f"{root} does not hold cat heads: '{_FOLDERS[split][0]}/*.jpg.cat' are expected. "
            f"{_WHERE}"
        )
    clips = [_still(path) for path in half_of(paths, half)]
    return DataSet(f"cat heads ({split})", CAT7, tuple(clips))


def _still(path: Path) -> Clip:
    joints = _points(path)[None, _KEPT]
    visible = np.full(joints.shape[:2], VISIBLE, np.uint8)
    boxes = head_squares(joints, visible)
    folder, picture = path.parent, path.name.removesuffix(".cat")
    (clip,) = still_clips(folder, [picture], boxes, joints, visible, prefix=f"{folder.name}/")
    return clip


def _points(path: Path) -> NDArray[np.float32]:
    try:
        numbers = np.array(read_text(path, _WHERE).split(), np.float32)
        points = numbers[1:].reshape(_POINTS, 2)
        if int(numbers[0]) != _POINTS:
            raise ValueError(f"it announces {numbers[0]:g} points")
    except (IndexError, ValueError) as error:
        raise BadDataError(
            f"{path} is no label of a cat ({error}): the number {_POINTS} and {_POINTS} pairs of "
            f"numbers are expected. {_WHERE}"
        ) from error
    return points
