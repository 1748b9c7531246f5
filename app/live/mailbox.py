"""How threads that own things are told what to do: small commands, in order, never shared flags."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass

from app.live.records import Comparison
from model.personalization import PersonalizationSettings


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


Command = SetPersonalizing | Configure | Reset | RunOffline | CancelOffline | ChoosePerson | Compare


class Mailbox:
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
