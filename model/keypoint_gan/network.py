"""The networks of KeypointGAN as one module, and how a picture goes through them (method 2.1)."""

from __future__ import annotations

import copy
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from model.heatmaps import marginal_mean_points
from model.keypoint_gan.networks import (
    ImageToSkeleton,
    MultiScaleDiscriminator,
    Regressor,
    SkeletonToImage,
    initialise,
)
from model.keypoint_gan.rendering import draw_skeletons
from model.keypoint_gan.spec import GanSpec


@dataclass(frozen=True)
class Translation:
    """A picture's way to its points.

    ``skeleton_image`` (N, 1, S, S) is G_A's, ``points`` (N, K, 2) are (x, y) in -1..1, and
    ``clean`` (N, 1, S, S) is the skeleton drawn from the points.
    """

    skeleton_image: Tensor
    points: Tensor
    clean: Tensor


class KeypointGan(nn.Module):
    """G_A, G_B, the regressor and the discriminators, started as published.

    Pictures are (N, 3, S, S) in -1..1 (see ``to_unit``), S the spec's size or another multiple
    of 8. The names of the parts and of their tensors are the released code's.
    """

    def __init__(self, spec: GanSpec) -> None:
        super().__init__()
        self.spec = spec
        self.G_A = ImageToSkeleton(spec.width)
        self.G_B = SkeletonToImage(
            spec.width, conditional=spec.conditional, global_condition=spec.global_condition
        )
        self.regressor = Regressor(len(spec.skeleton), spec.width)
        self.D_A = MultiScaleDiscriminator(1, spec.discriminator_width, spec.scales)
        if spec.second_cycle:
            self.D_B = MultiScaleDiscriminator(3, spec.discriminator_width, spec.scales)
        initialise(self)
        self.offline_regressor = copy.deepcopy(self.regressor).requires_grad_(False)

    @property
    def device(self) -> torch.device:
        """Where the networks compute."""
        return next(self.G_A.parameters()).device

    def keep_regressor(self) -> None:
        """Remember the regressor as it is: the one that tells left from right at test time."""
        self.offline_regressor.load_state_dict(self.regressor.state_dict())

    @property
    def generators(self) -> nn.ModuleList:
        return nn.ModuleList([self.G_A, self.G_B])

    @property
    def discriminators(self) -> nn.ModuleList:
        return nn.ModuleList([self.D_A, *([self.D_B] if self.spec.second_cycle else [])])

    def locate(self, skeleton_image: Tensor) -> Tensor:
        """R and the extraction: skeleton images (N, 1, S, S) to points (N, K, 2) in -1..1."""
        return marginal_mean_points(self.regressor(skeleton_image))

    def draw(self, points: Tensor, size: int | None = None) -> Tensor:
        """Skeleton images (N, 1, S, S) of ``points`` (N, K, 2)."""
        return draw_skeletons(points, self.spec.skeleton, size or self.spec.size, self.spec.sigma)

    def translate(self, image: Tensor) -> Translation:
        """From pictures (N, 3, S, S) to their points."""
        skeleton_image = self.G_A(image)
        points = self.locate(skeleton_image)
        return Translation(skeleton_image, points, self.draw(points, image.shape[-1]))

    def rebuild(self, translation: Translation, condition: Tensor) -> Tensor:
        """The picture (N, 3, S, S), with the look of ``condition`` (N, 3, S, S)."""
        seen = translation.clean if self.spec.bottleneck else translation.skeleton_image
        image: Tensor = self.G_B(seen, condition)
        return image


def to_unit(pixels: Tensor) -> Tensor:
    """uint8 pixels as float32 in -1..1."""
    return pixels.float().div_(127.5).sub_(1)


def to_pixels(images: Tensor) -> Tensor:
    """Pictures in -1..1 as uint8 pixels, clamped."""
    return images.detach().float().add(1).mul(127.5).clamp(0, 255).round().to(torch.uint8)
