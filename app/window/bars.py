"""The toolbar and the menus: where the window's actions are found, and nothing else."""

from __future__ import annotations

from PyQt6.QtCore import QSize, Qt
from PyQt6.QtGui import QAction
from PyQt6.QtWidgets import QMainWindow, QMenu, QToolBar, QToolButton, QWidget

from app.window.actions import Actions, beside_icon
from app.window.icons import icon
from app.window.source_menu import SourceMenu

_TOOLBAR_HEIGHT = 40
_ICON = QSize(16, 16)
_SPLIT_BUTTON = """
QToolButton { padding-right: 28px; }
QToolButton::menu-button { border: none; width: 24px; }
"""


def build_toolbar(window: QMainWindow, actions: Actions, sources: SourceMenu) -> QToolBar:
    """Add the toolbar to ``window``: source, play, personalization, overlays."""
    bar = QToolBar("Toolbar", window)
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
    bar.addSeparator()
    overlays = _menu("Overlays", window, list(actions.overlays.values()))
    bar.addWidget(
        _menu_button("Overlays", "layers", "Choose what is drawn over the picture (1…6)", overlays)
    )
    personalize = _button(bar, actions.personalize)
    personalize.setMenu(_menu("Preset", window, list(actions.presets.values())))
    personalize.setPopupMode(QToolButton.ToolButtonPopupMode.MenuButtonPopup)
    personalize.setStyleSheet(_SPLIT_BUTTON)
    _reserve(_button(bar, actions.play), ("Pause", "Play"))
    _reserve(_button(bar, actions.offline), ("Offline…", "Stop 0:00"))
    for action in (actions.play, actions.personalize, actions.offline, actions.reset):
        _button(bar, action).setAccessibleName(action.text())
        _button(bar, action).setAccessibleDescription(action.toolTip())
    window.addToolBar(bar)
    return bar


def build_menus(
    window: QMainWindow, actions: Actions, sources: SourceMenu, panels: list[QAction]
) -> None:
    """Fill the menu bar of ``window``; ``panels`` show and hide the docks."""
    bar = window.menuBar()
    assert bar is not None
    file = _menu("&File", window, [])
    file.addMenu(sources)
    file.addSeparator()
    file.addAction(actions.close)
    personalization = _menu(
        "&Personalization", window, [actions.personalize, actions.offline, actions.reset]
    )
    personalization.addMenu(_menu("Preset", window, list(actions.presets.values())))
    view = _menu("&View", window, [actions.play])
    view.addSeparator()
    view.addMenu(_menu("Overlays", window, list(actions.overlays.values())))
    view.addSeparator()
    view.addActions(panels)
    view.addSeparator()
    view.addActions([actions.picture_alone, actions.reset_layout])
    for menu in (file, personalization, view, _menu("&Help", window, [actions.about])):
        bar.addMenu(menu)


def _menu(title: str, parent: QWidget, actions: list[QAction]) -> QMenu:
    menu = QMenu(title, parent)
    menu.setToolTipsVisible(True)
    menu.addActions(actions)
    return menu


def _menu_button(text: str, icon_name: str, tip: str, menu: QMenu) -> QToolButton:
    button = QToolButton()
    button.setText(beside_icon(text))
    button.setIcon(icon(icon_name))
    button.setToolTip(tip)
    button.setAccessibleName(text)
    button.setAccessibleDescription(tip)
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
        action.setIconText(beside_icon(text))
        widths.append(button.sizeHint().width())
    action.setIconText(shown)
    button.setMinimumWidth(max(widths))
