"""Random thin-plate-spline warps: a second view made out of a single picture (methods 2.9, 3.4)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

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
