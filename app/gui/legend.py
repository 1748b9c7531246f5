"""The legend on the picture: what a diamond, its colour and an arrow mean."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PyQt6.QtCore import QPointF, QRectF, Qt
from PyQt6.QtGui import QColor, QFontMetricsF, QPainter

from app.gui import colours
from app.gui.language import tr
from app.gui.painting import MIN_WEIGHT, paint_arrow, paint_diamond, to_qimage
from app.settings import Overlays

_GROUND = QColor(colours.GROUND)
_GROUND.setAlphaF(0.82)
_TEXT = QColor("#F2F4F7")
_MUTED = QColor("#B9C0CB")
_MARGIN = 12.0
_PADDING = 10.0
_SIGN = 34.0
_SCALE = 72.0
_GAP = 6.0
_SMALL_PIXELS = 11
_SHARE = 0.55  # of the picture that may be covered, each way

Sign = Callable[[QPainter, QRectF], None]
Row = tuple[Sign, str, str, NDArray[np.uint8], str, str]


def legend_rows(overlays: Overlays, *, has_affinity: bool) -> list[Row]:
    """A row for each sign that is drawn: its sign, two lines, and its colours with their ends.

    Without an affinity, diamonds are all of one colour and there are no arrows: no scale is there
    to be explained.
    """
    rows: list[Row] = []
    if overlays.self_keypoints:
        ramp = colours.viridis() if has_affinity else colours.viridis()[:0]
        meaning = (
            tr("colour: how much it adds to the joints")
            if has_affinity
            else tr("no label taught it")
        )
        end = f"{colours.CONTRIBUTION_MAX:g}+"
        rows.append((_diamond, tr("A point the network found itself"), meaning, ramp, "0", end))
    if overlays.arrows and has_affinity:
        meaning = tr("colour: the weight of that point")
        ramp = colours.plasma()[round(255 * MIN_WEIGHT / colours.WEIGHT_MAX) :]
        end = f"{colours.WEIGHT_MAX:g}+"
        rows.append(
            (_arrow, tr("This point informs that joint"), meaning, ramp, f"{MIN_WEIGHT}", end)
        )
    return rows


def paint_legend(painter: QPainter, picture: QRectF, whole: QRectF, rows: list[Row]) -> QRectF:
    """Draw the ``rows`` beside the ``picture``, inside ``whole``, or else in its upper right.

    Returns where; empty where they do not fit: a picture too small for them keeps its person in
    sight instead.
    """
    font = painter.font()
    font.setPixelSize(_SMALL_PIXELS)
    metrics = QFontMetricsF(font)
    line = metrics.height()
    words = max((metrics.horizontalAdvance(text) for row in rows for text in row[1:3]), default=0)
    scales = [
        metrics.horizontalAdvance(start + end) + _SCALE + 2 * _GAP
        for _, _, _, ramp, start, end in rows
        if len(ramp)
    ]
    width = 2 * _PADDING + _SIGN + max([words, *scales])
    height = _PADDING + sum(_height(row, line) + _PADDING for row in rows)
    left = min(picture.right() + _MARGIN, whole.right() - _MARGIN - width)
    if left + width / 2 < picture.right():  # hardly any of it would be beside the picture
        left = picture.right() - _MARGIN - width
    covered = max(0.0, picture.right() - left)
    small = covered > _SHARE * picture.width() or height > _SHARE * picture.height()
    if not rows or (covered and small):
        return QRectF()
    box = QRectF(left, picture.top() + _MARGIN, width, height)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setFont(font)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(_GROUND)
    painter.drawRoundedRect(box, 6, 6)
    top = box.top() + _PADDING
    for row in rows:
        _paint_row(painter, QRectF(box.left() + _PADDING, top, width - 2 * _PADDING, line), row)
        top += _height(row, line) + _PADDING
    painter.restore()
    return box


def _height(row: Row, line: float) -> float:
    return line * (3 if len(row[3]) else 2)


def _paint_row(painter: QPainter, first: QRectF, row: Row) -> None:
    """A row whose first line of text, and the sign before it, lie in ``first``."""
    sign, title, meaning, ramp, start, end = row
    line = first.height()
    sign(painter, QRectF(first.left(), first.top(), _SIGN - 10, line))
    painter.setOpacity(1.0)
    text = first.adjusted(_SIGN, 0, 0, 0)
    aligned = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
    painter.setPen(_TEXT)
    painter.drawText(text, aligned, title)
    painter.setPen(_MUTED)
    painter.drawText(text.translated(0, line), aligned, meaning)
    if not len(ramp):
        return
    below = text.translated(0, 2 * line)
    painter.drawText(below, aligned, start)
    left = below.left() + QFontMetricsF(painter.font()).horizontalAdvance(start) + _GAP
    bar = QRectF(left, below.center().y() - 4, _SCALE, 8)
    painter.drawImage(bar, to_qimage(ramp[None]))
    painter.drawText(below.adjusted(bar.right() + _GAP - below.left(), 0, 0, 0), aligned, end)


def _diamond(painter: QPainter, room: QRectF) -> None:
    fill = QColor(*colours.viridis()[140].tolist())
    paint_diamond(painter, room.center(), 6.0, fill, 1.0)


def _arrow(painter: QPainter, room: QRectF) -> None:
    ends = QPointF(room.left(), room.center().y()), QPointF(room.right(), room.center().y())
    colour = QColor(*colours.plasma()[170].tolist())
    paint_arrow(painter, *ends, colour, 2.0, 1.0)
