"""Offers at the start what the last run could not finish: recordings without an end."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PyQt6.QtCore import QObject, pyqtSignal
from PyQt6.QtWidgets import QAbstractButton, QMessageBox, QWidget

from app.gui.language import tr
from app.gui.widgets import clock
from app.runtime.lifecycle import Task
from app.runtime.recordings.take import UnfinishedTake, delete, find_unfinished, keep, recover
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
        many = len(takes) > 1
        box.setWindowTitle(tr("Unfinished recordings") if many else tr("Unfinished recording"))
        box.setText(_question(takes))
        box.setInformativeText(
            tr(
                "The video can be played as it is. Recover adds the files of poses that a finished "
                "recording has; Keep changes nothing and does not ask again."
            )
        )
        roles = QMessageBox.ButtonRole
        answers: dict[QAbstractButton | None, Callable[[UnfinishedTake], str]] = {
            box.addButton(tr("Recover"), roles.AcceptRole): _recover,
            box.addButton(tr("Keep"), roles.ActionRole): _keep,
            box.addButton(tr("Delete"), roles.DestructiveRole): _delete,
        }
        # The next start asks again.
        box.addButton(tr("Later"), roles.RejectRole)
        box.finished.connect(lambda _: self._do(answers.get(box.clickedButton()), takes))
        box.finished.connect(box.deleteLater)
        box.open()
        self.asked.emit(box)

    def _do(self, do: Callable[[UnfinishedTake], str] | None, takes: list[UnfinishedTake]) -> None:
        if do is None:
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
    names = ", ".join(named)
    if len(takes) == 1:
        return tr(
            "The program ended before a recording was finished: {names}. What shall become of it?",
            names=names,
        )
    if len(takes) > _NAMED:
        names = tr("{names} and {count} more", names=names, count=len(takes) - _NAMED)
    return tr(
        "The program ended before these recordings were finished: {names}. What shall become of "
        "them?",
        names=names,
    )


def _recover(take: UnfinishedTake) -> str:
    status = recover(take)
    return tr(
        "Recovered {seconds} s ({frames} frames) in {folder}.",
        seconds=f"{status.seconds:.0f}",
        frames=status.frames,
        folder=take.folder,
    )


def _keep(take: UnfinishedTake) -> str:
    keep(take)
    return tr("The unfinished recording stays in {folder}.", folder=take.folder)


def _delete(take: UnfinishedTake) -> str:
    delete(take)
    return tr("Deleted the unfinished recording {name}.", name=take.folder.name)
