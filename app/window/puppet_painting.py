"""Draws KeypointGAN's points as the live view draws joints."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PyQt6.QtGui import QPainter

from app.live.records import Array, NetworkInfo, PoseResult, PuppetInfo
from app.overlays import Overlays
from app.window.painting import paint_result
from model.crop import SquareBox

_LIMBS = Overlays(True, False, False, False, False, False)
_DOTS = Overlays(False, True, False, False, False, False)


def shown_points(info: PuppetInfo) -> list[int]:
    """The points that limbs are drawn of, in order; the others are in no skeleton image."""
    return sorted({point for limb in info.limbs for group in limb for point in group})


def paint_points(painter: QPainter, pixels: Array, info: PuppetInfo) -> None:
    """Draw limbs and points with a painter whose transform maps the network's pixels.

    ``pixels`` (K, 2) are (x, y) in the network's picture.
    """
    network, result = _drawable(info, pixels)
    dots = np.isin(np.arange(len(result.keypoints)), shown_points(info)).astype(np.float32)
    paint_result(painter, result, network, _LIMBS)
    # The means that limbs begin at are no points of their own.
    paint_result(painter, replace(result, confidence=dots), network, _DOTS)


def _drawable(info: PuppetInfo, pixels: Array) -> tuple[NetworkInfo, PoseResult]:
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
