"""Picture panels: what a network sees, rebuilds and finds, example under example (figure 5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from model.core.crop import CROP_SIZE
from model.core.files import whole_file
from model.core.skeleton import JointSet, Side

Picture = NDArray[np.uint8]
Points = NDArray[np.floating]
Colour = tuple[int, int, int]

ZOOM = 2
"""Pixels of a panel to one of a crop, along each axis."""

_GUTTER = 8
_MARGIN = 16
_TITLE_HEIGHT = 28
_GROUND: Colour = (255, 255, 255)
_EMPTY: Colour = (240, 241, 243)
_INK: Colour = (27, 31, 39)
# The palette of Okabe and Ito, which colour-blind people can tell apart.
_SIDES: dict[Side, Colour] = {
    "left": (230, 159, 0),
    "right": (86, 180, 233),
    "middle": (0, 158, 115),
}
_BRIGHTNESS = 0.7  # of a picture under a drawing
_LARGEST_CONTRIBUTION = 2.0
_FRACTION_BITS = 4  # OpenCV takes places and lengths in sixteenths of a pixel


@dataclass(frozen=True, eq=False)
class PanelRow:
    """One example. Pictures are (S, S, 3) RGB uint8; points are (x, y) in crop pixels.

    ``self_points`` (M, 2) and their ``contribution`` (M,), c_j = sum_i W_ij, are those of the
    self-supervised keypoints; ``points`` (K, 2) are predicted, ``truth`` (K, 2) with ``weights``
    (K,), 0 where unknown, is labelled. ``None`` stands for what a network does not have.
    """

    source: Picture
    target: Picture
    reconstruction: Picture | None
    self_points: Points | None
    contribution: Points | None
    points: Points
    truth: Points
    weights: Points


def training_panel(rows: Sequence[PanelRow], joint_set: JointSet) -> Picture:
    """A row of pictures for each example, RGB (H, W, 3), uint8, as ``tile`` lays them out.

    Columns: source, target, reconstruction, self-supervised keypoints, prediction, truth.
    """
    return tile(
        {
            "source": [enlarge(row.source) for row in rows],
            "target": [enlarge(row.target) for row in rows],
            "reconstruction": [
                None if row.reconstruction is None else enlarge(row.reconstruction) for row in rows
            ],
            "self-supervised keypoints": [
                None
                if row.self_points is None
                else draw_points(row.target, row.self_points, row.contribution)
                for row in rows
            ],
            "prediction": [draw_skeleton(row.target, row.points, joint_set) for row in rows],
            "truth": [draw_skeleton(row.target, row.truth, joint_set, row.weights) for row in rows],
        }
    )


def tile(columns: Mapping[str, Sequence[Picture | None]]) -> Picture:
    """Lay pictures of one size (S, S, 3) out in titled columns; RGB (H, W, 3), uint8.

    A column without any picture is left out, ``None`` in another leaves its place empty. Raises
    ``ValueError`` if there is no picture at all.
    """
    filled = {
        title: column
        for title, column in columns.items()
        if any(picture is not None for picture in column)
    }
    if not filled:
        raise ValueError("a panel needs a picture")
    count = max(len(column) for column in filled.values())
    size = max(len(picture) for picture in next(iter(filled.values())) if picture is not None)
    step = size + _GUTTER
    height = 2 * _MARGIN + _TITLE_HEIGHT + count * step - _GUTTER
    width = 2 * _MARGIN + len(filled) * step - _GUTTER
    panel = np.full((height, width, 3), _GROUND, np.uint8)
    for i, (title, column) in enumerate(filled.items()):
        left = _MARGIN + i * step
        _write(panel, title, (left, _MARGIN + _TITLE_HEIGHT - 10))
        for j, picture in enumerate(column):
            top = _MARGIN + _TITLE_HEIGHT + j * step
            place = panel[top : top + size, left : left + size]
            place[:] = _EMPTY if picture is None else picture
    return panel


def enlarge(picture: Picture) -> Picture:
    """The crop (S, S, 3), uint8, ``ZOOM`` times as large."""
    large = cv2.resize(picture, None, fx=ZOOM, fy=ZOOM, interpolation=cv2.INTER_CUBIC)
    return np.asarray(large, np.uint8)


def draw_points(target: Picture, points: Points, contribution: Points | None = None) -> Picture:
    """The enlarged crop with a disc of its own colour for each of ``points`` (M, 2).

    A disc's area follows the ``contribution`` (M,) of its keypoint; without, all are alike. Those
    that contribute most lie below, so that they hide none.
    """
    canvas = _dimmed(target)
    amounts = np.full(len(points), 0.5) if contribution is None else np.asarray(contribution)
    radii = 3 + 4 * np.sqrt(np.clip(amounts, 0, _LARGEST_CONTRIBUTION))
    colours = distinct_colours(len(points))
    for j in np.argsort(-radii, kind="stable"):
        _disc(canvas, points[j], radii[j], colours[j])
    return canvas


def draw_skeleton(
    target: Picture, points: Points, joint_set: JointSet, weights: Points | None = None
) -> Picture:
    """The enlarged crop with the joints (K, 2) and limbs in the colours of the body's sides.

    A joint whose weight (K,) is 0 is left out with its limbs, and so is one that is no number.
    """
    canvas = _dimmed(target)
    weights = np.ones(len(points)) if weights is None else weights
    shown = np.isfinite(points).all(axis=-1) & (np.asarray(weights) > 0)
    limbs = [limb for limb in joint_set.limbs if shown[list(limb)].all()]
    for a, b in limbs:
        _line(canvas, points[a], points[b], 5, _INK)
    for a, b in limbs:
        _line(canvas, points[a], points[b], 3, _SIDES[joint_set.limb_side((a, b))])
    for joint in np.flatnonzero(shown):
        _disc(canvas, points[joint], 3.5, _SIDES[joint_set.side(int(joint))])
    return canvas


@cache
def distinct_colours(count: int) -> tuple[Colour, ...]:
    """Lively RGB colours, each as unlike those before it (and the dark rim) as can be."""
    steps = np.linspace(0, 1, 8, dtype=np.float32)
    candidates = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(-1, 3)
    lab = _to_lab(candidates)
    lively = (lab[:, 0] > 40) & (np.hypot(lab[:, 1], lab[:, 2]) > 35)
    candidates, lab = candidates[lively], lab[lively]
    distance = np.linalg.norm(
        lab - _to_lab(np.array([_INK], np.float32) / np.float32(255)), axis=-1
    )
    colours = []
    for _ in range(count):
        chosen = int(distance.argmax())
        distance = np.minimum(distance, np.linalg.norm(lab - lab[chosen], axis=-1))
        red, green, blue = (round(255 * float(part)) for part in candidates[chosen])
        colours.append((red, green, blue))
    return tuple(colours)


def _to_lab(rgb: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(cv2.cvtColor(rgb[None], cv2.COLOR_RGB2Lab)[0], np.float32)


def _dimmed(picture: Picture) -> Picture:
    return np.asarray(enlarge(picture) * _BRIGHTNESS, np.uint8)


def _fixed_point(point: Points) -> tuple[int, int]:
    """A crop's pixel on the enlarged crop; what lies far outside stays outside."""
    x, y = (np.clip(point, -1e4, 1e4) + 0.5) * ZOOM - 0.5
    return round(float(x) * 2**_FRACTION_BITS), round(float(y) * 2**_FRACTION_BITS)


