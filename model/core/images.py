"""Images as the tensors that networks see, and mirrored."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


def to_tensor(crops: Sequence[NDArray[np.uint8]], *, bgr: bool = False) -> Tensor:
    """Stack RGB uint8 crops (H x W x 3 each) into a normalised float32 tensor (N, 3, H, W).

    ``bgr`` reverses the channels first: the released code feeds BGR pictures with the RGB
    statistics in that channel position, and its checkpoints expect that (method 1.8).
    """
    pixels = torch.from_numpy(np.stack(list(crops))).permute(0, 3, 1, 2)
    return normalized(pixels, bgr=bgr)


def normalized(pixels: Tensor, *, bgr: bool = False) -> Tensor:
    """RGB uint8 pixels (N, 3, H, W) as the tensor of ``to_tensor``, on the same device."""
    mean = torch.tensor(IMAGENET_MEAN, device=pixels.device).view(1, 3, 1, 1)
    std = torch.tensor(IMAGENET_STD, device=pixels.device).view(1, 3, 1, 1)
    if bgr:
        pixels = pixels.flip(1)
    return pixels.float().div_(255).sub_(mean).div_(std)


def reduced(images: Tensor, side: int) -> Tensor:
    """Images (N, 3, S, S) with ``side`` pixels a side, each the mean of those it covers.

    Smaller ones stay as they are.
    """
    if images.shape[-1] <= side:
        return images
    return functional.interpolate(images, size=side, mode="area")


def to_pictures(tensor: Tensor, *, bgr: bool = False) -> NDArray[np.uint8]:
    """Normalised tensors (N, 3, H, W) back to RGB uint8 pictures (N, H, W, 3), clamped."""
    mean = torch.tensor(IMAGENET_MEAN, device=tensor.device).view(1, 3, 1, 1)
    std = torch.tensor(IMAGENET_STD, device=tensor.device).view(1, 3, 1, 1)
    pixels = (tensor.detach().float() * std + mean).clamp(0, 1).mul(255).round()
    pictures = pixels.permute(0, 2, 3, 1).to("cpu", torch.uint8).numpy()
    return np.ascontiguousarray(pictures[..., ::-1] if bgr else pictures)


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
