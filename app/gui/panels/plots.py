"""Three plots under the picture: the loss, what personalization gains or costs, and the rates."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PyQt6.QtCore import QEvent, QSize, Qt
from PyQt6.QtGui import QColor, QFont, QPalette, QResizeEvent, QShowEvent, QTextDocument
from PyQt6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QStackedWidget, QVBoxLayout, QWidget

from app.gui.colours import Hue
from app.gui.language import tr
from app.gui.theme import is_dark
from app.gui.widgets import Throttle
from app.runtime.live.results import UpdateNumbers, WorkerStatus

SECONDS = 60.0
BIN_SECONDS = 0.5
GAP_SECONDS = 2.0


class History:
    """Means over half-second bins of a few numbers that come together, for the last minute.

    However often numbers come, the memory stays that of some 120 bins. A number may be NaN when
    it is not known: it is left out of its bin's mean.
    """

    def __init__(self, columns: int, gap_seconds: float = GAP_SECONDS) -> None:
        self._columns = columns
        self._gap_seconds = gap_seconds
        self._bins: deque[tuple[int, NDArray[np.float64], NDArray[np.float64]]] = deque(
            maxlen=round(SECONDS / BIN_SECONDS) + 1
        )

    def add(self, time_s: float, *values: float) -> None:
        """Add one number per column, taken at ``time_s`` (seconds)."""
        row = np.array(values, np.float64)
        known = np.isfinite(row)
        row[~known] = 0
        number = int(time_s // BIN_SECONDS)
        if self._bins and self._bins[-1][0] >= number:
            self._bins[-1][1][:] += row
            self._bins[-1][2][:] += known
        else:
            self._bins.append((number, row, known.astype(np.float64)))

    def clear(self) -> None:
        """Forget everything."""
        self._bins.clear()

    def series(self, now: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Ages (N,) in seconds before ``now``, negative, and the means (N, columns).

        A row of NaN stands where nothing was added for ``gap_seconds``: there a curve breaks.
        """
        unknown = np.full(self._columns, np.nan)
        times: list[float] = []
        rows: list[NDArray[np.float64]] = []
        last: int | None = None
        for number, total, count in self._bins:
            age = (number + 0.5) * BIN_SECONDS - now
            if age < -SECONDS:
                continue
            if last is not None and (number - last) * BIN_SECONDS > self._gap_seconds:
                times.append(age)
                rows.append(unknown)
            times.append(min(age, 0.0))
            rows.append(np.divide(total, count, out=unknown.copy(), where=count > 0))
            last = number
        return np.array(times), np.array(rows).reshape(-1, self._columns)


_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
_SHRINK_BELOW = 0.4
_AXIS_MARGIN = 0.02


class SteadyRange:
    """A range of round numbers around the data, with hysteresis.

    It grows at once when the data leave it, and shrinks only when they need less than 40 % of it,
    so that a curve on the edge of a round number does not make the axis jump to and fro.
    ``floor`` fixes the lower end; ``smallest`` is the least span.
    """

    def __init__(self, smallest: float, floor: float | None = None) -> None:
        self._smallest = smallest
        self._floor = floor
        self._range: tuple[float, float] | None = None

    def include(self, low: float, high: float) -> tuple[float, float]:
        """The range to show for data between ``low`` and ``high``."""
        wanted = self._round_range(low, high)
        if self._range is None:
            self._range = wanted
        outside = low < self._range[0] or high > self._range[1]
        roomy = (wanted[1] - wanted[0]) < _SHRINK_BELOW * (self._range[1] - self._range[0])
        if outside or roomy:
            self._range = wanted
        return self._range

    def _round_range(self, low: float, high: float) -> tuple[float, float]:
        low = low if self._floor is None else self._floor
        span = max(high - low, self._smallest)
        step = round_up(span / 2)
        margin = _AXIS_MARGIN * span  # a curve along the very edge would be drawn half
        bottom = low if self._floor is not None else step * math.floor((low - margin) / step)
        return bottom, bottom + step * max(math.ceil((high + margin - bottom) / step), 2)


def round_up(value: float) -> float:
    """The smallest of 1, 2, 2.5, 5 times a power of ten that is not below ``value`` (> 0)."""
    power = 10.0 ** math.floor(math.log10(value))
    return power * next(step for step in _STEPS if step * power >= value * (1 - 1e-9))


