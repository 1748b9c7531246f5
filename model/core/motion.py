"""How points move in a video: heatmaps are carried along, points shown are smoothed (ours).

In a video, the frames before and after say where a joint is too. A frame in which it is blurred or
hidden is answered better by the mean of its own answer and those of its neighbours, carried along
by how the picture moved; after Pfister et al., *Flowing ConvNets* (ICCV 2015). Not in the paper.
``MotionFusion`` does so while frames come in, ``Teacher`` with frames on both sides.

The One-Euro filter, for the eye only, gives little jitter where points rest, little lag where they
move: Casiez, Roussel, Vogel: 1€ Filter, CHI 2012. Not part of the papers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from model.core.crop import CROP_SIZE

# How different (grey levels) the two pictures may look after the motion, until an answer that is
# carried along counts a third.
_DOUBT = 12.0
_BLUR = 9


def grey(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """What motion is found in: a square RGB picture (S, S, 3) as grey (128, 128)."""
    small = cv2.resize(picture, (CROP_SIZE, CROP_SIZE), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), np.uint8)


@dataclass(frozen=True)
class _Known:
    """``maps`` (K, H, H) of the grey ``picture`` of frame ``index``, of so many frames' worth."""

    maps: Tensor
    picture: NDArray[np.uint8]
    mass: float
    index: int


class Carrier:
    """Carries heatmaps from one picture to another. Not thread-safe."""

    def __init__(self) -> None:
        self._flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)

    def carried(
        self, maps: Tensor, seen: NDArray[np.uint8], now: NDArray[np.uint8]
    ) -> tuple[Tensor, Tensor]:
        """Heatmaps of ``seen`` as they are in ``now``.

        Args:
            maps: (K, H, H), on the CPU.
            seen: (128, 128), the grey picture that they are of.
            now: the same of the other picture.

        Returns:
            The maps (K, H, H), float32, and how far each cell is to be trusted (H, H), 0 to 1: less
            the less the two pictures look alike there after the motion.
        """
        motion = self._flow.calc(now, seen, None)  # type: ignore[call-overload]
        moved = _moved(seen, motion)
        apart = cv2.blur(cv2.absdiff(moved, now).astype(np.float32), (_BLUR, _BLUR))
        cells = (maps.shape[-1], maps.shape[-1])
        coarse = cv2.resize(motion, cells, interpolation=cv2.INTER_AREA)
        there = _moved(
            maps.float().permute(1, 2, 0).numpy(), coarse * (cells[0] / CROP_SIZE)
        ).reshape(*cells, -1)
        trust = np.exp(-cv2.resize(apart, cells, interpolation=cv2.INTER_AREA) / _DOUBT)
        return torch.from_numpy(there).permute(2, 0, 1), torch.from_numpy(trust)


class MotionFusion:
    """The heatmaps of a video's frames, each with what was known before, carried along.

    A frame's own answer counts 1, what is carried from the frame before as much as that was made
    of, times ``carry`` for each frame that lies between, times the trust in each cell. Across a
    cut, or to another person, hardly anything is trusted. Not thread-safe.

    Args:
        carry: 0 to 1, below 1.
    """

    def __init__(self, carry: float) -> None:
        self._carry = carry
        self._carrier = Carrier()
        self._last: _Known | None = None

    def forget(self) -> None:
        """What comes next does not follow."""
        self._last = None

    def fused(
        self, maps: Tensor, pictures: Sequence[NDArray[np.uint8]], indices: Sequence[int]
    ) -> Tensor:
        """Heatmaps (n, K, H, H) of frames in their order, each with what is known from before.

        Args:
            maps: the frames' own.
            pictures: the squares (S, S, 3), RGB, that they are of.
            indices: the frames' numbers in the video; one that is not above the one before begins
                another video.
        """
        found = [
            self._next(own, grey(picture), index)
            for own, picture, index in zip(maps.float().cpu(), pictures, indices, strict=True)
        ]
        return torch.stack(found).to(maps)

    def _next(self, own: Tensor, picture: NDArray[np.uint8], index: int) -> Tensor:
        last, fused, mass = self._last, own, 1.0
        if last is not None and index > last.index:
            maps, trust = self._carrier.carried(last.maps, last.picture, picture)
            weight = trust * (self._carry ** (index - last.index) * last.mass)
            fused, mass = (own + weight * maps) / (1 + weight), 1 + float(weight.mean())
        self._last = _Known(fused, picture, mass, index)
        return fused


def _moved(picture: NDArray[Any], motion: NDArray[Any]) -> NDArray[Any]:
    """Each pixel from where ``motion`` (H, W, 2), in pixels, says that it was in ``picture``."""
    height, width = motion.shape[:2]
    x = np.arange(width, dtype=np.float32) + motion[..., 0]
    y = np.arange(height, dtype=np.float32)[:, None] + motion[..., 1]
    return cv2.remap(
        picture,
        x.astype(np.float32),
        y.astype(np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )


_Points = NDArray[np.float64]


class OneEuroFilter:
    """Smooths points (n, 2) that come one after another.

    Args:
        min_cutoff: Frequency (Hz) above which points at rest are smoothed; lower: less jitter.
        beta: By how many Hz that rises with each unit of length per second; higher: less lag.
        speed_cutoff: Frequency (Hz) above which the speed itself is smoothed.
    """

    def __init__(
        self, min_cutoff: float = 1.5, beta: float = 8.0, speed_cutoff: float = 1.0
    ) -> None:
        self._min_cutoff = min_cutoff
        self._beta = beta
        self._speed_cutoff = speed_cutoff
        self.reset()

    def reset(self) -> None:
        """Forget everything: the next points are taken as they are."""
        self._points: _Points | None = None
        self._speed: _Points = np.zeros(0)
        self._time_s = -math.inf

    def __call__(self, points: NDArray[np.floating], time_s: float, unit: float = 1.0) -> _Points:
        """The smoothed ``points`` of the moment ``time_s`` (seconds), ``unit`` being ``beta``'s.

        Times that do not rise, and another number of points, begin anew.
        """
        new = np.asarray(points, np.float64)
        elapsed = time_s - self._time_s
        self._time_s = time_s
        if self._points is None or elapsed <= 0 or new.shape != self._points.shape:
            self._points, self._speed = new, np.zeros_like(new)
        else:
            speed = (new - self._points) / elapsed
            self._speed = self._speed + _share(self._speed_cutoff, elapsed) * (speed - self._speed)
            moving = np.linalg.norm(self._speed, axis=-1, keepdims=True) / unit
            cutoff = self._min_cutoff + self._beta * moving
            self._points = self._points + _share(cutoff, elapsed) * (new - self._points)
        return self._points


def _share(cutoff: NDArray[np.float64] | float, elapsed: float) -> NDArray[np.float64]:
    """The share of the new value in a low-pass filter with this cut-off frequency (Hz)."""
    return 1 / (1 + 1 / (2 * np.pi * np.asarray(cutoff) * elapsed))
