"""A person's picture with keypoints on it that can be moved, by mouse or by key."""

from __future__ import annotations

import numpy as np
from PyQt6.QtCore import QEvent, QPointF, QRectF, Qt, pyqtSignal
from PyQt6.QtGui import (
    QColor,
    QFocusEvent,
    QFontMetricsF,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
)
from PyQt6.QtWidgets import QWidget

from app.gui import colours
from app.gui import painting as labels
from app.gui.language import tr
from app.gui.painting import paint_points, shown_points
from app.runtime.live.results import Array, KeypointGanInfo

_NONE = -1
_REACH = 14.0
_STRIDE = 10
_ARROWS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}
_LEAVING = {
    Qt.FocusReason.MouseFocusReason,
    Qt.FocusReason.TabFocusReason,
    Qt.FocusReason.BacktabFocusReason,
    Qt.FocusReason.OtherFocusReason,
}


class PointEditor(QWidget):
    """Shows a square picture and moves the points that limbs are drawn of.

    Tab goes from point to point, the arrow keys move one by a pixel of the network's picture, with
    Shift by ten. ``taken`` is said when a change begins, before the first ``moved``; ``points``
    then has what came of it.
    """

    taken = pyqtSignal()
    moved = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._info: KeypointGanInfo | None = None
        self._movable: list[int] = []
        self._image: QImage | None = None
        self._points: Array | None = None
        self._hovered = self._chosen = _NONE
        self._grip: QPointF | None = None
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(tr("Keypoints of the person"))

    @property
    def points(self) -> Array | None:
        """The points (K, 2), (x, y) in -1..1, as they are on show."""
        return self._points

    def set_info(self, info: KeypointGanInfo | None) -> None:
        """Show points of this network; forgets the picture."""
        self._info = info
        self._movable = [] if info is None else shown_points(info)
        self.clear()

    def clear(self) -> None:
        """Show nothing."""
        self._image = self._points = None
        self._hovered = self._chosen = _NONE
        self._grip = None
        self._refresh()

    def show_person(self, image: QImage, points: Array) -> None:
        """Show a square ``image`` with ``points`` (K, 2) in -1..1 on it."""
        self._image, self._points = image, points
        self._refresh()

    def place_of(self, point: int) -> QPointF:
        """Where a point lies in the widget."""
        assert self._points is not None
        x, y = self._in_picture(self._points[point : point + 1])[0].tolist()
        return QPointF(x, y) * self._zoom()

    def chosen_name(self) -> str:
        """The point that is hovered, dragged or chosen by key; empty if none is."""
        marked = self._marked()
        return "" if self._info is None or marked == _NONE else self._info.joint_names[marked]

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        assert event is not None
        point = self._point_at(event.position())
        if event.button() != Qt.MouseButton.LeftButton or point == _NONE:
            return
        self._chosen = point
        self._grip = self.place_of(point) - event.position()
        self.taken.emit()
        self._refresh()

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        assert event is not None
        if self._grip is None or self._info is None:
            self._hover(self._point_at(event.position()))
            return
        place = (event.position() + self._grip) / self._zoom()
        self._move_to((place.x() - 0.5, place.y() - 0.5))

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:
        assert event is not None
        if event.button() == Qt.MouseButton.LeftButton and self._grip is not None:
            self._grip = None
            self._hover(self._point_at(event.position()))
            self._refresh()

    def leaveEvent(self, event: QEvent | None) -> None:
        self._hover(_NONE)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        assert event is not None
        step = _ARROWS.get(Qt.Key(event.key()))
        if step is None or self._chosen == _NONE or self._points is None:
            super().keyPressEvent(event)
            return
        far = _STRIDE if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1
        x, y = (self._in_picture(self._points[[self._chosen]])[0] - 0.5).tolist()
        self.taken.emit()
        self._move_to((x + far * step[0], y + far * step[1]))

    def focusNextPrevChild(self, forward: bool) -> bool:
        rest = self._movable if self._points is not None else []
        if self._chosen in rest:
            place = rest.index(self._chosen) + (1 if forward else -1)
        else:
            place = 0 if forward else len(rest) - 1
        if not 0 <= place < len(rest):
            return super().focusNextPrevChild(forward)
        self._choose(rest[place])
        return True

    def focusInEvent(self, event: QFocusEvent | None) -> None:
        assert event is not None
        if self._points is not None and self._movable:
            if event.reason() == Qt.FocusReason.TabFocusReason:
                self._choose(self._movable[0])
            elif event.reason() == Qt.FocusReason.BacktabFocusReason:
                self._choose(self._movable[-1])
        self.update()

    def focusOutEvent(self, event: QFocusEvent | None) -> None:
        assert event is not None
        if event.reason() in _LEAVING:
            self._choose(_NONE)
        self.update()

    def paintEvent(self, event: QPaintEvent | None) -> None:
        painter = QPainter(self)
        if self._image is not None and self._points is not None and self._info is not None:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(QRectF(self.rect()), self._image)
            self._paint_pose(painter, self._points, self._info)
            self._paint_marked(painter, self._info)
        if self.hasFocus():
            painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Highlight), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(self.rect().adjusted(1, 1, -1, -1))
        painter.end()

    def _paint_pose(self, painter: QPainter, points: Array, info: KeypointGanInfo) -> None:
        painter.save()
        painter.scale(self._zoom(), self._zoom())
        paint_points(painter, self._in_picture(points), info)
        painter.restore()

    def _paint_marked(self, painter: QPainter, info: KeypointGanInfo) -> None:
        marked = self._marked()
        if marked == _NONE:
            return
        place = self.place_of(marked)
        radius = max(1.6 * self.width() / 60, 6.0)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for colour, width in ((QColor(colours.GROUND), 4), (QColor("#FFFFFF"), 2)):
            painter.setPen(QPen(colour, width))
            painter.drawEllipse(place, radius, radius)
        text = labels.Label(info.joint_names[marked], place, QRectF(self.rect()).center())
        metrics = QFontMetricsF(self.font())
        labels.paint(
            painter, [text], labels.place([text], metrics, QRectF(self.rect()), radius + 4)
        )

    def _zoom(self) -> float:
        return self.width() / (1 if self._info is None else self._info.size)

    def _in_picture(self, points: Array) -> Array:
        """Points of -1..1 in pixels of the network's picture, 0 being its left edge.

        -1 and 1 are the centres of the first and the last pixel.
        """
        assert self._info is not None
        return np.asarray((points + 1) / 2 * (self._info.size - 1) + 0.5, np.float32)

    def _move_to(self, pixel: tuple[float, float]) -> None:
        assert self._points is not None
        assert self._info is not None
        points = self._points.copy()
        last = self._info.size - 1
        points[self._chosen] = np.clip(np.array(pixel) * 2 / last - 1, -1, 1)
        self._points = points
        self._refresh()
        self.moved.emit()

    def _point_at(self, cursor: QPointF) -> int:
        if self._points is None:
            return _NONE
        gaps = {point: self.place_of(point) - cursor for point in self._movable}
        near = {p: QPointF.dotProduct(gap, gap) for p, gap in gaps.items()}
        nearest = min(near, key=near.__getitem__, default=_NONE)
        return nearest if nearest != _NONE and near[nearest] <= _REACH**2 else _NONE

    def _marked(self) -> int:
        if self._points is None:
            return _NONE
        if self._grip is not None or self._hovered == _NONE:
            return self._chosen if self._grip is not None or self.hasFocus() else _NONE
        return self._hovered

    def _hover(self, point: int) -> None:
        if point != self._hovered:
            self._hovered = point
            self._refresh()

    def _choose(self, point: int) -> None:
        self._chosen = point
        self._refresh()

    def _refresh(self) -> None:
        name = self.chosen_name()
        self.setAccessibleDescription(name)
        shape = Qt.CursorShape.ArrowCursor
        if self._grip is not None:
            shape = Qt.CursorShape.ClosedHandCursor
        elif self._hovered != _NONE:
            shape = Qt.CursorShape.OpenHandCursor
        if self.cursor().shape() != shape:
            self.setCursor(shape)
        self.update()
