"""Small widgets and dialogs: the state chip, message and status bars, labels that share room."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from PyQt6.QtCore import QObject, QRectF, QSize, Qt, QTimer
from PyQt6.QtGui import (
    QAction,
    QColor,
    QFontMetricsF,
    QPainter,
    QPaintEvent,
    QPalette,
    QResizeEvent,
)
from PyQt6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QStatusBar,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.gui.language import in_own_words, tr
from app.gui.theme import TONES, Tone, icon, paint_icon
from app.runtime.live.results import OfflineProgress, Phase, WorkerStatus

_TITLE = QColor("#E8EAEE")
_SENTENCE = QColor("#A3ABB8")
_MARGIN = 16.0
_ICON = 40.0
_PADDING = 8.0


def paint_chip(painter: QPainter, picture: QRectF, text: str, tone: Tone) -> None:
    """Draw the chip at the lower left of ``picture``; nothing for an empty text."""
    if not text:
        return
    painter.save()
    font = painter.font()
    # Readable from two metres on a desk, yet no banner in a small window.
    font.setPixelSize(int(min(max(picture.height() / 30, 16), 24)))
    font.setBold(True)
    size = QFontMetricsF(font).size(Qt.TextFlag.TextSingleLine, text)
    height = round(1.7 * size.height())
    width = round(size.width() + height)
    chip = QRectF(picture.left() + _MARGIN, picture.bottom() - _MARGIN - height, width, height)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(TONES[tone].fill)
    painter.drawRoundedRect(chip, height / 2, height / 2)
    painter.setFont(font)
    painter.setPen(TONES[tone].text)
    painter.drawText(chip, Qt.AlignmentFlag.AlignCenter, text)
    painter.restore()


def paint_empty(painter: QPainter, room: QRectF, title: str, sentence: str) -> None:
    """Draw an icon, a title and a sentence in the middle of ``room``."""
    painter.save()
    wide = min(room.width() - 48, 480)
    left, middle = room.center().x() - wide / 2, room.center().y()
    icon = QRectF(room.center().x() - _ICON / 2, middle - 36 - _ICON, _ICON, _ICON)
    paint_icon(painter, "video", icon, _SENTENCE)
    centred = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop
    painter.setPen(_SENTENCE)
    below = QRectF(left, middle + 14, wide, room.bottom() - middle - 14)
    painter.drawText(below, centred | Qt.TextFlag.TextWordWrap, sentence)
    font = painter.font()
    font.setPixelSize(18)
    font.setBold(True)
    painter.setFont(font)
    painter.setPen(_TITLE)
    painter.drawText(QRectF(left, middle - 20, wide, 28), centred, title)
    painter.restore()


def paint_placeholder(painter: QPainter, room: QRectF, palette: QPalette, text: str) -> None:
    """Fill ``room`` quietly and say in its middle, translated, when something will appear."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(palette.color(QPalette.ColorRole.Midlight))
    painter.drawRoundedRect(room, 4, 4)
    painter.setPen(palette.color(QPalette.ColorRole.PlaceholderText))
    inside = room.adjusted(_PADDING, _PADDING, -_PADDING, -_PADDING)
    painter.drawText(inside, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, tr(text))
    painter.restore()


_WIDE = 616


