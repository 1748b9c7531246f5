"""What one training example is: two pictures of a person and somebody else's pose (method 2.8)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from model.crop import crop_matrix, warp
from model.data.records import Clip, DataSet
from model.data.thin_plate import TARGET, random_thin_plate_warp
from model.keypoint_gan.prior import PosePrior
from model.pictures import resized


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
