"""A linear map from points that were found to landmarks that were labelled (methods 2.11, 3.5)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.core.errors import UserError


@dataclass(frozen=True, eq=False)
class LinearMap:
    """y = x W + b: ``weights`` (F, T) and ``offset`` (T,), both float64."""

    weights: NDArray[np.float64]
    offset: NDArray[np.float64]

    def __call__(self, features: NDArray[np.floating]) -> NDArray[np.float64]:
        """Features (N, F) to targets (N, T); ``UserError`` for another number of features."""
        values = np.asarray(features, np.float64)
        if values.ndim != 2 or values.shape[1] != len(self.weights):
            raise UserError(
                f"The regression was fitted to {len(self.weights)} features and was given an array "
                f"of shape {values.shape}. Give points of the network that it was fitted with."
            )
        return values @ self.weights + self.offset

    def move(self, points: NDArray[np.floating]) -> NDArray[np.float64]:
        """Points (N, K, 2) to points (N, L, 2), for a map that ``fit_point_map`` gave."""
        values = np.asarray(points, np.float64)
        return self(values.reshape(len(values), -1)).reshape(len(values), -1, 2)


def fit_linear_map(
    features: NDArray[np.floating],
    targets: NDArray[np.floating],
    *,
    alpha: float = 0.0,
    intercept: bool = False,
) -> LinearMap:
    """The map with the least squared error plus ``alpha`` times its squared weights.

    ``features`` (N, F), ``targets`` (N, T). The ``intercept`` costs nothing; without it the offset
    is 0. Where several maps are as good, that with the smallest weights. ``UserError`` if the two
    do not fit together, hold anything not finite, or are empty, or if ``alpha`` is negative.
    """
    x, y = np.asarray(features, np.float64), np.asarray(targets, np.float64)
    _check(x, y, alpha)
    x_mean = x.mean(axis=0) if intercept else np.zeros(x.shape[1])
    y_mean = y.mean(axis=0) if intercept else np.zeros(y.shape[1])
    x, y = x - x_mean, y - y_mean
    if alpha:  # rows that pull every weight to 0
        x = np.concatenate([x, math.sqrt(alpha) * np.eye(x.shape[1])])
        y = np.concatenate([y, np.zeros((x.shape[1], y.shape[1]))])
    weights = np.asarray(np.linalg.lstsq(x, y, rcond=None)[0], np.float64)
    return LinearMap(weights, np.asarray(y_mean - x_mean @ weights, np.float64))


def fit_point_map(
    points: NDArray[np.floating],
    landmarks: NDArray[np.floating],
    *,
    alpha: float = 0.0,
    intercept: bool = False,
) -> LinearMap:
    """The linear map from points (N, K, 2) to landmarks (N, L, 2), coordinates mixed freely.

    Use it with ``LinearMap.move``. See ``fit_linear_map``.
    """
    found, wanted = np.asarray(points, np.float64), np.asarray(landmarks, np.float64)
    x, y = found.reshape(len(found), -1), wanted.reshape(len(wanted), -1)
    return fit_linear_map(x, y, alpha=alpha, intercept=intercept)


def _check(x: NDArray[np.float64], y: NDArray[np.float64], alpha: float) -> None:
    if x.ndim != 2 or y.ndim != 2 or len(x) != len(y) or not x.size or not y.size:
        raise UserError(
            f"A regression from features of shape {x.shape} to targets of shape {y.shape} cannot "
            "be fitted. Give one row of each for every picture, and at least one picture."
        )
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise UserError(
            "The points or landmarks of the regression hold numbers that are not finite. Leave "
            "out pictures without a label."
        )
    if not 0 <= alpha < math.inf:
        raise UserError(f"The ridge alpha was {alpha}; it must be 0 or more.")
