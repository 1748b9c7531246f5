"""Draws a prediction over its frame, in the frame's own pixels, with labels that keep apart."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PyQt6.QtCore import QLineF, QPointF, QRectF, Qt
from PyQt6.QtGui import QColor, QFontMetricsF, QImage, QPainter, QPen, QPolygonF

from app.gui import colours
from app.runtime.live.results import Array, KeypointGanInfo, NetworkInfo, PoseResult
from app.settings import Overlays
from model.core.crop import SquareBox
from model.core.skeleton import ANGLES, COCO17, SURE, joint_angles
from model.tracking import Detection


def to_qimage(pixels: NDArray[np.uint8]) -> QImage:
    """An own copy of ``pixels`` (H x W x 3, uint8, RGB) in the screen's 32-bit layout.

    It scales in less than half the time of packed RGB.
    """
    height, width, _ = pixels.shape
    rows = np.ascontiguousarray(pixels)
    packed = QImage.Format.Format_RGB888
    view = QImage(rows.data, width, height, 3 * width, packed)  # type: ignore[call-overload]
    return view.convertToFormat(QImage.Format.Format_RGB32)


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


MIN_CONFIDENCE = SURE
"""Joints below this are not drawn."""

MIN_WEIGHT = 0.1
"""Affinity arrows are drawn above this weight, as in the published figures."""

_HALO = QColor(colours.GROUND)
_HAIRLINE = QPen(_HALO, 0)  # one device pixel whatever the transform
_LIGHT_HAIRLINE = QPen(QColor("#FFFFFF"), 0)
_DIMMED = 0.3
_MUTED = 0.8
_SURE_OF_OTHERS = 0.3  # of a keypoint, as the detector scores it
_SMALLEST_TEXT, _LARGEST_TEXT = 12, 20  # pixels


@dataclass(frozen=True)
class Highlight:
    """What the user points at: a joint's row of the affinity, or one cell of it."""

    joint: int
    self_keypoint: int | None = None


def paint_result(
    painter: QPainter,
    result: PoseResult,
    network: NetworkInfo,
    overlays: Overlays,
    highlight: Highlight | None = None,
) -> None:
    """Draw ``result`` with a painter whose transform maps image pixels to its device.

    Confidence is opacity; strokes scale with the person. With a ``highlight`` everything else
    steps back and the arrows of the highlighted joint are drawn whatever ``overlays`` says.
    """
    if result.box is None:
        return
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    _Drawing(painter, result, network, highlight).paint(overlays)
    painter.restore()


def shown_arrows(result: PoseResult, highlight: Highlight | None) -> list[tuple[int, int, float]]:
    """The affinity arrows to draw as (joint, self-supervised keypoint, weight), weakest first.

    A highlighted cell shows its arrow whatever its weight.
    """
    affinity = result.affinity
    if affinity.size == 0:
        return []
    wanted = (affinity > MIN_WEIGHT) & (result.confidence >= MIN_CONFIDENCE)[:, None]
    if highlight is not None:
        chosen = np.zeros_like(wanted)
        if highlight.self_keypoint is None:
            chosen[highlight.joint] = affinity[highlight.joint] > MIN_WEIGHT
        else:
            chosen[highlight.joint, highlight.self_keypoint] = True
        wanted = chosen
    arrows = [(int(j), int(k), float(affinity[j, k])) for j, k in np.argwhere(wanted)]
    return sorted(arrows, key=lambda arrow: arrow[2])


def paint_bar(painter: QPainter, line: QLineF, colour: QColor, width: float, pixel: float) -> None:
    """Draw a line with dark edges; ``pixel`` is the device's, in the painter's measure."""
    # A flat line between two hairlines: a fifth of the cost of an outlined round shape, and
    # no dark line underneath that would show through the opacity.
    painter.setPen(QPen(colour, width, cap=Qt.PenCapStyle.FlatCap))
    painter.drawLine(line)
    across = line.normalVector().unitVector()
    edge = QPointF(across.dx(), across.dy()) * ((width + pixel) / 2)
    painter.setPen(_HAIRLINE)
    painter.drawLines(line.translated(edge), line.translated(-edge))


