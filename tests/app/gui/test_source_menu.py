"""The source menu lists what there is when it opens, and says what was chosen."""

from __future__ import annotations

import threading
from typing import NoReturn

import pytest
from PyQt6.QtCore import QPoint
from PyQt6.QtGui import QAction
from PyQt6.QtWidgets import QFileDialog, QWidget
from pytestqt.qtbot import QtBot

from app.gui.sources import SourceMenu, SourceOpener
from app.settings import CAMERA_MODES, MOST_RECENT, CameraMode, SourceChoice, SourceKind
from tests.app.gui.window_fakes import FakeSources


class Opened:
    """A source menu that can be opened, with what it said and what was chosen."""

    def __init__(self, qtbot: QtBot, sources: FakeSources) -> None:
        self.said: list[str] = []
        self.chosen: list[SourceChoice] = []
        self._qtbot = qtbot
        self.parent = QWidget()
        qtbot.addWidget(self.parent)
        self.recent: list[SourceChoice] = []
        self.menu = SourceMenu(sources, self.said.append, self.parent, lambda: self.recent)
        self.modes: list[CameraMode] = []
        self.menu.mode_chosen.connect(self.modes.append)
        self.menu.chosen.connect(self.chosen.append)

    def open(self) -> None:
        """Open the menu, and wait until the cameras are in it."""
        with self._qtbot.waitSignal(self.menu.search.over):
            self.menu.aboutToShow.emit()

    def entry(self, text: str) -> QAction:
        return next(a for a in self.menu.actions() if a.text() == text)


def test_cameras_are_asked_for_only_when_the_menu_opens(qtbot: QtBot) -> None:
    sources = FakeSources()
    opened = Opened(qtbot, sources)
    assert sources.listed == 0
    opened.open()
    sources.camera_names = ["Replugged"]
    opened.open()
    assert sources.listed == 2
    texts = [a.text() for a in opened.menu.actions() if not a.isSeparator()]
    assert texts == [
        "Replugged",  # of one alone there is nothing to compare
        "Camera mode: 1280×720@30",
        "Open video…",
        "Open image folder…",
        "Person at a desk",
        "Gymnast, four cameras",
    ]


def test_the_menu_does_not_wait_for_the_system_to_list_cameras(qtbot: QtBot) -> None:
    answer, asked = threading.Event(), []

    class Slow(FakeSources):
        def cameras(self) -> list[str]:
            asked.append(threading.current_thread())
            assert answer.wait(60)
            return super().cameras()

    opened = Opened(qtbot, Slow())
    opened.menu.popup(QPoint())
    assert opened.entry("Looking for cameras…").isEnabled() is False
    opened.menu.close()
    opened.menu.popup(QPoint())  # the same search goes on
    with qtbot.waitSignal(opened.menu.search.over):
        answer.set()
    texts = [a.text() for a in opened.menu.actions() if not a.isSeparator()]
    assert texts[:3] == ["FaceTime HD", "Cam && Co", "See all cameras…"]
    assert len(asked) == 1 and threading.main_thread() not in asked
    opened.menu.close()


def test_an_error_that_nobody_expected_is_told(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources = FakeSources()

    def fails() -> NoReturn:
        raise ZeroDivisionError("no such luck")

    monkeypatch.setattr(sources, "cameras", fails)
    opened = Opened(qtbot, sources)
    opened.open()
    assert opened.said == ["The cameras cannot be listed (no such luck)."]
    assert not opened.entry("No camera found").isEnabled()


def test_a_camera_and_a_demo_are_chosen_by_name(qtbot: QtBot) -> None:
    opened = Opened(qtbot, FakeSources())
    opened.open()
    opened.entry("Cam && Co").trigger()
    opened.entry("Gymnast, four cameras").trigger()
    assert opened.chosen == [
        SourceChoice(SourceKind.CAMERA, "Cam & Co"),
        SourceChoice(SourceKind.DEMO, "gymnast"),
    ]


@pytest.mark.parametrize(("names", "sentences"), [([], 0), (["broken"], 1)])
def test_without_cameras_the_menu_says_so_and_the_rest_works(
    qtbot: QtBot, names: list[str], sentences: int
) -> None:
    opened = Opened(qtbot, FakeSources(camera_names=names))
    opened.open()
    assert not opened.entry("No camera found").isEnabled()
    assert len(opened.said) == sentences
    opened.entry("Person at a desk").trigger()
    assert opened.chosen == [SourceChoice(SourceKind.DEMO, "webcam")]


def test_a_file_and_a_folder_are_asked_for(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = Opened(qtbot, FakeSources())
    opened.open()
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: ("/a/b.mp4", ""))
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: "/a/c")
    opened.entry("Open video…").trigger()
    opened.entry("Open image folder…").trigger()
    assert opened.chosen == [
        SourceChoice(SourceKind.VIDEO, "/a/b.mp4"),
        SourceChoice(SourceKind.IMAGES, "/a/c"),
    ]


