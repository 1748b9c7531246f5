"""The view for people and the view that explains: what each shows, and that each keeps its own."""

from __future__ import annotations

import numpy as np
import pytest
from PyQt6.QtCore import QRectF, Qt
from PyQt6.QtGui import QImage, QPainter
from pytestqt.qtbot import QtBot

from app.gui.legend import legend_rows, paint_legend
from app.gui.main_window import MainWindow
from app.settings import FOR_PEOPLE, AppSettings, Overlays
from tests.app.gui.window_fakes import FakeSession, make_frame, make_result, make_window, tick


def docks(window: MainWindow) -> list[bool]:
    return [dock.isVisible() for dock in window.docks.all]


def test_a_newcomer_sees_the_person_and_nothing_beside_it(qtbot: QtBot) -> None:
    window = make_window(qtbot, FakeSession())
    assert window.commands.chosen_overlays() == FOR_PEOPLE
    assert not (FOR_PEOPLE.self_keypoints or FOR_PEOPLE.arrows or FOR_PEOPLE.box)
    assert not any(docks(window))
    assert not window.commands.explain.isChecked()


def test_e_explains_and_goes_back(qtbot: QtBot) -> None:
    window = make_window(qtbot, FakeSession())
    qtbot.keyClick(window, Qt.Key.Key_E)
    assert window.commands.chosen_overlays() == Overlays()
    assert docks(window) == [True, True, True, False]  # no KeypointGAN is installed here
    assert window.commands.explain.isChecked()
    qtbot.keyClick(window, Qt.Key.Key_E)
    assert window.commands.chosen_overlays() == FOR_PEOPLE
    assert not any(docks(window))


def test_each_view_keeps_what_was_changed_in_it_through_a_restart(qtbot: QtBot) -> None:
    saved: list[AppSettings] = []
    window = make_window(qtbot, FakeSession(), save=saved.append)
    window.commands.overlays["angles"].trigger()
    window.docks.plots.show()
    window.commands.explain.trigger()
    window.commands.overlays["arrows"].trigger()
    window.docks.reconstruction.close()
    window.commands.explain.trigger()
    people = Overlays(self_keypoints=False, arrows=False, angles=True)
    assert window.commands.chosen_overlays() == people
    assert docks(window) == [False, False, True, False]
    window.commands.explain.trigger()
    window.close()

    again = make_window(qtbot, FakeSession(), settings=saved[0])
    assert again.commands.explain.isChecked()
    assert again.commands.chosen_overlays() == Overlays(arrows=False)
    assert docks(again) == [False, True, True, False]
    again.commands.explain.trigger()
    assert again.commands.chosen_overlays() == people
    assert docks(again) == [False, False, True, False]


def test_changing_the_view_brings_back_what_was_around_the_picture(qtbot: QtBot) -> None:
    window = make_window(qtbot, FakeSession())
    window.commands.picture_alone.trigger()
    qtbot.keyClick(window, Qt.Key.Key_E)
    assert not window.commands.picture_alone.isChecked()
    assert docks(window) == [True, True, True, False]


def test_reset_layout_stays_in_the_view(qtbot: QtBot) -> None:
    window = make_window(qtbot, FakeSession())
    window.docks.plots.show()
    window.commands.reset_layout.trigger()
    assert not any(docks(window))


def picture(window: MainWindow) -> QImage:
    return window.panels.live.grab().toImage()


def test_the_legend_is_on_the_picture_in_the_view_that_explains(qtbot: QtBot) -> None:
    session = FakeSession()
    window = make_window(qtbot, session)
    session.publish(make_frame(1), make_result(1))
    tick(window)
    live = window.panels.live
    corner = live.picture_rect().topRight().toPoint()
    corner.setX(corner.x() - 40)
    corner.setY(corner.y() + 16)
    live.set_overlays(Overlays())
    before = picture(window).pixelColor(corner)
    live.set_explaining(True)
    assert picture(window).pixelColor(corner).lightness() < before.lightness() - 20


