"""The ring between the capture thread and everybody who wants frames; its memory is fixed."""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from app.runtime.capture.source import Frame


class FrameRing:
    """The newest frames, in slots that are allocated once for the shape of the first frame.

    When it is full, the oldest frame gives way; the writer never waits for a reader. When the
    shape changes, the frames of the old shape are given up and the slots allocated anew. Indices
    count on through everything. Readers get copies. Every method may be called from any thread.

    ``capacity_bytes`` bounds the memory for pictures (two frames are always kept) and
    ``max_frames`` the number of frames where they are small.
    """

    def __init__(self, capacity_bytes: int = 128 * 1024**2, max_frames: int = 512) -> None:
        if capacity_bytes < 1 or max_frames < 2:
            raise ValueError(
                "a ring needs a positive capacity and room for two frames, "
                f"not {capacity_bytes} bytes and {max_frames} frames"
            )
        self._capacity_bytes = capacity_bytes
        self._max_frames = max_frames
        self._condition = threading.Condition()
        self._slots: NDArray[np.uint8] = np.empty((0, 0, 0, 3), np.uint8)
        self._timestamps: list[float] = []
        self._media_indices: list[int] = []
        self._first = 0  # index of the oldest frame held
        self._next = 0  # index of the frame to come
        self._wakes = 0
        self._closed = False

    @property
    def nbytes(self) -> int:
        """Bytes reserved for pictures."""
        with self._condition:
            return self._slots.nbytes

    @property
    def closed(self) -> bool:
        with self._condition:
            return self._closed

    def held(self) -> range:
        """The indices of the frames held now, oldest first."""
        with self._condition:
            return range(self._first, self._next)

    def put(
        self, image: NDArray[np.uint8], timestamp: float, media_index: int | None = None
    ) -> int:
        """Copy ``image`` (height x width x 3, uint8, RGB) in and return the index it was given.

        ``timestamp`` is in seconds of ``time.perf_counter``. ``media_index`` None means that it
        equals the index, as for a camera. Raises ValueError for another kind of array and
        RuntimeError once the ring is closed.
        """
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or image.size == 0:
            raise ValueError(
                f"a frame is height x width x 3 uint8, not {image.shape} {image.dtype}"
            )
        with self._condition:
            if self._closed:
                raise RuntimeError("the ring is closed")
            if image.shape != self._slots.shape[1:]:
                self._allocate(image)
            index = self._next
            slot = index % len(self._slots)
            np.copyto(self._slots[slot], image)
            self._timestamps[slot] = timestamp
            self._media_indices[slot] = index if media_index is None else media_index
            self._next = index + 1
            self._first = max(self._first, self._next - len(self._slots))
            self._condition.notify_all()
            return index

    def latest(self, after: int | None = None, timeout: float = 0.0) -> Frame | None:
        """The newest frame, if it is newer than ``after``; waits at most ``timeout`` seconds.

        None when there is none, or as soon as ``wake`` or ``close`` is called.
        """
        wanted = 0 if after is None else after + 1
        with self._condition:
            if not self._wait_for(lambda: self._next > wanted, timeout):
                return None
            return self._copy(self._next - 1)

    def get(self, index: int) -> Frame | None:
        """The frame with that index, or None when it is gone or not there yet."""
        with self._condition:
            return self._copy(index) if self._first <= index < self._next else None

    def reader(self) -> RingReader:
        """A reader of every frame in order, beginning with the next one that is put."""
        with self._condition:
            return RingReader(self, self._next)

    def latest_reader(self) -> LatestReader:
        """A reader that always jumps to the newest frame."""
        return LatestReader(self)

    def wake(self) -> None:
        """Release everybody who waits now; whoever waits for a frame gets None."""
        with self._condition:
            self._wakes += 1
            self._condition.notify_all()

    def close(self) -> None:
        """Take no more frames and never let anybody wait again; what is held can still be read."""
        with self._condition:
            self._closed = True
            self._condition.notify_all()

    def _from(self, index: int, timeout: float) -> Frame | None:
        """The oldest frame held whose index is at least ``index``, waiting for it if need be."""
        with self._condition:
            if not self._wait_for(lambda: self._next > index, timeout):
                return None
            return self._copy(max(index, self._first))

    def _allocate(self, image: NDArray[np.uint8]) -> None:
        count = min(self._max_frames, max(2, self._capacity_bytes // image.nbytes))
        self._slots = np.empty((0, 0, 0, 3), np.uint8)  # let the old ones go first
        self._slots = np.empty((count, *image.shape), np.uint8)
        self._timestamps = [0.0] * count
        self._media_indices = [0] * count
        self._first = self._next

    def _copy(self, index: int) -> Frame:
        slot = index % len(self._slots)
        return Frame(
            index=index,
            timestamp=self._timestamps[slot],
            image=self._slots[slot].copy(),
            media_index=self._media_indices[slot],
        )

    def _wait_for(self, ready: Callable[[], bool], timeout: float) -> bool:
        wakes = self._wakes
        self._condition.wait_for(
            lambda: ready() or self._closed or self._wakes != wakes, timeout=timeout
        )
        return ready()


class RingReader:
    """Reads every frame in order, for one thread; counts those that it was too late for."""

    def __init__(self, ring: FrameRing, start: int) -> None:
        self._ring = ring
        self._wanted = start
        self._missed = 0

    @property
    def missed(self) -> int:
        """How many frames gave way before this reader came to them."""
        return self._missed

    def next(self, timeout: float = 0.0) -> Frame | None:
        """The next frame, waiting for it at most ``timeout`` seconds; None as for ``latest``."""
        frame = self._ring._from(self._wanted, timeout)
        if frame is not None:
            self._missed += frame.index - self._wanted
            self._wanted = frame.index + 1
        return frame


class LatestReader:
    """Reads the newest frame each time, for one thread; counts those that it passed over."""

    def __init__(self, ring: FrameRing) -> None:
        self._ring = ring
        self._seen: int | None = None
        self._skipped = 0

    @property
    def skipped(self) -> int:
        """How many frames came and went between two reads."""
        return self._skipped

    def latest(self, timeout: float = 0.0) -> Frame | None:
        """The newest frame if it was not read yet, waiting for it at most ``timeout`` seconds."""
        frame = self._ring.latest(self._seen, timeout)
        if frame is not None:
            if self._seen is not None:
                self._skipped += frame.index - self._seen - 1
            self._seen = frame.index
        return frame
