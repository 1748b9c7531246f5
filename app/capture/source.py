"""What every source of frames offers, be it a camera, a video file or a folder of pictures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


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
    off; None when it is unknown or the source is ``live``.
    """

    name: str
    identity: str
    width: int
    height: int
    fps: float
    live: bool
    frame_count: int | None

    @property
    def mode(self) -> str:
        """For the status bar, such as ``FaceTime HD 1280×720@30``."""
        return f"{self.name} {self.width}×{self.height}@{self.fps:.0f}"


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

    def close(self) -> None:
        """Let go of the device or file; does nothing when it is not open."""
