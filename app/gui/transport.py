"""The bar under the live view for files: where they are, how fast, and over again."""

from __future__ import annotations

import math

from PyQt6.QtCore import QSize, Qt, pyqtSignal
from PyQt6.QtGui import QAction, QMouseEvent
from PyQt6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QSlider,
    QStyle,
    QStyleOptionSlider,
    QToolButton,
    QWidget,
)

from app.gui.actions import make_action
from app.gui.language import tr
from app.gui.session import Session
from app.gui.widgets import clock
from app.runtime.capture.source import Playback

SPEEDS = (0.25, 0.5, 1.0, 1.5, 2.0)
_ICON = QSize(16, 16)


class SeekBar(QSlider):
    """A frame's number on a line; ``sought`` gives the one that was dragged or clicked to."""

    sought = pyqtSignal(int)

    def __init__(self) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self.setAccessibleName(tr("Position"))
        self.setToolTip(tr("Click or drag to another place; the arrow keys go a second on or back"))
        # Whoever looks at the picture keeps its keys; Tab and a click come here.
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.actionTriggered.connect(lambda _action: self.sought.emit(self.sliderPosition()))

    def follow(self, index: int, last: int, fps: float) -> None:
        """Show where the file is, unless somebody drags."""
        self.setRange(0, last)
        self.setSingleStep(max(1, round(fps)))
        self.setPageStep(max(1, last // 10))
        if not self.isSliderDown():
            self.setValue(index)

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        assert event is not None
        if event.button() != Qt.MouseButton.LeftButton:
            return
        self.setSliderDown(True)
        self._go_to(event)

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        assert event is not None
        if self.isSliderDown():
            self._go_to(event)

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:
        self.setSliderDown(False)

    def _go_to(self, event: QMouseEvent) -> None:
        option = QStyleOptionSlider()
        self.initStyleOption(option)
        style = self.style()
        assert style is not None
        metric = QStyle.PixelMetric.PM_SliderLength
        handle = style.pixelMetric(metric, option, self)
        place = round(event.position().x() - handle / 2)
        value = QStyle.sliderValueFromPosition(
            self.minimum(), self.maximum(), place, self.width() - handle
        )
        if value != self.value():
            self.setValue(value)
            self.sought.emit(value)


class Transport(QWidget):
    """Steps, position, looping and speed of the file that ``session`` plays; hidden for a camera.

    ``stepped`` is emitted before a step, which stops the file. Its actions work by key in all of
    ``window``.
    """

    stepped = pyqtSignal()
    jumped = pyqtSignal()
    """Another place was chosen."""

    def __init__(self, session: Session, window: QWidget, *, looping: bool) -> None:
        super().__init__()
        self._session = session
        self.back = make_action(
            window, "Frame back", "Show the frame before", lambda: self._step(-1), "step-back", ","
        )
        self.forward = make_action(
            window,
            "Frame forward",
            "Show the next frame",
            lambda: self._step(1),
            "step-forward",
            ".",
        )
        self.loop = make_action(
            window,
            "Loop",
            "Begin again at the end",
            session.set_looping,
            "repeat",
            "L",
            checkable=True,
        )
        self.loop.setChecked(looping)
        self.slower = make_action(
            window, "Slower", "Play the file slower", lambda: self._change_speed(-1), "", "["
        )
        self.faster = make_action(
            window, "Faster", "Play the file faster", lambda: self._change_speed(1), "", "]"
        )
        self.seek_bar = SeekBar()
        self.seek_bar.sought.connect(self._seek)
        self._time = QLabel()
        self._time.setAccessibleName(tr("Position and length"))
        widest = self._time.fontMetrics().horizontalAdvance("0:00:00 / 0:00:00")
        self._time.setMinimumWidth(widest)
        self._time.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.speed = QComboBox()
        self.speed.addItems([f"{speed:g}×" for speed in SPEEDS])
        self.speed.setToolTip(tr("How fast the file plays ([ and ])"))
        self.speed.setAccessibleName(tr("Speed"))
        self.speed.activated.connect(lambda index: session.set_speed(SPEEDS[index]))
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 4, 8, 4)
        row.setSpacing(8)
        for part in (self._button(self.back), self._button(self.forward)):
            row.addWidget(part)
        row.addWidget(self.seek_bar, 1)
        row.addWidget(self._time)
        row.addWidget(self._button(self.loop))
        row.addWidget(self.speed)
        self.show_playback(None)

    @property
    def actions_for_menu(self) -> list[QAction]:
        """Everything here that has a key."""
        return [self.back, self.forward, self.slower, self.faster, self.loop]

    def show_playback(self, playback: Playback | None, *, alone: bool = False) -> None:
        """Follow a file; None: there is none to follow. Hidden while the picture is ``alone``."""
        self.setVisible(playback is not None and not alone)
        for action in (self.back, self.forward, self.slower, self.faster):
            action.setEnabled(playback is not None)
        if playback is None:
            return
        known = playback.count is not None and playback.count > 1
        self.seek_bar.setEnabled(known)
        self.seek_bar.follow(playback.index, (playback.count or 1) - 1, playback.fps)
        position = clock(math.floor(playback.position))
        if playback.duration is None:
            self._time.setText(position)
            self._time.setToolTip(tr("The file does not say how long it is"))
        else:
            self._time.setText(f"{position} / {clock(playback.duration)}")
            self._time.setToolTip(
                tr("Frame {frame} of {count}", frame=playback.index + 1, count=playback.count)
            )
        if playback.speed in SPEEDS:
            self.speed.setCurrentIndex(SPEEDS.index(playback.speed))

    def _seek(self, index: int) -> None:
        self._session.seek(index)
        self.jumped.emit()

    def _step(self, frames: int) -> None:
        self.stepped.emit()
        self._session.step(frames)

    def _change_speed(self, steps: int) -> None:
        index = min(max(self.speed.currentIndex() + steps, 0), len(SPEEDS) - 1)
        self.speed.setCurrentIndex(index)
        self._session.set_speed(SPEEDS[index])

    @staticmethod
    def _button(action: QAction) -> QToolButton:
        button = QToolButton()
        button.setDefaultAction(action)
        button.setIconSize(_ICON)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
        button.setAutoRaise(True)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.setAccessibleName(action.text())
        return button
