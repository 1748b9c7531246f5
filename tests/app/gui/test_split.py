"""Before and after side by side: what is drawn where, and how the divider moves."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PyQt6.QtCore import QPoint, QPointF, QRectF, Qt
from PyQt6.QtGui import QColor, QImage, QKeyEvent
from pytestqt.qtbot import QtBot

from app.gui import colours
from app.gui.live_view import Divider, LiveView
from app.gui.main_window import MainWindow
from app.runtime.live.results import Comparison, NetworkInfo, PoseResult
from app.settings import Overlays
from tests.app.gui.window_fakes import FakeSession, make_frame, make_result, make_window, tick

PICTURE = QRectF(100, 0, 400, 300)


def test_the_divider_stays_on_the_picture() -> None:
    divider = Divider()
    assert divider.x(PICTURE) == 300
    divider.drag(1000, PICTURE)
    assert divider.x(PICTURE) == 500
    divider.drag(-5, PICTURE)
    assert divider.x(PICTURE) == 100
    for _ in range(3):
        divider.step(-1)
    assert divider.share == 0
    divider.step(1)
    assert divider.share == pytest.approx(0.02)
    left, right = divider.sides(PICTURE)
    assert left.width() + right.width() == PICTURE.width() and left.right() == right.left()


def test_only_a_press_near_the_line_takes_hold_of_it() -> None:
    divider = Divider()
    assert divider.holds(QPointF(305, 20), PICTURE)
    assert not divider.holds(QPointF(330, 20), PICTURE)
    assert not divider.holds(QPointF(300, 400), PICTURE)


@pytest.fixture
def view(qtbot: QtBot, network: NetworkInfo, pose: PoseResult) -> LiveView:
    """A picture of 640 x 480 with the trained network's person 100 pixels to the left."""
    view = LiveView()
    view.resize(640, 480)
    qtbot.addWidget(view)
    view.set_network(network)
    view.set_overlays(Overlays())
    trained = pose.keypoints - np.array([100, 0], np.float32)
    frame = np.full((480, 640, 3), 90, np.uint8)
    with qtbot.waitExposed(view):
        view.show()
    view.show_frame(frame, replace(pose, unpersonalized=trained))
    return view


def _inks(image: QImage, area: QRectF, colour: str) -> int:
    wanted = QColor(colour)
    return sum(
        image.pixelColor(x, y) == wanted
        for x in range(round(area.left()), round(area.right()), 2)
        for y in range(round(area.top()), round(area.bottom()), 2)
    )


def _drawn(view: LiveView) -> QImage:
    return view.grab().toImage()


def test_the_trained_prediction_is_left_of_the_line_and_the_present_one_right(
    view: LiveView,
) -> None:
    # Left limbs are in x from 345 to 430 as predicted now, from 245 to 330 as trained.
    trained, now = QRectF(270, 150, 49, 260), QRectF(365, 150, 60, 260)
    assert _inks(_drawn(view), now, colours.ORANGE) > 20
    view.set_split(True)
    image = _drawn(view)
    assert _inks(image, now, colours.ORANGE) > 20
    assert _inks(image, trained, colours.ORANGE) > 5
    # With the line at the right edge there is the trained prediction alone.
    for _ in range(40):
        view.keyPressEvent(_key(Qt.Key.Key_Right))
    image = _drawn(view)
    assert _inks(image, QRectF(370, 350, 60, 80), colours.ORANGE) == 0
    view.set_split(False)
    assert _inks(_drawn(view), now, colours.ORANGE) > 20


def _key(key: Qt.Key) -> QKeyEvent:
    return QKeyEvent(QKeyEvent.Type.KeyPress, key, Qt.KeyboardModifier.NoModifier)


def test_the_line_is_dragged_and_a_press_on_it_chooses_nobody(qtbot: QtBot, view: LiveView) -> None:
    view.set_split(True)
    chosen: list[tuple[float, float]] = []
    view.person_chosen.connect(lambda x, y: chosen.append((x, y)))
    assert view._divider is not None
    qtbot.mousePress(view, Qt.MouseButton.LeftButton, pos=QPoint(322, 200))
    qtbot.mouseMove(view, QPoint(480, 210))
    qtbot.mouseRelease(view, Qt.MouseButton.LeftButton, pos=QPoint(480, 210))
    assert view._divider.share == pytest.approx(0.75, abs=0.01)
    qtbot.mouseMove(view, QPoint(100, 210))
    assert view._divider.share == pytest.approx(0.75, abs=0.01)
    assert chosen == []
    qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=QPoint(100, 100))
    assert len(chosen) == 1


def test_without_the_trained_prediction_the_left_side_is_plain(
    view: LiveView, pose: PoseResult
) -> None:
    view.set_split(True)
    view.show_frame(np.full((480, 640, 3), 90, np.uint8), pose)
    assert _inks(_drawn(view), QRectF(210, 150, 100, 260), colours.SKY_BLUE) == 0


@pytest.fixture
def session() -> FakeSession:
    return FakeSession()


@pytest.fixture
def window(qtbot: QtBot, session: FakeSession) -> MainWindow:
    return make_window(qtbot, session)


def test_the_key_compares_and_its_end_costs_nothing(
    qtbot: QtBot, window: MainWindow, session: FakeSession
) -> None:
    qtbot.keyClick(window, Qt.Key.Key_C)
    assert window.commands.compare.isChecked()
    assert session.calls == [("set_comparison", Comparison.ALWAYS)]
    qtbot.keyClick(window, Qt.Key.Key_6)  # the ghost wants the same
    qtbot.keyClick(window, Qt.Key.Key_C)
    qtbot.keyClick(window, Qt.Key.Key_6)
    assert [call[1] for call in session.calls[1:]] == [
        Comparison.ALWAYS,
        Comparison.ALWAYS,
        Comparison.NEVER,
    ]


def test_the_arrow_keys_move_the_line_in_the_window(
    qtbot: QtBot, window: MainWindow, session: FakeSession
) -> None:
    session.publish(make_frame(1), make_result(1))
    tick(window)
    live = window.panels.live
    qtbot.keyClick(window, Qt.Key.Key_C)
    assert live.hasFocus() and live._divider is not None
    qtbot.keyClick(live, Qt.Key.Key_Left)
    assert live._divider.share == pytest.approx(0.48)
    qtbot.keyClick(live, Qt.Key.Key_Right)
    assert live._divider.share == pytest.approx(0.5)


def test_either_side_tells_its_number(window: MainWindow, session: FakeSession) -> None:
    window.commands.compare.trigger()
    for index in range(3):
        result = make_result(index, timestamp=index / 25)
        session.publish(make_frame(index), replace(result, keypoints=make_result(0).keypoints))
        session.results[-1] = replace(session.results[-1], unpersonalized=make_result(0).keypoints)
    tick(window)
    # Nobody moves: the jitter is nothing.
    assert window.panels.live._split_notes == ("jitter 0.00 %", "jitter 0.00 %")
