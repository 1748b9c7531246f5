"""The thread that takes frames from a source into the ring, and goes from one source to another."""

from __future__ import annotations

import itertools
import math
import threading
import time
from collections.abc import Callable

from app.runtime.capture.ring import FrameRing
from app.runtime.capture.source import (
    FrameSource,
    Grab,
    Pacer,
    Playback,
    SourceInfo,
    SourceStalledError,
)
from app.runtime.lifecycle import ManagedThread, ThreadState
from model.core.errors import UserError

RECONNECT_DELAYS = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Seconds before each attempt to reopen a stalled source; the last one repeats."""


class CaptureThread(ManagedThread):
    """Owns ``source`` from opening to closing and feeds ``ring``, blocked by nobody.

    A file is paced at its own times, and begins again at its end if ``loop`` is set; else ``ended``
    is true then, until another place is chosen. A live source that stalls is reopened until it
    answers, and is ``silent`` meanwhile. ``on_message`` gets sentences for the user, in this
    thread. ``on_cut`` hears, before it is put, of the ring's index of a frame that does not follow
    the one before, for somebody chose another place.
    """

    def __init__(
        self,
        source: FrameSource,
        ring: FrameRing,
        on_message: Callable[[str], None],
        loop: bool = False,
        on_fault: Callable[[Exception], None] | None = None,
        on_cut: Callable[[int], None] = lambda index: None,
    ) -> None:
        super().__init__("app-capture", on_fault)
        self._source = source
        self._ring = ring
        self._on_message = on_message
        self._on_cut = on_cut
        self._loop = loop
        self._info: SourceInfo | None = None
        self._paused = False
        self._ended = False
        self._dropped = 0
        self._stalled = False
        self._pacer = Pacer(1.0)
        self._speed = 1.0
        self._shown = -1  # the media index of the frame put last
        self._wanted: int | None = None  # that of the frame to be put next, whatever the time is
        self._cut = False  # whether the wanted frame is far from the one before

    @property
    def info(self) -> SourceInfo | None:
        """What the source really is; None until it was opened."""
        return None if self._info is None else self._source.info

    @property
    def paused(self) -> bool:
        with self._condition:
            return self._paused

    @property
    def ended(self) -> bool:
        """Whether the material's last frame was shown, and none follows."""
        with self._condition:
            return self._ended

    @property
    def silent(self) -> bool:
        """Whether the source failed, or is waited for to answer again."""
        with self._condition:
            return self._stalled or self._life is ThreadState.FAULTED

    @property
    def playback(self) -> Playback | None:
        """Where a file is; None for a live source, or before it was opened."""
        info = self.info
        if info is None or info.live:
            return None
        with self._condition:
            return Playback(
                index=max(0, self._shown if self._wanted is None else self._wanted),
                count=info.frame_count,
                fps=info.fps,
                speed=self._speed,
                looping=self._loop,
                ended=self._ended,
            )

    @property
    def dropped(self) -> int:
        """How many frames of a file were left out to stay on time."""
        with self._condition:
            return self._dropped

    def pause(self) -> None:
        """Put nothing into the ring until ``resume``; a file stays where it is."""
        with self._condition:
            self._paused = True

    def resume(self) -> None:
        """Go on; a file at its end begins again."""
        with self._condition:
            self._paused = False
            self._pacer.restart()
            if self._ended:
                self._wanted = 0
            self._condition.notify_all()

    def seek(self, index: int) -> None:
        """Show the frame with that ``media_index`` as soon as possible, also while paused.

        Of several places chosen at once, the last one counts. A live source just goes on.
        """
        self._go_to(lambda _now: index, cut=True)

    def step(self, frames: int) -> None:
        """Pause, and show the frame that many after (or before) the one shown."""
        self.pause()
        self._go_to(lambda now: now + frames, cut=False)

    def set_speed(self, speed: float) -> None:
        """Play a file that many times as fast as it was taken; 1 is its own speed."""
        if not 0 < speed < math.inf:
            raise ValueError(f"a speed is above 0, not {speed}")
        with self._condition:
            self._speed = speed
            if self._info is not None:
                self._pacer = Pacer(1 / (self._info.fps * speed))
            self._condition.notify_all()

    def set_loop(self, loop: bool) -> None:
        """Whether a file begins again at its end."""
        with self._condition:
            self._loop = loop
            if loop and self._ended:
                self._wanted = 0
            self._condition.notify_all()

    def begin_again(self) -> None:
        """Play a file from its start; a camera just goes on."""
        self._go_to(lambda _now: 0, cut=False)

    def prepare(self) -> None:
        self._source.open()
        self._info = self._source.info
        self.set_speed(self._speed)

    def work(self) -> None:
        assert self._info is not None
        if self._info.live:
            self._follow_camera()
        else:
            self._play_file()

    def finish(self) -> None:
        self._source.close()

    def _follow_camera(self) -> None:
        while not self.stopping:
            try:
                grab = self._source.read()
            except SourceStalledError as stall:
                self._reconnect(stall)
                continue
            if grab is None:
                raise RuntimeError("a live source came to an end")
            # Reading goes on while paused: a camera would hand out stale pictures afterwards.
            if not self.paused:
                self._ring.put(grab.image, grab.time)

    def _reconnect(self, stall: SourceStalledError) -> None:
        name = self._source.info.name
        self._set_stalled(True)
        self._on_message(f"{stall} Trying to reconnect.")
        self._source.close()
        for delay in itertools.chain(RECONNECT_DELAYS, itertools.repeat(RECONNECT_DELAYS[-1])):
            if self._rest(delay):
                return
            try:
                self._source.open()
            except UserError:
                continue  # not back yet, which the user has been told
            self._set_stalled(False)
            self._on_message(f"{name} is back.")
            return

    def _set_stalled(self, stalled: bool) -> None:
        with self._condition:
            self._stalled = stalled

    def _play_file(self) -> None:
        while not self.stopping:
            grab = self._next_grab()
            if grab is None:
                self._await_other_place()
            elif self._await_turn(grab):
                self._put(grab)

    def _next_grab(self) -> Grab | None:
        """The frame that was asked for, or the next; None at the end."""
        with self._condition:
            wanted, loop = self._wanted, self._loop
        if wanted is not None:
            self._source.seek(wanted)
        grab = self._source.read()
        if grab is None and loop:
            self._source.rewind()
            grab = self._source.read()
        if wanted is not None and grab is not None:
            with self._condition:
                # A file may have fewer frames than it says.
                if self._wanted == wanted:
                    self._wanted = grab.media_index
        return grab

    def _await_other_place(self) -> None:
        """Wait at the end of the material until there is something to show again."""
        with self._condition:
            self._ended, self._wanted = True, None
            self._condition.notify_all()
            self._condition.wait_for(lambda: self._stopping or self._wanted is not None)
            self._ended = False

    def _await_turn(self, grab: Grab) -> bool:
        """Wait until the frame is due; False when it is not to be shown after all."""
        with self._condition:
            while not self._stopping:
                if self._wanted is not None:
                    return self._wanted == grab.media_index
                if self._paused:
                    self._condition.wait()
                    continue
                delay = self._pacer.delay(grab.time / self._speed, time.perf_counter())
                if delay is None:
                    self._dropped += 1
                    return False
                if delay == 0:
                    return True
                self._condition.wait(delay)
            return False

    def _put(self, grab: Grab) -> None:
        with self._condition:
            chosen = self._wanted == grab.media_index
            cut = chosen and self._cut
            if chosen:
                self._wanted, self._cut = None, False
                self._pacer.restart()
            self._shown = grab.media_index
        if cut:
            self._on_cut(self._ring.held().stop)
        self._ring.put(grab.image, time.perf_counter(), grab.media_index)

    def _go_to(self, place: Callable[[int], int], *, cut: bool) -> None:
        """Show next the frame whose index ``place`` makes of the present one."""
        with self._condition:
            if self._info is None or self._info.live:
                return
            now = self._shown if self._wanted is None else self._wanted
            last = math.inf if self._info.frame_count is None else self._info.frame_count - 1
            self._wanted = int(min(max(0, place(now)), last))
            self._cut = self._cut or cut
            self._condition.notify_all()


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
