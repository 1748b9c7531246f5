"""The toolbar and the menus that the actions are on."""

from __future__ import annotations

from collections.abc import Sequence

from PyQt6.QtCore import QSize, Qt
from PyQt6.QtGui import QAction, QResizeEvent
from PyQt6.QtWidgets import QMainWindow, QMenu, QToolBar, QToolButton, QWidget

from app.gui.actions import Actions, beside_icon
from app.gui.language import tr
from app.gui.sources import SourceMenu
from app.gui.theme import icon

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
