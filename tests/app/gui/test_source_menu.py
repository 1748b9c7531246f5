"""The source menu lists what there is when it opens, and says what was chosen."""

from __future__ import annotations

import pytest
from PyQt6.QtGui import QAction
from PyQt6.QtWidgets import QFileDialog, QWidget
from pytestqt.qtbot import QtBot

from app.gui.sources import SourceMenu
from app.settings import SourceChoice, SourceKind
from tests.app.gui.window_fakes import FakeSources


class Opened:
    """A source menu that can be opened, with what it said and what was chosen."""

    def __init__(self, qtbot: QtBot, sources: FakeSources) -> None:
        self.said: list[str] = []
        self.chosen: list[SourceChoice] = []
        self.parent = QWidget()
        qtbot.addWidget(self.parent)
        self.menu = SourceMenu(sources, self.said.append, self.parent)
        self.menu.chosen.connect(self.chosen.append)

    def entry(self, text: str) -> QAction:
        return next(a for a in self.menu.actions() if a.text() == text)


def test_cameras_are_asked_for_only_when_the_menu_opens(qtbot: QtBot) -> None:
    sources = FakeSources()
    opened = Opened(qtbot, sources)
    assert sources.listed == 0
    opened.menu.aboutToShow.emit()
    sources.camera_names = ["Replugged"]
    opened.menu.aboutToShow.emit()
    assert sources.listed == 2
    texts = [a.text() for a in opened.menu.actions() if not a.isSeparator()]
    assert texts == [
        "Replugged",
        "Open video…",
        "Open image folder…",
        "Person at a desk",
        "Gymnast, four cameras",
    ]


def test_a_camera_and_a_demo_are_chosen_by_name(qtbot: QtBot) -> None:
    opened = Opened(qtbot, FakeSources())
    opened.menu.aboutToShow.emit()
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
    opened.menu.aboutToShow.emit()
    assert not opened.entry("No camera found").isEnabled()
    assert len(opened.said) == sentences
    opened.entry("Person at a desk").trigger()
    assert opened.chosen == [SourceChoice(SourceKind.DEMO, "webcam")]


def test_a_file_and_a_folder_are_asked_for(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = Opened(qtbot, FakeSources())
    opened.menu.aboutToShow.emit()
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: ("/a/b.mp4", ""))
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: "/a/c")
    opened.entry("Open video…").trigger()
    opened.entry("Open image folder…").trigger()
    assert opened.chosen == [
        SourceChoice(SourceKind.VIDEO, "/a/b.mp4"),
        SourceChoice(SourceKind.IMAGES, "/a/c"),
    ]


def test_a_dialog_that_is_closed_chooses_nothing(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = Opened(qtbot, FakeSources())
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: ("", ""))
    opened.entry("Open video…").trigger()
    assert opened.chosen == []


def test_every_entry_has_a_tooltip_of_its_own(qtbot: QtBot) -> None:
    opened = Opened(qtbot, FakeSources())
    opened.menu.aboutToShow.emit()
    assert opened.menu.toolTipsVisible()
    for entry in opened.menu.actions():
        assert entry.isSeparator() or entry.toolTip() not in ("", entry.text())
