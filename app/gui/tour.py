"""A tour of the window: five places, one after the other, each with two sentences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PyQt6.QtCore import QEvent, QObject, QRect, QRectF, Qt, pyqtSignal
from PyQt6.QtGui import QColor, QKeyEvent, QPainter, QPainterPath, QPaintEvent, QPen
from PyQt6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.gui.language import tr

_DIM = QColor(10, 12, 16, 170)
_RING = QColor("#FFFFFF")
_MARGIN = 6
_GAP = 16
_CARD_WIDTH = 320


@dataclass(frozen=True)
class Stop:
    """A place of the tour: the widget that is pointed at, and what to say of it."""

    widget: QWidget
    title: str
    text: str


class Tour(QWidget):
    """Lies over ``window`` and points at the ``stops``; Esc or Skip ends it.

    Keys go to the tour while it lasts: right and left, or the buttons.
    """

    ended = pyqtSignal()

    def __init__(self, window: QWidget, stops: Sequence[Stop]) -> None:
        super().__init__(window)
        self._stops = list(stops)
        self.place = 0
        self.setAccessibleName(tr("Tour"))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._card = QFrame(self)
        self._card.setAutoFillBackground(True)
        self._card.setFrameShape(QFrame.Shape.StyledPanel)
        self.title = QLabel()
        font = self.title.font()
        font.setBold(True)
        self.title.setFont(font)
        self.text = QLabel()
        self.text.setWordWrap(True)
        self._count = QLabel()
        self.skip = _button("Skip", "End the tour (Esc)")
        self.back = _button("Back", "The place before (left arrow)")
        self.next = _button("Next", "The next place (right arrow)")
        self.next.setDefault(True)
        column = QVBoxLayout(self._card)
        column.setContentsMargins(16, 16, 16, 12)
        column.setSpacing(8)
        column.addWidget(self.title)
        column.addWidget(self.text)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self._count)
        row.addStretch(1)
        self._buttons = (self.skip, self.back, self.next)
        for button in self._buttons:
            row.addWidget(button)
            button.installEventFilter(self)
        column.addLayout(row)
        self.skip.clicked.connect(self.end)
        self.back.clicked.connect(lambda: self.go(-1))
        self.next.clicked.connect(lambda: self.go(1))
        window.installEventFilter(self)
        self.setGeometry(window.rect())
        self.show()
        self.raise_()
        self._show_place()

    def go(self, steps: int) -> None:
        """Go on or back; behind the last place the tour ends."""
        if self.place + steps >= len(self._stops):
            self.end()
            return
        self.place = max(0, self.place + steps)
        self._show_place()

    def end(self) -> None:
        """Leave the window as it was."""
        self.hide()
        self.deleteLater()
        self.ended.emit()

    def target(self) -> QRect:
        """Where the present place lies in the window; empty while it is hidden."""
        widget, window = self._stops[self.place].widget, self.parentWidget()
        assert window is not None
        if not widget.isVisible():
            return QRect()
        place = QRect(widget.mapTo(window, widget.rect().topLeft()), widget.size())
        grown = place.adjusted(-_MARGIN, -_MARGIN, _MARGIN, _MARGIN)
        return grown.intersected(self.rect().adjusted(2, 2, -2, -2))

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        window = self.parentWidget()
        if watched is window and event is not None and event.type() == QEvent.Type.Resize:
            assert window is not None
            self.setGeometry(window.rect())
            self._place_card()
        if watched in self._buttons and isinstance(event, QKeyEvent):
            # Buttons would take the arrow keys for themselves.
            return event.type() == QEvent.Type.KeyPress and self._obey(event.key())
        return False

    def event(self, event: QEvent | None) -> bool:
        # Keys of the window's actions would act behind the tour.
        if event is not None and event.type() == QEvent.Type.ShortcutOverride:
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        assert event is not None
        self._obey(event.key())

    def _obey(self, key: int) -> bool:
        """Do what the key says; whether it says anything."""
        if key == Qt.Key.Key_Escape:
            self.end()
        elif key in (Qt.Key.Key_Right, Qt.Key.Key_Left):
            self.go(1 if key == Qt.Key.Key_Right else -1)
        else:
            return False
        return True

    def paintEvent(self, event: QPaintEvent | None) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        whole, hole = QPainterPath(), QPainterPath()
        whole.addRect(QRectF(self.rect()))
        hole.addRoundedRect(QRectF(self.target()), 8, 8)
        painter.fillPath(whole.subtracted(hole), _DIM)
        painter.setPen(QPen(_RING, 2))
        painter.drawPath(hole)
        painter.end()

    def _show_place(self) -> None:
        stop = self._stops[self.place]
        self.title.setText(tr(stop.title))
        self.text.setText(tr(stop.text))
        self._count.setText(tr("{place} of {count}", place=self.place + 1, count=len(self._stops)))
        self.back.setEnabled(self.place > 0)
        last = self.place == len(self._stops) - 1
        self.next.setText(tr("Done") if last else tr("Next"))
        self._place_card()
        self.next.setFocus()
        self.update()

    def _place_card(self) -> None:
        """Beside the place where there is room, else at its lower right."""
        layout = self._card.layout()
        assert layout is not None
        layout.activate()
        # Words of some languages need a wider row of buttons.
        width = max(_CARD_WIDTH, self._card.minimumSizeHint().width())
        self._card.setFixedSize(width, self._card.heightForWidth(width))
        size, target, room = self._card.size(), self.target(), self.rect()
        left = min(max(_GAP, target.left()), room.width() - size.width() - _GAP)
        below, above = target.bottom() + _GAP, target.top() - _GAP - size.height()
        if below + size.height() <= room.height():
            top = below
        elif above >= 0:
            top = above
        else:
            left = target.right() - _GAP - size.width()
            top = target.bottom() - _GAP - size.height()
        self._card.move(left, top)


def _button(text: str, tip: str) -> QPushButton:
    button = QPushButton(tr(text))
    button.setToolTip(tr(tip))
    button.setAccessibleName(tr(text))
    button.setAutoDefault(True)
    return button
