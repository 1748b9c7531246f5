"""Faults that are injected into the running window, and what it promises of each."""

from __future__ import annotations

import enum
import threading
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from app.assets import demo
from app.runtime.capture.files import VideoSource
from app.runtime.capture.source import Grab, SourceInfo, SourceStalledError
from app.runtime.live.engine import Engine
from app.runtime.live.worker import WORKER_THREAD
from model.core.crop import SquareBox

# So many pictures are as they should be.
_GOOD = 20
_SIZES = ((300, 400), (64, 48), (720, 1280), (33, 1001))


class Fault(enum.Enum):
    """What goes wrong. After each the window must predict again once a source is chosen.

    ``SOURCE_BLACK``, ``SOURCE_SIZES``, ``SOURCE_STALLS`` and ``NO_SOURCE`` must not even interrupt
    it; after ``WORKER_RAISES`` it takes a reset.
    """

    SOURCE_ENDS = "source ends"
    SOURCE_RAISES = "source raises"
    SOURCE_BLACK = "source goes black"
    SOURCE_SIZES = "source changes its size"
    SOURCE_STALLS = "camera stalls"
    NO_SOURCE = "source cannot be opened"
    WORKER_RAISES = "worker raises"

    @property
    def interrupts(self) -> bool:
        """Whether nothing is predicted until the user does something."""
        return self in (Fault.SOURCE_ENDS, Fault.SOURCE_RAISES, Fault.WORKER_RAISES)


class FaultySource:
    """An embedded clip in which something goes wrong soon; ``SOURCE_STALLS`` makes it a camera."""

    def __init__(self, fault: Fault, name: str = "webcam") -> None:
        self._clip = VideoSource(demo(name).video)
        self._fault = fault
        self._stalled = False
        self._read = 0

    @property
    def info(self) -> SourceInfo:
        return replace(self._clip.info, live=self._fault is Fault.SOURCE_STALLS)

    def open(self) -> None:
        self._clip.open()

    def read(self) -> Grab | None:
        self._read += 1
        if self._read <= _GOOD:
            return self._next()
        if self._fault is Fault.SOURCE_ENDS:
            return None
        if self._fault is Fault.SOURCE_RAISES:
            raise RuntimeError("an injected fault of the source")
        if self._fault is Fault.SOURCE_STALLS and not self._stalled:
            self._stalled = True
            raise SourceStalledError("An injected camera delivers nothing.")
        grab = self._next()
        if grab is not None and self._fault is Fault.SOURCE_BLACK:
            return replace(grab, image=np.zeros_like(grab.image))
        if grab is not None and self._fault is Fault.SOURCE_SIZES:
            height, width = _SIZES[self._read % len(_SIZES)]
            return replace(grab, image=np.resize(grab.image, (height, width, 3)))
        return grab

    def rewind(self) -> None:
        self._clip.rewind()

    def seek(self, index: int) -> None:
        self._clip.seek(index)

    def close(self) -> None:
        self._clip.close()

    def _next(self) -> Grab | None:
        grab = self._clip.read()
        if self._fault is not Fault.SOURCE_STALLS:
            return grab
        if grab is None:  # a camera has no end
            self._clip.rewind()
            grab = self._clip.read()
        time.sleep(1 / self._clip.info.fps)
        return grab and replace(grab, time=time.perf_counter())


class Tripwire:
    """Makes engines whose follower raises once in the worker, when it is ``set``.

    Learning from a whole video, in a thread of its own, takes an engine too: its fault is another.
    """

    def __init__(self, make_engine: Callable[[], Engine]) -> None:
        self._make_engine = make_engine
        self.set = False

    def __call__(self) -> Engine:
        engine = self._make_engine()
        locate = engine.follower.locate

        def tripped(image: NDArray[np.uint8], time_s: float) -> SquareBox | None:
            if self.set and threading.current_thread().name == WORKER_THREAD:
                self.set = False
                raise RuntimeError("an injected fault of the worker")
            return locate(image, time_s)

        engine.follower.locate = tripped  # type: ignore[method-assign]
        return engine
