"""The published metrics, exactly as they are computed (method 1.13), and the regression of some.

Points that were found without labels are measured through a linear map to landmarks that were
labelled (methods 2.11, 3.5).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.core.errors import UserError
from model.core.skeleton import BBC7, H36M16, JointSet

PCK_THRESHOLD = 0.2
BBC_RADIUS = 6.0
"""Pixels at half the resolution of BBC Pose's stored frames: 12 pixels in these."""

_SMALLEST_TORSO = 1e-6  # pixels; nothing can be measured in units of less

# No set has more than one of the joints that stand for the head.
_COLUMNS = {
    "Head": ("head", "head top", "face"),
    "Sho": ("shoulder",),
    "Elb": ("elbow",),
    "Wri": ("wrist",),
    "Hip": ("hip",),
    "Knee": ("knee",),
    "Ank": ("ankle",),
}


@dataclass(frozen=True)
class Torso:
    """The unit of PCK: from the middle of the joints ``upper`` to the middle of ``lower``."""

    upper: tuple[int, ...]
    lower: tuple[int, ...]

    def lengths(self, joints: NDArray[np.floating]) -> NDArray[np.float64]:
        """Lengths (N,) of the torsos of true joints (N, K, 2), visible or not; in their pixels."""
        joints = np.asarray(joints, np.float64)
        upper = joints[:, list(self.upper)].mean(axis=1)
        lower = joints[:, list(self.lower)].mean(axis=1)
        return np.linalg.norm(upper - lower, axis=-1)


_TORSOS = {H36M16.name: Torso(upper=(8,), lower=(2, 3))}  # from the neck


def torso_of(joint_set: JointSet) -> Torso:
    """The torso of a joint set: Human3.6M's own, else from the shoulders to the hips.

    ``UserError`` if the set has no shoulders or no hips, as BBC Pose's.
    """
    if joint_set.name in _TORSOS:
        return _TORSOS[joint_set.name]
    upper, lower = _both_sides(joint_set, "shoulder"), _both_sides(joint_set, "hip")
    if len(upper) != 2 or len(lower) != 2:
        raise UserError(
            f"PCK is measured in torsos, from the shoulders to the hips, and the joint set "
            f"{joint_set.name} does not have them all. Choose a joint set that does."
        )
    return Torso(upper, lower)


@dataclass(frozen=True, eq=False)
class Pck:
    """Percentage of correct keypoints over some frames.

    ``correct`` and ``scored`` (K,), int64, count the keypoints of each joint that were right and
    that were looked at; ``without_torso`` counts the frames left out for want of a unit.
    """

    correct: NDArray[np.int64]
    scored: NDArray[np.int64]
    without_torso: int

    @property
    def per_joint(self) -> NDArray[np.float64]:
        """PCK of each joint (K,), 0 to 100; NaN for a joint that was never scored."""
        return 100 * _ratio(self.correct, self.scored)

    @property
    def mean(self) -> float:
        """The mPCK, 0 to 100: pooled over all scored keypoints of all joints; NaN without any."""
        return float(100 * _ratio(self.correct.sum(), self.scored.sum()))

    def row(self, joint_set: JointSet) -> dict[str, float]:
        """The row of a published table: ``limb_columns`` and the mean, as mPCK or BBC's mAcc."""
        return {**limb_columns(self.per_joint, joint_set), mean_title(joint_set): self.mean}


def pck(
    predicted: NDArray[np.floating],
    truth: NDArray[np.floating],
    visible: NDArray[np.generic],
    torso: NDArray[np.floating],
    threshold: float = PCK_THRESHOLD,
) -> Pck:
    """PCK: right is what lies within ``threshold`` torsos of the truth, the limit included.

    ``predicted`` and ``truth`` (N, K, 2) and ``torso`` (N,) are in the same pixels, those of the
    original pictures in the published figures. Joints whose ``visible`` (N, K) is 0 are not scored,
    nor are frames whose torso is missing or has no length; a prediction that is not a number is
    wrong. Raises ``ValueError`` for shapes that do not belong together.
    """
    predicted, truth = np.asarray(predicted, np.float64), np.asarray(truth, np.float64)
    visible, torso = np.asarray(visible), np.asarray(torso, np.float64)
    if truth.ndim != 3 or truth.shape[2] != 2 or predicted.shape != truth.shape:
        raise ValueError(f"joints must be (N, K, 2) twice: {predicted.shape} and {truth.shape}")
    if visible.shape != truth.shape[:2] or torso.shape != truth.shape[:1]:
        raise ValueError(f"visible {visible.shape}, torso {torso.shape} for joints {truth.shape}")
    measurable = torso >= _SMALLEST_TORSO
    scored = visible[measurable] != 0
    errors = np.linalg.norm(predicted[measurable] - truth[measurable], axis=-1)
    correct = scored & (errors / torso[measurable, None] <= threshold)
    return Pck(correct.sum(axis=0), scored.sum(axis=0), int((~measurable).sum()))


def bbc_accuracy(
    predicted: NDArray[np.floating], truth: NDArray[np.floating], visible: NDArray[np.generic]
) -> Pck:
    """BBC Pose's accuracy, in percent: right is what lies within ``BBC_RADIUS``.

    ``predicted`` and ``truth`` (N, 7, 2) are in pixels of the stored frames. Published code maps
    both by p -> 0.5 (p - 1) + 1 and allows 6 pixels; only the half matters to a distance. All of
    BBC Pose's joints are visible, so the pooled mean is the published mean over the joints.
    Raises ``ValueError`` for shapes that do not belong together.
    """
    return pck(predicted, truth, visible, np.full(len(truth), 2 * BBC_RADIUS), threshold=1.0)


def mean_title(joint_set: JointSet) -> str:
    """What the mean over all joints is called: BBC Pose's mAcc, else mPCK."""
    return "mAcc" if joint_set == BBC7 else "mPCK"


def limb_columns(per_joint: NDArray[np.float64], joint_set: JointSet) -> dict[str, float]:
    """The columns Head, Sho, Elb, Wri, Hip, Knee, Ank, as far as the set has such joints.

    Left and right are plainly averaged, however often each was scored.
    """
    columns = {}
    for title, parts in _COLUMNS.items():
        joints = _both_sides(joint_set, *parts)
        if joints:
            columns[title] = float(per_joint[list(joints)].mean())
    return columns


def _both_sides(joint_set: JointSet, *parts: str) -> tuple[int, ...]:
    names = (name.removeprefix("left ").removeprefix("right ") for name in joint_set.names)
    return tuple(i for i, name in enumerate(names) if name in parts)


def _ratio(
    count: NDArray[np.int64] | np.int64, total: NDArray[np.int64] | np.int64
) -> NDArray[np.float64]:
    return np.divide(
        count, total, out=np.full(np.shape(total), np.nan), where=np.asarray(total) > 0
    )


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