HEAD = 3.0
"""Length of an arrow's head, in widths of its line."""


def paint_arrow(
    painter: QPainter, tail: QPointF, tip: QPointF, colour: QColor, width: float, pixel: float
) -> None:
    """Draw an affinity arrow; measures as for ``paint_bar``."""
    line, head = QLineF(tail, tip), HEAD * width
    along, across = line.unitVector(), line.normalVector().unitVector()
    ahead = QPointF(along.dx(), along.dy()) * head
    aside = QPointF(across.dx(), across.dy()) * (0.5 * head)
    neck = tip - ahead
    paint_bar(painter, QLineF(tail, neck), colour, width, pixel)
    painter.setBrush(colour)
    painter.drawPolygon(QPolygonF([tip, neck + aside, neck - aside]))


def paint_diamond(
    painter: QPainter, centre: QPointF, radius: float, fill: QColor, pixel: float
) -> None:
    """Draw a self-supervised keypoint; measures as for ``paint_bar``."""
    right, down = QPointF(radius, 0), QPointF(0, radius)
    diamond = QPolygonF([centre - down, centre + right, centre + down, centre - right])
    painter.setBrush(fill)
    # A light edge inside a dark one: viridis begins dark, and the person may be dark or light.
    painter.setPen(QPen(_HALO, 3 * pixel))
    painter.drawPolygon(diamond)
    painter.setPen(_LIGHT_HAIRLINE)
    painter.drawPolygon(diamond)