@pytest.mark.parametrize(
    ("overlays", "has_affinity", "rows", "scales"),
    [
        (Overlays(), True, 2, 2),
        (Overlays(arrows=False), True, 1, 1),
        (Overlays(self_keypoints=False), True, 1, 1),
        (Overlays(), False, 1, 0),
        (FOR_PEOPLE, True, 0, 0),
    ],
)
def test_the_legend_explains_what_is_drawn_and_no_more(
    overlays: Overlays, has_affinity: bool, rows: int, scales: int
) -> None:
    legend = legend_rows(overlays, has_affinity=has_affinity)
    assert len(legend) == rows
    assert sum(len(ramp) > 0 for _, _, _, ramp, _, _ in legend) == scales


@pytest.mark.usefixtures("qapp")
def test_the_legend_lies_beside_the_picture_or_on_it_and_not_on_small_ones() -> None:
    image = QImage(900, 600, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.white)
    painter = QPainter(image)
    rows = legend_rows(Overlays(), has_affinity=True)
    whole = QRectF(image.rect())
    wide, tall, small = QRectF(20, 30, 860, 540), QRectF(0, 0, 500, 600), QRectF(290, 0, 320, 240)
    assert wide.contains(paint_legend(painter, wide, whole, rows))
    beside = paint_legend(painter, tall, whole, rows)
    assert whole.contains(beside)
    assert not beside.intersects(tall)
    portrait = QRectF(0, 0, 700, 600)  # a legend that is a little wider than what is left
    straddling = paint_legend(painter, portrait, whole, rows)
    assert whole.contains(straddling) and straddling.center().x() > portrait.right()
    assert paint_legend(painter, small, small, rows).isEmpty()
    assert paint_legend(painter, wide, whole, []).isEmpty()
    painter.end()


def test_a_mirrored_picture_is_turned_round_with_its_points(qtbot: QtBot) -> None:
    session = FakeSession()
    window = make_window(qtbot, session)
    frame = make_frame(1, value=40)
    frame.image[:, :320] = 220
    keypoints = np.full((13, 2), 300, np.float32)
    keypoints[0] = 100, 50
    session.publish(frame, make_result(1, keypoints=keypoints))
    window.commands.choose_overlays(Overlays(*[False] * 8))
    window.panels.live.set_overlays(window.commands.chosen_overlays())
    tick(window)
    rect = window.panels.live.picture_rect()
    quarter = rect.topLeft().toPoint()
    quarter.setX(round(rect.x() + rect.width() / 4))
    quarter.setY(round(rect.center().y()))
    assert picture(window).pixelColor(quarter).red() == 220
    qtbot.keyClick(window, Qt.Key.Key_M)
    assert picture(window).pixelColor(quarter).red() == 40

    # What lies under the cursor, and what a click means, are turned round too.
    scale = rect.width() / 640
    joint = rect.topLeft().toPoint()
    joint.setX(round(rect.x() + (640 - 100) * scale))
    joint.setY(round(rect.y() + 50 * scale))
    with qtbot.waitSignal(window.panels.live.joint_hovered) as hovered:
        qtbot.mouseMove(window.panels.live, joint)
    assert hovered.args == [0]
    qtbot.mouseClick(window.panels.live, Qt.MouseButton.LeftButton, pos=joint)
    name, x, y = session.calls[-1]
    assert name == "choose_person"
    assert (x, y) == (pytest.approx(100, abs=2), pytest.approx(50, abs=2))


def test_mirroring_is_remembered(qtbot: QtBot) -> None:
    saved: list[AppSettings] = []
    window = make_window(qtbot, FakeSession(), save=saved.append)
    window.commands.mirrored.trigger()
    window.close()
    assert saved[0].mirrored
    assert make_window(qtbot, FakeSession(), settings=saved[0]).commands.mirrored.isChecked()
