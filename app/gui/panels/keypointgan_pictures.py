"""The three pictures of the KeypointGAN panel, and how they share the room there is."""

from __future__ import annotations

import numpy as np
from PyQt6.QtCore import QRectF, QSize, Qt
from PyQt6.QtGui import QColor, QImage, QPainter, QPaintEvent, QPalette, QPen, QResizeEvent
from PyQt6.QtWidgets import QSizePolicy, QWidget

from app.gui import colours
from app.gui.language import tr
from app.gui.painting import to_qimage
from app.gui.panels.point_editor import PointEditor
from app.gui.widgets import paint_placeholder
from app.runtime.live.results import RedrawResult

_CAPTIONS = ("keypoints", "skeleton", "redrawn")
_GAP = 8
_CAPTION = 20
_CAPTION_PIXELS = 11
_INSET = 0.3


class KeypointGanPictures(QWidget):
    """The person with keypoints to drag, the skeleton image, and the person redrawn from it."""

    def __init__(self) -> None:
        super().__init__()
        self.editor = PointEditor(self)
        self._empty = ""
        self._images: tuple[QImage, QImage] | None = None
        self._look: QImage | None = None
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(220, 160)
        self.setAccessibleName(tr("Pictures of the person"))
        self.editor.hide()

    def sizeHint(self) -> QSize:
        return QSize(320, 240)

    def clear(self, text: str) -> None:
        """Show no pictures, but ``text``; the same again costs nothing."""
        if self._images is None and text == self._empty:
            return
        self._images = None
        self._empty = text
        self.setAccessibleDescription(tr(text))
        self.editor.clear()
        self.editor.hide()
        self.update()

    def show_result(self, result: RedrawResult) -> None:
        """Show a skeleton image and the person redrawn, with the look that was borrowed."""
        skeleton = np.repeat(result.skeleton_image[..., None], 3, axis=2)
        self._images = to_qimage(skeleton), to_qimage(result.redrawn)
        look = result.request.appearance
        self._look = None if look is None else to_qimage(look)
        self.setAccessibleDescription(", ".join(map(tr, _CAPTIONS)))
        self.editor.show()
        self.update()

    def picture_rects(self) -> list[QRectF]:
        """Where the squares of keypoints, skeleton image and redrawn person lie."""
        return arrange(self.width(), self.height())

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        super().resizeEvent(event)
        self.editor.setGeometry(self.picture_rects()[0].toRect())

    def paintEvent(self, event: QPaintEvent | None) -> None:
        painter = QPainter(self)
        if self._images is None:
            paint_placeholder(painter, QRectF(self.rect()), self.palette(), self._empty)
        else:
            self._paint_pictures(painter, self._images)
        painter.end()

    def _paint_pictures(self, painter: QPainter, images: tuple[QImage, QImage]) -> None:
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        rects = self.picture_rects()
        for rect, image in zip(rects[1:], images, strict=True):
            painter.drawImage(rect, image)
        if self._look is not None:
            self._paint_inset(painter, rects[2], self._look)
        font = painter.font()
        font.setPixelSize(_CAPTION_PIXELS)
        painter.setFont(font)
        painter.setPen(self.palette().color(QPalette.ColorRole.PlaceholderText))
        centred = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextDontClip
        for rect, caption in zip(rects, _CAPTIONS, strict=True):
            painter.drawText(
                QRectF(rect.left(), rect.bottom(), rect.width(), _CAPTION), centred, tr(caption)
            )

    def _paint_inset(self, painter: QPainter, picture: QRectF, look: QImage) -> None:
        """Whose look it is, small in a corner."""
        side = _INSET * picture.width()
        inset = QRectF(picture.right() - side - 3, picture.bottom() - side - 3, side, side)
        painter.drawImage(inset, look)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(colours.GROUND), 3))
        painter.drawRect(inset)
        painter.setPen(QPen(QColor("#FFFFFF"), 1))
        painter.drawRect(inset)


def arrange(width: int, height: int) -> list[QRectF]:
    """Three captioned squares in a room: in a row, or two small ones beside or below a large one.

    Of the three the one that shows most.
    """
    row = max(min((width - 2 * _GAP) // 3, height - _CAPTION), 1)
    beside = max(min((2 * (width - _GAP) + _CAPTION + _GAP) // 3, height - _CAPTION), 1)
    aside = max((beside - _CAPTION - _GAP) // 2, 1)
    above = max(min((2 * (height - 2 * _CAPTION) + _GAP) // 3, width), 1)
    half = max((above - _GAP) // 2, 1)
    plans = {
        "row": 3 * row**2,
        "beside": beside**2 + 2 * aside**2,
        "above": above**2 + 2 * half**2,
    }
    best = max(plans, key=plans.__getitem__)
    if best == "row":
        left = (width - 3 * row - 2 * _GAP) // 2
        return [QRectF(left + i * (row + _GAP), 0, row, row) for i in range(3)]
    if best == "beside":
        left = (width - beside - _GAP - aside) // 2
        right = left + beside + _GAP
        down = beside - aside
        return [
            QRectF(left, 0, beside, beside),
            QRectF(right, 0, aside, aside),
            QRectF(right, down, aside, aside),
        ]
    left = (width - above) // 2
    down = above + _CAPTION
    return [
        QRectF(left, 0, above, above),
        QRectF(left, down, half, half),
        QRectF(left + above - half, down, half, half),
    ]
