"""Geometric augmentation, drawn once per pair and applied to both its images (method 1.8)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.crop import CROP_SIZE, SquareBox, crop_matrix

SCALE_SD = 0.25
ROTATION_SD = 30.0
FLIP_PROBABILITY = 0.5
# In training, and offline on Penn Action, six pairs in ten are rotated; online, every one is.
TRAINING_ROTATION_PROBABILITY = 0.6


@dataclass(frozen=True)
class Augmentation:
    """``scale`` multiplies the crop's side, ``rotation`` is in degrees, ``flip`` mirrors."""

    scale: float = 1.0
    rotation: float = 0.0
    flip: bool = False

    def matrix(self, box: SquareBox, size: int = CROP_SIZE) -> NDArray[np.float64]:
        """The map (2 x 3) from image pixels to the augmented ``size`` x ``size`` crop."""
        return crop_matrix(box, size, scale=self.scale, rotation=self.rotation, flip=self.flip)


NONE = Augmentation()


def draw(rng: np.random.Generator, rotation_probability: float = 1.0) -> Augmentation:
    """One random augmentation: scale within 0.75..1.25, rotation within -60..60 degrees, flip."""
    scale = np.clip(1 + SCALE_SD * rng.standard_normal(), 1 - SCALE_SD, 1 + SCALE_SD)
    rotation = 0.0
    if rng.random() <= rotation_probability:
        rotation = np.clip(ROTATION_SD * rng.standard_normal(), -2 * ROTATION_SD, 2 * ROTATION_SD)
    return Augmentation(float(scale), float(rotation), bool(rng.random() <= FLIP_PROBABILITY))
