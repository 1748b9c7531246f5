"""Message bar and status bar."""

from __future__ import annotations

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QLabel, QToolButton
from pytestqt.qtbot import QtBot

from app.gui.widgets import MessageBar, StatusBar
from app.runtime.live.results import Phase, Schedule, WorkerStatus

STATUS = WorkerStatus(
    phase=Phase.PERSONALIZING,
    schedule=Schedule.TWO_LANES,
    schedule_reason="An update takes longer than a frame",
    device="CPU",
    updates=1240,
    predictions_per_second=27.3,
    pairs_per_second=4.04,
    latency_p95=0.0612,
    dropped=3,
)


def test_the_message_bar_is_there_only_when_it_has_something_to_say(qtbot: QtBot) -> None:
    bar = MessageBar()
    qtbot.addWidget(bar)
    assert bar.isHidden()
    bar.say("The camera stopped.")
    assert not bar.isHidden()
    assert bar.text() == "The camera stopped."
    qtbot.mouseClick(bar.findChild(QToolButton), Qt.MouseButton.LeftButton)
    assert bar.isHidden()
    assert bar.text() == ""


def test_messages_gather_without_repeating_and_without_limitless_growth(qtbot: QtBot) -> None:
    bar = MessageBar()
    qtbot.addWidget(bar)
    for sentence in ("one.", "two.", "one.", "three.", "four."):
        bar.say(sentence)
    assert bar.text() == "two.\nthree.\nfour."


def test_a_message_is_text_and_never_markup(qtbot: QtBot) -> None:
    bar = MessageBar()
    qtbot.addWidget(bar)
    bar.say("The file <b>x</b> is no video.")
    label = bar.findChild(QLabel)
    assert label is not None
    assert label.textFormat() == Qt.TextFormat.PlainText


def test_the_status_line(qtbot: QtBot) -> None:
    bar = StatusBar()
    qtbot.addWidget(bar)
    bar.show_status(STATUS, "FaceTime HD 1280×720@30")
    assert bar.text() == (
        "CPU · two lanes · FaceTime HD 1280×720@30 · 1,240 updates · 27 predictions/s"
        " · 4.0 pairs/s · 61 ms · 3 dropped"
    )


def test_whoever_gets_the_results_is_named(qtbot: QtBot) -> None:
    bar = StatusBar()
    qtbot.addWidget(bar)
    bar.show_status(STATUS, "Demo", ["OSC 127.0.0.1:9000"])
    assert " · Demo · to OSC 127.0.0.1:9000 · 1,240 updates" in bar.text()
    widest = bar.minimumSizeHint().width()
    bar.show_status(STATUS, "Demo", ["a file with a name that nobody would expect.py"] * 3)
    assert bar.minimumSizeHint().width() < widest + 120
    bar.show_status(STATUS, "Demo")
    assert "to" not in bar.text().split()


def test_before_anything_runs_the_status_line_shows_only_zeros(qtbot: QtBot) -> None:
    bar = StatusBar()
    qtbot.addWidget(bar)
    assert bar.text() == "0 updates · 0 predictions/s · 0.0 pairs/s · 0 ms · 0 dropped"


def test_a_number_that_grows_moves_nothing(qtbot: QtBot) -> None:
    bar = StatusBar()
    bar.resize(1280, 24)
    qtbot.addWidget(bar)
    bar.show()

    def places(status: WorkerStatus) -> list[int]:
        bar.show_status(status, "Demo 640×480@25")
        return [label.geometry().right() for label in bar.findChildren(QLabel)]

    few = WorkerStatus(device="CPU", updates=1, predictions_per_second=3)
    many = WorkerStatus(
        device="CPU",
        updates=98765,
        predictions_per_second=120,
        pairs_per_second=99.9,
        latency_p95=1.234,
        dropped=12345,
    )
    assert places(few) == places(many)


def test_a_long_source_name_does_not_widen_the_window(qtbot: QtBot) -> None:
    bar = StatusBar()
    qtbot.addWidget(bar)
    narrow = bar.minimumSizeHint().width()
    bar.show_status(STATUS, "A camera with quite a long name " * 20)
    assert bar.minimumSizeHint().width() <= narrow + 8
