"""A frame, what every source of frames offers, and when each frame of a file is due."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Frame:
    """A frame as read out of the ring; ``image`` is the reader's own copy.

    ``index`` counts captured frames from 0 and never repeats in a session. ``timestamp`` is when
    the frame was taken, in seconds of ``time.perf_counter``. ``image`` is height x width x 3,
    uint8, **RGB**. ``media_index`` is the frame's number inside its file (it starts again when a
    clip loops) and equals ``index`` for a camera.
    """

    index: int
    timestamp: float
    image: NDArray[np.uint8]
    media_index: int


class SourceStalledError(Exception):
    """A live source has stopped delivering; opening it again may help.

    The message is one sentence for the user: which source, and what it does.
    """


@dataclass(frozen=True)
class Grab:
    """One picture from a source; ``image`` is the caller's own.

    ``image`` is height x width x 3, uint8, **RGB**. ``media_index`` counts from 0 at the start of
    the material (for a camera: since it was opened). ``time`` is in seconds on the source's own
    clock: ``time.perf_counter`` when a live source took it, otherwise since the material's start.
    """

    image: NDArray[np.uint8]
    media_index: int
    time: float


@dataclass(frozen=True)
class SourceInfo:
    """What a source really is, after it was opened.

    ``identity`` names the same camera or file again in a later session. ``width`` and ``height``
    are those of the pictures really delivered, in pixels. ``fps`` is the rate really obtained from
    a camera (until enough pictures came to measure it, what the driver says) and the nominal rate
    of a file; it is above 0. ``frame_count`` is what the container states, which can be a little
    off; None when it is unknown or the source is ``live``. ``missed`` is the size and rate that a
    camera was asked for, where it does not deliver them; else empty.
    """

    name: str
    identity: str
    width: int
    height: int
    fps: float
    live: bool
    frame_count: int | None
    missed: str = ""

    @property
    def mode(self) -> str:
        """For the status bar, such as ``FaceTime HD 1280×720@30``."""
        mode = f"{self.name} {self.width}×{self.height}@{self.fps:.0f}"
        return f"{mode} ({self.missed} was asked for)" if self.missed else mode


@dataclass(frozen=True)
class Playback:
    """Where in its material a file or folder is, and how it plays.

    ``index`` is the ``media_index`` of the frame shown last, ``count`` how many there are (None:
    the file does not say, and no place in it can be chosen), ``fps`` the nominal rate. ``speed``
    is 1 for the material's own. ``ended``: the last frame is shown, and none will follow.
    """

    index: int
    count: int | None
    fps: float
    speed: float
    looping: bool
    ended: bool

    @property
    def position(self) -> float:
        """Seconds since the beginning."""
        return self.index / self.fps

    @property
    def duration(self) -> float | None:
        """Seconds from beginning to end; None when that is not known."""
        return None if self.count is None else self.count / self.fps


class FrameSource(Protocol):
    """A source of pictures, used by one thread at a time.

    ``open`` → ``read`` until None → ``close``; it can be opened again after that, and then starts
    anew. ``read`` or ``rewind`` on a source that is not open is a RuntimeError.
    """

    @property
    def info(self) -> SourceInfo:
        """Known from the first ``open`` on (also while closed); a RuntimeError before."""

    def open(self) -> None:
        """Raises UserError when there is no such camera, file or folder, or it cannot be read."""

    def read(self) -> Grab | None:
        """The next picture, or None at the end of the material.

        A live source blocks until a picture is there, has no end, and raises SourceStalledError
        when none comes. Raises UserError for material that turns out to be broken.
        """

    def rewind(self) -> None:
        """Back to the first picture. A live source has none and just goes on."""

    def seek(self, index: int) -> None:
        """Go to the picture with that ``media_index``, or the last one where there are fewer.

        In a video of varying rate it is the one at ``index / info.fps`` seconds. A live source
        just goes on.
        """

    def close(self) -> None:
        """Let go of the device or file; does nothing when it is not open."""


# Later than this (the computer slept, a disk hung) the clip goes on from where it is.
_HOPELESS = 1.0


class Pacer:
    """Turns a file's times into moments of ``time.perf_counter``; it never waits itself.

    A frame that is late by no more than one frame's ``interval`` is shown at once; later ones are
    dropped until the clip is back on time. Where dropping does not help, as reading is slower than
    the clip, at least every other frame is shown and the clip runs slower.
    """

    def __init__(self, interval: float) -> None:
        self._interval = interval
        self._offset: float | None = None  # moment = time in the file + offset
        self._last_time = 0.0
        self._dropped_late = 0.0  # how late the frame before was, if it was dropped

    def restart(self) -> None:
        """The next frame is due at once (after a pause)."""
        self._offset = None

    def delay(self, media_time: float, now: float) -> float | None:
        """Seconds until the frame at ``media_time`` is due, 0 for at once, None to drop it.

        A ``media_time`` before the last one means that the clip began again: its first frame is
        due one interval after the last.
        """
        if self._offset is not None and media_time < self._last_time:
            self._offset += self._last_time + self._interval - media_time
        self._last_time = media_time
        if self._offset is None:
            self._offset = now - media_time
        late = now - (media_time + self._offset)
        if late <= self._interval:
            self._dropped_late = 0.0
            return max(0.0, -late)
        if late > _HOPELESS or 0 < self._dropped_late <= late:
            self._offset = now - media_time
            self._dropped_late = 0.0
            return 0.0
        self._dropped_late = late
        return None
