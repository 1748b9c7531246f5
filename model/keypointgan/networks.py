"""KeypointGAN's networks, and how a picture goes through them (methods 2.1 to 2.3).

Modules are named so that the released checkpoints fit.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from model.core.blocks import conv_bn_relu
from model.core.heatmaps import marginal_mean_points
from model.keypointgan.rendering import draw_skeletons
from model.keypointgan.settings import KeypointGanSpec


def _widths(width: int) -> tuple[int, int, int, int]:
    return width, 2 * width, 4 * width, 8 * width


def _up() -> nn.Upsample:
    return nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False)


def _conv_in_relu(inputs: int, outputs: int, kernel: int = 3, stride: int = 1) -> list[nn.Module]:
    return [
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2),
        nn.InstanceNorm2d(outputs),
        nn.ReLU(inplace=True),
    ]


def _bare(inputs: int, outputs: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 1, bias=False)


def _last(inputs: int, outputs: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 3, padding=1)


class _Stages(nn.Module):
    """Four stages, each half the size of the one before; what each of them says."""

    def __init__(self, inputs: int, width: int) -> None:
        super().__init__()
        channels = _widths(width)
        blocks = [nn.Sequential(*conv_bn_relu(inputs, width, 7), *conv_bn_relu(width, width))]
        blocks += [
            nn.Sequential(*conv_bn_relu(a, b, stride=2), *conv_bn_relu(b, b))
            for a, b in pairwise(channels)
        ]
        blocks[-1].append(_bare(channels[-1], channels[-1]))
        self.blocks = nn.ModuleList(blocks)

    def forward(self, image: Tensor) -> list[Tensor]:
        stages = []
        for block in self.blocks:
            image = block(image)
            stages.append(image)
        return stages


class _SkipDecoder(nn.Module):
    """From the last stage back to the first's size, joining each stage on the way."""

    def __init__(self, outputs: int, width: int) -> None:
        super().__init__()
        c1, c2, c3, c4 = _widths(width)
        self.blocks = nn.ModuleList(
            [
                nn.Sequential(*conv_bn_relu(c4, c4), *conv_bn_relu(c4, c4), _up()),
                nn.Sequential(
                    _bare(c4 + c3, c4), *conv_bn_relu(c4, c3), *conv_bn_relu(c3, c3), _up()
                ),
                nn.Sequential(
                    _bare(c3 + c2, c3), *conv_bn_relu(c3, c2), *conv_bn_relu(c2, c2), _up()
                ),
                nn.Sequential(_bare(c2 + c1, c2), *conv_bn_relu(c2, c1), _last(c1, outputs)),
            ]
        )

    def forward(self, stages: list[Tensor]) -> Tensor:
        x = self.blocks[0](stages[-1])
        for block, stage in zip(list(self.blocks)[1:], stages[-2::-1], strict=True):
            x = block(torch.cat([x, stage], dim=1))
        return x


class ImageToSkeleton(nn.Module):
    """G_A: picture (N, 3, S, S) to skeleton image (N, 1, S, S), linear output."""

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        self.encoder = _Stages(3, width)
        self.decoder = _SkipDecoder(1, width)

    def forward(self, image: Tensor) -> Tensor:
        skeleton: Tensor = self.decoder(self.encoder(image))
        return skeleton


class _FlatEncoder(nn.Module):
    """The same stages in one sequence: (N, inputs, S, S) to (N, 8 width, S/8, S/8)."""

    def __init__(self, inputs: int, width: int) -> None:
        super().__init__()
        stages = _Stages(inputs, width).blocks
        self.model = nn.Sequential(*(layer for stage in stages for layer in _children(stage)))

    def forward(self, image: Tensor) -> Tensor:
        features: Tensor = self.model(image)
        return features


def _children(module: nn.Module) -> Iterable[nn.Module]:
    return module.children()


