"""The timer that pulls the newest frame and result, and knows how late it fires."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

import numpy as np
from PyQt6.QtCore import QObject, Qt, QTimer, pyqtSignal

INTERVAL_MS = 33
_REMEMBERED = 4096


class WindowTimer(QObject):
    """Fires ``tick`` about 30 times a second.

    How late it fires is what a person feels as stutter: it grows when anything keeps the window's
    thread, or the cores it needs, busy.
    """

    tick = pyqtSignal()

    def __init__(
        self, parent: QObject | None = None, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        super().__init__(parent)
        self._clock = clock
        self._last: float | None = None
        self._lateness_ms: deque[float] = deque(maxlen=_REMEMBERED)
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(INTERVAL_MS)
        self._timer.timeout.connect(self._fire)

    def start(self) -> None:
        """Begin to fire; lateness is counted from the second firing on."""
        self._last = None
        self._timer.start()

    def stop(self) -> None:
        self._timer.stop()

    def forget_lateness(self) -> None:
        """Count lateness afresh from now on."""
        self._lateness_ms.clear()

    def lateness_p95_ms(self) -> float:
        """95th percentile of how late the timer fired, in milliseconds, over the last minutes.

        0 while it has fired less than twice.
        """
        return float(np.percentile(self._lateness_ms, 95)) if self._lateness_ms else 0.0

    def _fire(self) -> None:
        now = self._clock()
        if self._last is not None:
            self._lateness_ms.append(max(0.0, (now - self._last) * 1000 - INTERVAL_MS))
        self._last = now
        self.tick.emit()
