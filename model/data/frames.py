"""Where a clip's pictures lie: image files, a video, packed JPEGs, or stills of one folder."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from model.data.records import BadDataError, Clip


class ImageFiles:
    """One image file per frame."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = tuple(paths)

    def __len__(self) -> int:
        return len(self._paths)

    def describe(self, index: int) -> str:
        return str(self._paths[index])

    def read(self, index: int) -> NDArray[np.uint8]:
        return _read_picture(self._paths[index])


class NumberedImages:
    """Images of one folder that are named after their frame numbers.

    ``name`` is a format such as ``"{:06d}.jpg"``. Numbers take less memory than paths: data sets
    have a million frames, and each loader process has its own copy of them.
    """

    def __init__(self, folder: Path, name: str, numbers: Sequence[int] | NDArray[np.int32]) -> None:
        self._folder = folder
        self._name = name
        self._numbers = np.array(numbers, np.int32)

    def __len__(self) -> int:
        return len(self._numbers)

    def describe(self, index: int) -> str:
        return str(self._path(index))

    def read(self, index: int) -> NDArray[np.uint8]:
        return _read_picture(self._path(index))

    def _path(self, index: int) -> Path:
        return self._folder / self._name.format(int(self._numbers[index]))


class PackedImages:
    """JPEG files one after another in a byte array (N bytes, uint8) with their offsets (n + 1)."""

    def __init__(
        self,
        content: NDArray[np.uint8],
        offsets: NDArray[np.int64],
        rows: NDArray[np.intp],
        name: str,
    ) -> None:
        self._content = content
        self._offsets = offsets
        self._rows = rows
        self._name = name

    def __len__(self) -> int:
        return len(self._rows)

    def describe(self, index: int) -> str:
        return f"picture {self._rows[index]} of {self._name}"

    def read(self, index: int) -> NDArray[np.uint8]:
        row = self._rows[index]
        start, stop = self._offsets[row], self._offsets[row + 1]
        return decoded(self._content[start:stop], f"{row} of {self._name}")


class VideoFrames:
    """Chosen frames of a video file, ``indices`` being frame numbers from 0.

    Reading in rising order decodes each frame once; going back starts again at the beginning.
    """

    def __init__(self, path: Path, indices: Sequence[int]) -> None:
        self._path = path
        self._indices = tuple(indices)

    def __len__(self) -> int:
        return len(self._indices)

    def describe(self, index: int) -> str:
        return f"frame {self._indices[index]} of {self._path}"

    def read(self, index: int) -> NDArray[np.uint8]:
        wanted = self._indices[index]
        picture = _player(self._path).read(wanted)
        if picture is None:
            _player.cache_clear()
            raise BadDataError(
                f"The video {self._path} has no frame {wanted} that can be read. Copy the file "
                "again from the data set's own archive."
            )
        return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), np.uint8)


class _Player:
    """An open video that knows which frame comes next."""

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise BadDataError(
                f"There is no video {path}. Restore it from the data set's own archive."
            )
        self._path = path
        self._rewind()

    def read(self, wanted: int) -> cv2.typing.MatLike | None:
        """Frame ``wanted`` (0, 1, ...), BGR; None if there is none that can be read."""
        if wanted < self._next:
            self._rewind()
        while self._next < wanted and self._capture.grab():
            self._next += 1
        good, picture = self._capture.read()
        self._next += 1
        return picture if good else None

    def _rewind(self) -> None:
        self._capture = cv2.VideoCapture(str(self._path))
        self._next = 0


# One at a time, as each has threads, an open file and megabytes of pictures, and a data set may
# have thousands of videos. A forked process would share the file and lack the threads.
_player = lru_cache(maxsize=1)(_Player)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_player.cache_clear)


def _read_picture(path: Path) -> NDArray[np.uint8]:
    try:
        content = np.frombuffer(path.read_bytes(), np.uint8)
    except OSError as error:
        raise BadDataError(
            f"The picture {path} cannot be read ({error.strerror}). Restore it from the data "
            "set's own archive."
        ) from error
    return decoded(content, str(path))


def decoded(content: NDArray[np.uint8], name: str) -> NDArray[np.uint8]:
    """Bytes of an image file as H x W x 3 uint8, RGB, its EXIF orientation ignored."""
    picture = None
    if len(content):
        try:
            picture = cv2.imdecode(content, cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION)
        except cv2.error:
            picture = None
    if picture is None:
        raise BadDataError(
            f"The picture {name} is damaged. Restore it from the data set's own archive."
        )
    return np.asarray(picture, np.uint8)


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
