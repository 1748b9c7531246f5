"""Docks, the picture alone, what is remembered, and pictures of the window."""

from __future__ import annotations

from pathlib import Path

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtGui import QImage
from PyQt6.QtWidgets import QApplication, QMainWindow, QToolBar, QToolButton
from pytestqt.qtbot import QtBot

from app.gui.main_window import MainWindow
from app.gui.sources import SourceMenu
from app.gui.theme import apply_theme, palette
from app.settings import AppSettings, Overlays, SourceChoice, SourceKind
from model.core.errors import UserError
from tests.app.gui.window_fakes import FakeSession, make_frame, make_result, make_window, tick

EXPLAINING = AppSettings(explaining=True, welcomed=True)


def around(window: QMainWindow) -> list[bool]:
    """Which of toolbar, menu bar, status bar and docks are to be seen."""
    assert isinstance(window, MainWindow)
    bars = (window.findChild(QToolBar, "Toolbar"), window.menuBar(), window.statusBar())
    return [part is not None and part.isVisible() for part in (*bars, *window.docks.all)]


def test_the_picture_alone_and_back(qtbot: QtBot) -> None:
    window = make_window(qtbot, FakeSession(), settings=EXPLAINING)
    window.docks.affinity.close()
    before = around(window)
    assert before == [True, True, True, True, False, True, False]
    qtbot.keyClick(window, Qt.Key.Key_F11)
    assert not any(around(window))
    qtbot.waitUntil(lambda: window.panels.live.size() == window.size(), timeout=5000)
    qtbot.keyClick(window, Qt.Key.Key_F11)
    assert around(window) == before


def test_the_keys_work_while_the_picture_is_alone(qtbot: QtBot) -> None:
    session = FakeSession()
    window = make_window(qtbot, session)
    window.commands.picture_alone.trigger()
    qtbot.keyClick(window, Qt.Key.Key_P)
    assert session.calls == [("set_personalizing", True)]


def test_reset_layout_brings_every_dock_back_to_its_place(qtbot: QtBot) -> None:
    window = make_window(qtbot, FakeSession(), settings=EXPLAINING)
    places = [(dock.isFloating(), window.dockWidgetArea(dock)) for dock in window.docks.all]
    window.docks.affinity.setFloating(True)
    window.docks.plots.close()
    window.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, window.docks.reconstruction)
    window.commands.picture_alone.trigger()
    window.commands.reset_layout.trigger()
    assert around(window) == [True, True, True, True, True, True, False]
    assert places == [(d.isFloating(), window.dockWidgetArea(d)) for d in window.docks.all]


def test_reconstruction_lies_above_affinity_and_plots_run_along_the_bottom(qtbot: QtBot) -> None:
    window = make_window(qtbot, FakeSession(), settings=EXPLAINING)
    docks = window.docks
    assert docks.reconstruction.geometry().bottom() < docks.affinity.geometry().top()
    assert docks.affinity.geometry().left() > window.panels.live.geometry().right()
    assert docks.plots.geometry().top() > docks.affinity.geometry().bottom()
    assert docks.plots.width() == window.width()


def test_what_the_user_arranged_is_remembered(qtbot: QtBot) -> None:
    saved: list[AppSettings] = []
    window = make_window(qtbot, FakeSession(), settings=EXPLAINING, save=saved.append)
    window.docks.affinity.close()
    window.commands.overlays["box"].trigger()
    window.commands.presets["paper"].trigger()
    window.commands.smoothing.trigger()
    menu = window.findChild(SourceMenu)
    assert menu is not None
    with qtbot.waitSignal(window.opener.opened):
        menu.chosen.emit(SourceChoice(SourceKind.CAMERA, "FaceTime HD"))
    window.commands.picture_alone.trigger()
    window.close()
    settings = saved[0]
    assert settings.source == SourceChoice(SourceKind.CAMERA, "FaceTime HD")
    assert settings.explaining and settings.explain.overlays == Overlays(box=True)
    assert settings.preset == "paper"
    assert settings.smoothing

    again = make_window(qtbot, FakeSession(), settings=settings)
    assert around(again) == [True, True, True, True, False, True, False]
    assert again.commands.chosen_overlays() == Overlays(box=True)
    assert again.commands.chosen_preset() == "paper"
    assert again.commands.smoothing.isChecked()


