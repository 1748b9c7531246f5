"""The unpaired prior: poses of whoever, in the frame of the network's crops (method 2.8)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from model.checks import check_number
from model.crop import CROP_SIZE, crop_matrix, transform
from model.data.records import ABSENT, DataSet
from model.errors import UserError


class PosePrior:
    """Whole poses to draw from: ``points`` (N, K, 2) float32, (x, y) in -1..1."""

    def __init__(self, points: NDArray[np.float32], name: str = "") -> None:
        good = points.ndim == 3 and points.shape[-1] == 2 and len(points) > 0
        if not good or not np.isfinite(points).all():
            raise UserError(
                f"The prior {name} has poses of shape {points.shape}; at least one whole pose of "
                "K points (N, K, 2) is needed. Give poses with all their points inside the picture."
            )
        self.points = points.astype(np.float32)
        self.name = name

    def __len__(self) -> int:
        return len(self.points)

    @classmethod
    def of(cls, *data_sets: DataSet) -> PosePrior:
        """The whole poses of data sets, as their crops frame them: 2 p / 128 - 1 of crop pixels.

        Poses with a point that is not marked or lies outside the crop are left out. The pictures
        are not looked at. ``UserError`` if no pose is left.
        """
        poses = [
            transform(clip.joints[i], crop_matrix(clip.box(int(i))))
            for data_set in data_sets
            for clip in data_set
            for i in np.flatnonzero((clip.visible != ABSENT).all(axis=1))
        ]
        pixels = np.array(poses, np.float32).reshape(-1, len(data_sets[0].joint_set), 2)
        points = 2 * pixels / np.float32(CROP_SIZE) - 1
        inside = (np.abs(points) <= 1).all(axis=(1, 2))
        return cls(points[inside], ", ".join(data_set.name for data_set in data_sets))

    def subset(self, size: int, seed: int = 0) -> PosePrior:
        """``size`` poses drawn with replacement, as the study of the prior's size does."""
        check_number("prior_size", size, size >= 1, "1 or more")
        rows = np.random.default_rng(seed).integers(len(self), size=size)
        return PosePrior(self.points[rows], f"{size} of {self.name}")

    def draw(self, rng: np.random.Generator) -> NDArray[np.float32]:
        """One pose (K, 2)."""
        return self.points[rng.integers(len(self))]

    @property
    def mean(self) -> NDArray[np.float32]:
        """The mean pose (K, 2)."""
        mean: NDArray[np.float32] = self.points.mean(axis=0)
        return mean


def halves(data_set: DataSet) -> tuple[DataSet, DataSet]:
    """First and second half of every clip: pictures from one, poses from the other (method 2.8).

    A still is in one of them, by turns. ``UserError`` if a half has no frames.
    """
    first, second = [], []
    for number, clip in enumerate(data_set):
        middle = len(clip) // 2 if len(clip) > 1 else number % 2
        first.append(clip.part(np.arange(middle)))
        second.append(clip.part(np.arange(middle, len(clip))))
    return tuple(  # type: ignore[return-value]
        DataSet(data_set.name, data_set.joint_set, tuple(clip for clip in clips if len(clip)))
        for clips in (first, second)
    )
