from __future__ import annotations

import numpy as np
import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from app.gui.colours import Hue
from app.gui.panels.plots import Chart, PlotsPanel, _trailing_mean
from app.gui.theme import is_dark, palette
from app.runtime.live.results import UpdateResult, WorkerStatus

_PICTURE = np.zeros((128, 128, 3), np.uint8)


def update(number: int, loss: float = 6.0, timestamp: float = 0.0) -> UpdateResult:
    return UpdateResult(number, loss, 0.8, 2, timestamp, _PICTURE, _PICTURE, _PICTURE)


@pytest.fixture
def panel(qtbot: QtBot) -> PlotsPanel:
    widget = PlotsPanel()
    widget.resize(1200, 160)
    qtbot.addWidget(widget)
    widget.show()
    qtbot.waitExposed(widget)
    return widget


def headings(panel: PlotsPanel) -> list[str]:
    """The headings of the charts that are to be seen, from left to right."""
    charts = [chart for chart in panel.findChildren(Chart) if chart.isVisible()]
    charts.sort(key=lambda chart: chart.mapTo(panel, chart.rect().topLeft()).x())
    found = []
    for chart in charts:
        label = chart.findChild(QLabel)
        assert label is not None
        found.append(label.text().replace("&nbsp;", " "))
    return found


def test_three_charts_side_by_side_with_their_newest_numbers(
    panel: PlotsPanel, qtbot: QtBot
) -> None:
    for number in range(1, 11):
        panel.add_update(update(number, loss=6.25, timestamp=float(number)))
    status = WorkerStatus(predictions_per_second=27, pairs_per_second=4.2, latency_p95=0.061)
    panel.add_status(10.0, status)
    qtbot.waitUntil(lambda: "61 ms" in headings(panel)[2])
    loss, cost, rates = headings(panel)
    assert "6.25" in loss
    assert "0.40 s" in cost
    assert "27" in rates
    assert "4.2" in rates


def test_the_error_takes_the_place_of_the_update_time(panel: PlotsPanel, qtbot: QtBot) -> None:
    assert "Update time" in headings(panel)[1]
    panel.set_known_joints(True)
    panel.add_error(1.0, 4.0, 6.5)
    qtbot.waitUntil(lambda: "6.5 %" in headings(panel)[1])
    assert "4.0 %" in headings(panel)[1]
    assert "% of box" in headings(panel)[1]
    panel.set_known_joints(False)
    assert "Update time" in headings(panel)[1]


def test_an_unknown_error_is_not_plotted(panel: PlotsPanel, qtbot: QtBot) -> None:
    panel.set_known_joints(True)
    panel.add_error(1.0, 4.0, float("nan"))
    qtbot.waitUntil(lambda: "4.0 %" in headings(panel)[1])
    assert "nan" not in headings(panel)[1]


def test_memory_is_bounded(panel: PlotsPanel) -> None:
    panel.hide()
    for i in range(5_000):
        panel.add_update(update(i + 1, timestamp=i / 30))
        panel.add_error(i / 30, 4.0, 5.0)
        panel.add_status(i / 30, WorkerStatus())
    assert len(panel._losses) == 500
    assert all(len(h._bins) <= 121 for h in (panel._errors, panel._rates, panel._update_time))


def test_updates_that_start_again_clear_the_loss(panel: PlotsPanel) -> None:
    for number in range(1, 50):
        panel.add_update(update(number))
    panel.add_update(update(1, loss=7.0))
    assert [(number, loss) for number, loss, _ in panel._losses] == [(1, 7.0)]


def test_clearing_takes_the_numbers_away(panel: PlotsPanel, qtbot: QtBot) -> None:
    panel.add_update(update(1, loss=6.25))
    qtbot.waitUntil(lambda: "6.25" in headings(panel)[0])
    panel.clear()
    qtbot.waitUntil(lambda: "6.25" not in headings(panel)[0])


def test_a_hidden_panel_draws_when_it_is_shown(panel: PlotsPanel, qtbot: QtBot) -> None:
    panel.hide()
    panel.add_update(update(1, loss=6.25))
    panel.show()
    qtbot.waitUntil(lambda: "6.25" in headings(panel)[0])


def test_a_narrow_window_can_hold_it(panel: PlotsPanel) -> None:
    assert panel.minimumSizeHint().width() < 600
    assert panel.sizeHint().height() == 160


def test_headings_are_whole_and_level_in_a_narrow_window(panel: PlotsPanel, qtbot: QtBot) -> None:
    panel.resize(1800, 160)
    status = WorkerStatus(predictions_per_second=27, pairs_per_second=4.2, latency_p95=0.061)
    panel.add_status(10.0, status)
    qtbot.waitUntil(lambda: "61 ms" in headings(panel)[2])

    def labels() -> list[QLabel]:
        return [
            label for chart in panel.findChildren(Chart) for label in chart.findChildren(QLabel)
        ]

    wide = {label.height() for label in labels()}
    panel.resize(800, 160)
    qtbot.waitUntil(lambda: {label.height() for label in labels()} != wide)
    assert len({label.height() for label in labels() if label.isVisible()}) == 1
    for chart in panel.findChildren(Chart):
        if chart.isVisible():
            needed = chart.heading_height(chart.width())
            assert needed <= chart.findChildren(QLabel)[0].height()
    panel.resize(1800, 160)
    qtbot.waitUntil(lambda: {label.height() for label in labels()} == wide)


@pytest.mark.parametrize("scheme", [Qt.ColorScheme.Light, Qt.ColorScheme.Dark])
def test_it_follows_the_theme(
    panel: PlotsPanel, themed: QApplication, scheme: Qt.ColorScheme
) -> None:
    look = palette(scheme)
    themed.setPalette(look)
    themed.processEvents()  # the change is delivered as an event
    assert panel.grab().toImage().pixelColor(60, 80) == look.color(look.ColorRole.Window)
    rates = headings(panel)[2]
    for hue in (Hue.PREDICTION, Hue.PERSONALIZED, Hue.LATENCY):
        assert hue.colour(dark=is_dark(look)).name() in rates


def test_the_error_is_averaged_over_some_seconds() -> None:
    rows = np.array([[float(i), 10.0 * i] for i in range(40)])
    rows[5] = np.nan
    means = _trailing_mean(rows)
    assert means.shape == rows.shape
    np.testing.assert_allclose(means[2], [1, 10])
    np.testing.assert_allclose(means[39], [29.5, 295])
    assert np.isnan(means[5]).all()
    np.testing.assert_allclose(
        means[6], [(0 + 1 + 2 + 3 + 4 + 6) / 6, (0 + 1 + 2 + 3 + 4 + 6) / 0.6]
    )
    assert _trailing_mean(np.empty((0, 2))).shape == (0, 2)
