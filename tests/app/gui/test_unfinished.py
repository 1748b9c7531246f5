"""The window asks what shall become of recordings without an end, and does it."""

from __future__ import annotations

import json
from pathlib import Path

import av
import numpy as np
import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QMessageBox, QWidget
from pytestqt.qtbot import QtBot

from app.gui.launch import UnfinishedTakes
from app.runtime.recordings.take import ABOUT, KEYPOINTS, UNFINISHED, VIDEO
from tests.app.gui.window_fakes import NETWORK


def _write_take(folder: Path) -> None:
    folder.mkdir(parents=True)
    with av.open(folder / VIDEO, "w") as container:
        stream = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for _ in range(20):
            image = np.zeros((48, 64, 3), np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, "rgb24")))
        container.mux(stream.encode(None))
    (folder / KEYPOINTS).write_text("frame\n", encoding="utf-8")
    record = {"process": {}, "network": NETWORK.__dict__, "about": {}}
    (folder / UNFINISHED).write_text(json.dumps(record), encoding="utf-8")


class Asking:
    """A folder with unfinished takes, the question about them, and what was said."""

    def __init__(self, qtbot: QtBot, folder: Path, names: list[str]) -> None:
        self.said: list[str] = []
        self.folder = folder
        for name in names:
            _write_take(folder / name)
        parent = QWidget()
        qtbot.addWidget(parent)
        takes = UnfinishedTakes(parent, self.said.append)
        with qtbot.waitSignal(takes.asked) as asked:
            takes.offer(folder)
        assert asked.args is not None
        self.box: QMessageBox = asked.args[0]
        self._qtbot = qtbot
        self._parent = parent

    def answer(self, text: str, said: int) -> None:
        button = next(b for b in self.box.buttons() if b.text() == text)
        self._qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
        self._qtbot.waitUntil(lambda: len(self.said) == said)


@pytest.mark.fault("The program is killed during a recording")
def test_all_are_asked_about_at_once_and_recovered(qtbot: QtBot, tmp_path: Path) -> None:
    asking = Asking(qtbot, tmp_path, ["one", "two"])
    assert "before these recordings were finished: one (0:02), two (0:02)." in asking.box.text()
    asking.answer("Recover", 2)
    assert all(said.startswith("Recovered 2 s (20 frames)") for said in asking.said)
    assert all((tmp_path / name / ABOUT).is_file() for name in ("one", "two"))


@pytest.mark.parametrize(("answer", "there"), [("Keep", True), ("Delete", False)])
def test_one_is_kept_or_deleted(answer: str, there: bool, qtbot: QtBot, tmp_path: Path) -> None:
    asking = Asking(qtbot, tmp_path, ["one"])
    assert "before a recording was finished: one (0:02)." in asking.box.text()
    asking.answer(answer, 1)
    assert (tmp_path / "one" / VIDEO).is_file() == there
    assert not (tmp_path / "one" / UNFINISHED).exists()


def test_what_goes_wrong_is_said(qtbot: QtBot, tmp_path: Path) -> None:
    asking = Asking(qtbot, tmp_path, ["one"])
    (tmp_path / "one" / VIDEO).unlink()
    asking.answer("Recover", 1)
    assert "cannot be recovered" in asking.said[0]


@pytest.mark.parametrize("by_key", [True, False])
def test_who_answers_later_is_asked_again(by_key: bool, qtbot: QtBot, tmp_path: Path) -> None:
    asking = Asking(qtbot, tmp_path, ["one"])
    if by_key:
        qtbot.keyClick(asking.box, Qt.Key.Key_Escape)
    else:
        asking.answer("Later", 0)
    assert not asking.box.isVisible()
    assert asking.said == [] and (tmp_path / "one" / UNFINISHED).is_file()
