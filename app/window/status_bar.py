"""The line of numbers at the bottom of the window."""

from __future__ import annotations

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QLabel, QStatusBar

from app.live.records import WorkerStatus
from app.window.chip import count
from app.window.elided_label import ElidedLabel

_HEIGHT = 24


class StatusBar(QStatusBar):
    """Device, schedule and camera mode on the left, counts and rates on the right.

    Every number has a place of its own, wide enough for its usual range, so that a digit more or
    less moves nothing.
    """

    def __init__(self) -> None:
        super().__init__()
        self.setSizeGripEnabled(False)
        self.setFixedHeight(_HEIGHT)
        self._machine = ElidedLabel()
        self._machine.setAccessibleName("Device, schedule and source")
        self._machine.setContentsMargins(10, 0, 8, 0)
        self.addWidget(self._machine, 1)
        self._updates = self._number("00,000 updates", "Personalization updates so far")
        self._predictions = self._number("000 predictions/s", "Frames predicted in a second")
        self._pairs = self._number("000.0 pairs/s", "Target-source pairs learnt from in a second")
        self._latency = self._number(
            "0000 ms", "Time from capture to result; 95 of 100 results are faster"
        )
        self._dropped = self._number("00,000 dropped", "Frames captured but never predicted")
        self._dropped.setContentsMargins(0, 0, 10, 0)
        self.show_status(WorkerStatus(), "")

    def show_status(self, status: WorkerStatus, mode: str) -> None:
        """Show the worker's numbers and the source's ``mode`` (empty when nothing is open)."""
        schedule = status.schedule.value if status.schedule else ""
        machine = " · ".join(word for word in (status.device, schedule, mode) if word)
        self._machine.setText(machine)
        self._machine.setToolTip("\n".join(filter(None, (machine, status.schedule_reason))))
        self._updates.setText(count(status.updates, "update"))
        self._predictions.setText(f"{status.predictions_per_second:.0f} predictions/s")
        self._pairs.setText(f"{status.pairs_per_second:.1f} pairs/s")
        self._latency.setText(f"{status.latency_p95 * 1000:.0f} ms")
        self._dropped.setText(f"{status.dropped:,} dropped")

    def text(self) -> str:
        """The whole line as it reads."""
        numbers = (self._updates, self._predictions, self._pairs, self._latency, self._dropped)
        return " · ".join(filter(None, (self._machine.text(), *(n.text() for n in numbers))))

    def _number(self, widest: str, meaning: str) -> QLabel:
        label = QLabel()
        label.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        label.setMinimumWidth(self.fontMetrics().horizontalAdvance(widest) + 16)
        label.setToolTip(meaning)
        label.setAccessibleDescription(meaning)
        self.addPermanentWidget(label)
        return label
