from __future__ import annotations

from PyQt6.QtCore import QObject
from pytestqt.qtbot import QtBot

from app.gui.widgets import Throttle


def test_the_first_request_is_served_at_once_and_a_burst_only_once_more(qtbot: QtBot) -> None:
    parent, calls = QObject(), []
    throttle = Throttle(0.05, lambda: calls.append(len(calls)), parent)
    for _ in range(100):
        throttle.request()
    assert len(calls) == 1
    qtbot.waitUntil(lambda: len(calls) == 2)
    qtbot.wait(120)
    assert len(calls) == 2


def test_a_request_after_a_pause_is_served_at_once(qtbot: QtBot) -> None:
    parent, calls = QObject(), []
    throttle = Throttle(0.02, lambda: calls.append(len(calls)), parent)
    throttle.request()
    qtbot.wait(40)
    throttle.request()
    assert len(calls) == 2