class ButtonGrid(QWidget):
    """One button per action: two beside two, or all in a row where there is room."""

    def __init__(self, actions: Sequence[QAction]) -> None:
        super().__init__()
        self._buttons = [_button(action) for action in actions]
        self._columns = 0
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(8)
        self._place(2)

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        super().resizeEvent(event)
        self._place(2 if self.width() < _WIDE else len(self._buttons))

    def _place(self, columns: int) -> None:
        if columns == self._columns:
            return
        self._columns = columns
        for place, button in enumerate(self._buttons):
            self._grid.addWidget(button, place // columns, place % columns)
            self._grid.setColumnStretch(place, int(place < columns))


def _button(action: QAction) -> QToolButton:
    button = QToolButton()
    button.setDefaultAction(action)
    button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
    button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    button.setAccessibleDescription(action.toolTip())
    return button


class Chip(NamedTuple):
    """What the chip over the live view says."""

    text: str
    tone: Tone


_TONES = {
    Phase.OFF: Tone.NEUTRAL,
    Phase.PERSONALIZING: Tone.ACTIVE,
    Phase.HELD_BACK: Tone.WARNING,
    Phase.UNDONE: Tone.WARNING,
    Phase.FROZEN: Tone.FROZEN,
    Phase.OFFLINE: Tone.PROGRESS,
    Phase.FAULTED: Tone.WARNING,
}


def chip(status: WorkerStatus) -> Chip:
    """The words and the tone for ``status``, such as ``personalizing · 124 updates``."""
    return Chip(_words(status), _TONES[status.phase])


def _words(status: WorkerStatus) -> str:
    if status.phase is Phase.OFFLINE:
        return _offline_words(status.offline)
    words = tr(status.phase.value)
    if status.detail:
        words += f" ({status.detail})"
    learnt = status.updates > 0 and status.phase in (Phase.OFF, Phase.FROZEN)
    if learnt or status.phase is Phase.PERSONALIZING:
        words += f" · {count(status.updates, 'update')}"
    return words


def _offline_words(progress: OfflineProgress | None) -> str:
    if progress is None or progress.total <= 0:
        return tr("offline · starting")
    words = tr("offline {percent}%", percent=100 * progress.done // progress.total)
    if progress.paused:
        return f"{words} · {tr('paused')}"
    left = time_left(progress)
    return f"{words} · {tr('{time} left', time=left)}" if left else words


def time_left(progress: OfflineProgress | None) -> str:
    """The time an offline run still needs, such as ``0:52``; empty while it is not known."""
    if progress is None or not math.isfinite(progress.seconds_left):
        return ""
    return clock(progress.seconds_left)


def clock(seconds: float) -> str:
    """Seconds, rounded up, as ``0:52`` or ``1:00:00``."""
    minutes, whole = divmod(max(0, math.ceil(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{whole:02}" if hours else f"{minutes}:{whole:02}"


def count(number: int, noun: str) -> str:
    """``1 update``, ``124 updates``, ``12,400 updates``."""
    return f"{number:,} {tr(noun if number == 1 else f'{noun}s')}"


class ElidedLabel(QLabel):
    """A label that gives up its end, not the window's width, when there is little room."""

    def __init__(self) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def minimumSizeHint(self) -> QSize:
        return QSize(0, super().minimumSizeHint().height())

    def paintEvent(self, event: QPaintEvent | None) -> None:
        painter = QPainter(self)
        room = self.contentsRect()
        text = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, room.width())
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter, text)
        painter.end()


_MOST_LINES = 3


class MessageBar(QFrame):
    """Shows the newest sentences, one per line, until they are closed.

    Buttons that help may stand beneath them.
    """

    def __init__(self) -> None:
        super().__init__()
        self.setAutoFillBackground(True)
        self.setBackgroundRole(QPalette.ColorRole.Midlight)
        self._sentences: list[str] = []
        self._label = QLabel()
        self._label.setWordWrap(True)
        self._label.setTextFormat(Qt.TextFormat.PlainText)
        self._label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._label.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._close = QToolButton()
        self._close.setIcon(icon("x"))
        self._close.setAutoRaise(True)
        self._close.setIconSize(QSize(16, 16))
        self._close.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._close.setToolTip(tr("Close the message (Esc)"))
        self._close.setAccessibleName(tr("Close the message"))
        self._close.clicked.connect(self.clear)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 4, 8, 4)
        row.setSpacing(8)
        row.addWidget(self._label, 1)
        row.addWidget(self._close, 0, Qt.AlignmentFlag.AlignTop)
        self._row = row
        self._help: list[QWidget] = []
        self.setMinimumHeight(32)
        self.hide()

    def say(self, sentence: str) -> None:
        """Show ``sentence``, translated; one that is already there is not shown twice."""
        sentence = in_own_words(sentence)
        if sentence in self._sentences:
            return
        self._sentences = [*self._sentences, sentence][-_MOST_LINES:]
        self._label.setText("\n".join(self._sentences))
        self.setAccessibleName(tr("Message: {sentence}", sentence=sentence))
        self.show()

    def offer(self, buttons: QWidget | None) -> None:
        """Show ``buttons`` beside the sentences as long as these are there; None: no buttons."""
        if buttons is not None and buttons not in self._help:
            self._help.append(buttons)
            self._row.insertWidget(1, buttons, 0, Qt.AlignmentFlag.AlignTop)
        for each in self._help:
            each.setVisible(each is buttons)

    def text(self) -> str:
        """The sentences on show, one per line; empty when the bar is closed."""
        return "\n".join(self._sentences)

    def clear(self) -> None:
        """Close the bar."""
        self._sentences = []
        self.offer(None)
        self.hide()


_HEIGHT = 24
_MOST_NAMES = 200  # pixels


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
        self._machine.setAccessibleName(tr("Device, schedule and source"))
        self._machine.setContentsMargins(10, 0, 8, 0)
        self.addWidget(self._machine, 1)
        self._processors = QLabel()
        self._processors.setContentsMargins(8, 0, 8, 0)
        self._processors.setAccessibleDescription(tr("Who gets every result"))
        self.addPermanentWidget(self._processors)
        self._updates = self._number(f"00,000 {tr('updates')}", "Personalization updates so far")
        self._predictions = self._number(
            f"000 {tr('predictions/s')}", "Frames predicted in a second"
        )
        self._pairs = self._number(
            f"000.0 {tr('pairs/s')}", "Target-source pairs learnt from in a second"
        )
        self._latency = self._number(
            "0000 ms", "Time from capture to result; 95 of 100 results are faster"
        )
        self._dropped = self._number(
            f"00,000 {tr('dropped')}", "Frames captured but never predicted"
        )
        self._dropped.setContentsMargins(0, 0, 10, 0)
        self.show_status(WorkerStatus(), "")

    def show_status(self, status: WorkerStatus, mode: str, processors: Sequence[str] = ()) -> None:
        """Show the worker's numbers, the source's ``mode`` and who gets the results.

        ``mode`` is empty when nothing is open; ``processors`` are their titles.
        """
        names = tr("to {names}", names=", ".join(processors)) if processors else ""
        elided = self.fontMetrics().elidedText(names, Qt.TextElideMode.ElideRight, _MOST_NAMES)
        self._processors.setText(elided)
        self._processors.setToolTip(tr("Every result goes {names}", names=names))
        self._processors.setVisible(bool(processors))
        schedule = tr(status.schedule.value) if status.schedule else ""
        machine = " · ".join(word for word in (status.device, schedule, mode) if word)
        self._machine.setText(machine)
        why = in_own_words(status.schedule_reason)
        self._machine.setToolTip("\n".join(filter(None, (machine, why))))
        self._updates.setText(count(status.updates, "update"))
        self._predictions.setText(f"{status.predictions_per_second:.0f} {tr('predictions/s')}")
        self._pairs.setText(f"{status.pairs_per_second:.1f} {tr('pairs/s')}")
        self._latency.setText(f"{status.latency_p95 * 1000:.0f} ms")
        self._dropped.setText(f"{status.dropped:,} {tr('dropped')}")

    def text(self) -> str:
        """The whole line as it reads."""
        numbers = (self._updates, self._predictions, self._pairs, self._latency, self._dropped)
        return " · ".join(
            filter(
                None, (self._machine.text(), self._processors.text(), *(n.text() for n in numbers))
            )
        )

    def _number(self, widest: str, meaning: str) -> QLabel:
        label = QLabel()
        label.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        label.setMinimumWidth(self.fontMetrics().horizontalAdvance(widest) + 16)
        label.setToolTip(tr(meaning))
        label.setAccessibleDescription(tr(meaning))
        self.addPermanentWidget(label)
        return label


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


_WIDTH = 400


class AskingDialog(QDialog):
    """A column of widgets above a button that does what is asked, and Cancel.

    All texts are translated.
    """

    def __init__(self, parent: QWidget, title: str, verb: str) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(tr(title))
        self.setMinimumWidth(_WIDTH)
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(16, 16, 16, 16)
        self.column.setSpacing(8)
        self._box = buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        if cancel := buttons.button(QDialogButtonBox.StandardButton.Cancel):
            cancel.setToolTip(tr("Leave everything as it was (Esc)"))
        self.button = QPushButton(tr(verb))
        self.button.setToolTip(tr(title))
        buttons.addButton(self.button, QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)

    def open(self) -> None:
        # Now, so that Tab comes to what is asked before it comes to the buttons.
        self.column.addWidget(self._box)
        self.button.setDefault(True)
        super().open()

    def add(self, widget: QWidget) -> None:
        """Put a widget below those before it."""
        self.column.addWidget(widget)

    def add_text(self, text: str = "") -> QLabel:
        """Put a sentence there."""
        label = QLabel(tr(text))
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setWordWrap(True)
        self.add(label)
        return label
