"""A video file or a folder of pictures as a source."""

from __future__ import annotations

import re
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from app.runtime.capture.source import Grab, SourceInfo
from model.core.errors import UserError

VIDEO_SUFFIXES = (
    ".avi", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".webm", ".wmv",
)  # fmt: skip
"""Endings of the files that are taken as videos, in lower case."""

# For files that state no rate, or (a matter of their time base) an absurd one such as 1000.
_FALLBACK_FPS = 25.0
_PLAUSIBLE_FPS = (1.0, 240.0)
_MISCOUNTED = 3


class VideoSource:
    """The frames of a video file, as fast as they are read; ``Grab.time`` has their real times."""

    def __init__(self, path: Path | str) -> None:
        self._path = Path(path)
        self._capture: cv2.VideoCapture | None = None
        self._info: SourceInfo | None = None
        self._pending: Grab | None = None
        self._fps = _FALLBACK_FPS
        self._index = 0
        self._start = 0.0
        self._last_time = 0.0

    @property
    def info(self) -> SourceInfo:
        if self._info is None:
            raise RuntimeError("a source must be opened before its info is known")
        return self._info

    def open(self) -> None:
        self.close()
        self._capture = capture = self._open_file()
        fps = capture.get(cv2.CAP_PROP_FPS)
        self._fps = fps if _PLAUSIBLE_FPS[0] <= fps <= _PLAUSIBLE_FPS[1] else _FALLBACK_FPS
        count = capture.get(cv2.CAP_PROP_FRAME_COUNT)
        self._index = 0
        # Only a decoded picture proves that this is a video, and how large it is once turned.
        self._pending = self._decode(capture)
        if self._pending is None or (count < 1 and cv2.haveImageReader(str(self._path))):
            self.close()
            raise self._not_a_video()
        height, width = self._pending.image.shape[:2]
        self._info = SourceInfo(
            name=self._path.name,
            identity=str(self._path.resolve()),
            width=width,
            height=height,
            fps=self._fps,
            live=False,
            frame_count=int(count) if count >= 1 else None,
        )

    def read(self) -> Grab | None:
        if self._capture is None:
            raise RuntimeError("the video is not open")
        if self._pending is not None:
            grab, self._pending = self._pending, None
            return grab
        return self._decode(self._capture)

    def rewind(self) -> None:
        if self._capture is None:
            raise RuntimeError("the video is not open")
        # Opening anew is exact; seeking lands beside the first frame in some containers.
        self.open()

    def seek(self, index: int) -> None:
        if self._capture is None:
            raise RuntimeError("the video is not open")
        target = min(index, (self.info.frame_count or 1) - 1)
        if target <= 0:
            self.rewind()
            return
        self._pending = None
        # Containers may count a frame or two that do not decode.
        for place in range(target, max(0, target - _MISCOUNTED) - 1, -1):
            self._capture.set(cv2.CAP_PROP_POS_FRAMES, place)
            self._index = place
            self._last_time = (place - 1) / self._fps
            self._pending = self._decode(self._capture)
            if self._pending is not None:
                return

    def close(self) -> None:
        if self._capture is not None:
            self._capture.release()
            self._capture = None
        self._pending = None

    def _open_file(self) -> cv2.VideoCapture:
        if self._path.is_dir():
            raise UserError(
                f'"{self._path}" is a folder, and a video file was expected. '
                "Give a video file, or open the folder as pictures."
            )
        if not self._path.is_file():
            raise UserError(
                f'There is no file "{self._path}". Give the path of a video file that exists.'
            )
        # FFmpeg would film a page of text as it scrolls by.
        if _is_text(self._path):
            raise self._not_a_video()
        capture = cv2.VideoCapture(str(self._path), cv2.CAP_FFMPEG)
        if not capture.isOpened():
            raise self._not_a_video()
        return capture

    def _not_a_video(self) -> UserError:
        return UserError(
            f'"{self._path}" cannot be played: it is no video, or it is damaged. '
            "Give a video file such as MP4, MOV, AVI, MKV or WebM."
        )

    def _decode(self, capture: cv2.VideoCapture) -> Grab | None:
        decoded, bgr = capture.read()
        if not decoded:
            return None
        position = capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
        if self._index == 0:
            self._start = position
            time = 0.0
        else:
            time = position - self._start
            # Some containers carry no times, or ones that run backwards.
            if time <= self._last_time:
                time = self._last_time + 1 / self._fps
        rgb = np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)
        grab = Grab(rgb, self._index, time)
        self._last_time = time
        self._index += 1
        return grab


