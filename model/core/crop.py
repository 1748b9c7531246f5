"""Square crops around a person and the affine maps between image, crop and heatmap.

A person box (x, y, width, height) becomes a square of side 1.25 * max(width, height) whose centre
is moved down by a share of max(width, height); the square's centre maps to pixel (64, 64) of the
128 x 128 crop, without half-pixel offset. The published share is 0.075; a network must be shown
squares moved as those it was trained on (``NetworkSpec.crop_shift``): 9 to 15 points of PCK were
lost on real clips where it was not.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

CROP_SIZE = 128
HEATMAP_SIZE = 32
BOX_TO_SIDE = 1.25
CENTRE_SHIFT = 0.075
# Penn Action's label boxes over the boxes of their visible joints, longest sides.
PERSON_TO_JOINTS = 1.2


@dataclass(frozen=True)
class SquareBox:
    """A square in image pixels: centre (``x``, ``y``) and ``side``."""

    x: float
    y: float
    side: float

    @property
    def corners(self) -> tuple[float, float, float, float]:
        """(left, top, right, bottom) in image pixels."""
        half = self.side / 2
        return self.x - half, self.y - half, self.x + half, self.y + half

    def scaled(self, factor: float) -> SquareBox:
        """The square about the same centre with its side multiplied by ``factor``."""
        return SquareBox(self.x, self.y, self.side * factor)


def square_from_person_box(
    x: float, y: float, width: float, height: float, *, shift: float
) -> SquareBox:
    """The crop square of a tight person box given by its left, top, width and height (pixels).

    Its centre is moved down by ``shift`` of the box's longest side.
    """
    longest = max(width, height)
    return SquareBox(
        x=x + width / 2,
        y=y + height / 2 + shift * longest,
        side=BOX_TO_SIDE * longest,
    )


def crop_matrix(
    box: SquareBox,
    size: int = CROP_SIZE,
    *,
    scale: float = 1.0,
    rotation: float = 0.0,
    flip: bool = False,
) -> NDArray[np.float64]:
    """Affine map (2 x 3) from image pixels to pixels of a ``size`` x ``size`` crop of ``box``.

    ``scale`` multiplies the box's side, ``rotation`` turns the content by that many degrees about
    the centre (positive: counter-clockwise on screen), ``flip`` mirrors the result left to right.
    """
    zoom = size / (box.side * scale)
    angle = np.deg2rad(rotation)
    cos, sin = zoom * np.cos(angle), zoom * np.sin(angle)
    linear = np.array([[cos, sin], [-sin, cos]])
    if flip:
        linear[0] *= -1
    centre = np.array([box.x, box.y])
    return np.column_stack([linear, size / 2 - linear @ centre])


def invert(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """The inverse of an affine map (2 x 3)."""
    return np.asarray(cv2.invertAffineTransform(matrix), np.float64)


def compose(outer: NDArray[np.float64], inner: NDArray[np.float64]) -> NDArray[np.float64]:
    """The affine map (2 x 3) that applies ``inner`` first and ``outer`` second."""
    linear = outer[:, :2] @ inner[:, :2]
    return np.column_stack([linear, outer[:, :2] @ inner[:, 2] + outer[:, 2]])


def transform(points: NDArray[np.floating], matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Apply an affine map (2 x 3) to points (..., 2) in (x, y) order."""
    return np.asarray(points, np.float64) @ matrix[:, :2].T + matrix[:, 2]


def warp(
    image: NDArray[np.uint8], matrix: NDArray[np.float64], size: int = CROP_SIZE
) -> NDArray[np.uint8]:
    """Sample ``image`` (H x W x 3, uint8) into a ``size`` x ``size`` crop; outside is black."""
    crop = cv2.warpAffine(
        image, matrix, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT
    )
    return np.asarray(crop, np.uint8)


def heatmap_to_image(
    points: NDArray[np.floating], box: SquareBox, size: int = HEATMAP_SIZE
) -> NDArray[np.float64]:
    """Map heatmap cells (..., 2), (x, y) in 0..size-1, of an unaugmented crop to image pixels.

    x_image = (x_cell - size / 2) * side / size + x_centre, and the same for y (method 1.12).
    """
    centre = np.array([box.x, box.y])
    return (np.asarray(points, np.float64) - size / 2) * (box.side / size) + centre
