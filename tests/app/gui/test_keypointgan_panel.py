"""The panel follows, holds, redraws what is dragged, and borrows a look; hidden it rests."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PyQt6.QtCore import QPoint, Qt
from PyQt6.QtGui import QAction, QImage
from PyQt6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from app.gui import launch
from app.gui.painting import to_qimage
from app.gui.panels.keypointgan import NO_WEIGHTS, KeypointGanChoice, KeypointGanPanel, arrange
from app.runtime.live.results import PoseResult, RedrawRequest
from app.settings import AppSettings
from model.core.crop import SquareBox
from model.keypointgan.evaluation import Factorization
from model.keypointgan.weights import load
from tests.app.gui.window_fakes import FakeSession, make_frame, make_result, make_window, tick
from tests.app.keypointgan import SPEC, person, write_weights


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_weights(tmp_path_factory.mktemp("gan") / "small.safetensors")


@pytest.fixture
def factorization(weights: Path) -> Factorization:
    torch.set_num_threads(1)
    return Factorization(load(weights))


def whole(seed: int) -> PoseResult:
    """A result whose box is the whole of a 128 x 128 frame."""
    return replace(make_result(seed), box=SquareBox(64, 64, 128))


class Stage:
    """A shown panel with a clock of its own, and what it said."""

    def __init__(self, qtbot: QtBot, keypointgan: KeypointGanChoice | None) -> None:
        self.qtbot = qtbot
        self.now = 0.0
        self.said: list[str] = []
        self.panel = KeypointGanPanel(keypointgan, clock=lambda: self.now)
        self.panel.said.connect(self.said.append)
        self.panel.resize(360, 420)
        qtbot.addWidget(self.panel)
        with qtbot.waitExposed(self.panel):
            self.panel.show()
        self.panel.activateWindow()

    def rest(self) -> None:
        """Let the panel take all answers that are under way, without a new picture."""
        self.tick(None)
        self.until(lambda: self.panel._asked is None)

    def until(self, condition: Callable[[], bool], seed: int | None = None) -> None:
        """Let the panel work until ``condition``, while the person ``seed`` is in the picture."""

        def check() -> bool:
            self.tick(seed)
            return condition()

        self.qtbot.waitUntil(check, timeout=30_000)

    def tick(self, seed: int | None) -> None:
        if seed is None:
            self.panel.tick(None, None)
        else:
            self.panel.tick(person(seed), whole(seed))

    def load(self) -> None:
        self.until(lambda: self.panel._info is not None)

    def follow(self, seed: int) -> None:
        """Show the person ``seed`` and wait until the panel shows it too."""
        self.rest()
        self.now += 1
        self.tick(seed)
        self.rest()

    def shown(self, factorization: Factorization) -> list[int]:
        """The persons, of the first four, whose picture and points are on show."""
        editor = self.panel.editor
        return [
            seed
            for seed in range(4)
            if editor._image == to_qimage(person(seed))
            and editor.points is not None
            and np.array_equal(editor.points, factorization.read(person(seed)).points)
        ]

    def drag(self, point: int, by: QPoint) -> None:
        editor, left = self.panel.editor, Qt.MouseButton.LeftButton
        start = editor.place_of(point).toPoint()
        self.qtbot.mousePress(editor, left, pos=start)
        self.qtbot.mouseMove(editor, start + by)
        self.qtbot.mouseRelease(editor, left, pos=start + by)

    def pictures(self) -> tuple[QImage, QImage]:
        """Skeleton image and redrawn person."""
        images = self.panel.pictures._images
        assert images is not None
        return images


@pytest.fixture
def stage(qtbot: QtBot, weights: Path) -> Iterator[Stage]:
    stage = Stage(qtbot, KeypointGanChoice(weights, "cpu"))
    stage.load()
    yield stage
    stage.panel.close_threads()


def questions(stage: Stage) -> list[RedrawRequest]:
    """What the panel asks from now on; nothing is answered."""
    asked: list[RedrawRequest] = []
    stage.panel._stage.ask = asked.append  # type: ignore[method-assign, assignment]
    return asked


def grey(image: NDArray[np.uint8]) -> QImage:
    return to_qimage(np.repeat(image[..., None], 3, axis=2))


def test_the_person_is_followed_with_points_skeleton_and_redrawn_picture(
    stage: Stage, factorization: Factorization
) -> None:
    stage.follow(0)
    reading = factorization.read(person(0))
    assert stage.shown(factorization) == [0]
    assert stage.pictures() == (
        grey(reading.skeleton_image),
        to_qimage(factorization.redraw(reading.points, person(0))),
    )
    stage.follow(1)
    assert stage.shown(factorization) == [1]


def test_following_asks_a_few_times_a_second_and_never_twice_for_a_picture(
    stage: Stage,
) -> None:
    asked = questions(stage)
    result = whole(0)
    stage.panel.tick(person(0), result)
    stage.now += 10
    stage.panel._asked = None
    stage.panel.tick(person(0), result)
    assert len(asked) == 1
    for frame in range(300):
        stage.now += 1 / 30
        stage.panel._asked = None
        stage.panel.tick(person(frame), whole(frame))
    assert 20 <= len(asked) <= 32


def test_while_the_network_is_busy_nothing_is_queued(stage: Stage) -> None:
    asked = questions(stage)
    for frame in range(5):
        stage.now += 1
        stage.panel.tick(person(frame), whole(frame))
    assert len(asked) == 1


def test_a_hidden_panel_neither_loads_nor_computes(qtbot: QtBot, weights: Path) -> None:
    stage = Stage(qtbot, KeypointGanChoice(weights, "cpu"))
    stage.panel.hide()
    for _ in range(3):
        stage.tick(0)
    assert stage.panel._stage.loading is None
    stage.panel.show()
    stage.load()
    stage.follow(0)
    asked = questions(stage)
    stage.panel.hide()
    stage.now += 10
    stage.tick(1)
    assert asked == []
    stage.panel.close_threads()


def test_a_panel_hidden_for_long_gives_its_network_up_and_loads_it_again(
    stage: Stage, factorization: Factorization
) -> None:
    def threads() -> int:
        return sum(thread.name == "app-keypointgan" for thread in threading.enumerate())

    stage.follow(0)
    stage.panel.hide()
    stage.now += 9
    stage.tick(1)
    assert threads() == 1
    stage.now += 2
    stage.until(lambda: threads() == 0, seed=1)
    assert stage.said == []
    stage.panel.show()
    stage.until(lambda: stage.panel._stage.info is not None)
    stage.follow(2)
    assert stage.shown(factorization) == [2]
    assert threads() == 1


def test_a_held_frame_keeps_its_network(stage: Stage) -> None:
    stage.follow(0)
    stage.panel.take_frame.trigger()
    stage.panel.hide()
    stage.now += 100
    stage.tick(1)
    assert stage.panel._stage.info is not None


def test_a_taken_frame_stays_until_the_person_is_followed_again(
    stage: Stage, factorization: Factorization
) -> None:
    stage.follow(0)
    stage.qtbot.keyClick(stage.panel, Qt.Key.Key_T)
    stage.follow(1)
    assert stage.shown(factorization) == [0]
    assert stage.panel.take_frame.text() == "Follow"
    stage.panel.take_frame.trigger()
    stage.tick(1)
    stage.rest()
    assert stage.shown(factorization) == [1]
    assert stage.panel.take_frame.text() == "Take this frame"


def test_a_drag_holds_the_picture_and_redraws_the_person(
    stage: Stage, factorization: Factorization
) -> None:
    stage.follow(0)
    before = stage.panel.editor.points
    stage.drag(0, QPoint(25, 10))
    stage.follow(1)
    points = stage.panel.editor.points
    assert before is not None and points is not None
    assert (points != before).any(axis=1).sum() == 1
    assert stage.pictures() == (
        grey(factorization.skeleton(points)),
        to_qimage(factorization.redraw(points, person(0))),
    )
    assert stage.panel._state.text() == "Held, 1 keypoint moved"


def test_a_picture_that_was_asked_for_before_the_drag_does_not_replace_it(
    stage: Stage, factorization: Factorization
) -> None:
    stage.follow(0)
    stage.now += 1
    stage.tick(1)  # on its way when the drag begins
    stage.panel.editor.taken.emit()
    stage.rest()
    assert stage.shown(factorization) == [0]


def test_undo_puts_the_points_back(stage: Stage, factorization: Factorization) -> None:
    stage.follow(0)
    assert not stage.panel.undo.isEnabled()
    before = stage.pictures()
    stage.drag(0, QPoint(25, 10))
    stage.drag(8, QPoint(-25, 10))
    stage.rest()
    assert stage.panel.undo.isEnabled()
    assert stage.pictures() != before
    stage.qtbot.keyClick(stage.panel, Qt.Key.Key_U)
    stage.rest()
    assert stage.shown(factorization) == [0]
    assert stage.pictures() == before
    assert not stage.panel.undo.isEnabled()


def test_a_kept_appearance_is_shown_in_later_poses_until_it_is_dropped(
    stage: Stage, factorization: Factorization
) -> None:
    stage.follow(0)
    stage.qtbot.keyClick(stage.panel, Qt.Key.Key_A)
    stage.follow(1)
    assert stage.shown(factorization) == [1]
    assert stage.pictures()[1] == to_qimage(factorization.transfer(person(1), person(0)))
    assert stage.panel.appearance.text() == "Drop the appearance"
    stage.panel.appearance.trigger()
    stage.rest()
    assert stage.pictures()[1] == to_qimage(factorization.transfer(person(1), person(1)))
    assert stage.panel.appearance.text() == "Use as appearance"


def test_another_source_forgets_the_person_but_not_a_held_one(
    stage: Stage, factorization: Factorization
) -> None:
    stage.follow(0)
    stage.panel.start_afresh()
    stage.tick(None)
    assert stage.panel.pictures.accessibleDescription() == "Appears when a person is found"
    stage.follow(0)
    stage.panel.take_frame.trigger()
    stage.panel.start_afresh()
    stage.tick(None)
    assert stage.shown(factorization) == [0]


def test_without_weights_the_panel_says_how_to_come_by_some(qtbot: QtBot) -> None:
    stage = Stage(qtbot, None)
    stage.tick(0)
    panel = stage.panel
    assert panel.pictures.accessibleDescription() == NO_WEIGHTS
    enabled = [a.isEnabled() for a in (panel.take_frame, panel.undo, panel.appearance)]
    assert enabled == [False] * 3
    assert panel.choose.isEnabled()


def test_the_panel_says_that_there_is_nobody(stage: Stage) -> None:
    stage.tick(None)
    assert stage.panel.pictures.accessibleDescription() == "Appears when a person is found"
    stage.follow(0)
    stage.tick(0)
    assert stage.panel._state.text() == "Following the person"
    stage.tick(None)
    assert stage.panel._state.text().startswith("No person in the picture")


def test_chosen_weights_are_used_and_remembered_and_bad_ones_told(
    qtbot: QtBot, weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = Stage(qtbot, None)
    stage.tick(None)
    bad = tmp_path / "bad.safetensors"
    bad.write_text("nothing")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(bad), ""))
    qtbot.keyClick(stage.panel, Qt.Key.Key_W)
    stage.until(lambda: bool(stage.said))
    assert "bad.safetensors" in stage.said[0]
    assert stage.panel.pictures.accessibleDescription() == stage.said[0]
    assert stage.panel.remembered == ""
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(weights), ""))
    stage.panel.choose.trigger()
    stage.load()
    assert stage.panel.remembered == str(weights)
    stage.panel.close_threads()


def test_a_held_person_is_read_again_by_other_weights(stage: Stage, tmp_path: Path) -> None:
    stage.follow(0)
    stage.panel.take_frame.trigger()
    spec = replace(SPEC, skeleton_name="cat7", conditional=False)
    stage.panel.open_weights(write_weights(tmp_path / "cats.safetensors", spec))
    stage.until(lambda: stage.panel._state.text().startswith("Held:"), seed=1)
    stage.rest()
    points = stage.panel.editor.points
    assert points is not None and points.shape == (7, 2)
    assert stage.panel.editor._image == to_qimage(person(0))
    assert not stage.panel.appearance.isEnabled()


def test_the_panel_opens_by_key_in_front_and_works_only_there(qtbot: QtBot, weights: Path) -> None:
    session = FakeSession()
    window = make_window(
        qtbot,
        session,
        settings=AppSettings(explaining=True),
        keypointgan=KeypointGanChoice(weights, "cpu"),
    )
    panel, action = window.panels.keypoint_gan, window.commands.keypoint_gan
    session.publish(make_frame(1), make_result(1))
    tick(window)
    assert not window.docks.keypoint_gan.isHidden()  # a tab behind affinity
    assert not action.isChecked()
    assert panel._stage.loading is None
    qtbot.keyClick(window, Qt.Key.Key_K)
    qtbot.waitUntil(action.isChecked, timeout=5000)
    window.timer.start()
    qtbot.waitUntil(lambda: panel.editor.points is not None, timeout=30_000)
    assert panel.take_frame.isEnabled()
    qtbot.keyClick(window, Qt.Key.Key_K)
    qtbot.waitUntil(lambda: not action.isChecked(), timeout=5000)
    assert window.docks.keypoint_gan.isHidden()


def test_no_two_actions_of_the_whole_window_share_a_key(qtbot: QtBot) -> None:
    window = make_window(qtbot, FakeSession())
    keys = [a.shortcut().toString() for a in window.findChildren(QAction) if a.shortcut()]
    keys = [key for key in keys if key]
    assert {"K", "T", "U", "A", "W"} < set(keys)
    assert len(keys) == len(set(keys))


def test_the_weights_are_those_asked_for_or_used_last_or_in_the_box(
    weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = tmp_path / "box.safetensors"
    monkeypatch.setattr(launch, "KEYPOINT_GAN_WEIGHTS", box)
    assert launch._keypoint_gan(None, "") is None
    assert launch._keypoint_gan(None, str(tmp_path / "gone.safetensors")) is None
    box.touch()
    assert launch._keypoint_gan(None, str(tmp_path / "gone.safetensors")) == box
    assert launch._keypoint_gan(None, str(weights)) == weights
    assert launch._keypoint_gan(box, str(weights)) == box


def test_the_chosen_weights_are_in_the_saved_settings(qtbot: QtBot, weights: Path) -> None:
    saved: list[AppSettings] = []
    settings = AppSettings(keypoint_gan="earlier.safetensors")
    window = make_window(qtbot, FakeSession(), settings=settings, save=saved.append)
    window.close()
    assert saved[0].keypoint_gan == "earlier.safetensors"
    window = make_window(qtbot, FakeSession(), settings=settings, save=saved.append)
    panel = window.panels.keypoint_gan
    window.show_keypoint_gan()
    panel._user_chose = weights
    panel.open_weights(weights)
    window.timer.start()
    qtbot.waitUntil(lambda: panel._info is not None, timeout=30_000)
    window.close()
    assert saved[1].keypoint_gan == str(weights)


@pytest.mark.parametrize("size", [(328, 200), (900, 220), (300, 600), (220, 160), (30, 20)])
def test_three_squares_lie_in_the_room_and_apart(size: tuple[int, int]) -> None:
    rects = arrange(*size)
    assert all(r.width() == r.height() >= 1 for r in rects)
    assert rects[1].size() == rects[2].size()
    assert not any(
        a.adjusted(0, 0, 0, 20).intersects(b) for a in rects for b in rects if a is not b
    )
    if min(size) > 50:
        assert all(r.left() >= 0 and r.right() <= size[0] for r in rects)
        assert all(r.bottom() + 20 <= size[1] for r in rects)


def test_a_wide_room_has_a_row_and_others_a_large_first_picture() -> None:
    row = arrange(900, 220)
    assert row[0].size() == row[1].size()
    for size in ((328, 200), (300, 600)):
        assert arrange(*size)[0].width() > 1.7 * arrange(*size)[1].width()
