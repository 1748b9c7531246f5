"""Everything that can be operated has a name for who does not see it, and a key or a Tab stop."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QComboBox,
    QDialog,
    QKeySequenceEdit,
    QLineEdit,
    QMenu,
    QScrollBar,
    QTabBar,
    QToolBar,
    QWidget,
)
from pytestqt.qtbot import QtBot

from app.gui.camera_previews import CameraPreviews
from app.gui.main_window import MainWindow
from app.gui.offline import OfflineDialog
from app.gui.preferences import SettingsDialog
from app.gui.profiles import PickDialog, SaveDialog
from app.gui.widgets import AskingDialog
from app.runtime.live.change import Change, ChangeReport
from app.runtime.live.results import Phase, WorkerStatus
from app.runtime.profiles import ProfileFolder
from app.settings import AppSettings
from model.adaptation import Learnt
from tests.app.gui.window_fakes import BASE, PLACE, FakeSession, FakeSources, make_window, tick

CONTROLS = (
    QAbstractButton,
    QAbstractSlider,
    QComboBox,
    QLineEdit,
    QKeySequenceEdit,
    QAbstractItemView,
)


def controls(root: QWidget) -> Iterator[QWidget]:
    """What a person can operate in ``root``, without the parts that Qt makes of one control."""
    for widget in root.findChildren(QWidget):
        if not isinstance(widget, CONTROLS) or isinstance(widget, QScrollBar):
            continue
        parents = []
        parent = widget.parentWidget()
        while parent is not None and parent is not root:
            parents.append(parent)
            parent = parent.parentWidget()
        made_by_qt = widget.objectName().startswith("qt_") or any(
            isinstance(p, (QComboBox, QKeySequenceEdit, QLineEdit, QTabBar, QAbstractItemView))
            for p in parents
        )
        if not made_by_qt or isinstance(widget, QKeySequenceEdit):
            yield widget


def unnamed(root: QWidget) -> list[str]:
    return [
        f"{type(widget).__name__} in {type(widget.parentWidget()).__name__}"
        for widget in controls(root)
        if not (widget.accessibleName() or (isinstance(widget, QAbstractButton) and widget.text()))
        or not widget.toolTip()
    ]


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path) -> MainWindow:
    profiles = ProfileFolder(tmp_path / "profiles")
    profiles.save("Anna", Learnt({"a": torch.ones(3)}, 12), BASE, "steady", replace=False)
    window = make_window(
        qtbot,
        FakeSession(place=PLACE, worker=WorkerStatus(Phase.FROZEN, updates=12)),
        FakeSources(file=tmp_path / "anna.mp4"),
        AppSettings(explaining=True, welcomed=True),
        profiles=profiles,
    )
    tick(window)
    return window


def test_every_control_of_the_window_has_a_name_and_a_tooltip(window: MainWindow) -> None:
    assert len(list(controls(window))) > 20
    assert unnamed(window) == []


def test_every_control_of_the_settings_has_a_name_and_a_tooltip(window: MainWindow) -> None:
    window.commands.settings.trigger()
    dialog = window.findChild(SettingsDialog)
    assert dialog is not None
    assert len(list(controls(dialog))) > 60
    assert unnamed(dialog) == []


def test_every_control_of_the_tour_has_a_name_and_a_tooltip(window: MainWindow) -> None:
    window.commands.tour.trigger()
    assert window._guide.tour is not None
    assert len(list(controls(window._guide.tour))) == 3
    assert unnamed(window._guide.tour) == []


_ASKING: dict[str, tuple[type[QDialog], Callable[[MainWindow], object]]] = {
    "offline": (OfflineDialog, lambda window: window.commands.offline.trigger()),
    "save": (SaveDialog, lambda window: window.commands.save_profile.trigger()),
    "rename": (PickDialog, lambda window: window.commands.rename_profile.trigger()),
    "delete": (PickDialog, lambda window: window.commands.delete_profile.trigger()),
    "export": (PickDialog, lambda window: window.commands.export_profile.trigger()),
}


def ask(window: MainWindow, name: str) -> QDialog:
    kind, trigger = _ASKING[name]
    trigger(window)
    dialog = window.findChild(kind)
    assert dialog is not None
    dialog.activateWindow()
    return dialog


@pytest.mark.parametrize("name", list(_ASKING))
def test_every_control_of_a_dialog_that_asks_has_a_name_and_a_tooltip(
    name: str, window: MainWindow
) -> None:
    dialog = ask(window, name)
    assert len(list(controls(dialog))) > 2
    assert unnamed(dialog) == []


def test_every_camera_has_a_name_and_a_tooltip(qtbot: QtBot, window: MainWindow) -> None:
    window._show_cameras(["FaceTime HD", "Cam & Co"])
    dialog = window.findChild(CameraPreviews)
    assert dialog is not None
    assert len(list(controls(dialog))) == 2
    assert unnamed(dialog) == []
    with qtbot.waitSignal(dialog.destroyed):
        dialog.reject()


@pytest.mark.parametrize("name", list(_ASKING))
def test_tab_comes_to_what_is_asked_before_it_comes_to_the_buttons(
    name: str, qtbot: QtBot, window: MainWindow
) -> None:
    dialog = ask(window, name)
    qtbot.waitUntil(lambda: dialog.focusWidget() is not None)
    order = [dialog.focusWidget()]
    while (focused := order[-1]) is not None and len(set(order)) == len(order):
        qtbot.keyClick(focused, Qt.Key.Key_Tab)
        order.append(dialog.focusWidget())
    assert set(order) == {widget for widget in controls(dialog) if widget.isEnabled()}
    buttons = [isinstance(w, QAbstractButton) for w in order[:-1]]
    assert not buttons[0] and buttons[-1]
    assert isinstance(dialog, AskingDialog) and dialog.button.isDefault()


def test_the_table_of_before_and_after_goes_with_escape(qtbot: QtBot, window: MainWindow) -> None:
    card = window.offline.card
    card.show_change(ChangeReport(12, "24 frames", (Change("Jitter", "meaning", 0.5, 0.4),)))
    window.show_message("First this goes.")
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert card.isVisible() and not window.messages.isVisible()
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert not card.isVisible()


def test_a_control_without_a_name_is_found(window: MainWindow) -> None:
    assert window.transport.speed in controls(window)
    window.transport.speed.setAccessibleName("")
    assert unnamed(window) == ["QComboBox in Transport"]


def test_every_action_of_every_menu_says_what_it_does(window: MainWindow) -> None:
    for menu in window.findChildren(QMenu):
        for action in menu.actions():
            if not action.isSeparator() and action.menu() is None:
                assert action.toolTip() not in ("", action.text().replace("&", "")), action.text()


def test_the_toolbars_buttons_are_reached_without_a_mouse(window: MainWindow) -> None:
    """Each has a key, or its menu is in the menu bar, which F10 or Alt opens."""
    bar = window.findChild(QToolBar, "Toolbar")
    assert bar is not None
    in_menus = {menu.title() for menu in window.findChildren(QMenu)}
    for button in bar.findChildren(QAbstractButton):
        if button.objectName() == "qt_toolbar_ext_button":
            continue
        action = next((a for a in bar.actions() if bar.widgetForAction(a) is button), None)
        keyed = action is not None and not action.shortcut().isEmpty()
        assert keyed or button.accessibleName() in in_menus, button.accessibleName()


def test_tab_reaches_the_bar_under_the_picture_in_order(qtbot: QtBot, window: MainWindow) -> None:
    bar = window.transport
    order = [w for w in controls(bar) if w.focusPolicy() & Qt.FocusPolicy.TabFocus]
    assert len(order) == 5
    order[0].setFocus()
    for widget in order[1:]:
        focused = window.focusWidget()
        assert focused is not None
        qtbot.keyClick(focused, Qt.Key.Key_Tab)
        assert window.focusWidget() is widget
