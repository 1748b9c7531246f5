"""Appearance and keypoint encoders, and the renderer that joins them (method 1.5)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from model.core.blocks import conv_bn_relu
from model.core.crop import HEATMAP_SIZE
from model.core.heatmaps import gaussian_maps


class ContentEncoder(nn.Module):
    """(N, inputs, 128, 128) to (N, 256, 16, 16); used for appearance and for keypoints."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.layer1 = nn.Sequential(*conv_bn_relu(inputs, 32, 7), *conv_bn_relu(32, 32))
        self.layer2 = nn.Sequential(*conv_bn_relu(32, 64, stride=2), *conv_bn_relu(64, 64))
        self.layer3 = nn.Sequential(*conv_bn_relu(64, 128, stride=2), *conv_bn_relu(128, 128))
        self.layer4 = nn.Sequential(*conv_bn_relu(128, 256, stride=2), *conv_bn_relu(256, 256))

    def forward(self, x: Tensor) -> Tensor:
        return self.layer4(self.layer3(self.layer2(self.layer1(x))))


class Renderer(nn.Module):
    """Appearance and keypoint features, 512 channels at 16 x 16, to an image (N, 3, 128, 128)."""

    def __init__(self) -> None:
        super().__init__()
        self.layer1 = _render_block(512)
        self.layer2 = _render_block(256)
        self.layer3 = _render_block(128)
        self.layer4 = nn.Sequential(
            *conv_bn_relu(64, 32), *conv_bn_relu(32, 32), nn.Conv2d(32, 3, 3, padding=1)
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.layer4(self.layer3(self.layer2(self.layer1(x))))


def _render_block(inputs: int) -> nn.Sequential:
    outputs = inputs // 2
    return nn.Sequential(
        *conv_bn_relu(inputs, outputs), *conv_bn_relu(outputs, outputs), nn.Upsample(scale_factor=2)
    )


class Reconstruction(nn.Module):
    """Rebuild the target from the source's appearance and the target's keypoints.

    The source image sees only the appearance encoder, the target only the keypoint bottleneck:
    what the renderer knows of the target's pose must come through ``k_self`` points.
    """

    def __init__(self, k_self: int) -> None:
        super().__init__()
        self.appearance_encoder = ContentEncoder(3)
        self.keypoint_encoder = ContentEncoder(k_self)
        self.renderer = Renderer()

    def forward(self, points: Tensor, source: Tensor) -> Tensor:
        """``points`` (N, k_self, 2) in cells of 32 x 32, ``source`` (N, 3, S, S); returns its size.

        S is 128; a smaller one, for cheap training steps, must be divisible by 8.
        """
        maps = gaussian_maps(points, HEATMAP_SIZE)
        size = source.shape[-2:]
        maps = functional.interpolate(maps, size=size, mode="bilinear", align_corners=False)
        appearance = self.appearance_encoder(source)
        return self.renderer(torch.cat([appearance, self.keypoint_encoder(maps)], dim=1))