class _Drawing:
    """One prediction on one painter; measures are in image pixels."""

    def __init__(
        self,
        painter: QPainter,
        result: PoseResult,
        network: NetworkInfo,
        highlight: Highlight | None,
    ) -> None:
        assert result.box is not None
        pixel = 1 / math.sqrt(abs(painter.worldTransform().determinant()))
        self._painter = painter
        self._result = result
        self._network = network
        self._highlight = highlight
        self._box = result.box
        self._limb = max(result.box.side / 60, 2 * pixel)
        self._thin = max(0.28 * self._limb, 2 * pixel)
        self._hair = pixel
        self._points = [QPointF(x, y) for x, y in result.keypoints.tolist()]
        self._self_points = [QPointF(x, y) for x, y in result.self_keypoints.tolist()]
        self._confidence = result.confidence.tolist()
        self._seen = [c >= MIN_CONFIDENCE for c in self._confidence]
        self._arrows = shown_arrows(result, highlight)

    def paint(self, overlays: Overlays) -> None:
        if overlays.others:
            self._paint_others(self._result.others, boxes=overlays.box)
        if overlays.box:
            left, top, right, bottom = self._box.corners
            self._paint_box(QRectF(left, top, right - left, bottom - top), colours.GHOST)
        if overlays.unpersonalized and self._result.unpersonalized is not None:
            self._paint_ghost(self._result.unpersonalized)
        if overlays.skeleton:
            self._paint_limbs()
        if overlays.keypoints:
            self._paint_joints()
        if overlays.arrows or self._highlight is not None:
            self._paint_arrows()
        if overlays.self_keypoints or self._highlight is not None:
            self._paint_self_keypoints()
        if overlays.angles and self._highlight is None:
            self._paint_angles()

    def _paint_others(self, others: Sequence[Detection], *, boxes: bool) -> None:
        colour = QColor(colours.OTHERS)
        self._painter.setOpacity(_DIMMED if self._highlight is not None else _MUTED)
        for person in others:
            if boxes:
                self._paint_box(QRectF(*person.box), colours.OTHERS)
            width = max(max(person.box[2:]) / 140, 2 * self._hair)
            points = [QPointF(x, y) for x, y in person.keypoints.tolist()]
            seen = person.keypoint_scores >= _SURE_OF_OTHERS
            for a, b in COCO17.limbs:
                if seen[a] and seen[b]:
                    self._paint_bar(QLineF(points[a], points[b]), colour, width)
        self._painter.setOpacity(1.0)

    def _paint_box(self, rect: QRectF, colour: str) -> None:
        self._painter.setBrush(Qt.BrushStyle.NoBrush)
        for each, width in ((_HALO, 3 * self._hair), (QColor(colour), self._hair)):
            self._painter.setPen(QPen(each, width))
            self._painter.drawRect(rect)

    def _paint_ghost(self, unpersonalized: NDArray[np.float32]) -> None:
        points = [QPointF(x, y) for x, y in unpersonalized.tolist()]
        self._set_opacity(1.0, dimmed=self._highlight is not None)
        for a, b in self._drawn_limbs():
            self._paint_bar(QLineF(points[a], points[b]), QColor(colours.GHOST), self._thin)

    def _paint_limbs(self) -> None:
        for a, b in self._drawn_limbs():
            confidence = min(self._confidence[a], self._confidence[b])
            self._set_opacity(confidence, dimmed=self._highlight is not None)
            line = QLineF(self._points[a], self._points[b])
            self._paint_bar(line, self._limb_colour(a, b), self._limb)

    def _paint_joints(self) -> None:
        radius = max(0.9 * self._limb, 3 * self._hair)
        self._painter.setPen(_HAIRLINE)
        for joint, (point, seen) in enumerate(zip(self._points, self._seen, strict=True)):
            chosen = self._highlight is not None and self._highlight.joint == joint
            if not (seen or chosen):
                continue
            self._set_opacity(
                self._confidence[joint], dimmed=self._highlight is not None and not chosen
            )
            self._painter.setBrush(self._joint_colour(joint))
            size = 1.4 * radius if chosen else radius
            self._painter.drawEllipse(point, size, size)

    def _paint_arrows(self) -> None:
        self._painter.setOpacity(1.0)
        stop = 0.9 * self._limb
        head = HEAD * self._thin
        for joint, keypoint, weight in self._arrows:
            line = QLineF(self._self_points[keypoint], self._points[joint])
            length = line.length()
            if length < stop + 1.5 * head:
                continue
            line.setLength(length - stop)
            colour = QColor(*colours.weight_rgb(np.array(weight)).tolist())
            paint_arrow(self._painter, line.p1(), line.p2(), colour, self._thin, self._hair)

    def _paint_self_keypoints(self) -> None:
        lit = {keypoint for _, keypoint, _ in self._arrows}
        radius = max(0.65 * self._limb, 3 * self._hair)
        fills = self._self_colours()
        for keypoint, (point, fill) in enumerate(zip(self._self_points, fills, strict=True)):
            chosen = self._highlight is not None and keypoint in lit
            self._set_opacity(1.0, dimmed=self._highlight is not None and not chosen)
            size = 1.4 * radius if chosen else radius
            paint_diamond(self._painter, point, size, fill, self._hair)

    def _self_colours(self) -> list[QColor]:
        if self._result.contribution.size == 0:  # a variant without affinity has no contributions
            return [QColor(colours.GHOST)] * len(self._self_points)
        return [
            QColor(*rgb) for rgb in colours.contribution_rgb(self._result.contribution).tolist()
        ]

    def _paint_angles(self) -> None:
        """An arc at each joint with an angle, and its degrees beside it, away from the body."""
        names = self._network.joint_names
        degrees = joint_angles(names, self._result.keypoints, self._result.confidence)
        to_device = self._painter.transform()
        middle = float(self._result.keypoints[:, 0].mean())
        labels = []
        self._painter.setOpacity(1.0)
        for angle, value in zip(ANGLES, degrees.tolist(), strict=True):
            if math.isnan(value):
                continue
            vertex, first, last = (self._points[names.index(name)] for name in angle)
            self._paint_arc(vertex, QLineF(vertex, first), QLineF(vertex, last))
            inside = QPointF(middle, vertex.y())
            labels.append(Label(f"{value:.0f}°", to_device.map(vertex), to_device.map(inside)))
        # Text keeps the device's own pixels, in which it is sharp and of a size to be read.
        self._painter.resetTransform()
        side = self._box.side / self._hair
        font = self._painter.font()
        font.setPixelSize(int(min(max(side / 32, _SMALLEST_TEXT), _LARGEST_TEXT)))
        self._painter.setFont(font)
        painter = self._painter
        room = painter.clipBoundingRect() if painter.hasClipping() else QRectF(painter.window())
        clearance = 1.2 * self._limb / self._hair
        placed = place(labels, QFontMetricsF(font), room, clearance)
        paint(self._painter, labels, placed)
        self._painter.setTransform(to_device)

    def _paint_arc(self, centre: QPointF, first: QLineF, last: QLineF) -> None:
        radius = min(3 * self._limb, first.length(), last.length())
        square = QRectF(centre.x() - radius, centre.y() - radius, 2 * radius, 2 * radius)
        turn = first.angleTo(last)  # counter-clockwise, as drawArc counts
        span = turn if turn <= 180 else turn - 360
        self._painter.setBrush(Qt.BrushStyle.NoBrush)
        for colour, width in ((_HALO, self._thin + 2 * self._hair), (_TEXT, self._thin)):
            self._painter.setPen(QPen(colour, width, cap=Qt.PenCapStyle.FlatCap))
            self._painter.drawArc(square, round(16 * first.angle()), round(16 * span))

    def _paint_bar(self, line: QLineF, colour: QColor, width: float) -> None:
        paint_bar(self._painter, line, colour, width, self._hair)

    def _set_opacity(self, confidence: float, *, dimmed: bool) -> None:
        # Full range would hide joints that are worth seeing: 0.1 would be as good as nothing.
        opacity = 0.2 + 0.8 * min(confidence, 1.0)
        self._painter.setOpacity(_DIMMED * opacity if dimmed else opacity)

    def _drawn_limbs(self) -> list[tuple[int, int]]:
        return [(a, b) for a, b in self._network.limbs if self._seen[a] and self._seen[b]]

    def _joint_colour(self, joint: int) -> QColor:
        sides = self._network.sides
        return QColor(colours.SIDES[sides[joint] if sides else "middle"])

    def _limb_colour(self, first: int, second: int) -> QColor:
        sides = self._network.sides or ("middle",) * len(self._network.joint_names)
        lateral = {sides[first], sides[second]} - {"middle"}
        return QColor(colours.SIDES[lateral.pop() if len(lateral) == 1 else "middle"])