def _line(canvas: Picture, start: Points, end: Points, thickness: int, colour: Colour) -> None:
    cv2.line(
        canvas, _fixed_point(start), _fixed_point(end), colour, thickness, cv2.LINE_AA,
        _FRACTION_BITS,
    )  # fmt: skip


def _disc(canvas: Picture, centre: Points, radius: float, colour: Colour) -> None:
    """A disc with a thin dark rim; nothing for a centre that is no number."""
    if not np.isfinite(centre).all():
        return
    for size, fill in ((radius + 1.25, _INK), (radius, colour)):
        fixed = round(float(size) * 2**_FRACTION_BITS)
        cv2.circle(canvas, _fixed_point(centre), fixed, fill, -1, cv2.LINE_AA, _FRACTION_BITS)


def _write(panel: Picture, text: str, origin: tuple[int, int]) -> None:
    cv2.putText(panel, text, origin, cv2.FONT_HERSHEY_SIMPLEX, 0.6, _INK, 1, cv2.LINE_AA)


def write_picture(path: Path, picture: Picture) -> None:
    """Write an RGB picture as PNG; ``UserError`` if the place cannot be written."""
    with whole_file(path) as temporary:
        temporary.write_bytes(cv2.imencode(".png", picture[..., ::-1])[1].tobytes())


def resized(picture: Picture, size: int) -> Picture:
    """A square RGB picture (S, S, 3) as one of (size, size, 3)."""
    side = picture.shape[0]
    if side == size:
        return picture
    kind = cv2.INTER_AREA if size < side else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(picture, (size, size), interpolation=kind), np.uint8)


def enlarged(pictures: Sequence[Picture], *, zoom: bool = True) -> list[Picture]:
    """Square pictures of any size as a panel's columns take them; crops without ``zoom``."""
    crops = [resized(picture, CROP_SIZE) for picture in pictures]
    return [enlarge(crop) for crop in crops] if zoom else crops
