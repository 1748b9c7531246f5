"""The life of a thread, spelt out, and the queue of commands by which it is told what to do."""

from __future__ import annotations

import contextlib
import enum
import logging
import os
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from app.runtime.live.change import ChangeReport
from app.runtime.live.results import Comparison
from model.adaptation import Learnt, PersonalizationSettings
from model.core.errors import UserError

_NICENESS = 5

_log = logging.getLogger(__name__)


class ThreadState(enum.Enum):
    """Where a thread is in its life."""

    STOPPED = "stopped"
    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"
    FAULTED = "faulted"


class ManagedThread(threading.Thread):
    """A thread that says what state it is in and always ends when asked.

    A subclass writes ``prepare`` (state STARTING: acquire what is needed), ``work`` (RUNNING: the
    loop, which returns soon after ``stopping`` is true) and ``finish`` (release; always runs, also
    after a ``prepare`` that failed half-way). It waits only on ``self._condition``, which guards
    its own flags too, or on things that its ``wake`` releases.

    An exception ends the thread, not the application: the state becomes FAULTED, ``fault`` keeps
    the exception, and ``on_fault`` is called with it, in this thread. A thread runs once; to start
    again, make a new one.
    """

    def __init__(self, name: str, on_fault: Callable[[Exception], None] | None = None) -> None:
        # A driver can block for ever in C; that must not keep the process from ending.
        super().__init__(name=name, daemon=True)
        self._condition = threading.Condition()
        self._life = ThreadState.STOPPED
        self._stopping = False
        self._fault: Exception | None = None
        self._on_fault = on_fault

    @property
    def state(self) -> ThreadState:
        with self._condition:
            return self._life

    @property
    def fault(self) -> Exception | None:
        """What ended the thread, when its state is FAULTED."""
        with self._condition:
            return self._fault

    @property
    def stopping(self) -> bool:
        """Whether the thread has been asked to end."""
        with self._condition:
            return self._stopping

    def start(self) -> None:
        with self._condition:
            if self.ident is None:
                self._life = ThreadState.STARTING
        super().start()

    def stop(self, timeout: float = 5.0) -> bool:
        """Ask the thread to end and wait for it at most ``timeout`` seconds.

        Returns whether it has ended; if not (a driver that blocks), it ends by itself later.
        """
        with self._condition:
            self._stopping = True
            if self._life in (ThreadState.STARTING, ThreadState.RUNNING):
                self._life = ThreadState.STOPPING
        self.wake()
        if self.ident is None:
            return True
        self.join(timeout)
        return not self.is_alive()

    def wake(self) -> None:
        """Release the thread from whatever it waits for, so that it looks at its flags."""
        with self._condition:
            self._condition.notify_all()

    def wait_started(self, timeout: float) -> ThreadState:
        """Wait at most ``timeout`` seconds until ``prepare`` is over; return the state then."""
        with self._condition:
            self._condition.wait_for(lambda: self._life is not ThreadState.STARTING, timeout)
            return self._life

    def prepare(self) -> None:
        """Acquire what the work needs."""

    def work(self) -> None:
        """The loop; returns when there is no more to do or ``stopping`` is true."""
        raise NotImplementedError

    def finish(self) -> None:
        """Release what ``prepare`` acquired."""

    def run(self) -> None:
        try:
            try:
                self.prepare()
                if self._enter_running():
                    self.work()
            finally:
                self.finish()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is kept and reported
            self._end(ThreadState.FAULTED, error)
            if not isinstance(error, UserError):
                _log.error("thread %s failed", self.name, exc_info=error)
            if self._on_fault is not None:
                self._on_fault(error)
        else:
            self._end(ThreadState.STOPPED)

    def _rest(self, seconds: float) -> bool:
        """Wait ``seconds``, or less when the thread is asked to end; return whether it was."""
        with self._condition:
            return self._condition.wait_for(lambda: self._stopping, seconds)

    def _enter_running(self) -> bool:
        with self._condition:
            if self._stopping:
                return False
            self._life = ThreadState.RUNNING
            self._condition.notify_all()
            return True

    def _end(self, state: ThreadState, fault: Exception | None = None) -> None:
        with self._condition:
            self._life = state
            self._fault = fault
            self._condition.notify_all()


class Task(ManagedThread):
    """Does one thing beside the caller, from beginning to end."""

    def __init__(
        self,
        name: str,
        do: Callable[[], None],
        on_fault: Callable[[Exception], None] | None = None,
    ) -> None:
        super().__init__(name, on_fault)
        self._do = do

    def work(self) -> None:
        self._do()


def yield_to_other_threads() -> None:
    """Let the window and the predictions go before the calling thread.

    Does something only where threads have priorities of their own (Linux).
    """
    if hasattr(os, "setpriority") and os.uname().sysname == "Linux":
        with contextlib.suppress(PermissionError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)


@dataclass(frozen=True)
class SetPersonalizing:
    """Personalize on the live frames, or stop and keep the weights as they are."""

    on: bool


@dataclass(frozen=True)
class Configure:
    """Use these settings from now on; implies a reset."""

    settings: PersonalizationSettings


@dataclass(frozen=True)
class Reset:
    """Back to the trained weights. ``forget`` also drops the remembered views and the person."""

    forget: bool = False


@dataclass(frozen=True)
class UndoReset:
    """Bring back what the last reset, or the last profile that was loaded, took away."""


@dataclass(frozen=True)
class LoadProfile:
    """Go on from what was learnt before.

    ``settings`` take the place of the present ones where these leave alone what was changed then.
    """

    learnt: Learnt
    settings: PersonalizationSettings


@dataclass(frozen=True)
class SaveProfile:
    """Give away what has been learnt, and with which settings; called by whoever learns."""

    deliver: Callable[[Learnt, PersonalizationSettings], None]


@dataclass(frozen=True)
class TellChange:
    """Compare before and after on the last frames; told by whoever learns, None: nothing to."""

    deliver: Callable[[ChangeReport | None], None]


@dataclass(frozen=True)
class RunOffline:
    """Personalize over everything remembered."""


@dataclass(frozen=True)
class CancelOffline:
    """End an offline run early and keep what it has learnt."""


@dataclass(frozen=True)
class ChoosePerson:
    """Follow the person at this point (pixels of the frame)."""

    x: float
    y: float


@dataclass(frozen=True)
class Compare:
    """How often to predict with the trained weights too."""

    comparison: Comparison


StartOver = Reset | Configure | UndoReset | LoadProfile
"""Commands after which other weights predict, whatever was being learnt."""

Command = (
    StartOver
    | SetPersonalizing
    | SaveProfile
    | TellChange
    | RunOffline
    | CancelOffline
    | ChoosePerson
    | Compare
)


class CommandQueue:
    """Commands for one thread, in the order they were posted."""

    def __init__(self) -> None:
        self._commands: deque[Command] = deque()
        self._condition = threading.Condition()
        self._closed = False

    def post(self, command: Command) -> None:
        with self._condition:
            self._commands.append(command)
            self._condition.notify_all()

    def take(self) -> list[Command]:
        """All commands waiting, oldest first."""
        with self._condition:
            commands = list(self._commands)
            self._commands.clear()
            return commands

    def wait(self) -> None:
        """Wait until there is a command or the box is closed."""
        with self._condition:
            self._condition.wait_for(lambda: self._commands or self._closed)

    def close(self) -> None:
        """Release whoever waits, now and later."""
        with self._condition:
            self._closed = True
            self._condition.notify_all()
