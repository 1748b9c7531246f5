"""Goes from one source to another, however long that one takes to open."""

from __future__ import annotations

import threading
from collections.abc import Callable

from app.runtime.capture.capture_thread import CaptureThread
from app.runtime.capture.ring import FrameRing
from app.runtime.capture.source import FrameSource, SourceInfo
from app.runtime.lifecycle import ThreadState
from model.core.errors import UserError

OPENING_SECONDS = 20.0
"""A source that has not answered for so long does not answer."""


class SourceChangedError(UserError):
    """A source was opened too late: a newer one was chosen meanwhile, or all is closed."""


class SourceSwitch:
    """Feeds ``ring`` from one source at a time. Every method may be called from any thread.

    ``say`` gets sentences for the user, ``failed`` what ended the source that is shown; of one
    that is not shown yet, or not any more, nobody hears. ``cut`` hears of the ring's index of a
    frame that does not follow the one before, as a person chose another place of a file.
    """

    def __init__(
        self,
        ring: FrameRing,
        say: Callable[[str], None],
        failed: Callable[[Exception], None],
        cut: Callable[[int], None] = lambda index: None,
    ) -> None:
        self._ring = ring
        self._say = say
        self._failed = failed
        self._cut = cut
        self._lock = threading.Lock()
        self._chosen = 0
        self._capture: CaptureThread | None = None

    @property
    def info(self) -> SourceInfo | None:
        """What is really captured; None when nothing is open."""
        capture = self._capture
        return capture.info if capture else None

    def open(self, source: FrameSource, *, loop: bool) -> CaptureThread:
        """Put ``source``, paused, in the place of the one before; takes as long as it takes.

        Raises:
            UserError: it cannot be opened, and the one before goes on.
            SourceChangedError: another call was begun after this one.
        """
        early: list[Exception] = []

        def failed(error: Exception) -> None:
            with self._lock:
                shown = self._capture is capture
                if not shown:
                    early.append(error)
            if shown:
                self._failed(error)

        capture = CaptureThread(source, self._ring, self._say, loop, failed, self._cut)
        with self._lock:
            self._chosen += 1
            number = self._chosen
        capture.pause()
        capture.start()
        if capture.wait_started(OPENING_SECONDS) is not ThreadState.RUNNING:
            capture.stop(0.0)
            fault = capture.fault
            if isinstance(fault, UserError):
                raise fault
            if fault is not None:
                raise UserError(
                    f"The source cannot be read ({fault}). Check it, or choose another one."
                ) from fault
            raise UserError(
                "The source does not answer. Check that it is connected and not in use by another "
                "program, or choose another source."
            )
        with self._lock:
            newest, former = number == self._chosen, self._capture
            if newest:
                self._capture = capture
        if not newest:
            capture.stop()
            raise SourceChangedError("Another source was chosen meanwhile.")
        for error in early:  # it failed between its first picture and now
            self._failed(error)
        if former is not None:
            former.stop()
        return capture

    @property
    def capture(self) -> CaptureThread | None:
        """The thread of the source that is shown; None when nothing is open."""
        return self._capture

    def set_playing(self, playing: bool) -> None:
        """Go on with the source, or hold it."""
        capture = self._capture
        if capture is not None:
            (capture.resume if playing else capture.pause)()

    def close(self) -> None:
        """Stop the source; those that are on the way are not shown any more."""
        with self._lock:
            self._chosen += 1
            former, self._capture = self._capture, None
        if former is not None:
            former.stop()
