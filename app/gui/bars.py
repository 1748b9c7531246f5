"""The window's bars: the toolbar and the menus that the actions are on, and that of a file's place.

The bar under the live view is for files: where they are, how fast, and over again.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from PyQt6.QtCore import QSize, Qt, pyqtSignal
from PyQt6.QtGui import QAction, QMouseEvent, QResizeEvent
from PyQt6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QMainWindow,
    QMenu,
    QSlider,
    QStyle,
    QStyleOptionSlider,
    QToolBar,
    QToolButton,
    QWidget,
)

from app.gui.actions import Actions, beside_icon, make_action
from app.gui.language import tr
from app.gui.session import Session
from app.gui.sources import SourceMenu
from app.gui.theme import icon
from app.gui.widgets import clock
from app.runtime.capture.source import Playback

_TOOLBAR_HEIGHT = 40
_ICON = QSize(16, 16)
_SPLIT_BUTTON = """
QToolButton { padding-right: 28px; }
QToolButton::menu-button { border: none; width: 24px; }
"""


class Toolbar(QToolBar):
    """Shows words beside icons where there is room, and leaves out some where there is not."""

    def __init__(self, title: str, window: QMainWindow) -> None:
        super().__init__(title, window)
        more = self.findChild(QToolButton, "qt_toolbar_ext_button")
        if more is not None:
            # Qt's own sign is dark on dark.
            more.setArrowType(Qt.ArrowType.DownArrow)
            more.setToolTip(tr("What has no room in the bar"))
            more.setAccessibleName(tr("More"))
        self._terse: list[tuple[QToolButton, int]] = []
        self._whole = 0

    def make_terse(self, buttons: Sequence[QToolButton]) -> None:
        """Leave out the words of these buttons, one by one, where the bar is too narrow."""
        self._whole = self.sizeHint().width()
        for button in buttons:
            with_words = button.sizeHint().width()
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
            self._terse.append((button, with_words - button.sizeHint().width()))
        self._fit()

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        too_much = self._whole - self.width()
        for button, words in self._terse:
            words_fit = too_much <= 0
            button.setToolButtonStyle(
                Qt.ToolButtonStyle.ToolButtonTextBesideIcon
                if words_fit
                else Qt.ToolButtonStyle.ToolButtonIconOnly
            )
            too_much -= words


def build_toolbar(
    window: QMainWindow, actions: Actions, sources: SourceMenu, export: QMenu
) -> QToolBar:
    """Add the toolbar to ``window``: source, play, personalization, overlays, export."""
    bar = Toolbar(tr("Toolbar"), window)
    bar.setObjectName("Toolbar")
    bar.setMovable(False)
    bar.setFixedHeight(_TOOLBAR_HEIGHT)
    bar.setIconSize(_ICON)
    bar.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    bar.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
    bar.addWidget(_menu_button("Source", "video", "Choose what to look at", sources))
    bar.addAction(actions.play)
    bar.addSeparator()
    bar.addAction(actions.personalize)
    bar.addAction(actions.offline)
    bar.addAction(actions.reset)
    bar.addAction(actions.undo_reset)
    bar.addSeparator()
    bar.addAction(actions.compare)
    bar.addAction(actions.record)
    bar.addSeparator()
    bar.addAction(actions.explain)
    overlays = _overlay_menu(window, actions)
    overlay_button = _menu_button(
        "Overlays", "layers", "Choose what is drawn over the picture (1…8)", overlays
    )
    export_button = _menu_button(
        "Export", "download", "Write pictures, keypoints or the network", export
    )
    bar.addWidget(overlay_button)
    bar.addWidget(export_button)
    personalize = _button(bar, actions.personalize)
    personalize.setMenu(_menu("Preset", window, list(actions.presets.values())))
    personalize.setPopupMode(QToolButton.ToolButtonPopupMode.MenuButtonPopup)
    personalize.setStyleSheet(_SPLIT_BUTTON)
    _reserve(_button(bar, actions.play), ("Pause", "Play"))
    stop = tr("Stop {time}", time="0:00")
    _reserve(_button(bar, actions.offline), ("Offline…", stop))
    _reserve(_button(bar, actions.record), ("Record", stop))
    # Beside Reset one word is enough.
    actions.undo_reset.setIconText(beside_icon(tr("Undo")))
    for action in (
        actions.play,
        actions.personalize,
        actions.offline,
        actions.reset,
        actions.undo_reset,
        actions.compare,
        actions.record,
        actions.explain,
    ):
        _button(bar, action).setAccessibleName(action.text())
        _button(bar, action).setAccessibleDescription(action.toolTip())
    terse = [_button(bar, a) for a in (actions.reset, actions.undo_reset, actions.compare)]
    bar.make_terse([*terse, export_button, overlay_button])
    window.addToolBar(bar)
    return bar


def build_menus(
    window: QMainWindow,
    actions: Actions,
    sources: SourceMenu,
    export: QMenu,
    profiles: QMenu,
    panels: list[QAction],
    playback: list[QAction],
) -> None:
    """Fill the menu bar of ``window``; ``panels`` show and hide the docks."""
    bar = window.menuBar()
    assert bar is not None
    file = _menu("&File", window, [])
    file.addMenu(sources)
    file.addAction(actions.record)
    file.addMenu(export)
    file.addSeparator()
    file.addAction(actions.settings)
    file.addSeparator()
    file.addAction(actions.close)
    personalization = _menu(
        "&Personalization",
        window,
        [actions.personalize, actions.offline, actions.reset, actions.undo_reset],
    )
    personalization.addMenu(_menu("Preset", window, list(actions.presets.values())))
    view = _menu("&View", window, [actions.play, actions.compare, *playback])
    view.addSeparator()
    view.addAction(actions.explain)
    view.addMenu(_overlay_menu(window, actions))
    view.addAction(actions.mirrored)
    view.addSeparator()
    view.addActions(panels)
    view.addSeparator()
    view.addActions([actions.picture_alone, actions.reset_layout])
    help_menu = _menu("&Help", window, [actions.tour, actions.copy_diagnostics, actions.about])
    for menu in (file, personalization, profiles, view, help_menu):
        bar.addMenu(menu)


def _overlay_menu(window: QMainWindow, actions: Actions) -> QMenu:
    menu = _menu("Overlays", window, list(actions.overlays.values()))
    menu.addSeparator()
    menu.addAction(actions.smoothing)
    return menu


def _menu(title: str, parent: QWidget, actions: list[QAction]) -> QMenu:
    menu = QMenu(tr(title), parent)
    menu.setToolTipsVisible(True)
    menu.addActions(actions)
    return menu


def _menu_button(text: str, icon_name: str, tip: str, menu: QMenu) -> QToolButton:
    button = QToolButton()
    button.setText(beside_icon(tr(text)))
    button.setIcon(icon(icon_name))
    button.setToolTip(tr(tip))
    button.setAccessibleName(tr(text))
    button.setAccessibleDescription(tr(tip))
    button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
    button.setMenu(menu)
    return button


def _button(bar: QToolBar, action: QAction) -> QToolButton:
    button = bar.widgetForAction(action)
    assert isinstance(button, QToolButton)
    return button


def _reserve(button: QToolButton, texts: tuple[str, ...]) -> None:
    """Make room for the longest of the ``texts``, so that a change moves no other control."""
    action = button.defaultAction()
    assert action is not None
    shown, widths = action.iconText(), []
    for text in texts:
        action.setIconText(beside_icon(tr(text)))
        widths.append(button.sizeHint().width())
    action.setIconText(shown)
    button.setMinimumWidth(max(widths))


SPEEDS = (0.25, 0.5, 1.0, 1.5, 2.0)


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
