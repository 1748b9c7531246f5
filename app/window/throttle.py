"""Draws newest things at a bounded rate."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from PyQt6.QtCore import QObject, QTimer


class Throttle(QObject):
    """Calls ``action`` at most once per ``period`` seconds, and never loses the last request."""

    def __init__(self, period: float, action: Callable[[], None], parent: QObject) -> None:
        super().__init__(parent)
        self._period = period
        self._action = action
        self._acted_at = -math.inf
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._act)

    def request(self) -> None:
        """Ask for the action: now if the last one is old enough, else as soon as it is."""
        if self._timer.isActive():
            return
        wait = self._acted_at + self._period - time.perf_counter()
        if wait > 0:
            self._timer.start(math.ceil(1000 * wait))
        else:
            self._act()

    def _act(self) -> None:
        self._acted_at = time.perf_counter()
        self._action()
