"""The window's controls reach the session, and what the session says reaches the person."""

from __future__ import annotations

from pathlib import Path

import pytest
from PyQt6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PyQt6.QtGui import QDragEnterEvent, QDropEvent
from PyQt6.QtWidgets import QToolBar, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from app.gui.main_window import MainWindow
from app.runtime.live.results import Comparison, Phase, TakeStatus, WorkerStatus
from app.settings import AppSettings, Overlays, SourceChoice, SourceKind, ViewSettings, takes_folder
from model.core.errors import UserError
from tests.app.gui.window_fakes import (
    PRESETS,
    FakeSession,
    FakeSources,
    make_frame,
    make_result,
    make_window,
    offline_status,
    tick,
)


@pytest.fixture
def session() -> FakeSession:
    return FakeSession()


@pytest.fixture
def window(qtbot: QtBot, session: FakeSession) -> MainWindow:
    return make_window(qtbot, session)


def drop(window: MainWindow, data: QMimeData) -> bool:
    """Drag ``data`` into the window and let go; whether the window took it."""
    copy, left, none = (
        Qt.DropAction.CopyAction,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    enter = QDragEnterEvent(QPoint(300, 300), copy, data, left, none)
    enter.setAccepted(False)
    window.dragEnterEvent(enter)
    if enter.isAccepted():
        window.dropEvent(QDropEvent(QPointF(300, 300), copy, data, left, none))
    return enter.isAccepted()


def test_the_keys_reach_the_session(qtbot: QtBot, window: MainWindow, session: FakeSession) -> None:
    for key in (Qt.Key.Key_Space, Qt.Key.Key_Space, Qt.Key.Key_P, Qt.Key.Key_R, Qt.Key.Key_6):
        qtbot.keyClick(window, key)
    assert session.calls == [
        ("set_playing", False),
        ("set_playing", True),
        ("set_personalizing", True),
        ("reset",),
        ("set_comparison", Comparison.ALWAYS),
    ]


def test_offline_starts_and_a_second_click_stops_it(
    window: MainWindow, session: FakeSession
) -> None:
    window.commands.offline.trigger()
    session.worker = offline_status(1, 10, 9.0)
    tick(window)
    assert window.commands.offline.text() == "Stop 0:09"
    window.commands.offline.trigger()
    assert session.calls == [("run_offline",), ("cancel_offline",)]


def test_recording_tells_its_length_and_a_second_click_ends_it(
    window: MainWindow, session: FakeSession
) -> None:
    record = window.commands.record
    record.trigger()
    assert session.calls == [("start_recording", takes_folder())]
    session.take = TakeStatus(takes_folder(), 71.2, 2136, 0)
    tick(window)
    assert record.text() == "Stop 1:12"
    record.trigger()
    tick(window)
    assert session.calls[1:] == [("stop_recording",)] and record.text() == "Record"


def test_a_take_that_cannot_be_written_is_explained(
    window: MainWindow, session: FakeSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(folder: Path) -> None:
        raise UserError("The disk is full. Make room.")

    monkeypatch.setattr(session, "start_recording", full)
    window.commands.record.trigger()
    assert window.messages.text() == "The disk is full. Make room."
    assert window.commands.record.text() == "Record"


def test_escape_leaves_the_picture_alone_then_stops_offline_then_closes_the_message(
    qtbot: QtBot, window: MainWindow, session: FakeSession
) -> None:
    session.worker = offline_status(1, 10, 9.0)
    window.show_message("Look here.")
    window.commands.picture_alone.trigger()
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert not window.commands.picture_alone.isChecked()
    assert session.calls == []
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert session.calls == [("cancel_offline",)]
    session.worker = WorkerStatus()
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert window.messages.text() == ""


def test_a_preset_is_taken_with_a_reset(window: MainWindow, session: FakeSession) -> None:
    window.commands.presets["paper"].trigger()
    assert session.calls == [("set_preset", "paper"), ("reset",)]


def test_the_session_starts_with_the_remembered_preset_and_overlays(qtbot: QtBot) -> None:
    session = FakeSession()
    settings = AppSettings(preset="paper", people=ViewSettings(Overlays(unpersonalized=True)))
    window = MainWindow(session, FakeSources(), PRESETS, settings, lambda _settings: None)
    qtbot.addWidget(window)
    assert ("set_preset", "paper") in session.calls
    assert ("set_comparison", Comparison.ALWAYS) in session.calls
    assert ("set_playing", True) in session.calls


def test_the_ghost_is_compared_always_and_a_plotted_error_now_and_then(qtbot: QtBot) -> None:
    session = FakeSession()
    window = make_window(qtbot, session, FakeSources(known=True))
    window.commands.overlays["unpersonalized"].trigger()
    window.commands.overlays["unpersonalized"].trigger()
    assert session.calls == [
        ("set_comparison", Comparison.ALWAYS),
        ("set_comparison", Comparison.SAMPLED),
    ]


def test_a_chosen_source_is_opened_played_and_named(qtbot: QtBot, session: FakeSession) -> None:
    sources = FakeSources()
    window = make_window(qtbot, session, sources)
    window.commands.play.trigger()
    assert window.commands.play.text() == "Play"
    with qtbot.waitSignal(window.opener.opened):
        window.open_source(SourceChoice(SourceKind.DEMO, "webcam"))
    assert sources.opened == [("demo", "webcam")]
    assert window.commands.play.text() == "Pause"
    assert window.windowTitle() == "webcam"


def test_a_source_that_fails_is_told_and_the_current_one_goes_on(
    qtbot: QtBot, session: FakeSession
) -> None:
    window = make_window(qtbot, session)
    with qtbot.waitSignal(window.opener.opened):
        window.open_source(SourceChoice(SourceKind.DEMO, "webcam"))
    session.calls.clear()
    with qtbot.waitSignal(window.opener.failed):
        window.open_source(SourceChoice(SourceKind.VIDEO, "broken.mp4"))
    assert window.messages.text() == "broken.mp4 cannot be opened. Choose another source."
    assert window.windowTitle() == "webcam"
    assert session.calls == []


def test_dropping_a_video_or_a_folder_opens_it(
    qtbot: QtBot, session: FakeSession, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("frames")
    sources = FakeSources()
    window = make_window(qtbot, session, sources)
    for path in (str(folder), str(folder / "clip.mp4")):
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(path)])
        with qtbot.waitSignal(window.opener.opened):
            assert drop(window, data)
    assert sources.opened == [("images", str(folder)), ("video", str(folder / "clip.mp4"))]


def test_dropped_text_is_refused(window: MainWindow) -> None:
    data = QMimeData()
    data.setText("hello")
    assert not drop(window, data)


def test_results_appear_with_the_timer_but_not_while_minimised(
    window: MainWindow, session: FakeSession
) -> None:
    session.publish(make_frame(1), make_result(1))
    window.showMinimized()
    tick(window)
    assert window.panels.live.picture_rect().isEmpty()
    window.showNormal()
    tick(window)
    assert not window.panels.live.picture_rect().isEmpty()


def test_a_click_on_the_picture_chooses_the_person(
    qtbot: QtBot, window: MainWindow, session: FakeSession
) -> None:
    session.publish(make_frame(1), make_result(1))
    tick(window)
    live = window.panels.live
    qtbot.mouseClick(live, Qt.MouseButton.LeftButton, pos=live.picture_rect().center().toPoint())
    (name, x, y) = session.calls[-1]
    assert name == "choose_person"
    assert (x, y) == (pytest.approx(320, abs=2), pytest.approx(240, abs=2))


def test_messages_and_state_of_the_session_are_shown(
    window: MainWindow, session: FakeSession
) -> None:
    session.messages = ["The camera stopped."]
    session.worker = WorkerStatus(Phase.HELD_BACK, "no person")
    tick(window)
    assert window.messages.text() == "The camera stopped."
    assert window.panels.live.accessibleDescription() == "held back (no person)"


def test_what_is_hovered_in_one_panel_lights_up_in_the_other(
    window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    lit: list[object] = []
    monkeypatch.setattr(window.panels.affinity, "set_highlight", lit.append)
    monkeypatch.setattr(window.panels.live, "set_highlight", lambda *cell: lit.append(cell))
    window.panels.live.joint_hovered.emit(4)
    window.panels.live.joint_hovered.emit(-1)
    window.panels.affinity.cell_hovered.emit(2, 17)
    window.panels.affinity.cell_hovered.emit(-1, -1)
    assert lit == [4, None, (2, 17), (None, None)]


def test_every_control_has_a_tooltip_and_an_accessible_name(window: MainWindow) -> None:
    bar = window.findChild(QToolBar, "Toolbar")
    assert bar is not None
    buttons = [
        b for b in bar.findChildren(QToolButton) if b.objectName() != "qt_toolbar_ext_button"
    ]
    assert [b.accessibleName() for b in buttons if not b.accessibleName()] == []
    assert [b.accessibleName() for b in buttons if not b.toolTip()] == []
    parts: list[QWidget] = [*window.docks.all, window.panels.live, window.panels.plots]
    assert all(part.accessibleName() for part in parts)
