"""Keypoints are moved by mouse and by key, and only those that limbs are drawn of."""

from __future__ import annotations

import numpy as np
import pytest
from PyQt6.QtCore import QPoint, Qt
from PyQt6.QtGui import QColor, QImage
from PyQt6.QtWidgets import QLineEdit, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from app.gui import colours
from app.gui.panels.point_editor import PointEditor
from app.runtime.live.keypointgan import describe_keypointgan
from app.runtime.live.results import Array
from model.keypointgan.settings import KeypointGanSpec

SIZE = 128
POINTS = np.array(
    [
        (0.0, -0.7), (0.3, -0.4), (-0.3, -0.4), (0.5, -0.1), (-0.5, -0.1), (0.6, 0.2), (-0.6, 0.2),
        (0.2, 0.2), (-0.2, 0.2), (0.25, 0.55), (-0.25, 0.55), (0.3, 0.9), (-0.3, 0.9),
    ],
    np.float32,
)  # fmt: skip
PIXEL = 2 / (SIZE - 1)


class Desk:
    """An editor between two fields, with what it said."""

    def __init__(self, qtbot: QtBot, skeleton: str = "penn13", points: Array = POINTS) -> None:
        self.qtbot = qtbot
        self.said: list[str] = []
        self.window = QWidget()
        qtbot.addWidget(self.window)
        column = QVBoxLayout(self.window)
        self.before, self.after = QLineEdit(), QLineEdit()
        self.editor = PointEditor()
        self.editor.setFixedSize(256, 256)
        for widget in (self.before, self.editor, self.after):
            column.addWidget(widget)
        self.editor.taken.connect(lambda: self.said.append("taken"))
        self.editor.moved.connect(lambda: self.said.append("moved"))
        self.editor.set_info(describe_keypointgan(KeypointGanSpec(skeleton), "test"))
        image = QImage(SIZE, SIZE, QImage.Format.Format_RGB32)
        image.fill(QColor("#808080"))
        self.editor.show_person(image, points)
        with qtbot.waitExposed(self.window):
            self.window.show()
        self.window.activateWindow()
        self.before.setFocus()

    def at(self, point: int) -> QPoint:
        return self.editor.place_of(point).toPoint()

    def drag(self, point: int, by: QPoint) -> None:
        left, start = Qt.MouseButton.LeftButton, self.at(point)
        self.qtbot.mouseMove(self.editor, start)
        self.qtbot.mousePress(self.editor, left, pos=start)
        self.qtbot.mouseMove(self.editor, start + by)
        self.qtbot.mouseRelease(self.editor, left, pos=start + by)

    def key(self, key: Qt.Key, shift: bool = False) -> None:
        modifier = Qt.KeyboardModifier.ShiftModifier if shift else Qt.KeyboardModifier.NoModifier
        focused = self.window.focusWidget()
        assert focused is not None
        self.qtbot.keyClick(focused, key, modifier)

    def change(self) -> Array:
        assert self.editor.points is not None
        return self.editor.points - POINTS


@pytest.fixture
def desk(qtbot: QtBot) -> Desk:
    return Desk(qtbot)


def test_a_drag_moves_one_point_as_far_as_the_mouse(desk: Desk) -> None:
    desk.drag(3, QPoint(20, -12))
    change = desk.change()
    assert np.flatnonzero(change.any(axis=1)).tolist() == [3]
    # 256 widget pixels show 128 of the picture.
    np.testing.assert_allclose(change[3], (10 * PIXEL, -6 * PIXEL), atol=1e-5)
    assert desk.said[0] == "taken"
    assert set(desk.said[1:]) == {"moved"}


def test_a_press_beside_all_points_takes_nothing(desk: Desk) -> None:
    desk.qtbot.mousePress(desk.editor, Qt.MouseButton.LeftButton, pos=QPoint(4, 4))
    desk.qtbot.mouseMove(desk.editor, QPoint(30, 30))
    assert desk.said == []
    assert not desk.change().any()


def test_a_point_stays_in_the_picture(desk: Desk) -> None:
    desk.drag(0, QPoint(0, -200))
    assert desk.editor.points is not None
    assert desk.editor.points[0, 1] == -1.0


