"""Small helpers for panels of pictures and for writing them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from model.crop import CROP_SIZE
from model.data.records import BadDataError, Clip
from model.files import whole_file
from model.training.panels import enlarge

Picture = NDArray[np.uint8]
Shown = TypeVar("Shown")


def write_picture(path: Path, picture: Picture) -> None:
    """Write an RGB picture as PNG; ``UserError`` if the place cannot be written."""
    with whole_file(path) as temporary:
        temporary.write_bytes(cv2.imencode(".png", picture[..., ::-1])[1].tobytes())


def resized(picture: Picture, size: int) -> Picture:
    """A square RGB picture (S, S, 3) as one of (size, size, 3)."""
    side = picture.shape[0]
    if side == size:
        return picture
    kind = cv2.INTER_AREA if size < side else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(picture, (size, size), interpolation=kind), np.uint8)


def enlarged(pictures: Sequence[Picture], *, zoom: bool = True) -> list[Picture]:
    """Square pictures of any size as a panel's columns take them; crops without ``zoom``."""
    crops = [resized(picture, CROP_SIZE) for picture in pictures]
    return [enlarge(crop) for crop in crops] if zoom else crops


def readable(
    clips: Sequence[Clip], count: int, read: Callable[[Clip], Shown]
) -> tuple[list[Clip], list[Shown]]:
    """At most ``count`` clips and what ``read`` makes of each, without those that are damaged.

    ``BadDataError`` if all that were tried are.
    """
    chosen: list[Clip] = []
    shown: list[Shown] = []
    problem: BadDataError | None = None
    for clip in spread(clips, count):
        try:
            shown.append(read(clip))
        except BadDataError as error:
            problem = error
        else:
            chosen.append(clip)
    if problem is not None and not chosen:
        raise problem
    return chosen, shown


def spread(clips: Sequence[Clip], count: int) -> list[Clip]:
    """At most ``count`` clips, of different people where there are enough."""
    filled = [clip for clip in clips if len(clip)]
    by_person = {clip.person: clip for clip in reversed(filled)}
    chosen = list(by_person.values()) if len(by_person) >= count else filled
    rows = np.linspace(0, len(chosen) - 1, min(count, len(chosen))).round().astype(int)
    return [chosen[row] for row in rows]
