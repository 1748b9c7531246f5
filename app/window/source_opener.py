"""Opens what a person has chosen, dropped or had open the last time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PyQt6.QtCore import QObject, Qt, pyqtSignal
from PyQt6.QtGui import QDropEvent
from PyQt6.QtWidgets import QApplication

from app.settings import SourceChoice, SourceKind
from app.window.sources import Sources, open_choice
from model.errors import UserError


class SourceOpener(QObject):
    """Opens sources by choice; ``say`` gets the sentence when one cannot be opened.

    ``last_choice`` is what the user chose last with success, not what a program opened.
    """

    opened = pyqtSignal()

    def __init__(
        self, sources: Sources, say: Callable[[str], None], last_choice: SourceChoice | None
    ) -> None:
        super().__init__()
        self._say = say
        self._sources = sources
        self.last_choice = last_choice

    def choose(self, choice: SourceChoice) -> None:
        """Open what the user chose, and remember it for the next start."""
        if self.open(choice):
            self.last_choice = choice

    def open(self, choice: SourceChoice) -> bool:
        """Open ``choice``; False, and the current source goes on, when it cannot be opened."""
        QApplication.setOverrideCursor(Qt.CursorShape.WaitCursor)
        try:
            open_choice(self._sources, choice)
        except UserError as error:
            self._say(str(error))
            return False
        finally:
            QApplication.restoreOverrideCursor()
        self.opened.emit()
        return True


def dropped_choice(event: QDropEvent | None) -> SourceChoice | None:
    """The file or folder that a drag carries; None when it carries something else."""
    data = event.mimeData() if event is not None else None
    files = [url.toLocalFile() for url in data.urls() if url.isLocalFile()] if data else []
    if not files:
        return None
    kind = SourceKind.IMAGES if Path(files[0]).is_dir() else SourceKind.VIDEO
    return SourceChoice(kind, files[0])
