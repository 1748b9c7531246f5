"""Where a picture's heatmaps would be in another picture of the same person: optical flow (ours).

In a video, the frames before and after say where a joint is too. A frame in which it is blurred or
hidden is answered better by the mean of its own answer and those of its neighbours, carried along
by how the picture moved; after Pfister et al., *Flowing ConvNets* (ICCV 2015). Not in the paper.
"""

from __future__ import annotations

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
