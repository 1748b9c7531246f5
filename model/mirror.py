"""Mirroring pictures and heatmaps left to right about the centre that crops have."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


def mirror(maps: Tensor) -> Tensor:
    """Pictures or maps (..., H, W) as a flipped crop shows them: column x goes to W - x.

    A crop's centre is at W / 2, not between two columns (method 1.8), so that column 0, whose
    mirror image would be column W, stays where it is.
    """
    return maps.flip(-1).roll(1, -1)


def mirror_joints(heatmaps: Tensor, flip_order: NDArray[np.intp]) -> Tensor:
    """Heatmaps (N, K, H, W) of a mirrored picture as those of the picture, sides swapped back."""
    return mirror(heatmaps)[:, torch.from_numpy(flip_order).to(heatmaps.device)]
