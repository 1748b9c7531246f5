from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtGui import QColor
from PyQt6.QtWidgets import QDockWidget, QMainWindow
from pytestqt.qtbot import QtBot

from app.gui.panels.ttp import ReconstructionPanel
from app.runtime.live.results import UpdateResult

_COLOURS = ((200, 10, 10), (10, 200, 10), (10, 10, 200))


@pytest.fixture
def update() -> UpdateResult:
    source, target, reconstruction = (np.full((128, 128, 3), c, np.uint8) for c in _COLOURS)
    return UpdateResult(7, 6.0, 0.4, 2, 0.0, source, target, reconstruction)


@pytest.mark.parametrize("size", [(320, 140), (320, 400), (700, 140), (240, 100)])
def test_pictures_are_equal_squares_inside(
    qtbot: QtBot, update: UpdateResult, size: tuple[int, int]
) -> None:
    panel = ReconstructionPanel()
    qtbot.addWidget(panel)
    panel.resize(*size)
    rects = panel.picture_rects()
    assert {(r.width(), r.height(), r.top()) for r in rects} == {(rects[0].width(),) * 2 + (0,)}
    assert rects[0].left() >= 0
    assert rects[2].right() <= size[0]
    assert all(a.right() < b.left() for a, b in pairwise(rects))


def test_source_target_and_reconstruction_from_left_to_right(
    qtbot: QtBot, update: UpdateResult
) -> None:
    panel = ReconstructionPanel()
    qtbot.addWidget(panel)
    panel.resize(320, 140)
    empty = panel.grab().toImage()
    panel.show_update(update)
    image = panel.grab().toImage()
    for rect, colour in zip(panel.picture_rects(), _COLOURS, strict=True):
        assert image.pixelColor(rect.center().toPoint()) == QColor(*colour)
    panel.show_update(None)
    assert panel.grab().toImage() == empty


def test_the_empty_state_says_when_pictures_come(qtbot: QtBot, update: UpdateResult) -> None:
    panel = ReconstructionPanel()
    qtbot.addWidget(panel)
    assert panel.accessibleDescription() == "Appears with the first update"
    panel.show_update(update)
    assert "update 7" in panel.accessibleDescription()


def test_a_dock_leaves_the_pictures_their_height(qtbot: QtBot, update: UpdateResult) -> None:
    window, panel, other = QMainWindow(), ReconstructionPanel(), QMainWindow()
    qtbot.addWidget(window)
    docks = [QDockWidget(), QDockWidget()]
    for dock, widget in zip(docks, (panel, other), strict=True):
        dock.setWidget(widget)
    for dock in docks:
        window.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, dock)
    window.resize(900, 700)
    window.show()
    window.resizeDocks([docks[0]], [380], Qt.Orientation.Horizontal)
    window.resizeDocks(docks, [10, 600], Qt.Orientation.Vertical)
    qtbot.waitUntil(lambda: panel.picture_rects()[2].right() > panel.width() - 24)
