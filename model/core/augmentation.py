"""Augmentation of both images of a pair alike (method 1.8), and thin-plate warps (2.9, 3.4)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from model.core.crop import CROP_SIZE, SquareBox, crop_matrix

SCALE_SD = 0.25
ROTATION_SD = 30.0
FLIP_PROBABILITY = 0.5
# The share of the resolution left by a poor camera, and the sides of a hidden part.
DETAIL = (0.3, 0.8)
HIDDEN = (0.1, 0.4)
# In training, and offline on Penn Action, six pairs in ten are rotated; online, every one is.
TRAINING_ROTATION_PROBABILITY = 0.6


@dataclass(frozen=True)
class Augmentation:
    """One draw.

    ``scale`` multiplies the crop's side, ``rotation`` is in degrees, ``flip`` mirrors, ``shift``
    moves the crop by shares of its side; ``gains`` multiply the three colours and ``gamma`` bends
    them; ``detail`` is the share of the resolution that is kept; ``hidden`` covers a rectangle
    (left, top, width, height, as shares of the side) with one grey (0..255).
    """

    scale: float = 1.0
    rotation: float = 0.0
    flip: bool = False
    shift: tuple[float, float] = (0.0, 0.0)
    gains: tuple[float, float, float] = (1.0, 1.0, 1.0)
    gamma: float = 1.0
    detail: float = 1.0
    hidden: tuple[float, float, float, float] | None = None
    grey: int = 0

    def matrix(self, box: SquareBox, size: int = CROP_SIZE) -> NDArray[np.float64]:
        """The map (2 x 3) from image pixels to the augmented ``size`` x ``size`` crop."""
        x, y = self.shift
        moved = SquareBox(box.x + x * box.side, box.y + y * box.side, box.side)
        return crop_matrix(moved, size, scale=self.scale, rotation=self.rotation, flip=self.flip)

    def retouch(self, crop: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The crop (H x W x 3, uint8) with its colours and detail changed, and a part hidden."""
        height, width = crop.shape[:2]
        if self.detail < 1:
            small = (max(1, round(width * self.detail)), max(1, round(height * self.detail)))
            reduced = cv2.resize(crop, small, interpolation=cv2.INTER_AREA)
            crop = np.asarray(cv2.resize(reduced, (width, height)), np.uint8)
        if self.gamma != 1 or self.gains != (1.0, 1.0, 1.0):
            bent = 255 * (np.arange(256) / 255) ** self.gamma
            table = np.clip(np.outer(bent, self.gains), 0, 255).round().astype(np.uint8)
            crop = np.asarray(cv2.LUT(crop, table[None]), np.uint8)
        if self.hidden is not None:
            left, top, wide, high = self.hidden
            rows = slice(round(top * height), round((top + high) * height))
            crop = crop.copy()
            crop[rows, round(left * width) : round((left + wide) * width)] = self.grey
        return crop


NONE = Augmentation()


@dataclass(frozen=True)
class Augmenter:
    """What augmentations are drawn from. The defaults are the published ones of training.

    What is 0 by default is not in the paper, and makes a network bear a rough box, foreign light,
    a poor camera and hidden limbs: ``shift_sd`` in shares of the side, ``colour_sd`` of the
    logarithm of gains and gamma, and the probabilities of losing detail and of a hidden part.
    """

    rotation_probability: float = TRAINING_ROTATION_PROBABILITY
    rotation_sd: float = ROTATION_SD
    scale_sd: float = SCALE_SD
    shift_sd: float = 0.0
    colour_sd: float = 0.0
    blur_probability: float = 0.0
    hide_probability: float = 0.0

    def draw(self, rng: np.random.Generator) -> Augmentation:
        """One random augmentation: scale within one deviation of 1, rotation within two of 0."""
        scale = 1 + self.scale_sd * np.clip(rng.standard_normal(), -1, 1)
        rotation = 0.0
        if rng.random() <= self.rotation_probability:
            rotation = self.rotation_sd * np.clip(rng.standard_normal(), -2, 2)
        flip = bool(rng.random() <= FLIP_PROBABILITY)
        drawn = Augmentation(float(scale), float(rotation), flip)
        if self.shift_sd:
            x, y = np.clip(rng.standard_normal(2), -2, 2) * self.shift_sd
            drawn = replace(drawn, shift=(float(x), float(y)))
        if self.colour_sd:
            drawn = replace(drawn, **_colours(rng, self.colour_sd))
        if rng.random() < self.blur_probability:
            drawn = replace(drawn, detail=float(rng.uniform(*DETAIL)))
        if rng.random() < self.hide_probability:
            wide, high = rng.uniform(*HIDDEN, 2)
            left, top = rng.uniform(0, 1 - wide), rng.uniform(0, 1 - high)
            hidden = (float(left), float(top), float(wide), float(high))
            drawn = replace(drawn, hidden=hidden, grey=int(rng.integers(256)))
        return drawn


