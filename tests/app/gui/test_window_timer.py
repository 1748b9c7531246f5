"""The timer fires, and reports how late it did."""

from __future__ import annotations

import pytest
from PyQt6.QtCore import QObject
from pytestqt.qtbot import QtBot

from app.gui.feed import INTERVAL_MS, WindowTimer


def test_it_fires_again_and_again(qtbot: QtBot) -> None:
    owner = QObject()
    timer = WindowTimer(owner)
    with qtbot.waitSignals([timer.tick, timer.tick, timer.tick], timeout=5000):
        timer.start()
    timer.stop()


def test_lateness_is_what_exceeds_the_interval(qtbot: QtBot) -> None:
    now = [0.0]
    timer = WindowTimer(clock=lambda: now[0])
    assert timer.lateness_p95_ms() == 0.0
    gaps_ms = [INTERVAL_MS, INTERVAL_MS - 1, INTERVAL_MS + 40] + [INTERVAL_MS] * 7
    for gap in [0, *gaps_ms]:
        now[0] += gap / 1000
        timer._fire()
    # Ten intervals, one of them 40 ms late: between the ninth and the tenth, 55 % of the way.
    assert timer.lateness_p95_ms() == pytest.approx(0.55 * 40)


def test_a_pause_of_the_timer_is_not_lateness(qtbot: QtBot) -> None:
    now = [0.0]
    timer = WindowTimer(clock=lambda: now[0])
    timer._fire()
    timer.stop()
    now[0] = 100.0
    timer.start()
    timer._fire()
    timer.stop()
    assert timer.lateness_p95_ms() == 0.0
