"""Stand-ins for what needs hardware: a camera as a source, and OpenCV's way to a device."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from app.runtime.capture.source import Grab, SourceInfo

Image = NDArray[np.uint8]


def picture(value: int, height: int = 6, width: int = 8) -> Image:
    """A plain picture, all of one value (modulo 256)."""
    return np.full((height, width, 3), value % 256, np.uint8)


class FakeCamera:
    """A live source that follows a script: pictures to send and exceptions to raise.

    Each ``open`` takes the next of ``open_errors`` and raises it, unless it is None. When the
    script is over, ``read`` blocks as a driver would, until ``unblock`` is set.
    """

    def __init__(
        self,
        script: Iterable[Image | Exception],
        open_errors: Iterable[Exception | None] = (),
        height: int = 6,
        width: int = 8,
    ) -> None:
        self._script = iter(script)
        self._open_errors = deque(open_errors)
        self._size = (width, height)
        self._index = 0
        self.is_open = False
        self.opened = 0
        self.blocked = threading.Event()
        self.unblock = threading.Event()

    @property
    def info(self) -> SourceInfo:
        if self.opened == 0:
            raise RuntimeError("not opened yet")
        return SourceInfo("Fake", "fake:0", *self._size, fps=30.0, live=True, frame_count=None)

    def open(self) -> None:
        self.close()
        error = self._open_errors.popleft() if self._open_errors else None
        if error is not None:
            raise error
        self.is_open = True
        self.opened += 1
        self._index = 0

    def read(self) -> Grab | None:
        if not self.is_open:
            raise RuntimeError("not open")
        item = next(self._script, None)
        if item is None:
            self.blocked.set()
            self.unblock.wait()
            return None
        if isinstance(item, Exception):
            raise item
        self._index += 1
        return Grab(item, self._index - 1, time.perf_counter())

    def rewind(self) -> None:
        if not self.is_open:
            raise RuntimeError("not open")

    def seek(self, index: int) -> None:
        self.rewind()

    def close(self) -> None:
        self.is_open = False


def changing(count: int, height: int, width: int) -> Image:
    """BGR: blue rises with ``count``, red is full."""
    image = np.zeros((height, width, 3), np.uint8)
    image[..., 0] = count % 200
    image[..., 2] = 255
    return image


@dataclass
class FakeDriver:
    """What ``cv2.VideoCapture`` meets when a test puts ``driver.connect`` in its place."""

    width: int = 64
    height: int = 48
    fps: float = 30.0
    opens: bool = True
    draw: Callable[[int, int, int], Image] = changing
    answers: bool = True
    """False: every grab fails at once, as when the plug was pulled."""
    garbled: int = 0
    """So many pictures are grabbed but cannot be decoded."""
    hang: threading.Event | None = None
    """Grabbing blocks until this is set."""
    count: int = 0
    handles: list[FakeDevice] = field(default_factory=list)

    def connect(self, index: int, backend: int) -> FakeDevice:
        device = FakeDevice(self, index, backend)
        self.handles.append(device)
        return device


class FakeDevice:
    """The part of ``cv2.VideoCapture`` that is used; refuses every mode but its driver's."""

    def __init__(self, driver: FakeDriver, index: int, backend: int) -> None:
        self._driver = driver
        self.index = index
        self.backend = backend
        self.asked: dict[int, float] = {}
        self.released = False

    def isOpened(self) -> bool:
        return self._driver.opens

    def set(self, key: int, value: float) -> bool:
        self.asked[key] = value
        return False

    def get(self, key: int) -> float:
        return self._driver.fps if key == cv2.CAP_PROP_FPS else 0.0

    def grab(self) -> bool:
        assert not self.released
        hang = self._driver.hang
        if hang is not None:
            hang.wait()
        threading.Event().wait(0.001)  # a picture takes time
        self._driver.count += 1
        return self._driver.answers

    def retrieve(self) -> tuple[bool, Image | None]:
        driver = self._driver
        if driver.garbled:
            driver.garbled -= 1
            return False, None
        return True, driver.draw(driver.count, driver.height, driver.width)

    def release(self) -> None:
        self.released = True
