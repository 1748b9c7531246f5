"""Mirroring pictures and heatmaps left to right about the centre that crops have."""

from __future__ import annotations

from collections.abc import Callable

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


def answers_both_ways(
    heatmaps_of: Callable[[Tensor], Tensor], images: Tensor, flip_order: NDArray[np.intp]
) -> tuple[Tensor, Tensor]:
    """Heatmaps (n, K, H, H) of pictures, and of their mirror images turned back, float32.

    ``heatmaps_of`` is asked once, of the pictures (n, 3, S, S) and then their mirror images.
    """
    both = torch.cat([images, mirror(images)]).contiguous(memory_format=torch.channels_last)
    plain, mirrored = heatmaps_of(both).float().chunk(2)
    return plain, mirror_joints(mirrored, flip_order)
