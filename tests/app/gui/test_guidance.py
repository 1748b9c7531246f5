"""First steps, a machine that is too slow, sources that fail: what the window says and offers."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QFileDialog, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from app.gui.feed import PATIENCE, SlownessNotice
from app.gui.main_window import MainWindow
from app.gui.sources import SourceMenu
from app.runtime.live.results import Phase, WorkerStatus
from app.settings import AppSettings, SourceChoice, SourceKind
from tests.app.gui.window_fakes import (
    PLACE,
    FakeSession,
    FakeSources,
    make_frame,
    make_window,
    tick,
)

SLOW = WorkerStatus(phase=Phase.OFF, predictions_per_second=6.0, dropped=0)


def told(statuses: list[WorkerStatus]) -> list[str]:
    """What is said of these states, one a second."""
    notice = SlownessNotice()
    return [sentence for t, s in enumerate(statuses) if (sentence := notice.check(float(t), s))]


def falling_behind(status: WorkerStatus, seconds: int) -> list[WorkerStatus]:
    return [replace(status, dropped=19 * (t + 1)) for t in range(seconds)]


def test_a_machine_that_stays_slow_is_spoken_of_once() -> None:
    seconds = round(PATIENCE)
    assert told(falling_behind(SLOW, seconds)) == []
    (sentence,) = told(falling_behind(SLOW, 5 * seconds))
    assert "6 predictions a second" in sentence
    assert "lighter network" in sentence


def test_while_learning_it_is_advised_to_learn_less() -> None:
    learning = replace(SLOW, phase=Phase.PERSONALIZING)
    (sentence,) = told(falling_behind(learning, 20))
    assert "switch Personalize off" in sentence


@pytest.mark.parametrize(
    "status",
    [
        replace(SLOW, predictions_per_second=12.0),
        replace(SLOW, predictions_per_second=0.0),  # nobody is there
        replace(SLOW, phase=Phase.OFFLINE),
    ],
)
def test_other_reasons_for_few_predictions_are_no_slow_machine(status: WorkerStatus) -> None:
    assert told(falling_behind(status, 40)) == []


def test_a_slow_source_is_no_slow_machine() -> None:
    assert told([SLOW] * 40) == []  # no frame had to wait


def test_states_that_come_many_times_a_second_are_told_as_well() -> None:
    """Frames are dropped with each prediction, not between two looks at the state."""
    notice = SlownessNotice()
    said = [
        notice.check(tick / 30, replace(SLOW, dropped=19 * (tick // 30))) for tick in range(30 * 15)
    ]
    assert sum(map(bool, said)) == 1


def test_a_short_hitch_begins_the_count_anew() -> None:
    hitch = falling_behind(SLOW, 8)
    fast = [replace(SLOW, predictions_per_second=25.0, dropped=500)]
    later = [replace(status, dropped=status.dropped + 500) for status in hitch]
    assert told(hitch + fast + later) == []


def buttons(widget: QWidget) -> dict[str, QPushButton]:
    return {b.text(): b for b in widget.findChildren(QPushButton) if b.isVisible()}


def test_without_a_source_the_picture_says_what_to_do_and_offers_it(qtbot: QtBot) -> None:
    sources = FakeSources()
    session = FakeSession()
    window = make_window(qtbot, session, sources)
    tick(window)
    live = window.panels.live
    assert set(buttons(live)) == {"Choose a source", "Open a video…", "Play the demo"}
    buttons(live)["Play the demo"].click()
    assert sources.opened == [("demo", "webcam")]
    tick(window)
    assert not buttons(live)  # the first picture is on its way
    session.publish(make_frame(1))
    tick(window)
    assert not buttons(live)


def test_the_buttons_lie_in_the_middle_of_the_picture(qtbot: QtBot) -> None:
    window = make_window(qtbot, FakeSession())
    tick(window)
    window.resize(1000, 640)
    live = window.panels.live
    box = window._guide._empty.buttons
    qtbot.waitUntil(lambda: abs(box.geometry().center().x() - live.rect().center().x()) <= 1)
    assert live.rect().contains(box.geometry())


def test_a_source_that_fails_is_told_with_buttons_that_help(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources = FakeSources()
    window = make_window(qtbot, FakeSession(), sources)
    window.open_source(SourceChoice(SourceKind.VIDEO, "broken.mp4"))
    qtbot.waitUntil(lambda: bool(buttons(window.messages)))
    offered = buttons(window.messages)
    assert set(offered) == {"Choose a source", "Open a video…", "Play the demo"}
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: ("/a/whole.mp4", ""))
    offered["Open a video…"].click()
    qtbot.waitUntil(lambda: sources.opened == [("video", "/a/whole.mp4")])
    qtbot.waitUntil(lambda: not window.opener.busy)
    assert window.messages.text() == ""
    assert not buttons(window.messages)


def test_a_camera_that_falls_silent_is_told_with_buttons_until_it_is_back(qtbot: QtBot) -> None:
    session = FakeSession(messages=["Cam is silent. Trying to reconnect."], silent=True)
    window = make_window(qtbot, session)
    session.messages = ["Cam is silent. Trying to reconnect."]
    tick(window)
    assert "Choose a source" in buttons(window.messages)
    session.silent = False
    tick(window)
    assert not buttons(window.messages)
    assert window.messages.text() == "Cam is silent. Trying to reconnect."


def test_choosing_a_source_opens_its_menu(qtbot: QtBot) -> None:
    window = make_window(qtbot, FakeSession())
    tick(window)
    menu = window.findChild(SourceMenu)
    assert menu is not None
    buttons(window.panels.live)["Choose a source"].click()
    qtbot.waitUntil(menu.isVisible)
    menu.close()


def test_a_newcomer_is_offered_the_tour_and_nobody_is_twice(qtbot: QtBot) -> None:
    saved: list[AppSettings] = []
    window = make_window(qtbot, FakeSession(), settings=AppSettings(), save=saved.append)
    assert "tour" in window.messages.text()
    buttons(window.messages)["Tour"].click()
    assert window._guide.tour is not None
    window.close()
    assert saved[0].welcomed
    assert make_window(qtbot, FakeSession(), settings=saved[0]).messages.text() == ""


def on_tour(qtbot: QtBot) -> tuple[MainWindow, FakeSession]:
    session = FakeSession(place=PLACE)
    window = make_window(qtbot, session)
    tick(window)
    window.commands.tour.trigger()
    return window, session


def test_the_tour_points_at_five_places_of_the_demo(qtbot: QtBot) -> None:
    window, _session = on_tour(qtbot)
    tour = window._guide.tour
    assert tour is not None
    assert window._sources.title() == "webcam"
    seen = []
    for place in range(5):
        target = tour.target()
        assert not target.isEmpty()
        assert tour.rect().contains(target)
        assert tour.rect().contains(tour._card.geometry())
        if place != 1:  # the picture leaves no room beside it
            assert not tour._card.geometry().intersects(target)
        seen.append((tour.title.text(), target.x(), target.y()))
        assert tour.next.text() == ("Done" if place == 4 else "Next")
        tour.next.click()
    assert len(set(seen)) == 5
    assert window._guide.tour is None


def test_keys_lead_through_the_tour_and_nothing_behind_it_moves(qtbot: QtBot) -> None:
    window, session = on_tour(qtbot)
    tour = window._guide.tour
    assert tour is not None
    session.calls.clear()
    qtbot.keyClick(tour.next, Qt.Key.Key_Right)
    qtbot.keyClick(tour.next, Qt.Key.Key_Right)
    qtbot.keyClick(tour.next, Qt.Key.Key_Left)
    qtbot.keyClick(tour.next, Qt.Key.Key_P)
    assert tour.place == 1
    assert session.calls == []
    qtbot.keyClick(tour.next, Qt.Key.Key_Escape)
    assert window._guide.tour is None
    qtbot.keyClick(window, Qt.Key.Key_P)
    assert session.calls == [("set_personalizing", True)]


def test_the_tour_is_skipped_by_its_button_and_follows_the_windows_size(qtbot: QtBot) -> None:
    window, _session = on_tour(qtbot)
    tour = window._guide.tour
    assert tour is not None
    window.resize(1024, 640)
    qtbot.waitUntil(lambda: tour.size() == window.size())
    assert tour.rect().contains(tour._card.geometry())
    tour.skip.click()
    assert window._guide.tour is None
    window.commands.tour.trigger()
    assert window._guide.tour is not None
