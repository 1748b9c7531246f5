"""Square crops around a person: their maps to image and heatmap, and as networks see them.

A person box (x, y, width, height) becomes a square of side 1.25 * max(width, height) whose centre
is moved down by a share of max(width, height); the square's centre maps to pixel (64, 64) of the
128 x 128 crop, without half-pixel offset. The published share is 0.075; a network must be shown
squares moved as those it was trained on (``NetworkSpec.crop_shift``): 9 to 15 points of PCK were
lost on real clips where it was not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

CROP_SIZE = 128
HEATMAP_SIZE = 32
BOX_TO_SIDE = 1.25
CENTRE_SHIFT = 0.075
# Penn Action's label boxes over the boxes of their visible joints, longest sides.
PERSON_TO_JOINTS = 1.2


@dataclass(frozen=True)
class SquareBox:
    """A square in image pixels: centre (``x``, ``y``) and ``side``."""

    x: float
    y: float
    side: float

    @property
    def corners(self) -> tuple[float, float, float, float]:
        """(left, top, right, bottom) in image pixels."""
        half = self.side / 2
        return self.x - half, self.y - half, self.x + half, self.y + half

    def scaled(self, factor: float) -> SquareBox:
        """The square about the same centre with its side multiplied by ``factor``."""
        return SquareBox(self.x, self.y, self.side * factor)


def square_from_person_box(
    x: float, y: float, width: float, height: float, *, shift: float
) -> SquareBox:
    """The crop square of a tight person box given by its left, top, width and height (pixels).

    Its centre is moved down by ``shift`` of the box's longest side.
    """
    longest = max(width, height)
    return SquareBox(
        x=x + width / 2,
        y=y + height / 2 + shift * longest,
        side=BOX_TO_SIDE * longest,
    )


def crop_matrix(
    box: SquareBox,
    size: int = CROP_SIZE,
    *,
    scale: float = 1.0,
    rotation: float = 0.0,
    flip: bool = False,
) -> NDArray[np.float64]:
    """Affine map (2 x 3) from image pixels to pixels of a ``size`` x ``size`` crop of ``box``.

    ``scale`` multiplies the box's side, ``rotation`` turns the content by that many degrees about
    the centre (positive: counter-clockwise on screen), ``flip`` mirrors the result left to right.
    """
    zoom = size / (box.side * scale)
    angle = np.deg2rad(rotation)
    cos, sin = zoom * np.cos(angle), zoom * np.sin(angle)
    linear = np.array([[cos, sin], [-sin, cos]])
    if flip:
        linear[0] *= -1
    centre = np.array([box.x, box.y])
    return np.column_stack([linear, size / 2 - linear @ centre])


def invert(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """The inverse of an affine map (2 x 3)."""
    return np.asarray(cv2.invertAffineTransform(matrix), np.float64)


def compose(outer: NDArray[np.float64], inner: NDArray[np.float64]) -> NDArray[np.float64]:
    """The affine map (2 x 3) that applies ``inner`` first and ``outer`` second."""
    linear = outer[:, :2] @ inner[:, :2]
    return np.column_stack([linear, outer[:, :2] @ inner[:, 2] + outer[:, 2]])


def transform(points: NDArray[np.floating], matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Apply an affine map (2 x 3) to points (..., 2) in (x, y) order."""
    return np.asarray(points, np.float64) @ matrix[:, :2].T + matrix[:, 2]


def warp(
    image: NDArray[np.uint8], matrix: NDArray[np.float64], size: int = CROP_SIZE
) -> NDArray[np.uint8]:
    """Sample ``image`` (H x W x 3, uint8) into a ``size`` x ``size`` crop; outside is black."""
    crop = cv2.warpAffine(
        image, matrix, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT
    )
    return np.asarray(crop, np.uint8)


def heatmap_to_image(
    points: NDArray[np.floating], box: SquareBox, size: int = HEATMAP_SIZE
) -> NDArray[np.float64]:
    """Map heatmap cells (..., 2), (x, y) in 0..size-1, of an unaugmented crop to image pixels.

    x_image = (x_cell - size / 2) * side / size + x_centre, and the same for y (method 1.12).
    """
    centre = np.array([box.x, box.y])
    return (np.asarray(points, np.float64) - size / 2) * (box.side / size) + centre


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