def _colours(rng: np.random.Generator, sd: float) -> dict[str, Any]:
    """Gains that mostly agree (light) and differ a little (white balance), and a gamma."""
    light = rng.standard_normal()
    red, green, blue = np.exp(sd * (light + 0.4 * rng.standard_normal(3)))
    gains = (float(red), float(green), float(blue))
    return {"gains": gains, "gamma": float(np.exp(sd * rng.standard_normal()))}


CONTROLS_PER_SIDE = 10
_SMALLEST_SQUARE = 1e-8  # keeps the logarithm finite at a control point


@dataclass(frozen=True, eq=False)
class ThinPlateWarp:
    """A smooth map f from the warped picture back to the picture it is sampled from.

    f(p) = affine(p) + sum_k weights[k] * U(|p - c_k|), with U(r) = r^2 log r^2 and the control
    points c_k on a 10 x 10 grid over the square [-1, 1]^2, row by row. The picture covers the
    middle [-extent, extent]^2 of that square: an extent of a half stands for a picture padded by
    half its size on every side. Weights are free, so f is smooth but interpolates nothing.

    ``affine`` is (2, 3), float64; ``weights`` (100, 2), float64; both in units of the square.
    """

    affine: NDArray[np.float64]
    weights: NDArray[np.float64]
    extent: float = 1.0

    def origins(self, points: NDArray[np.floating], size: int) -> NDArray[np.float64]:
        """Where ``points`` (..., 2) of the warped picture come from: pixels (x, y) in both."""
        half = (size - 1) / 2
        square = (np.asarray(points, np.float64) / half - 1) * self.extent
        return (_basis(square) @ self._coefficients / self.extent + 1) * half

    def grid(self, size: int) -> NDArray[np.float32]:
        """The origin (x, y) of every pixel of a warped picture; (size, size, 2), float32."""
        half = (size - 1) / 2
        coefficients = self._coefficients * (half / self.extent)
        coefficients[-3] += half
        grid = _grid_basis(size, self.extent) @ coefficients.astype(np.float32)
        return grid.reshape(size, size, 2)

    def apply(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Warp a square picture (S, S, up to 4 channels; uint8); its edges continue outside.

        Raises ``ValueError`` if the picture is not square.
        """
        height, width = image.shape[:2]
        if height != width:
            raise ValueError(f"a thin-plate warp needs a square picture, not {width} x {height}")
        x, y = cv2.split(self.grid(width))
        warped = cv2.remap(image, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(warped, np.uint8)

    @property
    def _coefficients(self) -> NDArray[np.float64]:
        return np.concatenate([self.weights, self.affine[:, [2, 0, 1]].T])


@dataclass(frozen=True)
class WarpDistribution:
    """Standard deviations that warps are drawn with, in units of the control square.

    ``rotation`` is in degrees, ``scale`` about 1. A control point's weight is the sum of a draw
    with ``weight`` and, for a random half of the weights, a second one with ``strong_weight``.
    ``extent`` is that of ``ThinPlateWarp``.
    """

    rotation: float
    scale: float
    translation: float
    weight: float
    strong_weight: float
    extent: float = 1.0

    def draw(self, rng: np.random.Generator) -> ThinPlateWarp:
        """One random warp."""
        angle = np.deg2rad(self.rotation) * rng.standard_normal()
        scale = 1 + self.scale * rng.standard_normal()
        shift = self.translation * rng.standard_normal(2)
        cos, sin = scale * np.cos(angle), scale * np.sin(angle)
        shape = (CONTROLS_PER_SIDE**2, 2)
        strong = rng.integers(2, size=shape) * rng.standard_normal(shape)
        weights = self.weight * rng.standard_normal(shape) + self.strong_weight * strong
        affine = np.array([[cos, -sin, shift[0]], [sin, cos, shift[1]]])
        return ThinPlateWarp(affine, weights, self.extent)


CONDITIONING = WarpDistribution(
    rotation=5, scale=0.05, translation=0.05, weight=0.0005, strong_weight=0.005, extent=0.5
)
"""KeypointGAN's conditioning image (method 2.9)."""

TARGET = replace(CONDITIONING, weight=0.0, strong_weight=0.0)
"""KeypointGAN's option for targets: affine only (method 2.9)."""


def random_thin_plate_warp(image: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """A random warp of a square picture (S, S, 3; uint8): the source of a still (method 2.9).

    Every call draws anew; the published cache of a thousand warps only saved time.
    """
    return CONDITIONING.draw(rng).apply(image)


def _basis(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """U of the distance to each control point, then 1, x, y: (..., 2) to (..., 103)."""
    axis = np.linspace(-1, 1, CONTROLS_PER_SIDE)
    controls = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    squares = ((points[..., None, :] - controls) ** 2).sum(axis=-1)
    squares = np.maximum(squares, _SMALLEST_SQUARE)
    ones = np.ones_like(points[..., :1])
    return np.concatenate([squares * np.log(squares), ones, points], axis=-1)


@lru_cache(maxsize=8)
def _grid_basis(size: int, extent: float) -> NDArray[np.float32]:
    axis = np.linspace(-extent, extent, size)
    points = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    return _basis(points).astype(np.float32)  # (size * size, 103)
