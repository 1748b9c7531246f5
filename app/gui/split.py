"""The divider between two predictions on one picture: as trained left, personalized right."""

from __future__ import annotations

from PyQt6.QtCore import QPointF, QRectF, Qt
from PyQt6.QtGui import QColor, QFontMetricsF, QPainter, QPen, QPolygonF

from app.gui import colours
from app.gui.language import tr

_REACH = 10.0  # pixels beside the line that take hold of it
_STEP = 0.02
_TITLES = ("As trained", "Personalized")
_HANDLE = 14.0
_PADDING = 8.0
_TOP = 12.0
_GROUND = QColor(colours.GROUND)
_GROUND.setAlphaF(0.85)
_HALO = QColor(colours.GROUND)
_LINE = QColor("#FFFFFF")
_TEXT = QColor("#F2F4F7")


class Divider:
    """Where the picture is divided, as a share (0..1) of its width."""

    def __init__(self) -> None:
        self.share = 0.5

    def x(self, picture: QRectF) -> float:
        """Where the line is in the widget."""
        return picture.left() + self.share * picture.width()

    def sides(self, picture: QRectF) -> tuple[QRectF, QRectF]:
        """The picture left and right of the line."""
        x = self.x(picture)
        left = QRectF(picture.left(), picture.top(), x - picture.left(), picture.height())
        return left, QRectF(x, picture.top(), picture.right() - x, picture.height())

    def holds(self, point: QPointF, picture: QRectF) -> bool:
        """Whether a press there takes hold of the line."""
        inside = picture.adjusted(-_REACH, 0, _REACH, 0).contains(point)
        return inside and abs(point.x() - self.x(picture)) <= _REACH

    def drag(self, x: float, picture: QRectF) -> None:
        """Move the line to ``x`` of the widget, within the picture."""
        if picture.width() > 0:
            self.share = min(max((x - picture.left()) / picture.width(), 0.0), 1.0)

    def step(self, direction: int) -> None:
        """Move the line a little to the right (1) or left (-1)."""
        self.share = min(max(self.share + direction * _STEP, 0.0), 1.0)

    def paint(self, painter: QPainter, picture: QRectF, notes: tuple[str, str]) -> None:
        """Draw the line, its handle, and on either side what is shown there, with a note."""
        x = self.x(picture)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for colour, width in ((_HALO, 4.0), (_LINE, 2.0)):
            painter.setPen(QPen(colour, width, cap=Qt.PenCapStyle.FlatCap))
            painter.drawLine(QPointF(x, picture.top()), QPointF(x, picture.bottom()))
        self._paint_handle(painter, QPointF(x, picture.center().y()))
        titles = [tr(title) for title in _TITLES]
        for title, note, at_left in zip(titles, notes, (True, False), strict=True):
            whole = f"{title} · {note}" if note else title
            if not self._paint_label(painter, picture, whole, at_left=at_left):
                self._paint_label(painter, picture, title, at_left=at_left)
        painter.restore()

    def _paint_handle(self, painter: QPainter, centre: QPointF) -> None:
        painter.setPen(QPen(_HALO, 1.0))
        painter.setBrush(_LINE)
        painter.drawEllipse(centre, _HANDLE, _HANDLE)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(_HALO)
        for sign in (-1, 1):
            tip = centre + QPointF(sign * 9.0, 0)
            back = centre + QPointF(sign * 3.5, 0)
            painter.drawPolygon(QPolygonF([tip, back + QPointF(0, 5), back - QPointF(0, 5)]))

    def _paint_label(self, painter: QPainter, picture: QRectF, text: str, *, at_left: bool) -> bool:
        """Beside the line; not at all, and False, where its side has no room."""
        size = QFontMetricsF(painter.font()).size(Qt.TextFlag.TextSingleLine, text)
        width, height = size.width() + 2 * _PADDING, size.height() + _PADDING
        x = self.x(picture)
        left = x - _TOP - width if at_left else x + _TOP
        label = QRectF(left, picture.top() + _TOP, width, height)
        if not picture.contains(label):
            return False
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(_GROUND)
        painter.drawRoundedRect(label, 4, 4)
        painter.setPen(_TEXT)
        painter.drawText(label, Qt.AlignmentFlag.AlignCenter, text)
        return True