def test_only_what_the_user_chose_and_what_opened_is_remembered_as_source(qtbot: QtBot) -> None:
    camera = SourceChoice(SourceKind.CAMERA, "FaceTime HD")
    saved: list[AppSettings] = []
    window = make_window(
        qtbot, FakeSession(), settings=AppSettings(source=camera), save=saved.append
    )
    with qtbot.waitSignal(window.opener.opened):
        window.open_source(SourceChoice(SourceKind.DEMO, "webcam"))
    menu = window.findChild(SourceMenu)
    assert menu is not None
    with qtbot.waitSignal(window.opener.failed):
        menu.chosen.emit(SourceChoice(SourceKind.VIDEO, "broken.mp4"))
    window.close()
    assert saved[0].source == camera


def test_closing_stops_the_timer_and_closes_the_session_even_if_nothing_can_be_saved(
    qtbot: QtBot,
) -> None:
    def fail(_settings: AppSettings) -> None:
        raise UserError("The settings could not be saved.")

    session = FakeSession()
    window = make_window(qtbot, session, save=fail)
    window.timer.start()
    window.close()
    assert ("close",) in session.calls
    with qtbot.assertNotEmitted(window.timer.tick, wait=100):
        pass


def test_the_window_closes_by_itself(qtbot: QtBot) -> None:
    session = FakeSession()
    window = make_window(qtbot, session)
    window.quit_after(0.01)
    qtbot.waitUntil(lambda: ("close",) in session.calls, timeout=5000)
    assert window.isHidden()


def test_a_screenshot_shows_the_picture_and_the_whole_window(qtbot: QtBot, tmp_path: Path) -> None:
    session = FakeSession()
    window = make_window(qtbot, session)
    session.publish(make_frame(1, value=200), make_result(1))
    for action in window.commands.overlays.values():
        action.setChecked(False)
    window.panels.live.set_overlays(window.commands.chosen_overlays())
    tick(window)
    window.screenshot(tmp_path / "window.png")
    image = QImage(str(tmp_path / "window.png"))
    assert image.size() == window.size() * window.devicePixelRatio()
    centre = window.panels.live.mapTo(window, window.panels.live.rect().center())
    assert image.pixelColor(centre * window.devicePixelRatio()).red() == 200


def test_a_screenshot_that_cannot_be_written_is_told(qtbot: QtBot, tmp_path: Path) -> None:
    window = make_window(qtbot, FakeSession())
    with pytest.raises(UserError, match="cannot be written"):
        window.screenshot(tmp_path / "no folder" / "window.png")


@pytest.mark.usefixtures("themed")
def test_a_narrow_toolbar_leaves_out_words_before_it_leaves_out_controls(qtbot: QtBot) -> None:
    window = make_window(qtbot, FakeSession())
    bar = window.findChild(QToolBar, "Toolbar")
    assert bar is not None
    button = bar.widgetForAction(window.commands.compare)
    more = bar.findChild(QToolButton, "qt_toolbar_ext_button")
    assert isinstance(button, QToolButton) and more is not None

    def words() -> bool:
        return button.toolButtonStyle() is Qt.ToolButtonStyle.ToolButtonTextBesideIcon

    for width, expected in ((1600, True), (800, False), (1600, True)):
        window.resize(width, 640)
        qtbot.waitUntil(lambda expected=expected: words() is expected, timeout=5000)  # type: ignore[misc]
    window.resize(1024, 640)
    qtbot.waitUntil(lambda: bar.width() == 1024, timeout=5000)
    assert not more.isVisible()


@pytest.mark.parametrize("scheme", [Qt.ColorScheme.Light, Qt.ColorScheme.Dark])
def test_the_button_of_what_has_no_room_in_the_toolbar_is_to_be_seen(
    scheme: Qt.ColorScheme, qtbot: QtBot, themed: QApplication
) -> None:
    apply_theme(themed)
    themed.setPalette(palette(scheme))
    window = make_window(qtbot, FakeSession())
    more = window.findChild(QToolButton, "qt_toolbar_ext_button")
    assert more is not None
    window.resize(800, 640)
    qtbot.waitUntil(more.isVisible)
    picture = more.grab().toImage()
    shades = {
        picture.pixelColor(x, y).lightness()
        for x in range(picture.width())
        for y in range(picture.height())
    }
    assert max(shades) - min(shades) > 90
    assert more.toolTip() and more.accessibleName()
