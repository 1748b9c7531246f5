"""Offline personalization in the window: the dialog, the run's bar, and what comes at its end."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from app.gui.main_window import MainWindow
from app.gui.offline import OfflineDialog
from app.runtime.live.change import Change, ChangeReport
from app.runtime.live.results import (
    Comparison,
    NetworkInfo,
    OfflineProgress,
    Phase,
    UpdateNumbers,
    WorkerStatus,
)
from app.runtime.recordings.offline_run import OfflineOutcome, OfflineWish
from model.adaptation import Learnt, PersonalizationSettings
from tests.app.gui.window_fakes import (
    NETWORK,
    FakeRuns,
    FakeSession,
    FakeSources,
    make_window,
    offline_status,
    tick,
)

REPORT = ChangeReport(12, "24 frames", (Change("Jitter", "How much joints tremble", 0.5, 0.4),))
LEARNING = OfflineProgress(430, 1000, 52.0, doing="learning")


@pytest.fixture
def session() -> FakeSession:
    return FakeSession()


@pytest.fixture
def runs(session: FakeSession) -> FakeRuns:
    assert isinstance(session.offline, FakeRuns)
    return session.offline


@pytest.fixture
def window(qtbot: QtBot, session: FakeSession, tmp_path: Path) -> MainWindow:
    sources = FakeSources(file=tmp_path / "anna.mp4")
    return make_window(qtbot, session, sources)


def ask(window: MainWindow) -> OfflineDialog:
    window.commands.offline.trigger()
    dialog = window.findChild(OfflineDialog)
    assert dialog is not None and dialog.isVisible()
    return dialog


def start(window: MainWindow, session: FakeSession, runs: FakeRuns) -> None:
    """A run that is on its way."""
    ask(window).accept()
    runs.shown = LEARNING
    session.worker = WorkerStatus(Phase.OFFLINE, offline=LEARNING)
    session.calls.clear()
    tick(window)


def test_the_dialog_asks_what_to_learn_from_and_how_often(
    qtbot: QtBot, window: MainWindow, session: FakeSession, tmp_path: Path
) -> None:
    dialog = ask(window)
    other = tmp_path / "more"
    other.mkdir()
    (other / "b.mp4").touch()
    (other / "a.mp4").touch()
    extra = tmp_path / "extra.mp4"
    dialog.add_paths([other, extra, extra, tmp_path / "anna.mp4"])
    assert [path.name for path in dialog.others] == ["more", "extra.mp4"]
    assert not dialog.remove.isEnabled()
    dialog.list.setCurrentRow(2)
    qtbot.mouseClick(dialog.remove, Qt.MouseButton.LeftButton)
    assert dialog.others == [other]
    dialog.list.setCurrentRow(0)
    assert not dialog.remove.isEnabled()
    dialog.passes.setCurrentText("Half")
    qtbot.mouseClick(dialog.button, Qt.MouseButton.LeftButton)
    videos = tuple((tmp_path / name).resolve() for name in ("anna.mp4", "more/a.mp4", "more/b.mp4"))
    assert session.calls == [
        ("set_playing", False),
        ("learn_from_videos", OfflineWish(videos, 0.5)),
    ]


def test_a_dialog_that_is_cancelled_does_nothing(window: MainWindow, session: FakeSession) -> None:
    ask(window).reject()
    tick(window)
    assert session.calls == [] and not window.offline.bar.isVisible()


def test_a_folder_of_both_kinds_is_refused_in_a_sentence(
    window: MainWindow, session: FakeSession, tmp_path: Path
) -> None:
    (tmp_path / "b.mp4").touch()
    (tmp_path / "a.png").touch()
    dialog = ask(window)
    dialog.add_paths([tmp_path])
    dialog.accept()
    assert "holds videos and pictures" in window.messages.text()
    assert session.calls == []


def test_a_camera_is_learnt_from_as_it_is_remembered_and_that_is_said(
    qtbot: QtBot, session: FakeSession
) -> None:
    window = make_window(qtbot, session)
    window.commands.offline.trigger()
    assert session.calls == [("run_offline",)]
    assert "frames that are remembered of the camera" in window.messages.text()
    assert window.findChild(OfflineDialog) is None


def test_a_network_that_cannot_learn_is_the_sessions_to_explain(
    qtbot: QtBot, tmp_path: Path
) -> None:
    network = NetworkInfo("b", "Baseline", "r", NETWORK.joint_names, NETWORK.limbs, (), 0, False)
    session = FakeSession(network=network)
    window = make_window(qtbot, session, FakeSources(file=tmp_path / "anna.mp4"))
    window.commands.offline.trigger()
    assert session.calls == [("run_offline",)] and window.messages.text() == ""


def test_a_run_is_followed_held_and_given_up(
    qtbot: QtBot, window: MainWindow, session: FakeSession, runs: FakeRuns
) -> None:
    start(window, session, runs)
    bar = window.offline.bar
    assert bar.isVisible() and bar.label.text() == "Learning · 1 video · 0:52 left"
    assert (bar.bar.value(), bar.bar.maximum()) == (430, 1000)
    assert window.panels.live.accessibleDescription() == "offline 43% · 0:52 left"
    assert window.commands.offline.text() == "Stop 0:52"
    qtbot.mouseClick(bar.pause, Qt.MouseButton.LeftButton)
    assert runs.calls == [("pause", True)] and bar.pause.text() == "Go on"
    runs.shown = OfflineProgress(430, 1000, 52.0, paused=True, doing="learning")
    tick(window)
    assert bar.label.text() == "Learning · 1 video · paused"
    qtbot.mouseClick(bar.pause, Qt.MouseButton.LeftButton)
    assert runs.calls[1:] == [("pause", False)]
    cancel = next(b for b in bar.findChildren(QPushButton) if b.text() == "Cancel")
    runs.shown = None
    qtbot.mouseClick(cancel, Qt.MouseButton.LeftButton)
    assert session.calls == [("cancel_offline",), ("set_playing", True)]
    assert not bar.isVisible()


def test_a_length_that_is_not_known_runs_to_and_fro(
    window: MainWindow, session: FakeSession, runs: FakeRuns
) -> None:
    start(window, session, runs)
    runs.shown = OfflineProgress(0, 1000, math.nan, doing="finding the person")
    tick(window)
    assert window.offline.bar.bar.maximum() == 0
    assert window.offline.bar.label.text() == "Finding the person · 1 video"


def test_a_source_that_was_held_stays_held_after_a_run_is_given_up(
    window: MainWindow, session: FakeSession, runs: FakeRuns
) -> None:
    window.commands.play.trigger()
    start(window, session, runs)
    runs.shown = None
    session.worker = WorkerStatus(Phase.FROZEN)
    tick(window)
    assert session.calls == [("set_playing", False)]


def test_the_loss_of_a_run_is_plotted_as_it_comes(
    window: MainWindow, session: FakeSession, runs: FakeRuns, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[UpdateNumbers] = []
    monkeypatch.setattr(window.panels.plots, "add_update", seen.append)
    start(window, session, runs)
    runs.updates = [UpdateNumbers(2, 0.3, 0.5, 4, 1.0), UpdateNumbers(4, 0.2, 0.5, 4, 2.0)]
    tick(window)
    assert [numbers.loss for numbers in seen] == [0.3, 0.2]


def test_at_its_end_the_video_plays_again_with_before_beside_after(
    window: MainWindow, session: FakeSession, runs: FakeRuns
) -> None:
    start(window, session, runs)
    runs.shown = None
    runs.outcome = OfflineOutcome(Learnt({}, 12), PersonalizationSettings(), REPORT)
    session.worker = WorkerStatus(Phase.FROZEN, updates=12)
    tick(window)
    assert session.calls == [
        ("replay",),
        ("set_playing", True),
        ("set_comparison", Comparison.ALWAYS),
    ]
    assert window.commands.compare.isChecked()
    assert window.offline.card.isVisible()
    assert window.offline.card.accessibleDescription() == "Jitter: 0.50 %, then 0.40 %"
    tick(window)
    assert session.calls[3:] == []  # it was compared already


def test_a_short_video_has_no_table_but_a_sentence(
    window: MainWindow, session: FakeSession, runs: FakeRuns
) -> None:
    start(window, session, runs)
    runs.shown = None
    runs.outcome = OfflineOutcome(Learnt({}, 12), PersonalizationSettings(), None)
    tick(window)
    assert window.messages.text() == "Learnt: 12 updates on 1 video. Undo (Ctrl+Z) takes it back."
    assert not window.offline.card.isVisible()


def test_before_and_after_are_compared_when_live_learning_ends(
    window: MainWindow, session: FakeSession
) -> None:
    for phase in (Phase.PERSONALIZING, Phase.HELD_BACK, Phase.FROZEN, Phase.FROZEN):
        session.worker = WorkerStatus(phase)
        tick(window)
    assert session.calls == [("ask_change",)]
    session.worker = offline_status(1, 2, 3.0)
    tick(window)
    session.worker = WorkerStatus(Phase.FROZEN)
    tick(window)
    assert session.calls == [("ask_change",)] * 2
    for phase in (Phase.PERSONALIZING, Phase.OFF):  # a reset
        session.worker = WorkerStatus(phase)
        tick(window)
    assert session.calls == [("ask_change",)] * 2
    assert not window.offline.card.isVisible()
    session.change = REPORT
    tick(window)
    assert window.offline.card.isVisible()
