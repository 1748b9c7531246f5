"""Augmentation, drawn once per pair and applied to both its images (method 1.8)."""

from __future__ import annotations

from dataclasses import dataclass, replace
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
