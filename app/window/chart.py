"""One small plot: a heading that doubles as its legend, curves, and axes that keep still."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PyQt6.QtCore import QEvent, Qt
from PyQt6.QtGui import QColor, QFont, QPalette
from PyQt6.QtWidgets import QLabel, QSizePolicy, QVBoxLayout, QWidget

from app.window.colours import Hue
from app.window.steady_axis import SteadyRange
from app.window.theme import is_dark

Points = tuple[NDArray[np.float64], NDArray[np.float64]]

_TICK_PIXELS = 11
_AXIS_WIDTH = 44
_RIGHT_WIDTH = 56
_OVERHANG = 30
_MARGIN = 16
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
        self._heading.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._plot = pg.PlotWidget()
        self._sides = {"left": (self._plot.getPlotItem().getViewBox(), left)}
        self._prepare_plot()
        if right is not None:
            self._sides["right"] = (self._add_right_view(), right)
        self._items = [self._add_item(curve) for curve in self._curves]
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 4, 12, 0)
        layout.setSpacing(4)
        layout.addWidget(self._heading)
        layout.addWidget(self._plot, 1)
        self.setAccessibleName(title)
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
        self._plot.getAxis("bottom").setTicks([list(x_ticks)])
        for side, (view, axis) in self._sides.items():
            view.setXRange(*x_range, padding=0)
            known = [y for c, (_, y) in zip(self._curves, data, strict=True) if _side(c) == side]
            self._fit(side, view, axis, np.concatenate(known))
        self._values = [_last_known(y) for _, y in data]
        self._write_heading()

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
        parts = [f"<b>{self._title}</b>"]
        for curve, value in zip(self._curves, self._values, strict=True):
            if not curve.name:
                continue
            number = f" {value:.{curve.digits}f}{curve.unit}" if np.isfinite(value) else ""
            dot = f'<span style="color:{curve.hue.colour(dark=dark).name()}">●</span>'
            parts.append(f"{dot}&nbsp;{curve.name}{number}")
        self._heading.setText(" &nbsp; ".join(parts))


def _side(curve: Curve) -> str:
    return "right" if curve.right else "left"


def _last_known(values: NDArray[np.float64]) -> float:
    known = values[np.isfinite(values)]
    return float(known[-1]) if known.size else float("nan")