_LIMBS = Overlays(True, False, False, False, False, False)
_DOTS = Overlays(False, True, False, False, False, False)


def shown_points(info: KeypointGanInfo) -> list[int]:
    """The points that limbs are drawn of, in order; the others are in no skeleton image."""
    return sorted({point for limb in info.limbs for group in limb for point in group})


def paint_points(painter: QPainter, pixels: Array, info: KeypointGanInfo) -> None:
    """Draw limbs and points with a painter whose transform maps the network's pixels.

    ``pixels`` (K, 2) are (x, y) in the network's picture.
    """
    network, result = _drawable(info, pixels)
    dots = np.isin(np.arange(len(result.keypoints)), shown_points(info)).astype(np.float32)
    paint_result(painter, result, network, _LIMBS)
    # The means that limbs begin at are no points of their own.
    paint_result(painter, replace(result, confidence=dots), network, _DOTS)


def _drawable(info: KeypointGanInfo, pixels: Array) -> tuple[NetworkInfo, PoseResult]:
    """What ``paint_result`` needs: the means of groups become points after the network's own."""
    points, sides = list(pixels), list(info.sides)

    def end(group: tuple[int, ...]) -> int:
        if len(group) == 1:
            return group[0]
        points.append(pixels[list(group)].mean(axis=0))
        own = {info.sides[point] for point in group}
        sides.append(own.pop() if len(own) == 1 else "middle")
        return len(points) - 1

    limbs = tuple((end(first), end(second)) for first, second in info.limbs)
    names = tuple(f"{i}" for i in range(len(points)))
    network = NetworkInfo(info.name, "", "", names, limbs, tuple(sides), 0)
    nothing = np.zeros(0, np.float32)
    result = PoseResult(
        frame_index=0,
        media_index=0,
        timestamp=0.0,
        box=SquareBox(info.size / 2, info.size / 2, info.size),
        keypoints=np.array(points, np.float32),
        confidence=np.ones(len(points), np.float32),
        self_keypoints=np.zeros((0, 2), np.float32),
        affinity=np.zeros((0, 0), np.float32),
        contribution=nothing,
        updates=0,
        latency=0.0,
    )
    return network, result
