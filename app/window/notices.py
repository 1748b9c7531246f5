"""What the window says in words: the state over the picture, and what an empty place awaits."""

from __future__ import annotations

from PyQt6.QtCore import QRectF, Qt
from PyQt6.QtGui import QColor, QFontMetricsF, QPainter, QPalette

from app.window.icons import paint_icon
from app.window.theme import TONES, Tone

_TITLE = QColor("#E8EAEE")
_SENTENCE = QColor("#A3ABB8")
_MARGIN = 16.0
_ICON = 40.0
_PADDING = 8.0


def paint_chip(painter: QPainter, picture: QRectF, text: str, tone: Tone) -> None:
    """Draw the chip at the lower left of ``picture``; nothing for an empty text."""
    if not text:
        return
    painter.save()
    font = painter.font()
    # Readable from two metres on a desk, yet no banner in a small window.
    font.setPixelSize(int(min(max(picture.height() / 30, 16), 24)))
    font.setBold(True)
    size = QFontMetricsF(font).size(Qt.TextFlag.TextSingleLine, text)
    height = round(1.7 * size.height())
    width = round(size.width() + height)
    chip = QRectF(picture.left() + _MARGIN, picture.bottom() - _MARGIN - height, width, height)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(TONES[tone].fill)
    painter.drawRoundedRect(chip, height / 2, height / 2)
    painter.setFont(font)
    painter.setPen(TONES[tone].text)
    painter.drawText(chip, Qt.AlignmentFlag.AlignCenter, text)
    painter.restore()


def paint_empty(painter: QPainter, room: QRectF, title: str, sentence: str) -> None:
    """Draw an icon, a title and a sentence in the middle of ``room``."""
    painter.save()
    wide = min(room.width() - 48, 480)
    left, middle = room.center().x() - wide / 2, room.center().y()
    icon = QRectF(room.center().x() - _ICON / 2, middle - 36 - _ICON, _ICON, _ICON)
    paint_icon(painter, "video", icon, _SENTENCE)
    centred = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop
    painter.setPen(_SENTENCE)
    below = QRectF(left, middle + 14, wide, room.bottom() - middle - 14)
    painter.drawText(below, centred | Qt.TextFlag.TextWordWrap, sentence)
    font = painter.font()
    font.setPixelSize(18)
    font.setBold(True)
    painter.setFont(font)
    painter.setPen(_TITLE)
    painter.drawText(QRectF(left, middle - 20, wide, 28), centred, title)
    painter.restore()


def paint_placeholder(painter: QPainter, room: QRectF, palette: QPalette, text: str) -> None:
    """Fill ``room`` quietly and say in its middle when something will appear there."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(palette.color(QPalette.ColorRole.Midlight))
    painter.drawRoundedRect(room, 4, 4)
    painter.setPen(palette.color(QPalette.ColorRole.PlaceholderText))
    inside = room.adjusted(_PADDING, _PADDING, -_PADDING, -_PADDING)
    painter.drawText(inside, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, text)
    painter.restore()