def test_what_was_open_lately_is_offered_again(qtbot: QtBot) -> None:
    opened = Opened(qtbot, FakeSources())
    opened.recent = [
        SourceChoice(SourceKind.VIDEO, "/a/clip & co.mp4"),
        SourceChoice(SourceKind.IMAGES, "/a/frames"),
    ]
    opened.open()
    entry = opened.entry("clip && co.mp4")
    assert entry.toolTip() == "/a/clip & co.mp4"
    entry.trigger()
    opened.entry("frames").trigger()
    assert opened.chosen == opened.recent


def test_the_mode_of_cameras_is_chosen_and_ticked(qtbot: QtBot) -> None:
    opened = Opened(qtbot, FakeSources())
    opened.open()
    menu = opened.entry("Camera mode: 1280×720@30").menu()
    assert menu is not None
    assert [a.isChecked() for a in menu.actions()] == [m == CameraMode() for m in CAMERA_MODES]
    menu.actions()[-1].trigger()
    assert opened.modes == [CAMERA_MODES[-1]]
    opened.open()
    menu = opened.entry(f"Camera mode: {CAMERA_MODES[-1]}").menu()
    assert menu is not None and menu.actions()[-1].isChecked()


def test_files_and_folders_are_remembered_newest_first_and_once(qtbot: QtBot) -> None:
    opener = SourceOpener(FakeSources(), None)
    videos = [SourceChoice(SourceKind.VIDEO, f"{i}.mp4") for i in range(MOST_RECENT + 2)]
    for choice in (*videos, videos[-2], SourceChoice(SourceKind.DEMO, "webcam")):
        opener.choose(choice)
        qtbot.waitUntil(lambda: not opener.busy)
    opener.choose(SourceChoice(SourceKind.VIDEO, "broken.mp4"))
    qtbot.waitUntil(lambda: not opener.busy)
    assert opener.recent[:3] == (videos[-2], videos[-1], videos[-3])
    assert len(opener.recent) == MOST_RECENT


def test_a_mode_begins_an_open_camera_anew_and_leaves_a_file_alone(qtbot: QtBot) -> None:
    sources = FakeSources()
    opener = SourceOpener(sources, None)
    with qtbot.waitSignal(opener.opened):
        opener.open(SourceChoice(SourceKind.VIDEO, "a.mp4"))
    with qtbot.assertNotEmitted(opener.opened), qtbot.assertNotEmitted(opener.failed):
        opener.set_camera_mode(CAMERA_MODES[0])
        qtbot.waitUntil(lambda: not opener.busy)
    assert sources.camera_mode == CAMERA_MODES[0]
    with qtbot.waitSignal(opener.opened):
        opener.open(SourceChoice(SourceKind.CAMERA, "FaceTime HD"))
    with qtbot.waitSignal(opener.opened):
        opener.set_camera_mode(CAMERA_MODES[1])
    assert len(sources.opened) == 3


def test_a_dialog_that_is_closed_chooses_nothing(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = Opened(qtbot, FakeSources())
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: ("", ""))
    opened.entry("Open video…").trigger()
    assert opened.chosen == []


def test_every_entry_has_a_tooltip_of_its_own(qtbot: QtBot) -> None:
    opened = Opened(qtbot, FakeSources())
    opened.open()
    assert opened.menu.toolTipsVisible()
    for entry in opened.menu.actions():
        assert entry.isSeparator() or entry.toolTip() not in ("", entry.text())
