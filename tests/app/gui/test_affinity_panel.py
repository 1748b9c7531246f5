from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PyQt6.QtCore import QEvent, QPoint, QPointF, Qt
from PyQt6.QtGui import QColor, QMouseEvent
from PyQt6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.gui import colours
from app.gui.panels.ttp import AffinityPanel, short_name
from app.runtime.live.results import NetworkInfo, PoseResult


@pytest.fixture
def panel(qtbot: QtBot, network: NetworkInfo) -> AffinityPanel:
    widget = AffinityPanel()
    widget.set_network(network)
    widget.resize(400, 360)
    qtbot.addWidget(widget)
    widget.show()
    qtbot.waitExposed(widget)
    return widget


def cell(panel: AffinityPanel, joint: int, keypoint: int) -> QPointF:
    rect = panel.matrix_rect()
    x = rect.left() + (keypoint + 0.5) * rect.width() / 30
    return QPointF(x, rect.top() + (joint + 0.5) * rect.height() / 13)


def hover(panel: AffinityPanel, position: QPointF) -> None:
    event = QMouseEvent(
        QEvent.Type.MouseMove,
        position,
        panel.mapToGlobal(position),
        Qt.MouseButton.NoButton,
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
    )
    QApplication.sendEvent(panel, event)


def colour_at(panel: AffinityPanel, position: QPointF) -> QColor:
    return panel.grab().toImage().pixelColor(QPoint(int(position.x()), int(position.y())))


def test_cells_have_the_colour_of_their_weight(panel: AffinityPanel, pose: PoseResult) -> None:
    affinity = np.zeros((13, 30), np.float32)
    affinity[3, 7] = 0.3
    panel.show_result(replace(pose, affinity=affinity))
    assert colour_at(panel, cell(panel, 3, 7)) == QColor(
        *colours.weight_rgb(np.array(0.3)).tolist()
    )
    assert colour_at(panel, cell(panel, 7, 3)) == QColor(*colours.plasma()[0].tolist())


def test_the_strip_has_the_colour_of_the_contributions(
    panel: AffinityPanel, pose: PoseResult
) -> None:
    contribution = np.zeros(30, np.float32)
    contribution[29] = colours.CONTRIBUTION_MAX
    panel.show_result(replace(pose, contribution=contribution))
    below = QPointF(0, panel.matrix_rect().height() / 26 + 10)
    assert colour_at(panel, cell(panel, 12, 29) + below) == QColor(*colours.viridis()[255].tolist())
    assert colour_at(panel, cell(panel, 12, 0) + below) == QColor(*colours.viridis()[0].tolist())


def test_hovering_tells_the_cell_once(panel: AffinityPanel, pose: PoseResult) -> None:
    told: list[tuple[int, int]] = []
    panel.cell_hovered.connect(lambda joint, keypoint: told.append((joint, keypoint)))
    panel.show_result(pose)
    hover(panel, cell(panel, 3, 7))
    hover(panel, cell(panel, 3, 7) + QPointF(1, 1))
    hover(panel, cell(panel, 12, 29))
    hover(panel, QPointF(2, 2))
    assert told == [(3, 7), (12, 29), (-1, -1)]


def test_leaving_ends_hovering(panel: AffinityPanel, pose: PoseResult) -> None:
    told: list[tuple[int, int]] = []
    panel.show_result(pose)
    hover(panel, cell(panel, 3, 7))
    panel.cell_hovered.connect(lambda joint, keypoint: told.append((joint, keypoint)))
    QApplication.sendEvent(panel, QEvent(QEvent.Type.Leave))
    assert told == [(-1, -1)]


def test_nothing_can_be_hovered_before_a_result(panel: AffinityPanel, qtbot: QtBot) -> None:
    with qtbot.assertNotEmitted(panel.cell_hovered):
        hover(panel, QPointF(200, 100))


def test_a_lost_person_empties_the_matrix_and_ends_hovering(
    panel: AffinityPanel, pose: PoseResult, qtbot: QtBot
) -> None:
    empty = panel.grab().toImage()
    panel.show_result(pose)
    hover(panel, cell(panel, 3, 7))
    nobody = replace(
        pose,
        box=None,
        affinity=np.zeros((0, 0), np.float32),
        contribution=np.zeros(0, np.float32),
    )
    with qtbot.waitSignal(panel.cell_hovered) as told:
        panel.show_result(nobody)
    assert told.args == [-1, -1]
    assert panel.grab().toImage() == empty


def test_a_network_without_affinity_says_so(panel: AffinityPanel, pose: PoseResult) -> None:
    waiting = panel.grab().toImage()
    panel.show_result(
        replace(pose, affinity=np.zeros((0, 0), np.float32), contribution=np.zeros(0, np.float32))
    )
    assert panel.grab().toImage() != waiting


def test_a_highlighted_row_is_marked(panel: AffinityPanel, pose: PoseResult) -> None:
    panel.show_result(pose)
    plain = panel.grab().toImage()
    panel.set_highlight(4)
    assert panel.grab().toImage() != plain
    panel.set_highlight(None)
    assert panel.grab().toImage() == plain


def test_a_burst_of_results_ends_with_the_newest(
    panel: AffinityPanel, pose: PoseResult, qtbot: QtBot
) -> None:
    for weight in np.linspace(0, 0.5, 40, dtype=np.float32):
        panel.show_result(replace(pose, affinity=np.full((13, 30), weight, np.float32)))
    first, last = (QColor(*colours.plasma()[i].tolist()) for i in (0, 255))
    assert colour_at(panel, cell(panel, 6, 6)) == first
    qtbot.waitUntil(lambda: colour_at(panel, cell(panel, 6, 6)) == last)


def test_names_are_short() -> None:
    assert short_name("left shoulder") == "l shoulder"
    assert short_name("right wrist") == "r wrist"
    assert short_name("head") == "head"
    assert short_name("leftover") == "leftover"
