"""Icons of one family (lucide, assets/icons), drawn from SVG in the palette's text colour."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from PyQt6.QtCore import QByteArray, QRect, QRectF, QSize, Qt
from PyQt6.QtGui import QColor, QGuiApplication, QIcon, QIconEngine, QPainter, QPalette, QPixmap
from PyQt6.QtSvg import QSvgRenderer

_FOLDER = Path(__file__).resolve().parents[2] / "assets" / "icons"


def icon(name: str) -> QIcon:
    """The icon called ``name``; it follows the application's palette, light or dark.

    Raises ``FileNotFoundError`` when ``assets/icons`` has no such icon.
    """
    _source(name)
    return QIcon(_TintedSvg(name))


def paint_icon(painter: QPainter, name: str, rect: QRectF, colour: QColor) -> None:
    """Draw the icon called ``name`` into ``rect`` in one colour."""
    tinted = _source(name).replace("currentColor", colour.name())
    QSvgRenderer(QByteArray(tinted.encode())).render(painter, rect)


class _TintedSvg(QIconEngine):
    """Asks for the palette's colour each time it draws, so a change of theme needs no new icon."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name

    def clone(self) -> QIconEngine:
        return _TintedSvg(self._name)

    def paint(
        self, painter: QPainter | None, rect: QRect, mode: QIcon.Mode, state: QIcon.State
    ) -> None:
        assert painter is not None
        paint_icon(painter, self._name, QRectF(rect), _tint(mode))

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        pixmap = QPixmap(size)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        self.paint(painter, QRect(0, 0, size.width(), size.height()), mode, state)
        painter.end()
        return pixmap


def _tint(mode: QIcon.Mode) -> QColor:
    palette = QGuiApplication.palette()
    if mode == QIcon.Mode.Disabled:
        return palette.color(QPalette.ColorGroup.Disabled, QPalette.ColorRole.ButtonText)
    if mode == QIcon.Mode.Selected:
        return palette.color(QPalette.ColorRole.HighlightedText)
    return palette.color(QPalette.ColorRole.ButtonText)


@cache
def _source(name: str) -> str:
    return (_FOLDER / f"{name}.svg").read_text(encoding="utf-8")
