"""Small live pictures of cameras, to choose one by what it sees."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from app.runtime.capture.capture_thread import CaptureThread
from app.runtime.capture.ring import FrameRing
from app.runtime.capture.source import FrameSource


class Preview(Protocol):
    """What one camera sees now."""

    def picture(self) -> NDArray[np.uint8] | None:
        """The newest picture (height x width x 3, uint8, RGB); None while there is none."""

    @property
    def problem(self) -> str:
        """Why no picture comes, as one sentence; empty while nothing is wrong."""

    def stop(self) -> None:
        """Let the camera go; takes as long as its driver does, some seconds at most."""


class CameraPreview:
    """Opens ``source`` beside the caller, and keeps its newest picture."""

    def __init__(self, source: FrameSource) -> None:
        self._ring = FrameRing(capacity_bytes=1, max_frames=2)
        self._problem = ""
        self._capture = CaptureThread(source, self._ring, self._note, on_fault=self._fail)
        self._capture.start()

    def picture(self) -> NDArray[np.uint8] | None:
        frame = self._ring.latest()
        return None if frame is None else frame.image

    @property
    def problem(self) -> str:
        return self._problem

    def stop(self) -> None:
        self._capture.stop()
        self._ring.close()

    def _note(self, sentence: str) -> None:
        self._problem = sentence if self._capture.silent else ""

    def _fail(self, error: Exception) -> None:
        self._problem = str(error)
