from __future__ import annotations

import weakref
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from PyQt6.QtCore import QEvent, QObject, QPoint, QPointF, Qt
from PyQt6.QtGui import QColor, QImage, QMouseEvent, QPixmap
from PyQt6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.gui import colours
from app.gui.live_view import LiveView
from app.gui.theme import TONES, Tone
from app.runtime.live.results import NetworkInfo, PoseResult
from app.settings import Overlays

BARE = Overlays(*[False] * 8)


class Paints(QObject):
    """Counts how often a widget paints."""

    def __init__(self, widget: LiveView) -> None:
        super().__init__(widget)
        self.count = 0
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        self.count += event is not None and event.type() == QEvent.Type.Paint
        return False


@pytest.fixture
def view(qtbot: QtBot, network: NetworkInfo) -> LiveView:
    widget = LiveView()
    widget.set_network(network)
    widget.resize(1000, 600)
    qtbot.addWidget(widget)
    widget.show()
    qtbot.waitExposed(widget)
    return widget


def picture(value: int = 200, height: int = 480, width: int = 640) -> NDArray[np.uint8]:
    return np.full((height, width, 3), value, np.uint8)


def grab(view: LiveView) -> QImage:
    return view.grab().toImage()


def hover(view: LiveView, position: QPointF) -> None:
    event = QMouseEvent(
        QEvent.Type.MouseMove,
        position,
        view.mapToGlobal(position),
        Qt.MouseButton.NoButton,
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
    )
    QApplication.sendEvent(view, event)


def on_screen(view: LiveView, x: float, y: float) -> QPointF:
    rect = view.picture_rect()
    return rect.topLeft() + QPointF(x, y) * (rect.width() / 640)


def test_the_picture_keeps_its_aspect_between_dark_margins(view: LiveView) -> None:
    view.show_frame(picture(), None)
    rect = view.picture_rect()
    assert (rect.x(), rect.y(), rect.width(), rect.height()) == (100, 0, 800, 600)
    image = grab(view)
    for x in (0, 99, 900, 999):
        assert image.pixelColor(x, 300) == QColor(colours.GROUND)
    for x in (100, 500, 899):
        assert image.pixelColor(x, 300) == QColor(200, 200, 200)


def test_a_tall_picture_has_margins_too(view: LiveView) -> None:
    view.show_frame(picture(height=800, width=400), None)
    rect = view.picture_rect()
    assert (rect.x(), rect.width(), rect.height()) == (350, 300, 600)


def test_colours_come_out_as_they_went_in(view: LiveView) -> None:
    image = picture()
    image[:] = (250, 100, 10)
    view.show_frame(image, None)
    assert grab(view).pixelColor(500, 300) == QColor(250, 100, 10)


def test_frames_that_are_not_packed_are_shown(view: LiveView) -> None:
    mirrored = np.zeros((480, 640, 3), np.uint8)
    mirrored[:, :320] = 255
    view.show_frame(mirrored[:, ::-1], None)
    image = grab(view)
    assert image.pixelColor(300, 300).red() == 0
    assert image.pixelColor(700, 300).red() == 255


def test_it_paints_only_for_something_new(
    view: LiveView, pose: PoseResult, qapp: QApplication
) -> None:
    frame = picture()
    view.set_chip("off", Tone.NEUTRAL)
    view.show_frame(frame, pose)
    qapp.processEvents()
    paints = Paints(view)
    view.show_frame(frame, pose)
    view.set_chip("off", Tone.NEUTRAL)
    view.set_overlays(Overlays())
    view.set_highlight(None, None)
    view.set_empty_text("unseen", "unseen")
    qapp.processEvents()
    assert paints.count == 0
    view.show_frame(frame, replace(pose, frame_index=1))
    qapp.processEvents()
    assert paints.count == 1


def test_it_holds_no_more_than_the_newest_frame(view: LiveView, pose: PoseResult) -> None:
    old = picture()
    gone = weakref.ref(old)
    view.show_frame(old, pose)
    view.show_frame(picture(), pose)
    del old
    assert gone() is None


def test_results_are_drawn_where_the_person_is(view: LiveView, pose: PoseResult) -> None:
    view.set_overlays(replace(BARE, keypoints=True))
    view.show_frame(picture(), pose)
    wrist = on_screen(view, *pose.keypoints[5].tolist()).toPoint()
    assert grab(view).pixelColor(wrist) == QColor(colours.SIDES["left"])
    view.set_overlays(BARE)
    assert grab(view).pixelColor(wrist) == QColor(200, 200, 200)


def test_a_click_gives_the_pixel_of_the_frame(view: LiveView, qtbot: QtBot) -> None:
    view.show_frame(picture(), None)
    with qtbot.waitSignal(view.person_chosen) as chosen:
        qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=QPoint(500, 150))
    assert chosen.args == pytest.approx([320, 120])


@pytest.mark.parametrize(
    ("button", "position"),
    [(Qt.MouseButton.LeftButton, QPoint(50, 150)), (Qt.MouseButton.RightButton, QPoint(500, 150))],
)
def test_other_clicks_choose_nobody(
    view: LiveView, qtbot: QtBot, button: Qt.MouseButton, position: QPoint
) -> None:
    view.show_frame(picture(), None)
    with qtbot.assertNotEmitted(view.person_chosen):
        qtbot.mouseClick(view, button, pos=position)


