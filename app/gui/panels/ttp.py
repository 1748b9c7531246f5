"""What the transformer network makes of a picture: its affinity matrix, and what it rebuilds.

The matrix says which self-supervised keypoints each joint is made of; beside each other are source,
target and reconstruction of the newest update.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PyQt6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, pyqtSignal
from PyQt6.QtGui import (
    QColor,
    QImage,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
    QResizeEvent,
)
from PyQt6.QtWidgets import QSizePolicy, QWidget

from app.gui import colours
from app.gui.language import tr
from app.gui.painting import to_qimage
from app.gui.widgets import Throttle, paint_placeholder
from app.runtime.live.results import NetworkInfo, PoseResult, UpdateResult

_NONE = (-1, -1)
_NO_PERSON = "Appears when a person is found"
_NO_AFFINITY = "This network has no affinity transformer"
_PERIOD = 0.2
_MARGIN = 12
_LINE = 20
_STRIP = 12
_SMALL_PIXELS = 11
_NAME_SHARE = 0.8  # of a line's height, which names without letters below the line need


class AffinityPanel(QWidget):
    """A heat map of W (joints x self-supervised keypoints) over a strip of contributions c_j.

    ``cell_hovered`` gives the joint and the self-supervised keypoint under the cursor, (-1, -1)
    when there is none. Results may come at any rate; five a second are drawn.
    """

    cell_hovered = pyqtSignal(int, int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._network: NetworkInfo | None = None
        self._labels: tuple[str, ...] = ()
        self._newest: PoseResult | None = None
        self._drawn: PoseResult | None = None
        self._highlight: int | None = None
        self._cell = _NONE
        self._throttle = Throttle(_PERIOD, self._draw_newest, self)
        self.setMouseTracking(True)
        self.setMinimumSize(240, 200)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(tr("Affinity"))

    def sizeHint(self) -> QSize:
        return QSize(320, 320)

    def set_network(self, network: NetworkInfo) -> None:
        """Take the names of the rows from ``network``; forgets the last result."""
        self._network = network
        self._labels = tuple(short_name(name) for name in network.joint_names)
        self._newest = self._drawn = None
        self._highlight = None
        self._set_cell(_NONE)
        self.update()

    def show_result(self, result: PoseResult) -> None:
        """Show the affinity of ``result``, at once or when the last drawing is old enough."""
        self._newest = result
        self._throttle.request()

    def set_highlight(self, joint: int | None) -> None:
        """Mark the row of ``joint``; None marks nothing."""
        if joint != self._highlight:
            self._highlight = joint
            self.update()

    def matrix_rect(self) -> QRectF:
        """Where the heat map lies in the widget."""
        metrics = self.fontMetrics()
        gutter = max((metrics.horizontalAdvance(name) for name in self._labels), default=0)
        gutter = max(gutter, metrics.horizontalAdvance(tr("contribution")))
        left, top = _MARGIN + gutter + _MARGIN, _LINE
        below = _STRIP + 2 * _LINE + _MARGIN + 4
        return QRectF(left, top, self.width() - left - _MARGIN, self.height() - top - below)

    def paintEvent(self, event: QPaintEvent | None) -> None:
        painter = QPainter(self)
        if self._drawn is None or self._drawn.affinity.size == 0:
            self._paint_empty(painter)
        else:
            self._paint_readout(painter, self._drawn)
            self._paint_matrix(painter, self._drawn)
            self._paint_contributions(painter, self._drawn)
            self._paint_scales(painter)
        painter.end()

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        assert event is not None
        self._set_cell(self._cell_at(event.position()))

    def leaveEvent(self, event: QEvent | None) -> None:
        self._set_cell(_NONE)

    def _draw_newest(self) -> None:
        self._drawn = self._newest
        if self._drawn is None or self._drawn.affinity.size == 0:
            self._set_cell(_NONE)
        self.update()

    def _set_cell(self, cell: tuple[int, int]) -> None:
        if cell != self._cell:
            self._cell = cell
            self.cell_hovered.emit(*cell)
            self.update()

    def _cell_at(self, position: QPointF) -> tuple[int, int]:
        rect = self.matrix_rect()
        if self._drawn is None or self._drawn.affinity.size == 0 or not rect.contains(position):
            return _NONE
        joints, keypoints = self._drawn.affinity.shape
        row = int((position.y() - rect.top()) / rect.height() * joints)
        column = int((position.x() - rect.left()) / rect.width() * keypoints)
        return min(row, joints - 1), min(column, keypoints - 1)

    def _paint_empty(self, painter: QPainter) -> None:
        found = self._drawn is not None and self._drawn.box is not None
        room = QRectF(self.rect()).adjusted(_MARGIN, 0, -_MARGIN, -_MARGIN)
        paint_placeholder(painter, room, self.palette(), _NO_AFFINITY if found else _NO_PERSON)

    def _paint_readout(self, painter: QPainter, result: PoseResult) -> None:
        joint, keypoint = self._cell
        if self._cell == _NONE or self._network is None:
            joints, keypoints = result.affinity.shape
            text = tr(
                "{joints} joints × {keypoints} self-supervised keypoints",
                joints=joints,
                keypoints=keypoints,
            )
            painter.setPen(self._colour(QPalette.ColorRole.PlaceholderText))
        else:
            name, weight = self._network.joint_names[joint], result.affinity[joint, keypoint]
            text = tr(
                "{name} from keypoint {number}: {weight}",
                name=name,
                number=keypoint + 1,
                weight=f"{weight:.2f}",
            )
            painter.setPen(self._colour(QPalette.ColorRole.WindowText))
        line = QRectF(_MARGIN, 0, self.width() - 2 * _MARGIN, _LINE - 4)
        painter.drawText(line, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)

    def _paint_matrix(self, painter: QPainter, result: PoseResult) -> None:
        rect = self.matrix_rect()
        painter.drawImage(rect, to_qimage(colours.weight_rgb(result.affinity)))
        joints, keypoints = result.affinity.shape
        height, width = rect.height() / joints, rect.width() / keypoints
        marked = self._cell[0] if self._cell != _NONE else self._highlight
        aligned = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        role, font = QPalette.ColorRole, painter.font()
        # In a low window there is room for every other name only, or for fewer.
        every = math.ceil(_NAME_SHARE * self.fontMetrics().height() / max(height, 1.0))
        for joint, label in enumerate(self._labels):
            if joint % every and joint != marked:
                continue
            font.setBold(joint == marked)
            painter.setFont(font)
            painter.setPen(self._colour(role.WindowText if font.bold() else role.PlaceholderText))
            top = rect.top() + joint * height
            painter.drawText(QRectF(0, top, rect.left() - _MARGIN, height), aligned, label)
        font.setBold(False)
        painter.setFont(font)
        if marked is not None:
            top = rect.top() + marked * height
            painter.setPen(QPen(QColor("#FFFFFF"), 1))
            painter.drawRect(QRectF(rect.left(), top, rect.width(), height))
        if self._cell != _NONE:
            row, column = self._cell
            left, top = rect.left() + column * width, rect.top() + row * height
            painter.setPen(QPen(QColor("#FFFFFF"), 2))
            painter.drawRect(QRectF(left, top, width, height))

    def _paint_contributions(self, painter: QPainter, result: PoseResult) -> None:
        matrix = self.matrix_rect()
        strip = QRectF(matrix.left(), matrix.bottom() + 4, matrix.width(), _STRIP)
        painter.drawImage(strip, to_qimage(colours.contribution_rgb(result.contribution)[None]))
        painter.setPen(self._colour(QPalette.ColorRole.PlaceholderText))
        aligned = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        label = QRectF(0, strip.top() - 2, strip.left() - _MARGIN, _STRIP + 4)
        painter.drawText(label, aligned, tr("contribution"))
        self._use_small_font(painter)
        count = len(result.contribution)
        width = strip.width() / count
        for number in (1, *range(5, count + 1, 5)):
            middle = strip.left() + (number - 0.5) * width
            cell = QRectF(middle - 15, strip.bottom(), 30, _LINE)
            painter.drawText(cell, Qt.AlignmentFlag.AlignCenter, str(number))

    def _paint_scales(self, painter: QPainter) -> None:
        half = (self.width() - 3 * _MARGIN) / 2
        line = QRectF(_MARGIN, self.height() - _LINE, half - 8, _LINE)
        end = f"{colours.WEIGHT_MAX:g}+"
        self._paint_scale(painter, line, f"{tr('weight')}  0", end, colours.plasma())
        line = QRectF(line.right() + _MARGIN, line.top(), half + 8, _LINE)
        end = f"{colours.CONTRIBUTION_MAX:g}+"
        self._paint_scale(painter, line, f"{tr('contribution')}  0", end, colours.viridis())

    def _use_small_font(self, painter: QPainter) -> None:
        font = painter.font()
        font.setPixelSize(_SMALL_PIXELS)
        painter.setFont(font)

    def _paint_scale(
        self, painter: QPainter, line: QRectF, start: str, end: str, ramp: NDArray[np.uint8]
    ) -> None:
        painter.setPen(self._colour(QPalette.ColorRole.PlaceholderText))
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.drawText(line, Qt.AlignmentFlag.AlignLeft | middle, start)
        painter.drawText(line, Qt.AlignmentFlag.AlignRight | middle, end)
        advance = painter.fontMetrics().horizontalAdvance
        before, after = advance(start) + 6, advance(end) + 6
        bar = QRectF(line.left() + before, line.center().y() - 4, line.width() - before - after, 8)
        painter.drawImage(bar, to_qimage(ramp[None]))

    def _colour(self, role: QPalette.ColorRole) -> QColor:
        return self.palette().color(role)


def short_name(joint: str) -> str:
    """A joint's name as a row's label: "left shoulder" is "l shoulder"."""
    for side in ("left", "right"):
        if joint.startswith(f"{side} "):
            return f"{side[0]}{joint[len(side) :]}"
    return joint


_CAPTIONS = ("source", "target", "reconstruction")
_EMPTY = "Appears with the first update"
_BETWEEN = 8
_CAPTION = 20
_CAPTION_PIXELS = 11
_LEAST_WIDTH = 240
_WIDEST = 400


class ReconstructionPanel(QWidget):
    """Three square pictures: what the network learns from, and what it makes of it.

    The reconstruction has the appearance of the source and the pose of the target.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._images: tuple[QImage, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        self.setAccessibleName(tr("Reconstruction"))
        self.setAccessibleDescription(tr(_EMPTY))

    def show_update(self, update: UpdateResult | None) -> None:
        """Show the pictures of ``update``; None brings back the empty state."""
        if update is None:
            self._images = ()
            self.setAccessibleDescription(tr(_EMPTY))
        else:
            pictures = (update.source, update.target, update.reconstruction)
            self._images = tuple(to_qimage(picture) for picture in pictures)
            self.setAccessibleDescription(
                tr("Source, target, result of update {number}", number=update.number)
            )
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(320, _height(320))

    def minimumSizeHint(self) -> QSize:
        # Docks know no height for width, so the least height follows the width there is.
        return QSize(_LEAST_WIDTH, _height(min(self.width(), _WIDEST)))

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        super().resizeEvent(event)
        self.updateGeometry()

    def picture_rects(self) -> list[QRectF]:
        """Where the three squares lie, from left to right."""
        by_width = (self.width() - 2 * _MARGIN - 2 * _BETWEEN) // 3
        side = max(min(by_width, self.height() - _CAPTION - _BETWEEN), 1)
        left = (self.width() - 3 * side - 2 * _BETWEEN) // 2
        return [QRectF(left + i * (side + _BETWEEN), 0, side, side) for i in range(3)]

    def paintEvent(self, event: QPaintEvent | None) -> None:
        painter = QPainter(self)
        rects = self.picture_rects()
        if self._images:
            self._paint_pictures(painter, rects)
        else:
            room = rects[0].united(rects[2])
            paint_placeholder(painter, room, self.palette(), _EMPTY)
        painter.end()

    def _paint_pictures(self, painter: QPainter, rects: list[QRectF]) -> None:
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        font = painter.font()
        font.setPixelSize(_CAPTION_PIXELS)
        painter.setFont(font)
        painter.setPen(self.palette().color(QPalette.ColorRole.PlaceholderText))
        centred = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextDontClip
        for rect, image, caption in zip(rects, self._images, _CAPTIONS, strict=True):
            painter.drawImage(rect, image)
            below = QRectF(rect.left(), rect.bottom(), rect.width(), _CAPTION)
            painter.drawText(below, centred, tr(caption))


def _height(width: int) -> int:
    return (width - 4 * _BETWEEN) // 3 + _CAPTION + _BETWEEN
