"""What a person's mask does to the self-supervised task: the room is neither shown nor rebuilt.

As published, the whole picture is rebuilt, and most of it is background: keypoints then settle on
walls, and the loss speaks of the room. Not in the paper, though KeypointGAN is trained on masked
pictures (method 2.8). Masks are (N, 1, S, S), float32, 0 to 1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from model.core.crop import CROP_SIZE, SquareBox, compose, crop_matrix, invert, warp

MASK_MARGIN = 1.25
"""Masks are looked for in the crop square enlarged by this, which augmentation can reach."""
MASK_SIZE = 128
"""Pixels on a side of a stored mask."""
MASK_INPUT = 256
"""Pixels on a side of the picture that a mask is found in."""
Masker = Callable[[NDArray[np.uint8]], NDArray[np.uint8]]
"""A square picture (S, S, 3), uint8 RGB, to its mask (128, 128), uint8, 0 to 255."""

# What errors in the background weigh. Not nothing: a limb must not be drawn where none is.
_BACKGROUND = 0.3
# Masks are a little narrow, and a silhouette is seen on both sides of it: pixels of 128.
DILATION = 4


@dataclass(frozen=True)
class PersonMask:
    """How surely each part of a square belongs to the person.

    Attributes:
        values: (128, 128) uint8, 0 to 255.
        box: the crop square of the person; the mask covers ``box.scaled(MASK_MARGIN)``.
    """

    values: NDArray[np.uint8]
    box: SquareBox

    def crop(self, matrix: NDArray[np.float64], size: int = CROP_SIZE) -> NDArray[np.uint8]:
        """The mask (``size``, ``size``) of the crop that ``matrix`` (2 x 3) cuts out of the frame.

        What lies outside the mask's square is background.
        """
        return warp(self.values, compose(matrix, invert(mask_matrix(self.box))), size)


def mask_matrix(box: SquareBox, size: int = MASK_SIZE) -> NDArray[np.float64]:
    """The map (2 x 3) from frame pixels to those of the mask of the person in ``box``."""
    return crop_matrix(box.scaled(MASK_MARGIN), size)


def only_person(images: Tensor, masks: Tensor) -> Tensor:
    """Normalised images (N, 3, S, S) with ImageNet's mean, a grey, in place of the background."""
    return images * masks


def error_weights(masks: Tensor) -> Tensor:
    """What the errors at each pixel weigh, 0.3 to 1, of the same shape as the masks."""
    return _BACKGROUND + (1 - _BACKGROUND) * dilated(masks)


def dilated(masks: Tensor) -> Tensor:
    """Masks that reach 4 pixels (of 128) further."""
    reach = max(1, round(DILATION * masks.shape[-1] / CROP_SIZE))
    return functional.max_pool2d(masks, 2 * reach + 1, stride=1, padding=reach)


def mass_off_person(logits: Tensor, masks: Tensor) -> Tensor:
    """How much of the self-supervised keypoints' distributions lies off the person.

    Args:
        logits: self-supervised maps (N, M, H, H), of which a softmax is the distribution.
        masks: (N, 1, S, S).

    Returns:
        Scalar, 0 to 1, the mean over maps; with a gradient to ``logits``.
    """
    person = functional.interpolate(dilated(masks), size=logits.shape[-1], mode="area")
    shares = logits.float().flatten(2).softmax(dim=-1)  # N, M, H * H
    return 1 - (shares * person.flatten(2)).sum(dim=-1).mean()


def on_person(points: Tensor, masks: Tensor, size: int) -> Tensor:
    """Which keypoints lie on the dilated mask.

    Args:
        points: (N, M, 2), (x, y) in cells of maps with ``size`` cells a side.
        masks: (N, 1, S, S).
        size: the maps' side.

    Returns:
        (N, M) bool.
    """
    grid = (2 * points + 1) / size - 1
    found = functional.grid_sample(dilated(masks), grid[:, :, None], align_corners=False)
    return found[:, 0, :, 0] >= 0.5


def as_masks(values: Tensor) -> Tensor:
    """Masks (N, 1, S, S), 0 to 1, of uint8 values (N, S, S)."""
    return values.unsqueeze(1).to(torch.float32) / 255