Points = tuple[NDArray[np.float64], NDArray[np.float64]]

_TICK_PIXELS = 11
_AXIS_WIDTH = 44
_RIGHT_WIDTH = 56
_OVERHANG = 30
_MARGIN = 16
_SIDE = 12
_AXIS_HEIGHT = 22


@dataclass(frozen=True)
class Curve:
    """How one curve looks and reads; ``dots`` draws points, ``right`` uses the right axis."""

    name: str
    hue: Hue
    unit: str = ""
    digits: int = 0
    width: float = 2.0
    dots: bool = False
    right: bool = False


@dataclass(frozen=True)
class Axis:
    """A vertical axis: its steady range, and the unit its upper end carries."""

    range: SteadyRange
    unit: str = ""


class Chart(QWidget):
    """Curves over a common horizontal axis, the first on top; keeps none of the data."""

    def __init__(
        self, title: str, curves: Sequence[Curve], left: Axis, right: Axis | None = None
    ) -> None:
        super().__init__()
        self._title = title
        self._curves = tuple(curves)
        self._values = [float("nan")] * len(self._curves)
        self._heading = QLabel()
        self._heading.setTextFormat(Qt.TextFormat.RichText)
        self._heading.setWordWrap(True)
        self._heading.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._heading.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._plot = pg.PlotWidget()
        self._sides = {"left": (self._plot.getPlotItem().getViewBox(), left)}
        self._prepare_plot()
        if right is not None:
            self._sides["right"] = (self._add_right_view(), right)
        self._items = [self._add_item(curve) for curve in self._curves]
        layout = QVBoxLayout(self)
        layout.setContentsMargins(_SIDE, 4, _SIDE, 0)
        layout.setSpacing(4)
        layout.addWidget(self._heading)
        layout.addWidget(self._plot, 1)
        self.setAccessibleName(tr(title))
        self._restyle()

    def show_data(
        self,
        x_range: tuple[float, float],
        x_ticks: Sequence[tuple[float, str]],
        data: Sequence[Points],
    ) -> None:
        """Draw one (x, y) per curve, both float64 (N,); NaN in y breaks the line.

        The last known value of each curve goes into the heading.
        """
        for item, (x, y) in zip(self._items, data, strict=True):
            item.setData(x, y, connect="finite")
        self._plot.getAxis("bottom").setTicks([[(place, tr(text)) for place, text in x_ticks]])
        for side, (view, axis) in self._sides.items():
            view.setXRange(*x_range, padding=0)
            known = [y for c, (_, y) in zip(self._curves, data, strict=True) if _side(c) == side]
            self._fit(side, view, axis, np.concatenate(known))
        self._values = [_last_known(y) for _, y in data]
        self._write_heading()

    def heading_height(self, width: int) -> int:
        """Pixels that the heading needs where the chart is so wide: two lines if it must."""
        # The label itself never tells less than the height that it was given.
        text = QTextDocument()
        text.setDocumentMargin(0)
        text.setDefaultFont(self._heading.font())
        text.setHtml(self._heading.text())
        text.setTextWidth(width - 2 * _SIDE)
        return math.ceil(text.size().height())

    def set_heading_height(self, height: int) -> None:
        """Give the heading so many pixels, so that the curves of charts side by side are level."""
        self._heading.setFixedHeight(height)

    def changeEvent(self, event: QEvent | None) -> None:
        super().changeEvent(event)
        if event is not None and event.type() == QEvent.Type.PaletteChange:
            self._restyle()

    def event(self, event: QEvent | None) -> bool:
        # Plot pens count device pixels, so a move to another screen changes them.
        if event is not None and event.type() == QEvent.Type.DevicePixelRatioChange:
            self._restyle()
        return super().event(event)

    def _prepare_plot(self) -> None:
        item = self._plot.getPlotItem()
        item.setMouseEnabled(False, False)
        item.setMenuEnabled(False)
        item.hideButtons()
        item.getViewBox().disableAutoRange()
        item.layout.setContentsMargins(0, 6, _MARGIN, 0)
        self._plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._plot.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._plot.getAxis("left").setWidth(_AXIS_WIDTH)
        self._plot.getAxis("bottom").setHeight(_AXIS_HEIGHT)
        self._plot.getAxis("bottom").setStyle(tickTextOffset=6)

    def _add_right_view(self) -> pg.ViewBox:
        item = self._plot.getPlotItem()
        view = pg.ViewBox(enableMouse=False, enableMenu=False)
        view.disableAutoRange()
        item.showAxis("right")
        item.scene().addItem(view)
        axis = item.getAxis("right")
        axis.setWidth(_RIGHT_WIDTH)
        axis.linkToView(view)
        main = item.getViewBox()
        main.sigResized.connect(lambda: view.setGeometry(main.sceneBoundingRect()))
        return view

    def _add_item(self, curve: Curve) -> pg.PlotDataItem:
        item = pg.PlotDataItem(antialias=True)
        item.setZValue(-self._curves.index(curve))
        self._sides[_side(curve)][0].addItem(item)
        return item

    def _fit(self, side: str, view: pg.ViewBox, axis: Axis, values: NDArray[np.float64]) -> None:
        known = values[np.isfinite(values)]
        if not known.size:
            self._plot.getAxis(side).setTicks([[]])
            return
        low, high = axis.range.include(float(known.min()), float(known.max()))
        view.setYRange(low, high, padding=0)
        middle = (low + high) / 2
        ticks = [(low, f"{low:g}"), (middle, f"{middle:g}"), (high, f"{high:g}{axis.unit}")]
        self._plot.getAxis(side).setTicks([ticks])

    def _restyle(self) -> None:
        palette, dark = self.palette(), is_dark(self.palette())
        muted = palette.color(QPalette.ColorRole.PlaceholderText)
        self._plot.setBackground(palette.color(QPalette.ColorRole.Window))
        font = QFont(self.font())
        font.setPixelSize(_TICK_PIXELS)
        for side in ("bottom", *self._sides):
            axis = self._plot.getAxis(side)
            axis.setStyle(tickFont=font, tickLength=0, hideOverlappingLabels=_OVERHANG)
            axis.setPen(palette.color(QPalette.ColorRole.Mid))
            axis.setTextPen(muted)
        for curve, item in zip(self._curves, self._items, strict=True):
            colour = curve.hue.colour(dark=dark)
            if curve.dots:
                faint = QColor(colour)
                faint.setAlphaF(0.4)
                item.setPen(None)
                item.setSymbol("o")
                item.setSymbolSize(4)
                item.setSymbolPen(None)
                item.setSymbolBrush(faint)
            else:
                item.setPen(pg.mkPen(colour, width=curve.width * self.devicePixelRatioF()))
        self._write_heading()

    def _write_heading(self) -> None:
        dark = is_dark(self.palette())
        parts = [f"<b>{tr(self._title)}</b>"]
        for curve, value in zip(self._curves, self._values, strict=True):
            if not curve.name:
                continue
            number = f" {value:.{curve.digits}f}{curve.unit}" if np.isfinite(value) else ""
            dot = f'<span style="color:{curve.hue.colour(dark=dark).name()}">●</span>'
            words = f"{tr(curve.name)}{number}".replace(" ", "&nbsp;")
            parts.append(f"{dot}&nbsp;{words}")
        self._heading.setText("&nbsp;&nbsp; ".join(parts))


