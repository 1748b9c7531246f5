"""Geometry and appearance apart: read a picture's points, move them, redraw the person."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from model.core.panels import resized
from model.keypointgan.networks import KeypointGan, to_pixels, to_unit


@dataclass(frozen=True)
class Reading:
    """What a network sees in a picture.

    ``points`` (K, 2) float32, (x, y) in -1..1 across the picture; ``skeleton_image`` and
    ``clean`` (S, S) uint8: the skeleton as it was predicted, and as it is drawn from the points.
    """

    points: NDArray[np.float32]
    skeleton_image: NDArray[np.uint8]
    clean: NDArray[np.uint8]


class Factorization:
    """Reads and redraws people with one network, in eval mode, on the network's device.

    Pictures are square RGB uint8 (any side, 3) and come out in the network's size.
    """

    def __init__(self, network: KeypointGan) -> None:
        self.network = network.eval()

    @property
    def size(self) -> int:
        """Side of the pictures that come out, pixels."""
        return self.network.spec.size

    @torch.inference_mode()
    def read(self, picture: NDArray[np.uint8]) -> Reading:
        """The points of a picture and the skeletons on the way to them."""
        translation = self.network.translate(self._tensor(picture))
        return Reading(
            points=translation.points[0].cpu().numpy(),
            skeleton_image=_grey(translation.skeleton_image),
            clean=_grey(translation.clean),
        )

    @torch.inference_mode()
    def redraw(
        self, points: NDArray[np.floating], appearance: NDArray[np.uint8]
    ) -> NDArray[np.uint8]:
        """The person of the picture ``appearance`` in the pose ``points`` (K, 2)."""
        pose = torch.from_numpy(np.array(points, np.float32))[None].to(self.network.device)
        return self._redrawn(self.network.draw(pose), appearance)

    @torch.inference_mode()
    def cycle(self, picture: NDArray[np.uint8], appearance: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The picture redrawn from its skeleton image as it was predicted, hidden traces and all.

        For networks without a bottleneck this is their cycle.
        """
        return self._redrawn(self.network.G_A(self._tensor(picture)), appearance)

    def _redrawn(self, skeleton: Tensor, appearance: NDArray[np.uint8]) -> NDArray[np.uint8]:
        image = self.network.G_B(skeleton, self._tensor(appearance))
        return np.ascontiguousarray(to_pixels(image)[0].permute(1, 2, 0).cpu().numpy())

    def transfer(self, pose: NDArray[np.uint8], appearance: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The person of ``appearance`` in the pose of whoever is in the picture ``pose``."""
        return self.redraw(self.read(pose).points, appearance)

    def skeleton(self, points: NDArray[np.floating]) -> NDArray[np.uint8]:
        """The skeleton image (S, S) uint8 of ``points`` (K, 2) in -1..1."""
        pose = torch.from_numpy(np.array(points, np.float32))[None]
        return _grey(self.network.draw(pose))

    def _tensor(self, picture: NDArray[np.uint8]) -> Tensor:
        pixels = torch.from_numpy(resized(picture, self.size).copy())
        return to_unit(pixels.permute(2, 0, 1)[None].to(self.network.device))


def _grey(image: Tensor) -> NDArray[np.uint8]:
    return np.ascontiguousarray(to_pixels(image)[0, 0].cpu().numpy())
