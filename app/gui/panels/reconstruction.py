"""Source, target and reconstruction of the newest update, side by side."""

from __future__ import annotations

from PyQt6.QtCore import QRectF, QSize, Qt
from PyQt6.QtGui import QImage, QPainter, QPaintEvent, QPalette, QResizeEvent
from PyQt6.QtWidgets import QSizePolicy, QWidget

from app.gui.language import tr
from app.gui.painting import to_qimage
from app.gui.widgets import paint_placeholder
from app.runtime.live.results import UpdateResult

_CAPTIONS = ("source", "target", "reconstruction")
_EMPTY = "Appears with the first update"
_GAP = 8
_MARGIN = 12
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
        by_width = (self.width() - 2 * _MARGIN - 2 * _GAP) // 3
        side = max(min(by_width, self.height() - _CAPTION - _GAP), 1)
        left = (self.width() - 3 * side - 2 * _GAP) // 2
        return [QRectF(left + i * (side + _GAP), 0, side, side) for i in range(3)]

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
    return (width - 4 * _GAP) // 3 + _CAPTION + _GAP
