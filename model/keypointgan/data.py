"""One training example: two pictures of a person and somebody else's pose (methods 2.8, 2.9)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from model.core.augmentation import TARGET, random_thin_plate_warp
from model.core.crop import CROP_SIZE, crop_matrix, transform, warp
from model.core.errors import UserError, check_number
from model.core.panels import resized
from model.data.records import ABSENT, Clip, DataSet


class GanExample(NamedTuple):
    """``target`` and ``condition`` (S, S, 3) uint8 RGB, ``pose`` (K, 2) float32 in -1..1."""

    target: NDArray[np.uint8]
    condition: NDArray[np.uint8]
    pose: NDArray[np.float32]


class GanBatch(NamedTuple):
    """Examples one under another: (N, S, S, 3) uint8 twice, and (N, K, 2) float32."""

    target: Tensor
    condition: Tensor
    pose: Tensor


class GanExamples:
    """Draws examples: a clip, a frame of it, a later frame within the window, and a prior pose.

    ``people`` are data sets and ``shares`` how often each is drawn from (None: by its number of
    clips); within one, all clips are drawn alike. Of a still, the conditioning picture is a
    thin-plate-spline warp, and with ``warp_target`` the target an affine one (method 2.9).
    Nothing of the clips but their pictures and boxes is looked at.
    """

    def __init__(
        self,
        people: Sequence[DataSet],
        prior: PosePrior,
        size: int,
        window: int,
        *,
        shares: Sequence[float] | None = None,
        warp_target: bool = False,
    ) -> None:
        self._clips = [clip for data_set in people for clip in data_set if len(clip)]
        counts = [sum(len(clip) > 0 for clip in data_set) for data_set in people]
        weights = np.array(counts if shares is None else shares, np.float64)
        each = np.repeat(weights / counts, counts)
        self._chances = np.cumsum(each / each.sum())
        self._prior = prior
        self._size = size
        self._window = window
        self._warp_target = warp_target

    def draw(self, rng: np.random.Generator) -> GanExample:
        """One example. ``BadDataError`` names a frame that cannot be read."""
        row = int(np.searchsorted(self._chances, rng.random(), side="right"))
        clip = self._clips[min(row, len(self._clips) - 1)]
        start = int(rng.integers(len(clip)))
        last = min(start + self._window, len(clip) - 1)
        end = int(rng.integers(start, last + 1))
        target = cut(clip, start, self._size)
        if len(clip) == 1:
            condition = random_thin_plate_warp(target, rng)
            if self._warp_target:
                target = TARGET.draw(rng).apply(target)
        else:
            condition = cut(clip, end, self._size)
        return GanExample(target, condition, self._prior.draw(rng))


def cut(clip: Clip, frame: int, size: int) -> NDArray[np.uint8]:
    """The network's picture (size, size, 3) of a frame; ``BadDataError`` if it cannot be used.

    Where the clip has masks, the person is on black, as published (method 2.8).
    """
    clip.check_box(frame)
    matrix = crop_matrix(clip.box(frame))
    picture = warp(clip.frames.read(frame), matrix)
    mask = clip.mask(frame)
    if mask is not None:
        picture = on_black(picture, mask.crop(matrix))
    return resized(picture, size)


def on_black(picture: NDArray[np.uint8], mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A picture (S, S, 3), uint8, with what its ``mask`` (S, S), uint8, leaves out in black."""
    return (picture * (mask[..., None] / np.float32(255))).round().astype(np.uint8)


class PosePrior:
    """Poses to draw from: ``points`` (N, K, 2) float32, (x, y) in -1..1 within the picture.

    ``clips`` (N,), if given, are the numbers of the clips they are of: a clip is drawn first, then
    one of its poses; else all poses are drawn alike.
    """

    def __init__(
        self, points: NDArray[np.float32], name: str = "", clips: NDArray[np.intp] | None = None
    ) -> None:
        good = points.ndim == 3 and points.shape[-1] == 2 and len(points) > 0
        if not good or not np.isfinite(points).all():
            raise UserError(
                f"The prior {name} has poses of shape {points.shape}; at least one whole pose of "
                "K points (N, K, 2) is needed. Give poses with all their points inside the picture."
            )
        self.points = points.astype(np.float32)
        self.name = name
        self._clips = None
        if clips is not None:
            order = np.argsort(clips, kind="stable")
            starts = np.flatnonzero(np.diff(clips[order])) + 1
            self._clips = np.split(order, starts)

    def __len__(self) -> int:
        return len(self.points)

    @classmethod
    def of(cls, *data_sets: DataSet, whole: bool = False, by_clip: bool = True) -> PosePrior:
        """The poses of data sets, as their crops frame them: 2 p / 128 - 1 of crop pixels.

        The pictures are not looked at.

        Args:
            data_sets: of one joint set.
            whole: Leave poses out with a point outside the crop. Those with a point that is not
                marked are always left out: its place may be anything.
            by_clip: Draw a clip first, then a pose of it.

        Raises:
            UserError: no pose is left.
        """
        places = [
            (number, clip, int(i))
            for number, clip in enumerate(clip for data_set in data_sets for clip in data_set)
            for i in np.flatnonzero((clip.visible != ABSENT).all(axis=1))
        ]
        poses = [transform(clip.joints[i], crop_matrix(clip.box(i))) for _, clip, i in places]
        numbers = np.array([number for number, _, _ in places], np.intp)
        pixels = np.array(poses, np.float32).reshape(-1, len(data_sets[0].joint_set), 2)
        points = 2 * pixels / np.float32(CROP_SIZE) - 1
        kept = (np.abs(points) <= (1 if whole else np.inf)).all(axis=(1, 2))
        name = ", ".join(data_set.name for data_set in data_sets)
        return cls(points[kept], name, numbers[kept] if by_clip else None)

    def subset(self, size: int, seed: int = 0) -> PosePrior:
        """``size`` poses drawn with replacement, as the study of the prior's size does.

        Each draw of them is alike from then on.
        """
        check_number("prior_size", size, size >= 1, "1 or more")
        rng = np.random.default_rng(seed)
        rows = [self._row(rng) for _ in range(size)]
        return PosePrior(self.points[rows], f"{size} of {self.name}")

    def draw(self, rng: np.random.Generator) -> NDArray[np.float32]:
        """One pose (K, 2)."""
        return self.points[self._row(rng)]

    def _row(self, rng: np.random.Generator) -> int:
        if self._clips is None:
            return int(rng.integers(len(self)))
        poses = self._clips[rng.integers(len(self._clips))]
        return int(poses[rng.integers(len(poses))])

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
