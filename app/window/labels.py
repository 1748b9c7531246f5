"""Small labels beside points of the picture, placed so that they do not cover each other."""

from __future__ import annotations

from dataclasses import dataclass

from PyQt6.QtCore import QLineF, QPointF, QRectF, Qt
from PyQt6.QtGui import QColor, QFontMetricsF, QPainter, QPen

from app.window import colours

_PADDING = 5.0
_GROUND = QColor(colours.GROUND)
_GROUND.setAlphaF(0.85)
_TEXT = QColor("#F2F4F7")


@dataclass(frozen=True)
class Label:
    """A text, the point it belongs to, and one it should keep away from (widget coordinates)."""

    text: str
    point: QPointF
    away_from: QPointF


def place(
    labels: list[Label], metrics: QFontMetricsF, inside: QRectF, clearance: float
) -> list[QRectF]:
    """A rectangle for every label, earlier labels choosing first.

    Each takes, of the places beside its point, the farthest from ``away_from`` that lies
    ``inside`` and leaves ``clearance`` around every point; when all are taken, the nearest free
    one above or below.
    """
    taken = [_around(label.point, clearance) for label in labels]
    placed: list[QRectF] = []
    for label in labels:
        size = metrics.size(Qt.TextFlag.TextSingleLine, label.text)
        choices = _choices(label, size.width() + 2 * _PADDING, size.height() + 2, clearance)
        free = (c for c in choices if inside.contains(c) and not _covers(c, taken))
        placed.append(next(free, choices[0]))
        taken.append(placed[-1])
    return placed


def paint(painter: QPainter, labels: list[Label], placed: list[QRectF]) -> None:
    """Draw labels in the painter's font, each with a thin line to its point."""
    painter.setPen(QPen(_GROUND, 1))
    for label, rect in zip(labels, placed, strict=True):
        painter.drawLine(label.point, rect.center())
    for label, rect in zip(labels, placed, strict=True):
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(_GROUND)
        painter.drawRoundedRect(rect, 4, 4)
        painter.setPen(_TEXT)
        painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, label.text)


def _around(point: QPointF, clearance: float) -> QRectF:
    return QRectF(point.x() - clearance, point.y() - clearance, 2 * clearance, 2 * clearance)


def _choices(label: Label, width: float, height: float, clearance: float) -> list[QRectF]:
    x, y = label.point.x(), label.point.y()
    beside = [
        QRectF(x + clearance, y - height / 2, width, height),
        QRectF(x - clearance - width, y - height / 2, width, height),
        QRectF(x - width / 2, y + clearance, width, height),
        QRectF(x - width / 2, y - clearance - height, width, height),
    ]
    beside.sort(key=lambda c: -QLineF(c.center(), label.away_from).length())
    shifts = [sign * step * (height + 2) / 2 for step in range(1, 16) for sign in (1, -1)]
    return beside + [side.translated(0, shift) for shift in shifts for side in beside[:2]]


def _covers(rect: QRectF, taken: list[QRectF]) -> bool:
    return any(rect.intersects(other) for other in taken)
