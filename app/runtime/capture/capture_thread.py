"""The thread that takes frames from a source and puts them into the ring."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable

from app.runtime.capture.ring import FrameRing
from app.runtime.capture.source import FrameSource, Grab, Pacer, SourceInfo, SourceStalledError
from app.runtime.lifecycle import ManagedThread
from model.core.errors import UserError

RECONNECT_DELAYS = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Seconds before each attempt to reopen a stalled source; the last one repeats."""


class CaptureThread(ManagedThread):
    """Owns ``source`` from opening to closing and feeds ``ring``, blocked by nobody.

    A file is paced at its own times, and begins again at its end if ``loop`` is set. A live source
    that stalls is reopened until it answers. ``on_message`` gets sentences for the user, in this
    thread. Where the material ends, the thread ends, and ``ended`` is true.
    """

    def __init__(
        self,
        source: FrameSource,
        ring: FrameRing,
        on_message: Callable[[str], None],
        loop: bool = False,
        on_fault: Callable[[Exception], None] | None = None,
    ) -> None:
        super().__init__("app-capture", on_fault)
        self._source = source
        self._ring = ring
        self._on_message = on_message
        self._loop = loop
        self._info: SourceInfo | None = None
        self._paused = False
        self._again = False
        self._ended = False
        self._dropped = 0

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
        """Whether the thread ended because the material did."""
        with self._condition:
            return self._ended

    @property
    def dropped(self) -> int:
        """How many frames of a file were left out to stay on time."""
        with self._condition:
            return self._dropped

    def pause(self) -> None:
        """Put nothing into the ring until ``resume``; a file stays where it is."""
        self._set_paused(True)

    def resume(self) -> None:
        self._set_paused(False)

    def begin_again(self) -> None:
        """Play a file from its start; a camera just goes on."""
        with self._condition:
            self._again = True
            self._condition.notify_all()

    def prepare(self) -> None:
        self._source.open()
        self._info = self._source.info

    def work(self) -> None:
        assert self._info is not None
        if self._info.live:
            self._follow_camera()
        else:
            self._play_file(Pacer(1 / self._info.fps))

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
        self._on_message(f"{stall} Trying to reconnect.")
        self._source.close()
        for delay in itertools.chain(RECONNECT_DELAYS, itertools.repeat(RECONNECT_DELAYS[-1])):
            if self._rest(delay):
                return
            try:
                self._source.open()
            except UserError:
                continue  # not back yet, which the user has been told
            self._on_message(f"{name} is back.")
            return

    def _play_file(self, pacer: Pacer) -> None:
        while not self.stopping:
            if self._takes_again():
                self._source.rewind()
                pacer.restart()
            grab = self._source.read()
            if grab is None and self._loop:
                self._source.rewind()
                grab = self._source.read()
            if grab is None:
                with self._condition:
                    self._ended = True
                return
            if self._await_turn(grab, pacer):
                self._ring.put(grab.image, time.perf_counter(), grab.media_index)

    def _await_turn(self, grab: Grab, pacer: Pacer) -> bool:
        """Wait until the frame is due; False when it is not to be shown after all."""
        with self._condition:
            while not self._stopping and not self._again:
                if self._paused:
                    self._condition.wait()
                    pacer.restart()
                    continue
                delay = pacer.delay(grab.time, time.perf_counter())
                if delay is None:
                    self._dropped += 1
                    return False
                if delay == 0:
                    return True
                self._condition.wait(delay)
            return False

    def _takes_again(self) -> bool:
        """Whether the file is to begin again, once."""
        with self._condition:
            again, self._again = self._again, False
            return again

    def _set_paused(self, paused: bool) -> None:
        with self._condition:
            self._paused = paused
            self._condition.notify_all()
