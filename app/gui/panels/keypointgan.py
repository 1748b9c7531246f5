"""KeypointGAN's panel: pose and look apart, in three pictures, and a pose changed by hand."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PyQt6.QtCore import QRectF, QSize, Qt, pyqtSignal
from PyQt6.QtGui import QAction, QColor, QImage, QPainter, QPaintEvent, QPalette, QPen, QResizeEvent
from PyQt6.QtWidgets import QFileDialog, QSizePolicy, QVBoxLayout, QWidget

from app.assets import KEYPOINT_GAN_WEIGHTS
from app.gui import colours
from app.gui.actions import make_action, name_action
from app.gui.language import in_own_words, tr
from app.gui.painting import to_qimage
from app.gui.panels.point_editor import PointEditor
from app.gui.widgets import ButtonGrid, ElidedLabel, count, paint_placeholder
from app.runtime.live.keypointgan import KeypointGanSlot
from app.runtime.live.results import Array, KeypointGanInfo, PoseResult, RedrawRequest, RedrawResult
from model.core.crop import crop_matrix, warp

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


NO_WEIGHTS = (
    "No KeypointGAN weights are installed. Train one: python main.py train keypointgan …, then "
    "choose the file here."
)
_NO_PERSON = "Appears when a person is found"
_FOLLOWING = "Following the person"
_NOBODY = "No person in the picture: this is the last one"
_HELD = "Held: drag a keypoint, or Tab to it and use arrows"
_DROP = "Drop the appearance"
_WEIGHT_FILES = "Weights (*.safetensors);;All files (*)"
_PERIOD = 0.4
_REST_SECONDS = 10.0
_MARGIN = 12

Picture = NDArray[np.uint8]


@dataclass(frozen=True)
class KeypointGanChoice:
    """The weights that the panel begins with (None: there are none) and where it computes."""

    weights: Path | None = None
    device: str | None = None


class KeypointGanPanel(QWidget):
    """Follows the person a few times a second, or holds one picture to be edited.

    ``tick`` brings it what the live view shows; nothing is computed while the panel is hidden, and
    after a while its network is given up, to be loaded again when the panel is shown.
    ``said`` has sentences for the user. ``remembered`` is the file that the user chose last with
    success; ``close_threads`` must be called in the end.
    """

    said = pyqtSignal(str)

    def __init__(
        self,
        keypointgan: KeypointGanChoice | None = None,
        remembered: str = "",
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        super().__init__()
        keypointgan = keypointgan or KeypointGanChoice()
        self.remembered = remembered
        self._clock = clock
        self._stage = KeypointGanSlot(keypointgan.device)
        self._first = keypointgan.weights
        self._info: KeypointGanInfo | None = None
        self._problem = NO_WEIGHTS
        self._user_chose: Path | None = None
        self._due = float("-inf")
        self._on_show_at = float("-inf")
        self._followed: PoseResult | None = None
        self._person = False
        self._asked: RedrawRequest | None = None
        self._picture: Picture | None = None
        self._predicted: Array | None = None
        self._look: Picture | None = None
        self._held = False
        self.pictures = KeypointGanPictures()
        self.editor = self.pictures.editor
        self.editor.taken.connect(self._hold)
        self.editor.moved.connect(self._redraw)
        self._make_actions()
        self._state = ElidedLabel()
        self._state.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self._build()
        self._refresh(on_show=False)

    def tick(self, image: Picture | None, result: PoseResult | None) -> None:
        """What the live view shows now: a frame (H, W, 3) RGB and the prediction for it."""
        on_show = not self.visibleRegion().isEmpty()
        if on_show:
            self._on_show_at = self._clock()
            self._refresh_network()
            answer = self._stage.take_result()
            if answer is not None:
                self._show(answer)
            self._follow(image, result)
        elif self._clock() - self._on_show_at > _REST_SECONDS and not self._held:
            self._first = self._stage.rest() or self._first
        self._refresh(on_show)

    def start_afresh(self) -> None:
        """Another source is open: forget its last person, but neither a held one nor a look."""
        self._followed = None
        self._person = False
        if not self._held:
            self._forget_person()

    def open_weights(self, path: Path) -> None:
        """Begin to load another weight file; the old network goes on until that is done."""
        self._first = None
        self._stage.open(path)

    def close_threads(self) -> None:
        """Stop what runs for this panel."""
        self._stage.close()

    def _make_actions(self) -> None:
        self.take_frame = make_action(
            self,
            "Take this frame",
            "Hold this picture to move its keypoints, or follow the person again",
            self._toggle_held,
            shortcut="T",
        )
        self.undo = make_action(
            self,
            "Undo the drags",
            "Put the keypoints back where they were predicted",
            self._undo,
            shortcut="U",
        )
        self.appearance = make_action(
            self,
            "Use as appearance",
            "Keep this person's look and show all poses with it, or drop it again",
            self._toggle_look,
            shortcut="A",
        )
        self.choose = make_action(
            self, "Choose weights…", "Open a weight file of KeypointGAN", self._choose, shortcut="W"
        )

    def _build(self) -> None:
        actions = (self.take_frame, self.undo, self.appearance, self.choose)
        column = QVBoxLayout(self)
        column.setContentsMargins(_MARGIN, 0, _MARGIN, _MARGIN)
        column.setSpacing(8)
        column.addWidget(self.pictures, 1)
        column.addWidget(self._state)
        column.addWidget(ButtonGrid(actions))
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(tr("KeypointGAN"))

    def _refresh_network(self) -> None:
        if self._first is not None:
            self.open_weights(self._first)
        sentence = self._stage.refresh()
        if sentence is not None:
            self._problem = in_own_words(sentence)
            self._user_chose = None
            self.said.emit(sentence)
        if self._stage.info is not self._info and self._stage.loading is None:
            self._info = self._stage.info
            self._take_network()

    def _take_network(self) -> None:
        """Show the same person with another network, or nobody with none."""
        if self._user_chose is not None and self._user_chose == self._stage.path:
            self.remembered = str(self._user_chose)
        self._asked = self._followed = self._predicted = None
        self.editor.set_info(self._info)
        if self._info is None:
            self._held = False
        if self._info is None or not self._info.conditional:
            self._look = None
        if self._held and self._picture is not None:
            self._ask(self._picture)
        else:
            self._forget_person()

    def _forget_person(self) -> None:
        self._asked = self._picture = self._predicted = None
        self.pictures.clear(self._empty_text())

    def _follow(self, image: Picture | None, result: PoseResult | None) -> None:
        self._person = result is not None and result.box is not None
        if image is None or result is None or result.box is None or result is self._followed:
            return
        now = self._clock()
        if self._info is None or self._held or self._asked is not None or now < self._due:
            return
        self._due = now + _PERIOD
        self._followed = result
        self._ask(warp(image, crop_matrix(result.box)))

    def _ask(self, picture: Picture, points: Array | None = None) -> None:
        self._asked = RedrawRequest(picture, self._look, points)
        self._stage.ask(self._asked)

    def _show(self, answer: RedrawResult) -> None:
        request = answer.request
        newest = request is self._asked
        if newest:
            self._asked = None
        if self._held and request.picture is self._picture:
            # An older answer for this picture shows how a drag goes on, but moves no point.
            if request.points is None and newest:
                self._show_points(answer)
        elif newest and not self._held:
            self._show_points(answer)
        else:
            return
        self.pictures.show_result(answer)

    def _show_points(self, answer: RedrawResult) -> None:
        self._picture, self._predicted = answer.request.picture, answer.points
        self.editor.show_person(to_qimage(self._picture), answer.points)

    def _hold(self) -> None:
        if self._picture is not None:
            self._held = True

    def _toggle_held(self) -> None:
        if self._held:
            self._held = False
            self._asked = self._followed = None
            self._due = float("-inf")
        else:
            self._hold()

    def _undo(self) -> None:
        if self._picture is not None and self._predicted is not None:
            self.editor.show_person(to_qimage(self._picture), self._predicted)
            self._ask(self._picture)

    def _toggle_look(self) -> None:
        self._look = self._picture if self._look is None else None
        self._redraw()

    def _redraw(self) -> None:
        if self._picture is not None:
            self._ask(self._picture, self.editor.points if self._moved() else None)

    def _moved(self) -> int:
        """How many points are not where they were predicted."""
        points = self.editor.points
        if points is None or self._predicted is None:
            return 0
        return int((points != self._predicted).any(axis=1).sum())

    def _choose(self) -> None:
        start = self._stage.path or KEYPOINT_GAN_WEIGHTS
        path, _ = QFileDialog.getOpenFileName(
            self, tr("Choose KeypointGAN weights"), str(start.parent), tr(_WEIGHT_FILES)
        )
        if path:
            self._user_chose = Path(path)
            self.open_weights(self._user_chose)

    def _refresh(self, on_show: bool) -> None:
        person = on_show and self._picture is not None
        _rename(self.take_frame, "Follow" if self._held else "Take this frame")
        _rename(self.appearance, "Use as appearance" if self._look is None else _DROP)
        self.take_frame.setEnabled(person)
        self.undo.setEnabled(person and self._moved() > 0)
        conditional = self._info is not None and self._info.conditional
        self.appearance.setEnabled(conditional and (person or self._look is not None))
        self.choose.setEnabled(on_show)
        if self._picture is None:
            self.pictures.clear(self._empty_text())
        self._state.setText(self._state_text())

    def _empty_text(self) -> str:
        if self._info is not None:
            return _NO_PERSON
        return "" if self._stage.loading or self._first else self._problem

    def _state_text(self) -> str:
        if self._stage.loading is not None:
            return tr("Loading {name} …", name=self._stage.loading.name)
        if self._picture is None:
            return ""
        if self._held:
            moved = self._moved()
            if moved:
                return tr("Held, {keypoints} moved", keypoints=count(moved, "keypoint"))
            return tr(_HELD)
        return tr(_FOLLOWING) if self._person else tr(_NOBODY)


def _rename(action: QAction, text: str) -> None:
    if tr(text) != action.text():
        name_action(action, text)
