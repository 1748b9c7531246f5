"""Pictures of one folder by name, resized where a data set asks for it, and stills made of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from model.data.frames import ImageFiles
from model.data.records import Clip


class NamedImages:
    """The pictures ``names`` of one folder.

    With ``size`` (width, height) each is resized to it, whatever its shape, bilinearly. Data sets
    have hundreds of thousands of stills, each with one of these, so it is small.
    """

    __slots__ = ("_folder", "_names", "_size")

    def __init__(
        self, folder: Path, names: Sequence[str], size: tuple[int, int] | None = None
    ) -> None:
        self._folder = folder
        self._names = tuple(names)
        self._size = size

    def __len__(self) -> int:
        return len(self._names)

    def describe(self, index: int) -> str:
        return str(self._folder / self._names[index])

    def read(self, index: int) -> NDArray[np.uint8]:
        picture = ImageFiles([self._folder / self._names[index]]).read(0)
        if self._size is None:
            return picture
        return np.asarray(cv2.resize(picture, self._size, interpolation=cv2.INTER_LINEAR), np.uint8)


def resized_points(
    points: NDArray[np.floating], old: ArrayLike, new: ArrayLike
) -> NDArray[np.float32]:
    """Where points (..., 2) of a picture of size ``old`` are after resizing to ``new``.

    Sizes are (width, height), and may have an axis for each picture. Pixel centres are at whole
    numbers before and after.
    """
    scale = np.asarray(new, np.float64) / np.asarray(old, np.float64)
    return ((points + 0.5) * scale - 0.5).astype(np.float32)


def still_clips(
    folder: Path,
    names: Sequence[str],
    boxes: NDArray[np.float64],
    joints: NDArray[np.float32],
    visible: NDArray[np.uint8],
    *,
    size: tuple[int, int] | None = None,
    prefix: str = "",
) -> Iterator[Clip]:
    """A clip of one frame for each of the pictures ``names`` of ``folder``; everybody is new.

    ``boxes`` (N, 3), ``joints`` (N, K, 2) and ``visible`` (N, K) as in ``Clip``, in pixels of the
    picture after resizing to ``size``. ``prefix`` begins the clips' names.
    """
    for row, name in enumerate(names):
        title = prefix + Path(name).stem
        yield Clip(
            name=title,
            person=title,
            frames=NamedImages(folder, (name,), size),
            boxes=boxes[row : row + 1],
            joints=joints[row : row + 1],
            visible=visible[row : row + 1],
        )
