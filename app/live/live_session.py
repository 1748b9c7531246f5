"""The running machinery: one ring, one capture thread, one worker, and the words between them."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import replace

from app.capture.capture_thread import CaptureThread
from app.capture.frame import Frame
from app.capture.ring import FrameRing
from app.capture.source import FrameSource, SourceInfo
from app.lifecycle import ThreadState
from app.live.engine import Engine, describe_network
from app.live.mailbox import (
    CancelOffline,
    ChoosePerson,
    Command,
    Compare,
    Configure,
    Reset,
    RunOffline,
    SetPersonalizing,
)
from app.live.records import (
    Comparison,
    NetworkInfo,
    Phase,
    PoseResult,
    Schedule,
    UpdateResult,
    WorkerStatus,
)
from app.live.worker import STOPPING_SECONDS, Worker
from model.errors import UserError
from model.personalization import preset

_OPENING_SECONDS = 20.0
_TYPICAL_FRAME_RATE = 30.0
_MESSAGES_KEPT = 32


class LiveSession:
    """Implements ``app.live.session.Session`` and opens sources for it.

    ``make_engine`` loads what the worker needs; it is called once here and again if the worker
    has to be started anew after a fault. ``schedule`` forces a schedule instead of measuring.
    """

    network: NetworkInfo

    def __init__(self, make_engine: Callable[[], Engine], schedule: Schedule | None = None) -> None:
        self._make_engine = make_engine
        self._schedule = schedule
        self._lock = threading.Lock()
        self._messages: deque[str] = deque(maxlen=_MESSAGES_KEPT)
        self._faulted = False
        self._standing: dict[type, Command] = {}
        self._capture: CaptureThread | None = None
        self._ring = FrameRing()
        engine = make_engine()
        self.network = describe_network(engine.network.spec, engine.weights_name)
        self._worker = self._start_worker(engine)

    def open(self, source: FrameSource, *, loop: bool) -> None:
        """Look at ``source`` from now on; the old one goes on if it cannot be opened (UserError).

        Another source shows another person: weights, memory and the person are forgotten.
        """
        capture = CaptureThread(
            source, self._ring, self._say, loop=loop, on_fault=self._capture_failed
        )
        capture.pause()
        capture.start()
        state = capture.wait_started(_OPENING_SECONDS)
        if state is not ThreadState.RUNNING:
            capture.stop(0.0)
            fault = capture.fault
            if isinstance(fault, UserError):
                self.take_messages()  # the same sentence, said by the thread
                raise fault
            raise UserError(
                "The source does not answer. Check that it is connected and not in use by another "
                "program, or choose another source."
            )
        if self._capture is not None:
            self._capture.stop()
        self._capture = capture
        self._post(Reset(forget=True))
        capture.resume()

    @property
    def source_info(self) -> SourceInfo | None:
        """What is really captured; None when nothing is open."""
        return self._capture.info if self._capture else None

    def latest_frame(self) -> Frame | None:
        return self._ring.latest()

    def frame(self, index: int) -> Frame | None:
        return self._ring.get(index)

    def latest_result(self) -> PoseResult | None:
        return self._worker.bulletin.latest_result()

    def take_results(self) -> list[PoseResult]:
        return self._worker.bulletin.take_results()

    def take_updates(self) -> list[UpdateResult]:
        return self._worker.bulletin.take_updates()

    def take_messages(self) -> list[str]:
        with self._lock:
            messages = list(self._messages)
            self._messages.clear()
            return messages

    def status(self) -> WorkerStatus:
        status = self._worker.bulletin.status()
        return replace(status, phase=Phase.FAULTED) if self._faulted else status

    def set_playing(self, playing: bool) -> None:
        if self._capture is not None:
            if playing:
                self._capture.resume()
            else:
                self._capture.pause()

    def set_personalizing(self, personalizing: bool) -> None:
        if not personalizing or self._can_personalize():
            self._set(SetPersonalizing(personalizing))

    def set_preset(self, name: str) -> None:
        self._set(Configure(preset(name).settings))

    def set_comparison(self, comparison: Comparison) -> None:
        self._set(Compare(comparison))

    def reset(self) -> None:
        if self._faulted:
            self._restart()
        else:
            self._post(Reset())

    def run_offline(self) -> None:
        if self._can_personalize():
            self._post(RunOffline())

    def cancel_offline(self) -> None:
        self._post(CancelOffline())

    def choose_person(self, x: float, y: float) -> None:
        self._post(ChoosePerson(x, y))

    def close(self) -> None:
        if self._capture is not None:
            self._capture.stop()
        self._worker.stop(STOPPING_SECONDS)
        self._ring.close()

    def _can_personalize(self) -> bool:
        if not self.network.personalizable:
            self._say(
                f"The network {self.network.variant!r} has no self-supervised task and cannot be "
                "personalized. Start with --weights of another variant."
            )
        return self.network.personalizable

    def _post(self, command: Command) -> None:
        self._worker.mailbox.post(command)

    def _set(self, command: Command) -> None:
        """Post a command that states how things shall be from now on, after a restart too."""
        self._standing[type(command)] = command
        self._post(command)

    def _start_worker(self, engine: Engine) -> Worker:
        info = self.source_info
        rate = info.fps if info else _TYPICAL_FRAME_RATE
        worker = Worker(engine, self._ring, rate, self._worker_failed, self._schedule)
        worker.start()
        return worker

    def _restart(self) -> None:
        """A worker that failed is replaced by a new one with the trained weights."""
        self._worker.stop(STOPPING_SECONDS)
        engine = self._make_engine()
        self._faulted = False
        self._worker = self._start_worker(engine)
        for command in self._standing.values():
            self._post(command)

    def _say(self, sentence: str) -> None:
        with self._lock:
            self._messages.append(sentence)

    def _capture_failed(self, error: Exception) -> None:
        self._say(str(error) if isinstance(error, UserError) else f"The source stopped: {error}.")

    def _worker_failed(self, error: Exception) -> None:
        self._faulted = True
        self._say(
            f"Predicting or personalizing failed ({type(error).__name__}: {error}). "
            "Press Reset to start it again."
        )
