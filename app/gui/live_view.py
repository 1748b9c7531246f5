"""The live picture with its overlays, and the divider between two predictions on it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PyQt6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, pyqtSignal
from PyQt6.QtGui import (
    QColor,
    QFontMetricsF,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
    QTransform,
)
from PyQt6.QtWidgets import QSizePolicy, QWidget

from app.gui import colours
from app.gui import painting as labels
from app.gui import widgets as notices
from app.gui.language import tr
from app.gui.legend import legend_rows, paint_legend
from app.gui.painting import MIN_CONFIDENCE, Highlight, paint_result, shown_arrows, to_qimage
from app.gui.theme import Tone
from app.runtime.live.results import NetworkInfo, PoseResult
from app.settings import Overlays

_GRAB = 10.0  # pixels beside the line that take hold of it
_STEP = 0.02
_TITLES = ("As trained", "Personalized")
_HANDLE = 14.0
_PADDING = 8.0
_TOP = 12.0
_GROUND = QColor(colours.GROUND)
_NAMES_GROUND = QColor(colours.GROUND)
_NAMES_GROUND.setAlphaF(0.85)
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
        inside = picture.adjusted(-_GRAB, 0, _GRAB, 0).contains(point)
        return inside and abs(point.x() - self.x(picture)) <= _GRAB

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
        for colour, width in ((_GROUND, 4.0), (_LINE, 2.0)):
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
        painter.setPen(QPen(_GROUND, 1.0))
        painter.setBrush(_LINE)
        painter.drawEllipse(centre, _HANDLE, _HANDLE)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(_GROUND)
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
        painter.setBrush(_NAMES_GROUND)
        painter.drawRoundedRect(label, 4, 4)
        painter.setPen(_TEXT)
        painter.drawText(label, Qt.AlignmentFlag.AlignCenter, text)
        return True


_REACH = 14.0
_NOWHERE = -1
_ARROWS = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}


class LiveView(QWidget):
    """Shows the newest frame as large as its aspect allows, on a quiet dark ground.

    ``person_chosen`` gives the frame's pixel that was clicked; ``joint_hovered`` the joint under
    the cursor, -1 when there is none. While ``set_split`` is on, the trained network's prediction
    is drawn left of a divider that is dragged, or moved by the arrow keys.
    """

    person_chosen = pyqtSignal(float, float)
    joint_hovered = pyqtSignal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._network: NetworkInfo | None = None
        self._frame: NDArray[np.uint8] | None = None
        self._image: QImage | None = None
        self._result: PoseResult | None = None
        self._overlays = Overlays()
        self._explaining = False
        self._mirrored = False
        self._chip = ("", Tone.NEUTRAL)
        self._empty = ("", "")
        self._given_highlight: Highlight | None = None
        self._hovered = _NOWHERE
        self._cursor: QPointF | None = None
        self._divider: Divider | None = None
        self._dragging = False
        self._split_notes = ("", "")
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(320, 240)
        self.setAccessibleName(tr("Live view"))

    def sizeHint(self) -> QSize:
        return QSize(960, 720)

    def set_network(self, network: NetworkInfo) -> None:
        """Draw results with this network's joints and limbs; forgets the last result."""
        self._network = network
        self._result = None
        self._given_highlight = None
        self._update_hover()
        self.update()

    def show_frame(self, image: NDArray[np.uint8] | None, result: PoseResult | None) -> None:
        """Show ``image`` (H x W x 3, uint8, RGB; None: the empty state) with ``result`` over it.

        The same objects again cost nothing.
        """
        if image is self._frame and result is self._result:
            return
        if image is not self._frame:
            self._frame = image
            self._image = None if image is None else to_qimage(image)
        self._result = result
        self._update_hover()
        self.update()

    @property
    def shows_person(self) -> bool:
        """Whether there is a picture with somebody's keypoints."""
        return self._image is not None and self._result is not None and self._result.box is not None

    def set_overlays(self, overlays: Overlays) -> None:
        """Choose what is drawn over the picture."""
        if overlays != self._overlays:
            self._overlays = overlays
            self.update()

    def set_explaining(self, explaining: bool) -> None:
        """Show or hide the legend of what the overlays mean."""
        if explaining != self._explaining:
            self._explaining = explaining
            self.update()

    def set_mirrored(self, mirrored: bool) -> None:
        """Show the picture, and what is drawn over it, as a mirror would."""
        if mirrored != self._mirrored:
            self._mirrored = mirrored
            self._update_hover()
            self.update()

    def set_split(self, on: bool) -> None:
        """Show both predictions, the trained network's left of a divider in the middle."""
        if on == (self._divider is not None):
            return
        self._divider, self._dragging = (Divider() if on else None), False
        if on:
            self.setFocus()
        self._update_cursor()
        self.update()

    def set_split_notes(self, trained: str, personalized: str) -> None:
        """A few words, such as a number with its name, beside what either side is."""
        if (trained, personalized) != self._split_notes:
            self._split_notes = (trained, personalized)
            self.update()

    def set_chip(self, text: str, tone: Tone) -> None:
        """Say the state at the lower left of the picture; an empty text hides the chip."""
        if (text, tone) != self._chip:
            self._chip = (text, tone)
            self.setAccessibleDescription(text)
            self.update()

    def set_empty_text(self, title: str, text: str) -> None:
        """What to say while there is no picture: a title and one sentence."""
        if (title, text) == self._empty:
            return
        self._empty = (title, text)
        if self._image is None:
            self.update()

    def set_highlight(self, joint: int | None, self_keypoint: int | None) -> None:
        """Show only this joint's arrows, or only the one from ``self_keypoint``; None: all.

        A joint under the cursor goes before.
        """
        highlight = None if joint is None else Highlight(joint, self_keypoint)
        if highlight != self._given_highlight:
            self._given_highlight = highlight
            self.update()

    def picture_rect(self) -> QRectF:
        """Where the picture lies in the widget, on whole device pixels; empty without one."""
        if self._image is None:
            return QRectF()
        ratio = self.devicePixelRatioF()
        room = QSize(round(self.width() * ratio), round(self.height() * ratio))
        size = self._image.size().scaled(room, Qt.AspectRatioMode.KeepAspectRatio)
        left, top = (room.width() - size.width()) // 2, (room.height() - size.height()) // 2
        return QRectF(left / ratio, top / ratio, size.width() / ratio, size.height() / ratio)

    def paintEvent(self, event: QPaintEvent | None) -> None:
        painter = QPainter(self)
        picture = self.picture_rect()
        if self._image is None:
            painter.fillRect(self.rect(), _GROUND)
            notices.paint_empty(painter, QRectF(self.rect()), *self._empty)
        else:
            self._paint_margins(painter, picture)
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            self._paint_picture(painter, picture, self._image)
            if self._divider is None:
                self._paint_overlays(painter, picture, picture, self._overlays)
                self._paint_legend(painter, picture)
            else:
                self._paint_both(painter, picture, self._divider)
        notices.paint_chip(painter, picture if self._image else QRectF(self.rect()), *self._chip)
        painter.end()

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        assert event is not None
        self._cursor = event.position()
        if self._dragging and self._divider is not None:
            self._divider.drag(event.position().x(), self.picture_rect())
            self.update()
        self._update_cursor()
        self._update_hover()

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:
        self._dragging = False

    def event(self, event: QEvent | None) -> bool:
        # While there is a divider, its keys are not the window's.
        if (
            isinstance(event, QKeyEvent)
            and event.type() == QEvent.Type.ShortcutOverride
            and self._divider is not None
            and event.key() in _ARROWS
        ):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        assert event is not None
        if self._divider is None or event.key() not in _ARROWS:
            super().keyPressEvent(event)
            return
        self._divider.step(_ARROWS[Qt.Key(event.key())])
        self.update()

    def leaveEvent(self, event: QEvent | None) -> None:
        self._cursor = None
        self._update_hover()

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        assert event is not None
        if event.button() != Qt.MouseButton.LeftButton:
            return
        if self._divider is not None and self._on_divider(event.position()):
            self._dragging = True
        elif self.picture_rect().contains(event.position()):
            pixel = self._to_widget().inverted()[0].map(event.position())
            self.person_chosen.emit(pixel.x(), pixel.y())

    def _scale(self) -> float:
        """Widget pixels per pixel of the picture."""
        assert self._image is not None
        return self.picture_rect().width() / self._image.width()

    def _on_divider(self, point: QPointF | None) -> bool:
        return (
            point is not None
            and self._divider is not None
            and self._divider.holds(point, self.picture_rect())
        )

    def _update_cursor(self) -> None:
        if self._dragging or self._on_divider(self._cursor):
            self.setCursor(Qt.CursorShape.SplitHCursor)
        elif self._on_another():
            self.setCursor(Qt.CursorShape.PointingHandCursor)
        else:
            self.unsetCursor()

    def _on_another(self) -> bool:
        """Whether the cursor is on somebody who can be chosen."""
        if self._cursor is None or self._result is None or not self._overlays.others:
            return False
        pixel = self._to_widget().inverted()[0].map(self._cursor)
        return any(QRectF(*person.box).contains(pixel) for person in self._result.others)

    def _to_widget(self) -> QTransform:
        picture = self.picture_rect()
        assert self._image is not None
        across = -self._scale() if self._mirrored else self._scale()
        left = picture.right() if self._mirrored else picture.x()
        transform = QTransform.fromTranslate(left, picture.y())
        return transform.scale(across, picture.height() / self._image.height())

    def _paint_picture(self, painter: QPainter, picture: QRectF, image: QImage) -> None:
        if self._mirrored:
            painter.save()
            painter.setTransform(self._to_widget(), combine=True)
            painter.drawImage(QRectF(image.rect()), image)
            painter.restore()
        else:
            painter.drawImage(picture, image)

    def _paint_legend(self, painter: QPainter, picture: QRectF) -> None:
        result = self._result
        if self._explaining and result is not None and result.self_keypoints.size:
            rows = legend_rows(self._overlays, has_affinity=result.affinity.size > 0)
            paint_legend(painter, picture, QRectF(self.rect()), rows)

    def _highlight(self) -> Highlight | None:
        return self._given_highlight if self._hovered == _NOWHERE else Highlight(self._hovered)

    def _update_hover(self) -> None:
        hovered = self._joint_at(self._cursor)
        if hovered != self._hovered:
            self._hovered = hovered
            self.joint_hovered.emit(hovered)
            self.update()

    def _joint_at(self, cursor: QPointF | None) -> int:
        result = self._result
        if cursor is None or self._image is None or result is None or result.box is None:
            return _NOWHERE
        transform = self._to_widget()
        reach = max(_REACH, result.box.side / 30 * self._scale())
        best, nearest = _NOWHERE, reach
        for joint, (x, y) in enumerate(result.keypoints.tolist()):
            offset = transform.map(QPointF(x, y)) - cursor
            distance = float(np.hypot(offset.x(), offset.y()))
            if result.confidence[joint] >= MIN_CONFIDENCE and distance < nearest:
                best, nearest = joint, distance
        return best

    def _paint_margins(self, painter: QPainter, picture: QRectF) -> None:
        whole = QRectF(self.rect())
        painter.fillRect(QRectF(0, 0, whole.width(), picture.top()), _GROUND)
        painter.fillRect(QRectF(0, 0, picture.left(), whole.height()), _GROUND)
        below = whole.height() - picture.bottom()
        painter.fillRect(QRectF(0, picture.bottom(), whole.width(), below), _GROUND)
        beside = whole.width() - picture.right()
        painter.fillRect(QRectF(picture.right(), 0, beside, whole.height()), _GROUND)

    def _paint_both(self, painter: QPainter, picture: QRectF, divider: Divider) -> None:
        """The trained network's prediction left of the divider, the present one's right of it."""
        left, right = divider.sides(picture)
        # Like with like: nothing is known of the trained network's self-supervised keypoints.
        shown = replace(self._overlays, self_keypoints=False, arrows=False, unpersonalized=False)
        result = self._result
        if result is not None and result.unpersonalized is not None and self._network is not None:
            trained = replace(result, keypoints=result.unpersonalized)
            painter.save()
            painter.setClipRect(left)
            painter.setTransform(self._to_widget(), combine=True)
            paint_result(painter, trained, self._network, shown)
            painter.restore()
        self._paint_overlays(painter, picture, right, shown)
        divider.paint(painter, picture, self._split_notes)

    def _paint_overlays(
        self, painter: QPainter, picture: QRectF, inside: QRectF, overlays: Overlays
    ) -> None:
        """What was predicted, in the part of the picture that is ``inside``."""
        if self._result is None or self._result.box is None or self._network is None:
            return
        highlight = self._highlight()
        painter.save()
        painter.setClipRect(inside)
        painter.setTransform(self._to_widget(), combine=True)
        paint_result(painter, self._result, self._network, overlays, highlight)
        painter.restore()
        if highlight is not None:
            self._paint_labels(painter, picture, self._result, self._network, highlight)

    def _paint_labels(
        self,
        painter: QPainter,
        picture: QRectF,
        result: PoseResult,
        network: NetworkInfo,
        highlight: Highlight,
    ) -> None:
        transform = self._to_widget()
        assert result.box is not None
        joint = transform.map(QPointF(*result.keypoints[highlight.joint].tolist()))
        arrows = [
            (transform.map(QPointF(*result.self_keypoints[keypoint].tolist())), weight)
            for _, keypoint, weight in reversed(shown_arrows(result, highlight))
        ]
        name = network.joint_names[highlight.joint]
        strongest = arrows[0][0] if arrows else joint
        texts = [labels.Label(name, joint, strongest)]
        texts += [labels.Label(f"{weight:.2f}", point, joint) for point, weight in arrows]
        clearance = max(10.0, 1.3 * self._scale() * result.box.side / 60)
        metrics = QFontMetricsF(self.font())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        labels.paint(painter, texts, labels.place(texts, metrics, picture, clearance))
