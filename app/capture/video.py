"""A video file as a source, with the times that are written in it."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from app.capture.source import Grab, SourceInfo
from model.errors import UserError

# For files that state no rate, or (a matter of their time base) an absurd one such as 1000.
_FALLBACK_FPS = 25.0
_PLAUSIBLE_FPS = (1.0, 240.0)


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
