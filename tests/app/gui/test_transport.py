"""The bar under the live view: it follows the file, and what is done to it reaches the session."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PyQt6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from app.gui.bars import SPEEDS
from app.gui.feed import Smoother
from app.gui.main_window import MainWindow
from app.settings import AppSettings
from tests.app.gui.window_fakes import PLACE, PRESETS, FakeSession, FakeSources, make_window, tick


@pytest.fixture
def session() -> FakeSession:
    return FakeSession(place=PLACE)


@pytest.fixture
def window(qtbot: QtBot, session: FakeSession) -> MainWindow:
    window = make_window(qtbot, session)
    tick(window)
    return window


def test_the_bar_is_there_for_files_alone(window: MainWindow, session: FakeSession) -> None:
    assert window.transport.isVisible()
    session.place = None
    tick(window)
    assert window.transport.isHidden()
    assert not window.transport.forward.isEnabled()


def test_position_length_and_speed_are_shown(window: MainWindow, session: FakeSession) -> None:
    bar = window.transport
    assert (bar.seek_bar.value(), bar.seek_bar.maximum()) == (300, 1499)
    assert bar._time.text() == "0:12 / 1:00"
    assert bar._time.toolTip() == "Frame 301 of 1500"
    session.place = replace(PLACE, speed=2.0)
    tick(window)
    assert bar.speed.currentText() == "2×"


def test_a_file_without_a_length_shows_its_time(window: MainWindow, session: FakeSession) -> None:
    session.place = replace(PLACE, count=None)
    tick(window)
    assert window.transport._time.text() == "0:12"
    assert not window.transport.seek_bar.isEnabled()


def test_a_click_goes_there_and_dragging_goes_along(
    qtbot: QtBot, window: MainWindow, session: FakeSession
) -> None:
    bar = window.transport.seek_bar
    quarter = QPoint(bar.width() // 4, bar.height() // 2)
    middle = QPoint(bar.width() // 2, bar.height() // 2)
    qtbot.mousePress(bar, Qt.MouseButton.LeftButton, pos=quarter)
    qtbot.mouseMove(bar, middle)
    tick(window)  # the file is not there yet: the handle stays where it was dragged to
    assert bar.value() == pytest.approx(750, abs=15)
    qtbot.mouseRelease(bar, Qt.MouseButton.LeftButton, pos=middle)
    places = [call[1] for call in session.calls if call[0] == "seek"]
    assert places == [pytest.approx(375, abs=25), pytest.approx(750, abs=15)]
    tick(window)
    assert bar.value() == 300


def test_the_arrow_keys_go_a_second(qtbot: QtBot, window: MainWindow, session: FakeSession) -> None:
    window.transport.seek_bar.setFocus()
    qtbot.keyClick(window.transport.seek_bar, Qt.Key.Key_Right)
    assert session.calls == [("seek", 325)]


def test_steps_stop_the_file(qtbot: QtBot, window: MainWindow, session: FakeSession) -> None:
    qtbot.keyClick(window, Qt.Key.Key_Period)
    qtbot.keyClick(window, Qt.Key.Key_Comma)
    steps = [call for call in session.calls if call[0] != "set_playing"]
    assert steps == [("step", 1), ("step", -1)]
    assert session.calls[0] == ("set_playing", False)
    assert window.commands.play.text() == "Play"


def test_speed_by_key_and_by_choice(qtbot: QtBot, window: MainWindow, session: FakeSession) -> None:
    qtbot.keyClick(window, Qt.Key.Key_BracketRight)
    qtbot.keyClick(window, Qt.Key.Key_BracketLeft)
    for _ in SPEEDS:
        qtbot.keyClick(window, Qt.Key.Key_BracketLeft)
    window.transport.speed.activated.emit(len(SPEEDS) - 1)
    speeds = [call[1] for call in session.calls]
    assert speeds[:4] == [1.5, 1.0, 0.5, 0.25]
    assert speeds[-1] == 2.0 and min(speeds[:-1]) == 0.25  # type: ignore[type-var]


def test_looping_is_switched_and_remembered(qtbot: QtBot, session: FakeSession) -> None:
    saved: list[AppSettings] = []
    window = make_window(qtbot, session, save=saved.append)
    qtbot.keyClick(window, Qt.Key.Key_L)
    assert session.calls == [("set_looping", False)]
    window.close()
    assert not saved[0].looping
    again = FakeSession()
    remembered = MainWindow(again, FakeSources(), PRESETS, saved[0], saved.append)
    qtbot.addWidget(remembered)
    assert ("set_looping", False) in again.calls
    assert not remembered.transport.loop.isChecked()


def test_a_file_at_its_end_offers_to_play_again(window: MainWindow, session: FakeSession) -> None:
    session.place = replace(PLACE, index=1499, looping=False, ended=True)
    tick(window)
    assert window.commands.play.text() == "Play"
    session.calls.clear()
    window.commands.play.trigger()
    assert session.calls == [("set_playing", True)]


def test_another_place_steadies_nothing_of_the_one_before(
    qtbot: QtBot, session: FakeSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    monkeypatch.setattr(Smoother, "reset", lambda _self: done.append("reset"))
    window = make_window(qtbot, session)
    done.clear()
    window.transport.seek_bar.sought.emit(7)
    assert done == ["reset"]
