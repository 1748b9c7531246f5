"""Every colour that carries a meaning, each with one meaning only.

Sides of the body and plot curves use the palette of Okabe and Ito, which colour-blind people can
tell apart; amounts use perceptually uniform maps.
"""

from __future__ import annotations

import enum
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray
from PyQt6.QtGui import QColor

ORANGE = "#E69F00"
SKY_BLUE = "#56B4E9"
GREEN = "#009E73"
YELLOW = "#F0E442"
BLUE = "#0072B2"
VERMILLION = "#D55E00"
PURPLE = "#CC79A7"

GROUND = "#16181d"
"""The quiet dark ground of the live view, the same in both themes."""

GHOST = "#C3C8D1"
"""The prediction of the un-personalized weights."""

OTHERS = "#A08FC4"
"""People beside the one who is followed."""

SIDES = {"left": ORANGE, "right": SKY_BLUE, "middle": GREEN}


class Hue(enum.Enum):
    """What a curve is about; each has a colour for light and one for dark ground."""

    PERSONALIZED = (BLUE, "#4C9FDB")
    UNPERSONALIZED = ("#78808C", "#8F97A3")
    PREDICTION = ("#1B1F27", "#E8EAEE")
    LATENCY = (VERMILLION, "#E8762C")

    def colour(self, *, dark: bool) -> QColor:
        """The colour to draw with on a light or dark ground."""
        return QColor(self.value[dark])


CONTRIBUTION_MAX = 1.0
"""End of the contribution scale: a keypoint that counts as much as one whole joint.

Both scales are fixed, not stretched to each frame's maximum, so that a colour changes only when
its amount does. Softmax rows over some 30 keypoints rarely come near their theoretical ends.
"""

WEIGHT_MAX = 0.5
"""End of the scale of affinity weights."""


@cache
def viridis() -> NDArray[np.uint8]:
    """The viridis map: 256 x 3, uint8, RGB."""
    return _opencv_map(cv2.COLORMAP_VIRIDIS)


@cache
def plasma() -> NDArray[np.uint8]:
    """The plasma map: 256 x 3, uint8, RGB."""
    return _opencv_map(cv2.COLORMAP_PLASMA)


def contribution_rgb(contribution: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Colours (..., 3) of contributions c_j (...): viridis over 0 to ``CONTRIBUTION_MAX``."""
    return viridis()[_levels(np.asarray(contribution) / CONTRIBUTION_MAX)]


def weight_rgb(weight: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Colours (..., 3) of affinity weights (...): plasma over 0 to ``WEIGHT_MAX``."""
    return plasma()[_levels(np.asarray(weight) / WEIGHT_MAX)]


def contrast_ratio(first: QColor, second: QColor) -> float:
    """Contrast of two opaque colours as WCAG 2 defines it, from 1 (equal) to 21."""
    darker, lighter = sorted((_luminance(first), _luminance(second)))
    return (lighter + 0.05) / (darker + 0.05)


def _opencv_map(number: int) -> NDArray[np.uint8]:
    levels = np.arange(256, dtype=np.uint8)
    return np.ascontiguousarray(cv2.applyColorMap(levels, number).reshape(256, 3)[:, ::-1])


def _levels(fraction: NDArray[np.floating]) -> NDArray[np.uint8]:
    return np.rint(np.clip(fraction, 0.0, 1.0) * 255).astype(np.uint8)


def _luminance(colour: QColor) -> float:
    channels = np.array([colour.redF(), colour.greenF(), colour.blueF()])
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])