def _is_text(path: Path) -> bool:
    """Whether the file begins as no container of video does: without a single zero byte."""
    with path.open("rb") as file:
        return 0 not in file.read(4096)


SUFFIXES = (".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")
"""Endings of the files that are taken as pictures, in lower case."""


class ImageFolderSource:
    """The pictures directly inside ``folder``, shown at ``fps`` pictures per second."""

    def __init__(self, folder: Path | str, fps: float = 25.0) -> None:
        self._folder = Path(folder)
        self._fps = fps
        self._files: list[Path] | None = None
        self._next = 0
        self._info: SourceInfo | None = None

    @property
    def info(self) -> SourceInfo:
        if self._info is None:
            raise RuntimeError("a source must be opened before its info is known")
        return self._info

    @property
    def files(self) -> tuple[Path, ...]:
        """The pictures' files, by ``media_index``, while the folder is open; else none."""
        return tuple(self._files or ())

    def open(self) -> None:
        files = self._list_files()
        height, width = _read_picture(files[0]).shape[:2]
        self._info = SourceInfo(
            name=self._folder.resolve().name,
            identity=str(self._folder.resolve()),
            width=width,
            height=height,
            fps=self._fps,
            live=False,
            frame_count=len(files),
        )
        self._files = files
        self._next = 0

    def read(self) -> Grab | None:
        if self._files is None:
            raise RuntimeError("the folder is not open")
        if self._next == len(self._files):
            return None
        index = self._next
        grab = Grab(_read_picture(self._files[index]), index, index / self._fps)
        self._next += 1
        return grab

    def rewind(self) -> None:
        self.seek(0)

    def seek(self, index: int) -> None:
        if self._files is None:
            raise RuntimeError("the folder is not open")
        self._next = min(max(index, 0), len(self._files) - 1)

    def close(self) -> None:
        self._files = None

    def _list_files(self) -> list[Path]:
        if not self._folder.is_dir():
            raise UserError(
                f'There is no folder "{self._folder}". Give a folder that holds pictures.'
            )
        files = files_in(self._folder, SUFFIXES)
        if not files:
            raise UserError(
                f'The folder "{self._folder}" holds no pictures. '
                f"Give a folder with files that end in {', '.join(SUFFIXES)}."
            )
        return files


def files_in(folder: Path, suffixes: tuple[str, ...]) -> list[Path]:
    """The files directly inside ``folder`` with one of these endings, 2 before 10."""
    # Names that start with a dot are side files of the system (macOS writes "._a.jpg").
    files = [
        file
        for file in folder.iterdir()
        if file.suffix.lower() in suffixes and not file.name.startswith(".") and file.is_file()
    ]
    return sorted(files, key=lambda file: natural_key(file.name))


def natural_key(name: str) -> tuple[list[int | str], str]:
    """A key that sorts ``a2`` before ``a10``; letter case only decides between equals."""
    parts = re.split(r"([0-9]+)", name)  # text and digits in turn, text first
    return [int(part) if i % 2 else part.casefold() for i, part in enumerate(parts)], name


def _read_picture(file: Path) -> NDArray[np.uint8]:
    """Decode ``file`` to height x width x 3 uint8 RGB, turned as its EXIF data says."""
    try:
        encoded = np.frombuffer(file.read_bytes(), np.uint8)
    except OSError as error:
        raise UserError(
            f'The picture "{file}" cannot be read ({error.strerror}). '
            "Make it readable or remove it from the folder."
        ) from error
    # Not cv2.imread, which cannot open names with foreign letters on Windows.
    try:
        image = cv2.imdecode(encoded, cv2.IMREAD_COLOR_RGB) if encoded.size else None
    except cv2.error as error:  # of more pixels than OpenCV takes, a gigapixel
        raise UserError(
            f'The picture "{file}" is too large to be read. Reduce it or remove it from the folder.'
        ) from error
    if image is None:
        raise UserError(
            f'The picture "{file}" is damaged or no picture at all. '
            "Replace it or remove it from the folder."
        )
    return np.asarray(image, np.uint8)