def test_the_hovered_point_is_named_and_the_cursor_says_that_it_can_be_dragged(desk: Desk) -> None:
    desk.qtbot.mouseMove(desk.editor, desk.at(5))
    assert desk.editor.chosen_name() == "left wrist"
    assert desk.editor.accessibleDescription() == "left wrist"
    assert desk.editor.cursor().shape() == Qt.CursorShape.OpenHandCursor
    marked = desk.editor.grab().toImage()
    desk.qtbot.mouseMove(desk.editor, QPoint(4, 4))
    assert desk.editor.chosen_name() == ""
    assert desk.editor.cursor().shape() == Qt.CursorShape.ArrowCursor
    assert desk.editor.grab().toImage() != marked


def test_tab_goes_through_the_points_and_on(desk: Desk) -> None:
    names = []
    desk.key(Qt.Key.Key_Tab)
    while desk.editor.hasFocus():
        names.append(desk.editor.chosen_name())
        desk.key(Qt.Key.Key_Tab)
    assert names[0] == "head"
    assert names[-1] == "right ankle"
    assert len(set(names)) == 13
    assert desk.after.hasFocus()
    desk.key(Qt.Key.Key_Backtab)
    assert desk.editor.chosen_name() == "right ankle"
    desk.key(Qt.Key.Key_Backtab)
    assert desk.editor.chosen_name() == "left ankle"


@pytest.mark.parametrize(
    ("key", "shift", "pixels"),
    [
        (Qt.Key.Key_Left, False, (-1, 0)),
        (Qt.Key.Key_Right, False, (1, 0)),
        (Qt.Key.Key_Up, False, (0, -1)),
        (Qt.Key.Key_Down, True, (0, 10)),
    ],
)
def test_arrow_keys_move_the_chosen_point_by_pixels(
    desk: Desk, key: Qt.Key, shift: bool, pixels: tuple[int, int]
) -> None:
    desk.key(Qt.Key.Key_Tab)
    desk.key(Qt.Key.Key_Tab)
    desk.key(key, shift)
    change = desk.change()
    assert np.flatnonzero(change.any(axis=1)).tolist() == [1]
    np.testing.assert_allclose(change[1], np.array(pixels) * PIXEL, atol=1e-5)
    assert desk.said == ["taken", "moved"]


def test_limbs_and_points_have_the_colours_of_their_sides(desk: Desk) -> None:
    image = desk.editor.grab().toImage()

    def colour(x: float, y: float) -> QColor:
        return image.pixelColor(round(x), round(y))

    for point, side in ((0, "middle"), (5, "left"), (6, "right")):
        place = desk.at(point)
        assert colour(place.x(), place.y()) == QColor(colours.SIDES[side])
    elbow, wrist = desk.at(3), desk.at(5)
    middle = (elbow + wrist) / 2
    assert colour(middle.x(), middle.y()) == QColor(colours.SIDES["left"])
    # The neck is half-way between the shoulders, and no point of its own.
    neck = (desk.editor.place_of(1) + desk.editor.place_of(2)) / 2
    above = (neck * 2 + desk.editor.place_of(0)) / 3
    assert colour(above.x(), above.y()) == QColor(colours.SIDES["middle"])
    desk.qtbot.mouseMove(desk.editor, neck.toPoint())
    assert desk.editor.chosen_name() == ""


def test_points_that_no_limb_shows_are_neither_drawn_nor_moved(qtbot: QtBot) -> None:
    points = np.full((32, 2), 0.9, np.float32)
    points[0] = -0.5  # the hip root, which is in no limb
    desk = Desk(qtbot, "h36m32", points)
    hidden = desk.at(0)
    assert desk.editor.grab().toImage().pixelColor(hidden) == QColor("#808080")
    desk.qtbot.mousePress(desk.editor, Qt.MouseButton.LeftButton, pos=hidden)
    assert desk.said == []


def test_without_a_picture_there_is_nothing_to_take(desk: Desk) -> None:
    place = desk.at(0)
    desk.editor.clear()
    desk.qtbot.mousePress(desk.editor, Qt.MouseButton.LeftButton, pos=place)
    desk.editor.setFocus()
    desk.key(Qt.Key.Key_Left)
    assert desk.said == []
    desk.key(Qt.Key.Key_Tab)
    assert desk.after.hasFocus()
