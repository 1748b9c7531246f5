"""Two pictures of one thing: a picture warped twice, or two frames of a clip (method 3.4)."""

from __future__ import annotations

from typing import Literal, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from model.core.augmentation import WarpDistribution
from model.core.crop import CROP_SIZE, crop_matrix, warp
from model.data.records import Clip, DataSet

PairKind = Literal["warp", "video"]

TARGET_WARP = WarpDistribution(
    rotation=0, scale=0, translation=0.1, weight=0.001, strong_weight=0.005
)
SOURCE_WARP = WarpDistribution(
    rotation=5, scale=0.1, translation=0.1, weight=0.001, strong_weight=0.01
)
_MARGIN = 10
_RAMP = 20
_SHARPNESS = 0.4


class ImmExample(NamedTuple):
    """``target`` and ``source`` (S, S, 3), uint8 RGB; ``mask`` (S, S), float32, 0..1.

    The mask is the target's: where a difference from it counts. A batch has the same names, of
    tensors with one more axis in front.
    """

    target: NDArray[np.uint8]
    source: NDArray[np.uint8]
    mask: NDArray[np.float32]


class PairDrawer:
    """Draws pairs out of clips, cut by the clip's own squares to ``size`` x ``size`` pixels.

    ``warp``: the target is a warp of the frame, the source a second warp *of the target*; what
    neither shows is black, and the mask, faded at the border, goes through the target's warp.
    ``video``: the target is the frame and the source another frame of its clip, cut by the
    target's square, so that the person moves within it; the mask is one everywhere. A clip of one
    frame gives a warped pair. ``flip`` mirrors half of the video pairs, both pictures alike, as
    the released code does by default for pairs of its own.
    """

    def __init__(
        self, kind: PairKind = "warp", size: int = CROP_SIZE, *, flip: bool = True
    ) -> None:
        self._kind = kind
        self._size = size
        self._flip = flip
        self._mask = loss_mask(size)

    def draw(self, clip: Clip, frame: int, rng: np.random.Generator) -> ImmExample:
        """A pair with frame ``frame`` as its target; ``BadDataError`` if it cannot be used."""
        if self._kind == "video" and len(clip) > 1:
            return self._frames(clip, frame, rng)
        picture = cut(clip, frame, frame, self._size)
        first = TARGET_WARP.draw(rng).grid(self._size)
        second = SOURCE_WARP.draw(rng).grid(self._size)
        target = np.asarray(_sampled(picture, first), np.uint8)
        source = np.asarray(_sampled(target, second), np.uint8)
        return ImmExample(target, source, np.asarray(_sampled(self._mask, first), np.float32))

    def _frames(self, clip: Clip, frame: int, rng: np.random.Generator) -> ImmExample:
        other = (frame + int(rng.integers(1, len(clip)))) % len(clip)
        target = cut(clip, frame, frame, self._size)
        source = cut(clip, other, frame, self._size)
        if self._flip and rng.random() < 0.5:
            target = np.ascontiguousarray(target[:, ::-1])
            source = np.ascontiguousarray(source[:, ::-1])
        return ImmExample(target, source, np.ones((self._size, self._size), np.float32))


class ImmExamples:
    """Examples for training: every frame of ``people`` is as likely to be the target.

    Nothing of the clips but their pictures and squares is looked at.
    """

    def __init__(self, people: DataSet, drawer: PairDrawer) -> None:
        self._clips = people.clips
        self._ends = np.cumsum([len(clip) for clip in people.clips])
        self._drawer = drawer

    def draw(self, rng: np.random.Generator) -> ImmExample:
        """One example. ``BadDataError`` names a frame that cannot be used."""
        place = int(rng.integers(self._ends[-1]))
        number = int(np.searchsorted(self._ends, place, side="right"))
        clip = self._clips[number]
        return self._drawer.draw(clip, place - int(self._ends[number]) + len(clip), rng)


def loss_mask(size: int = CROP_SIZE) -> NDArray[np.float32]:
    """Where differences count before any warp: (size, size), 0 at the border, 1 inside.

    At 128 the outer 10 pixels are 0 and the next 20 rise as 0.5 + 0.5 tanh(x / 0.4), x from -1 to
    1; both widths go with the size.
    """
    margin, ramp = round(_MARGIN * size / CROP_SIZE), round(_RAMP * size / CROP_SIZE)
    rise = 0.5 + 0.5 * np.tanh(np.linspace(-1, 1, ramp) / _SHARPNESS)
    middle = np.ones(size - 2 * margin - 2 * ramp)
    strip = np.pad(np.concatenate([rise, middle, rise[::-1]]), margin)
    return np.outer(strip, strip).astype(np.float32)


def cut(clip: Clip, frame: int, square: int, size: int = CROP_SIZE) -> NDArray[np.uint8]:
    """Frame ``frame`` cut by the square of frame ``square``: (size, size, 3), uint8 RGB.

    ``BadDataError`` names a frame that cannot be used.
    """
    clip.check(square)
    return warp(clip.frames.read(frame), crop_matrix(clip.box(square), size), size)


def _sampled(picture: cv2.typing.MatLike, grid: NDArray[np.float32]) -> cv2.typing.MatLike:
    """A picture read at ``grid`` (S, S, 2); outside it is black, unlike in ``ThinPlateWarp``."""
    x, y = cv2.split(grid)
    return cv2.remap(picture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