class _FlatDecoder(nn.Module):
    def __init__(self, inputs: int, outputs: int, width: int) -> None:
        super().__init__()
        c1, c2, c3, c4 = _widths(width)
        layers: list[nn.Module] = []
        for a, b in ((inputs, c4), (c4, c3), (c3, c2)):
            layers += [*conv_bn_relu(a, b), *conv_bn_relu(b, b), _up()]
        self.model = nn.Sequential(*layers, *conv_bn_relu(c2, c1), _last(c1, outputs))

    def forward(self, features: Tensor) -> Tensor:
        image: Tensor = self.model(features)
        return image


class SkeletonToImage(nn.Module):
    """G_B: skeleton image (N, 1, S, S) and, if conditional, another picture, to a picture.

    ``global_condition`` replaces the other picture's features by their mean over all places: it
    then says what, but not where. Without ``conditional`` this is CycleGAN's plain translator.
    """

    def __init__(
        self, width: int = 32, *, conditional: bool = True, global_condition: bool = False
    ) -> None:
        super().__init__()
        self.encoder = _FlatEncoder(1, width)
        self.conditional = conditional
        self.global_condition = global_condition
        features = 8 * width
        if conditional:
            self.encoder_cond = _FlatEncoder(3, width)
            features *= 2
        self.decoder = _FlatDecoder(features, 3, width)

    def forward(self, skeleton: Tensor, condition: Tensor) -> Tensor:
        features = self.encoder(skeleton)
        if self.conditional:
            appearance = self.encoder_cond(condition)
            if self.global_condition:
                appearance = appearance.mean(dim=(-2, -1), keepdim=True).expand_as(appearance)
            features = torch.cat([features, appearance], dim=1)
        image: Tensor = self.decoder(features)
        return image


class Regressor(nn.Module):
    """R: skeleton image (N, 1, S, S) to a score map for each point (N, K, S/8, S/8)."""

    def __init__(self, points: int, width: int = 32) -> None:
        super().__init__()
        channels = _widths(width)
        layers = [*_conv_in_relu(1, width, 7), *_conv_in_relu(width, width)]
        for a, b in pairwise(channels):
            layers += [*_conv_in_relu(a, b, stride=2), *_conv_in_relu(b, b)]
        self.model = nn.Sequential(*layers, nn.Conv2d(channels[-1], points, 1))

    def forward(self, skeleton: Tensor) -> Tensor:
        maps: Tensor = self.model(skeleton)
        return maps


class PatchDiscriminator(nn.Module):
    """Scores of overlapping patches of a picture, linear: (N, inputs, S, S) to (N, 1, P, P)."""

    def __init__(self, inputs: int = 1, width: int = 64) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(inputs, width, 4, 2, 1), nn.LeakyReLU(0.2, True)]
        for a, b, stride in ((1, 2, 2), (2, 4, 2), (4, 8, 1)):
            layers += [
                nn.Conv2d(a * width, b * width, 4, stride, 1),
                nn.InstanceNorm2d(b * width),
                nn.LeakyReLU(0.2, True),
            ]
        self.model = nn.Sequential(*layers, nn.Conv2d(8 * width, 1, 4, 1, 1))

    def forward(self, image: Tensor) -> Tensor:
        scores: Tensor = self.model(image)
        return scores


class MultiScaleDiscriminator(nn.Module):
    """D: independent discriminators on the picture at full, half, quarter ... size."""

    def __init__(self, inputs: int = 1, width: int = 64, scales: int = 3) -> None:
        super().__init__()
        self.scales = scales
        for scale in range(scales):
            self.add_module(f"net_{scale}", PatchDiscriminator(inputs, width))

    def forward(self, image: Tensor) -> list[Tensor]:
        """The scores at each scale."""
        scores = []
        for scale in range(self.scales):
            resized = image
            if scale:
                resized = functional.interpolate(
                    image, scale_factor=0.5**scale, mode="bilinear", align_corners=False
                )
            scores.append(self.get_submodule(f"net_{scale}")(resized))
        return scores


def initialise(network: nn.Module) -> None:
    """The published start: weights N(0, 0.02), those of BatchNorm N(1, 0.02), biases 0."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.normal_(module.weight, 0, 0.02)
        elif isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.weight, 1, 0.02)
        else:
            continue
        if module.bias is not None:
            nn.init.zeros_(module.bias)


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

    def __init__(self, spec: KeypointGanSpec) -> None:
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
