"""Every entry of the Export menu writes what it says, in the kind that was asked for."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from PyQt6.QtGui import QAction, QImage
from PyQt6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from app.gui.export import ExportMenu, write_picture
from app.gui.main_window import MainWindow
from model.core.errors import UserError
from tests.app.gui.window_fakes import (
    FakeSession,
    FakeSources,
    make_frame,
    make_result,
    make_update,
    make_window,
    tick,
)

_SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def session() -> FakeSession:
    return FakeSession()


@pytest.fixture
def window(qtbot: QtBot, session: FakeSession) -> MainWindow:
    """A window that has seen two frames and an update."""
    window = make_window(qtbot, session, FakeSources(opened=[("video", "clip.mp4")]))
    session.updates = [make_update(1)]
    for index in (1, 2):
        session.publish(make_frame(index), make_result(index, timestamp=index / 25))
    tick(window)
    return window


def entry(window: MainWindow, text: str) -> QAction:
    menu = window.findChild(ExportMenu)
    assert menu is not None
    return next(action for action in menu.actions() if action.text() == text)


def choose(monkeypatch: pytest.MonkeyPatch, path: Path | str, kind: str) -> None:
    """Let the next file dialog be answered so."""
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), kind))


@pytest.mark.parametrize(
    "title", ["Live view", "Plots", "Affinity", "Reconstruction", "KeypointGAN"]
)
def test_every_panel_is_a_picture_or_a_drawing(
    window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, title: str
) -> None:
    choose(monkeypatch, tmp_path / "panel", "Pictures (*.png)")
    entry(window, f"{title} as picture…").trigger()
    assert not QImage(str(tmp_path / "panel.png")).isNull()
    choose(monkeypatch, tmp_path / "panel.svg", "Drawings (*.svg)")
    entry(window, f"{title} as picture…").trigger()
    drawing = ElementTree.parse(tmp_path / "panel.svg").getroot()
    assert drawing.tag == f"{_SVG}svg"
    assert window.messages.text().endswith(f"Written to {tmp_path / 'panel.svg'}")


def test_plots_are_drawn_as_lines_and_text(window: MainWindow, tmp_path: Path) -> None:
    write_picture(window.panels.plots, tmp_path / "plots.svg")
    drawing = ElementTree.parse(tmp_path / "plots.svg").getroot()
    texts = "".join(text for node in drawing.iter(f"{_SVG}text") for text in node.itertext())
    assert "Self-supervised loss" in texts and "predictions/s" in texts
    lines = [*drawing.iter(f"{_SVG}path"), *drawing.iter(f"{_SVG}polyline")]
    assert len(lines) > 5


def test_keypoints_are_written_as_csv_and_json(
    window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    choose(monkeypatch, tmp_path / "keypoints", "Tables (*.csv)")
    entry(window, "Keypoints as CSV…").trigger()
    assert len((tmp_path / "keypoints.csv").read_text().splitlines()) == 3
    choose(monkeypatch, tmp_path / "keypoints.json", "COCO JSON (*.json)")
    entry(window, "Keypoints as COCO JSON…").trigger()
    images = json.loads((tmp_path / "keypoints.json").read_text())["images"]
    assert [(i["file_name"], i["width"], i["height"]) for i in images] == [
        ("clip.mp4/000001", 640, 480),
        ("clip.mp4/000002", 640, 480),
    ]


def test_another_source_begins_another_trajectory(
    window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window.show_source()
    choose(monkeypatch, tmp_path / "keypoints.csv", "Tables (*.csv)")
    entry(window, "Keypoints as CSV…").trigger()
    assert "No frame was predicted yet" in window.messages.text()


def test_the_network_is_the_sessions_to_write(
    window: MainWindow, session: FakeSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    choose(monkeypatch, tmp_path / "anna", "ONNX (*.onnx)")
    entry(window, "Network as ONNX…").trigger()
    assert session.calls[-1] == ("export_onnx", tmp_path / "anna.onnx")


def test_a_dialog_that_is_cancelled_writes_nothing(
    window: MainWindow, session: FakeSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    choose(monkeypatch, "", "")
    calls = list(session.calls)
    menu = window.findChild(ExportMenu)
    assert menu is not None
    for action in menu.actions():
        action.trigger()
    assert session.calls == calls and window.messages.text() == ""


@pytest.mark.parametrize("name", ["file/where.png", "file/where.svg", "picture.strange"])
def test_a_place_that_cannot_be_written_is_explained(
    window: MainWindow, tmp_path: Path, name: str
) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(UserError, match="cannot be written"):
        write_picture(window.panels.plots, tmp_path / name)
