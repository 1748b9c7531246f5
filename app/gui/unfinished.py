"""Offers at the start what the last run could not finish: recordings without an end."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PyQt6.QtCore import QObject, pyqtSignal
from PyQt6.QtWidgets import QAbstractButton, QMessageBox, QWidget

from app.gui.widgets import clock
from app.runtime.lifecycle import Task
from app.runtime.recordings.unfinished import UnfinishedTake, delete, find_unfinished, keep, recover
from model.core.errors import UserError

_NAMED = 3


class UnfinishedTakes(QObject):
    """Looks for them beside the window, asks once about all of them, and does what is answered.

    ``say`` gets what became of each.
    """

    asked = pyqtSignal(object)
    """The question, a QMessageBox, when there is one."""
    _found = pyqtSignal(object)
    _said = pyqtSignal(str)

    def __init__(self, parent: QWidget, say: Callable[[str], None]) -> None:
        super().__init__(parent)
        self._parent = parent
        self._found.connect(self._ask)
        self._said.connect(say)

    def offer(self, folder: Path) -> None:
        """Look in a folder of takes; returns at once."""

        def look() -> None:
            takes = [take for take in find_unfinished(folder) if take.frames]
            if takes:
                self._found.emit(takes)

        Task("app-unfinished", look).start()

    def _ask(self, takes: list[UnfinishedTake]) -> None:
        box = QMessageBox(self._parent)
        box.setIcon(QMessageBox.Icon.Question)
        box.setWindowTitle("Unfinished recording" + ("s" if len(takes) > 1 else ""))
        box.setText(_question(takes))
        box.setInformativeText(
            "The video can be played as it is. Recover adds the files of poses that a finished "
            "recording has; Keep changes nothing and does not ask again."
        )
        roles = QMessageBox.ButtonRole
        for text, role in (
            ("Recover", roles.AcceptRole),
            ("Keep", roles.ActionRole),
            ("Delete", roles.DestructiveRole),
            ("Later", roles.RejectRole),
        ):
            box.addButton(text, role)
        box.finished.connect(lambda _: self._do(box.clickedButton(), takes))
        box.finished.connect(box.deleteLater)
        box.open()
        self.asked.emit(box)

    def _do(self, button: QAbstractButton | None, takes: list[UnfinishedTake]) -> None:
        do = None if button is None else _ANSWERS.get(button.text())
        if do is None:  # later: the next start asks again
            return

        def task() -> None:
            for take in takes:
                try:
                    self._said.emit(do(take))
                except UserError as error:
                    self._said.emit(str(error))

        Task("app-unfinished", task).start()


def _question(takes: list[UnfinishedTake]) -> str:
    named = [f"{take.folder.name} ({clock(take.seconds)})" for take in takes[:_NAMED]]
    more = f" and {len(takes) - _NAMED} more" if len(takes) > _NAMED else ""
    one = len(takes) == 1
    return (
        f"The program ended before {'a recording was' if one else 'these recordings were'} "
        f"finished: {', '.join(named)}{more}. What shall become of {'it' if one else 'them'}?"
    )


def _recover(take: UnfinishedTake) -> str:
    status = recover(take)
    return f"Recovered {status.seconds:.0f} s ({status.frames} frames) in {take.folder}."


def _keep(take: UnfinishedTake) -> str:
    keep(take)
    return f"The unfinished recording stays in {take.folder}."


def _delete(take: UnfinishedTake) -> str:
    delete(take)
    return f"Deleted the unfinished recording {take.folder.name}."


_ANSWERS = {"Recover": _recover, "Keep": _keep, "Delete": _delete}
