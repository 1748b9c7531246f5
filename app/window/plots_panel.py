"""Three plots under the picture: the loss, what personalization gains or costs, and the rates."""

from __future__ import annotations

import math
from collections import deque

import numpy as np
from numpy.typing import NDArray
from PyQt6.QtCore import QSize
from PyQt6.QtGui import QShowEvent
from PyQt6.QtWidgets import QHBoxLayout, QSizePolicy, QStackedWidget, QWidget

from app.live.records import UpdateResult, WorkerStatus
from app.window.chart import Axis, Chart, Curve
from app.window.colours import Hue
from app.window.history import SECONDS, History
from app.window.steady_axis import SteadyRange, round_up
from app.window.throttle import Throttle

_PERIOD = 0.5
_LOSSES = 500
_SMOOTHING = 10
# One error a comparison, 0.4 s apart, makes a row of the history in most half seconds.
_ERROR_ROWS = 20
_TIME_RANGE = (-SECONDS, 0.0)
_TIME_TICKS = ((-60.0, "−60 s"), (-40.0, "−40 s"), (-20.0, "−20 s"), (0.0, "now"))


class PlotsPanel(QWidget):
    """Plots of the last 500 updates and of the last minute, redrawn at most twice a second."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._losses: deque[tuple[int, float, float]] = deque(maxlen=_LOSSES)
        # Updates can be many seconds apart.
        self._update_time = History(1, gap_seconds=SECONDS)
        self._errors = History(2)
        self._rates = History(3)
        self._now = 0.0
        self._loss_chart = _loss_chart()
        self._error_chart = _error_chart()
        self._cost_chart = _cost_chart()
        self._rate_chart = _rate_chart()
        self._middle = QStackedWidget()
        self._middle.addWidget(self._cost_chart)
        self._middle.addWidget(self._error_chart)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        for chart in (self._loss_chart, self._middle, self._rate_chart):
            layout.addWidget(chart, 1)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.setMinimumHeight(120)
        self.setAccessibleName("Plots")
        self._throttle = Throttle(_PERIOD, self._redraw, self)
        self._redraw()

    def sizeHint(self) -> QSize:
        return QSize(960, 160)

    def add_update(self, update: UpdateResult) -> None:
        """Add one personalization update; a number that starts again clears the loss."""
        if self._losses and update.number <= self._losses[-1][0]:
            self._losses.clear()
        before = self._losses[-1][2] if self._losses else update.loss
        share = 1 / min(len(self._losses) + 1, _SMOOTHING)
        self._losses.append((update.number, update.loss, before + share * (update.loss - before)))
        self._update_time.add(update.timestamp, update.seconds / update.pairs)
        self._request(update.timestamp)

    def add_status(self, time_s: float, status: WorkerStatus) -> None:
        """Add the worker's rates and latency at ``time_s`` (``time.perf_counter``)."""
        self._rates.add(
            time_s,
            status.predictions_per_second,
            status.pairs_per_second,
            1000 * status.latency_p95,
        )
        self._request(time_s)

    def add_error(self, time_s: float, personalized: float, unpersonalized: float) -> None:
        """Add the error of one frame, in percent of the person's box side; NaN: not known."""
        self._errors.add(time_s, personalized, unpersonalized)
        self._request(time_s)

    def set_known_joints(self, known: bool) -> None:
        """Plot the error where the clip's joints are known, else the time of an update."""
        self._middle.setCurrentWidget(self._error_chart if known else self._cost_chart)

    def clear(self) -> None:
        """Forget all curves, as after a reset or with a new source."""
        self._losses.clear()
        for history in (self._update_time, self._errors, self._rates):
            history.clear()
        self._throttle.request()

    def showEvent(self, event: QShowEvent | None) -> None:
        super().showEvent(event)
        self._throttle.request()

    def _request(self, time_s: float) -> None:
        self._now = max(self._now, time_s)
        if self.isVisible():
            self._throttle.request()

    def _redraw(self) -> None:
        self._redraw_loss()
        for chart, history in (
            (self._cost_chart, self._update_time),
            (self._error_chart, self._errors),
            (self._rate_chart, self._rates),
        ):
            ages, values = history.series(self._now)
            if history is self._errors:
                values = _trailing_mean(values)
            chart.show_data(_TIME_RANGE, _TIME_TICKS, [(ages, column) for column in values.T])

    def _redraw_loss(self) -> None:
        rows = np.array(self._losses, np.float64).reshape(-1, 3)
        newest = rows[-1, 0] if len(rows) else 0.0
        start = max(newest - _LOSSES, 0.0)
        end = newest if start > 0 else round_up(max(newest, 20.0))
        step = round_up((end - start) / 5)
        first = math.ceil(start / step)
        ticks = [(i * step, f"{i * step:g}") for i in range(first, int(end / step) + 1)]
        numbers, losses, smooth = rows.T
        self._loss_chart.show_data((start, end), ticks, [(numbers, smooth), (numbers, losses)])


def _trailing_mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Means over the rows (N, C) of about ten seconds up to each; NaN rows stay.

    The error of single frames jumps with the pose; what was learnt shows in the mean.
    """
    known = np.isfinite(values).all(axis=1)
    means = values.copy()
    for row in np.flatnonzero(known):
        means[row] = np.nanmean(values[max(0, row + 1 - _ERROR_ROWS) : row + 1], axis=0)
    return means


def _loss_chart() -> Chart:
    curves = [Curve("mean", Hue.PERSONALIZED, digits=2), Curve("", Hue.PERSONALIZED, dots=True)]
    return Chart("Self-supervised loss per update", curves, Axis(SteadyRange(0.5)))


def _error_chart() -> Chart:
    curves = [
        Curve("personalized", Hue.PERSONALIZED, " %", digits=1),
        Curve("without", Hue.UNPERSONALIZED, " %", digits=1, width=1.5),
    ]
    return Chart("Error, % of box", curves, Axis(SteadyRange(4.0, floor=0.0), " %"))


def _cost_chart() -> Chart:
    curves = [Curve("per pair", Hue.PERSONALIZED, " s", digits=2)]
    return Chart("Update time", curves, Axis(SteadyRange(0.1, floor=0.0), " s"))


def _rate_chart() -> Chart:
    curves = [
        Curve("predictions/s", Hue.PREDICTION),
        Curve("pairs/s", Hue.PERSONALIZED, digits=1),
        Curve("latency", Hue.LATENCY, " ms", right=True),
    ]
    left, right = SteadyRange(10.0, floor=0.0), SteadyRange(50.0, floor=0.0)
    return Chart("Rates", curves, Axis(left, "/s"), Axis(right, " ms"))