def test_a_click_without_a_picture_chooses_nobody(view: LiveView, qtbot: QtBot) -> None:
    with qtbot.assertNotEmitted(view.person_chosen):
        qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=QPoint(500, 150))


def test_hovering_a_joint_tells_and_lights_it(view: LiveView, pose: PoseResult) -> None:
    told: list[int] = []
    view.joint_hovered.connect(told.append)
    view.show_frame(picture(), pose)
    view.set_overlays(BARE)
    before = grab(view)
    hover(view, on_screen(view, *pose.keypoints[5].tolist()) + QPointF(4, 3))
    assert told == [5]
    assert grab(view) != before
    hover(view, on_screen(view, 20, 20))
    assert told == [5, -1]
    assert grab(view) == before


def test_a_joint_that_moves_away_is_hovered_no_more(view: LiveView, pose: PoseResult) -> None:
    told: list[int] = []
    view.joint_hovered.connect(told.append)
    view.show_frame(picture(), pose)
    hover(view, on_screen(view, *pose.keypoints[5].tolist()))
    view.show_frame(picture(), replace(pose, keypoints=pose.keypoints + 100))
    view.show_frame(picture(), None)
    assert told == [5, -1]


def test_leaving_the_view_ends_hovering(view: LiveView, pose: PoseResult) -> None:
    told: list[int] = []
    view.joint_hovered.connect(told.append)
    view.show_frame(picture(), pose)
    hover(view, on_screen(view, *pose.keypoints[5].tolist()))
    QApplication.sendEvent(view, QEvent(QEvent.Type.Leave))
    assert told == [5, -1]


def test_a_joint_that_is_not_drawn_cannot_be_hovered(view: LiveView, pose: PoseResult) -> None:
    told: list[int] = []
    view.joint_hovered.connect(told.append)
    view.show_frame(picture(), replace(pose, confidence=np.zeros(13, np.float32)))
    hover(view, on_screen(view, *pose.keypoints[5].tolist()))
    assert told == []


def test_a_highlighted_cell_shows_its_arrow(view: LiveView, pose: PoseResult) -> None:
    view.show_frame(picture(), pose)
    view.set_overlays(BARE)
    plain = grab(view)
    view.set_highlight(4, 20)
    cell = grab(view)
    view.set_highlight(4, None)
    row = grab(view)
    view.set_highlight(None, None)
    assert plain != cell != row != plain
    assert grab(view) == plain


def test_the_chip_is_at_the_lower_left_of_the_picture(view: LiveView) -> None:
    view.show_frame(picture(), None)
    view.set_chip("personalizing · 124 updates", Tone.ACTIVE)
    fill = TONES[Tone.ACTIVE].fill
    image = grab(view)
    assert image.pixelColor(130, 600 - 16 - 18) == fill
    assert image.pixelColor(110, 600 - 16 - 18) == QColor(200, 200, 200)
    assert image.pixelColor(130, 595) == QColor(200, 200, 200)
    assert view.accessibleDescription() == "personalizing · 124 updates"
    view.set_chip("", Tone.NEUTRAL)
    assert grab(view).pixelColor(130, 600 - 16 - 18) == QColor(200, 200, 200)


def test_without_a_picture_it_says_what_to_do(view: LiveView) -> None:
    bare = grab(view)
    view.set_empty_text("No camera answers", "Choose a source.")
    told = grab(view)
    assert told != bare
    assert told.pixelColor(5, 5) == QColor(colours.GROUND)
    view.show_frame(picture(), None)
    view.show_frame(None, None)
    assert grab(view) == told


def test_on_a_dense_screen_the_picture_is_sharp(view: LiveView, pose: PoseResult) -> None:
    stripes = picture(0)
    stripes[:, ::2] = 255
    view.resize(320, 240)
    view.show_frame(stripes, None)
    target = QPixmap(640, 480)
    target.setDevicePixelRatio(2.0)
    view.render(target)
    row = [target.toImage().pixelColor(x, 100).red() for x in range(100, 110)]
    assert row == [255, 0] * 5


def test_another_network_forgets_what_was_shown(
    view: LiveView, pose: PoseResult, network: NetworkInfo
) -> None:
    view.show_frame(picture(), pose)
    view.set_highlight(12, None)
    small = replace(network, joint_names=network.joint_names[:7], limbs=((0, 1),))
    view.set_network(small)
    view.set_overlays(Overlays())
    assert grab(view).pixelColor(500, 300) == QColor(200, 200, 200)


def test_another_person_offers_to_be_chosen(qtbot: QtBot, view: LiveView, pose: PoseResult) -> None:
    view.show_frame(picture(), pose)
    hover(view, on_screen(view, 60, 200))
    assert view.cursor().shape() is Qt.CursorShape.PointingHandCursor
    hover(view, on_screen(view, 200, 440))
    assert view.cursor().shape() is Qt.CursorShape.ArrowCursor
    view.set_mirrored(True)
    hover(view, on_screen(view, 580, 200))
    assert view.cursor().shape() is Qt.CursorShape.PointingHandCursor
    view.set_overlays(BARE)
    hover(view, on_screen(view, 580, 201))
    assert view.cursor().shape() is Qt.CursorShape.ArrowCursor