def _side(curve: Curve) -> str:
    return "right" if curve.right else "left"


def _last_known(values: NDArray[np.float64]) -> float:
    known = values[np.isfinite(values)]
    return float(known[-1]) if known.size else float("nan")


_PERIOD = 0.5
_BETWEEN = 8
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
        layout.setSpacing(_BETWEEN)
        for chart in (self._loss_chart, self._middle, self._rate_chart):
            layout.addWidget(chart, 1)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.setMinimumHeight(120)
        self.setAccessibleName(tr("Plots"))
        self._throttle = Throttle(_PERIOD, self._redraw, self)
        self._redraw()

    def sizeHint(self) -> QSize:
        return QSize(960, 160)

    def add_update(self, update: UpdateNumbers) -> None:
        """Add one personalization update; where numbers go back, so does the curve."""
        while self._losses and self._losses[-1][0] >= update.number:
            self._losses.pop()
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
        self._level_headings()

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        super().resizeEvent(event)
        self._level_headings()

    def _level_headings(self) -> None:
        charts = [self._loss_chart, self._cost_chart, self._error_chart, self._rate_chart]
        width = (self.width() - 2 * _BETWEEN) // 3
        height = max(chart.heading_height(width) for chart in charts)
        for chart in charts:
            chart.set_heading_height(height)

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
