"""What a report of an error needs, as text in the clipboard."""

from __future__ import annotations

from collections.abc import Callable

from PyQt6.QtCore import QObject, pyqtSignal
from PyQt6.QtWidgets import QApplication

from app.diagnosis import as_text, diagnose
from app.gui.application import log_path, newest_log
from app.runtime.lifecycle import Task

_COPIED = (
    "The diagnostics are in the clipboard. Paste them into your report; no picture is in them."
)


class Diagnostics(QObject):
    """Gathers them beside the window, which takes seconds; ``say`` hears when they are there."""

    _gathered = pyqtSignal(str)

    def __init__(self, parent: QObject, say: Callable[[str], None]) -> None:
        super().__init__(parent)
        self._say = say
        self._gathered.connect(self._take)

    def copy(self) -> None:
        """Put them into the clipboard, soon."""
        self._say("Looking at this machine …")
        Task("app-diagnostics", lambda: self._gathered.emit(_text())).start()

    def _take(self, text: str) -> None:
        if (clipboard := QApplication.clipboard()) is not None:
            clipboard.setText(text)
        self._say(_COPIED)


def _text() -> str:
    log = newest_log(log_path()).strip()
    return f"{as_text(diagnose())}\n\nThe newest errors:\n{log or 'none'}\n"
