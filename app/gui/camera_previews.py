"""All cameras side by side, to choose one by what it sees."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PyQt6.QtCore import QObject, QRectF, QSize, Qt, QTimer, pyqtSignal
from PyQt6.QtGui import QColor, QIcon, QPainter, QPixmap
from PyQt6.QtWidgets import QDialog, QGridLayout, QToolButton, QWidget

from app.gui import colours
from app.gui.language import tr
from app.gui.painting import to_qimage
from app.gui.theme import paint_icon
from app.runtime.capture.camera import Preview
from app.runtime.lifecycle import Task

_INTERVAL_MS = 100
_PICTURE = QSize(288, 216)
_COLUMNS = 3
_SIGN = 40  # pixels


class _Ending(QObject):
    """Stops previews beside the window, since a driver may take seconds for it."""

    over = pyqtSignal()

    def begin(self, previews: Sequence[Preview]) -> None:
        def stop() -> None:
            for preview in previews:
                preview.stop()
            self.over.emit()

        Task("app-previews", stop).start()


class CameraPreviews(QDialog):
    """A live picture of each camera; a click chooses it.

    ``chosen`` gives its name, once all cameras are free again: a camera sends its pictures to one
    at a time. The window goes on meanwhile.
    """

    chosen = pyqtSignal(str)

    def __init__(
        self, window: QWidget, names: Sequence[str], make_preview: Callable[[str], Preview]
    ) -> None:
        super().__init__(window)
        self.setWindowTitle(tr("Cameras"))
        self._previews = {name: make_preview(name) for name in names}
        self._choice = ""
        self._ending = _Ending()
        self._ending.over.connect(self._finish)
        self.buttons = {name: self._button(name) for name in names}
        grid = QGridLayout(self)
        for place, button in enumerate(self.buttons.values()):
            grid.addWidget(button, place // _COLUMNS, place % _COLUMNS)
        self._timer = QTimer(self)
        self._timer.setInterval(_INTERVAL_MS)
        self._timer.timeout.connect(self.refresh)
        self._timer.start()

    def refresh(self) -> None:
        """Show the newest pictures, or why there is none."""
        for name, button in self.buttons.items():
            preview = self._previews[name]
            problem, picture = preview.problem, preview.picture()
            words = problem or name
            right, width = Qt.TextElideMode.ElideRight, _PICTURE.width()
            elided = self.fontMetrics().elidedText(words, right, width)
            # "&" would become a mnemonic and vanish from a name.
            button.setText(elided.replace("&", "&&"))
            button.setToolTip(problem or tr("Look through {name}", name=name))
            if problem:
                button.setIcon(_no_picture())
            elif picture is not None:
                whole = QPixmap.fromImage(to_qimage(picture))
                button.setIcon(QIcon(whole.scaled(_PICTURE, Qt.AspectRatioMode.KeepAspectRatio)))

    def done(self, result: int) -> None:
        if self._timer.isActive():
            self._timer.stop()
            self._ending.begin(list(self._previews.values()))
        super().done(result)

    def _button(self, name: str) -> QToolButton:
        button = QToolButton()
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
        button.setIconSize(_PICTURE)
        button.setIcon(_no_picture())
        button.setText(name.replace("&", "&&"))
        button.setAccessibleName(name)
        button.setToolTip(tr("Look through {name}", name=name))
        button.setFixedWidth(_PICTURE.width() + 16)
        button.clicked.connect(lambda: self._choose(name))
        return button

    def _choose(self, name: str) -> None:
        self._choice = name
        self.accept()

    def _finish(self) -> None:
        if self._choice:
            self.chosen.emit(self._choice)
        self.deleteLater()


def _no_picture() -> QIcon:
    pixmap = QPixmap(_PICTURE)
    pixmap.fill(QColor(colours.GROUND))
    painter = QPainter(pixmap)
    sign = QRectF(0, 0, _SIGN, _SIGN)
    sign.moveCenter(QRectF(pixmap.rect()).center())
    paint_icon(painter, "webcam", sign, QColor(colours.GHOST))
    painter.end()
    return QIcon(pixmap)
