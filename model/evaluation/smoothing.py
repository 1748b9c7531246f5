"""Smoothing predicted trajectories over time by Savitzky and Golay's filter (paper, Table 5)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.signal import savgol_filter

from model.core.errors import UserError
from model.evaluation.accuracy import Predictions

WINDOWS = (3, 5, 7, 9, 11, 15)
ORDERS = (1, 2, 3)


@dataclass(frozen=True)
class Smoothing:
    """Each point becomes that of a polynomial of ``order``, fitted to the ``window`` around it.

    ``window`` is an odd number of frames above ``order``; ``UserError`` if not. The paper tells
    neither (method 1.13).
    """

    window: int
    order: int

    def __post_init__(self) -> None:
        if self.window % 2 == 0 or not 0 <= self.order < self.window:
            raise UserError(
                f"Smoothing with a window of {self.window} frames and order {self.order} is not "
                "possible. Give an odd window and an order below it."
            )

    def __str__(self) -> str:
        return f"window {self.window}, order {self.order}"


GRID = tuple(
    Smoothing(window, order) for window in WINDOWS for order in ORDERS if order < window - 1
)
"""What is tried, the shortest window first. One order more than listed would change nothing."""


def smooth(points: NDArray[np.floating], smoothing: Smoothing) -> NDArray[np.float32]:
    """One clip's points (T, K, 2) over time, smoothed; float32.

    A clip of fewer frames than the window has its longest odd one, so that no window wins by
    leaving short clips alone; a clip too short for the order stays as it is, and so does a joint
    that is not a number somewhere. The ends are those of the polynomial that fits the first and
    last window.
    """
    found = np.array(points, np.float32)
    window = min(smoothing.window, len(found) - 1 + len(found) % 2)
    if smoothing.order >= window:
        return found
    finite = np.isfinite(found).all(axis=(0, 2))
    found[:, finite] = savgol_filter(
        found[:, finite].astype(np.float64), window, smoothing.order, axis=0
    )
    return found


def smoothed(predictions: Predictions, smoothing: Smoothing) -> Predictions:
    """The predictions with each clip's points smoothed over its predicted frames, in their order.

    Frames that were not predicted are not made up: their neighbours count as neighbours.
    """
    points = predictions.points.astype(np.float32)
    for rows in _clips(predictions):
        points[rows] = smooth(points[rows], smoothing)
    return replace(predictions, points=points)


def choose_smoothing(predictions: Predictions) -> tuple[Smoothing, dict[Smoothing, float]]:
    """The smoothing of ``GRID`` with the best pooled score, the first of equals, and all scores.

    To be chosen on other people than are measured on. ``UserError`` if nothing can be scored.
    """
    scores = {smoothing: smoothed(predictions, smoothing).score().mean for smoothing in GRID}
    best = max(scores, key=lambda smoothing: scores[smoothing])
    if np.isnan(scores[best]):
        raise UserError("The people to choose the smoothing on have no joints to score.")
    return best, scores


def _clips(predictions: Predictions) -> list[NDArray[np.intp]]:
    """The rows of each clip of each person, in the order in which they were predicted."""
    names = np.stack([predictions.persons, predictions.clips], axis=1)
    _, number = np.unique(names, axis=0, return_inverse=True)
    order = np.lexsort((predictions.order, number.ravel()))
    starts = np.flatnonzero(np.diff(number.ravel()[order])) + 1
    return np.split(order, starts)
