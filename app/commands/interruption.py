"""Ctrl+C while a run goes on."""

from __future__ import annotations

import signal
from types import FrameType


class Interruption:
    """Turns the first Ctrl+C into a question that is answered between steps."""

    def __init__(self) -> None:
        self._asked = False

    def asked(self) -> bool:
        return self._asked

    def __enter__(self) -> Interruption:
        self._former = signal.signal(signal.SIGINT, self._stop)
        return self

    def __exit__(self, *error: object) -> None:
        signal.signal(signal.SIGINT, self._former)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self._asked = True
        # A second Ctrl+C does not wait for the step to end.
        signal.signal(signal.SIGINT, self._former)
