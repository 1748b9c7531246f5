"""What stands on the shared features: the affinity transformer, and the reconstruction.

The former says which raw maps make up each supervised keypoint (method 1.3). The latter are
appearance and keypoint encoders, and the renderer that joins them (method 1.5).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from model.core.blocks import FEATURES, conv_bn_relu
from model.core.crop import HEATMAP_SIZE
from model.core.heatmaps import gaussian_maps

HEADS = 4
# The published features are 32 x 32; finer ones are halved, as attention pays for every cell.
LARGEST_SIDE = 32


class AffinityTransformer(nn.Module):
    """Features (N, 256, H, W) to the affinity W (N, k_sup, k_self), rows summing to 1.

    Learnable queries, one per supervised keypoint, go through one post-norm decoder layer over
    the flattened features (no positional encoding) and a final LayerNorm; a projection and a
    softmax over the self-supervised maps give W.

    The features are far more than the queries, so the projections of keys and values are moved to
    the queries' side: for a head with weights U and V, ``q . (U m) = (U^T q) . m``, and
    ``sum a (V m) = V sum (a m)``. A fifth of the products, the same result but for rounding.
    """

    def __init__(self, k_sup: int, k_self: int) -> None:
        super().__init__()
        # Feature dimension first: the layout in which published checkpoints store the queries.
        self.queries = nn.Parameter(torch.randn(FEATURES, k_sup))
        layer = nn.TransformerDecoderLayer(FEATURES, HEADS, dim_feedforward=4 * FEATURES)
        self.decoder = nn.TransformerDecoder(layer, num_layers=1, norm=nn.LayerNorm(FEATURES))
        self.projection = nn.Linear(FEATURES, k_self)
        for module in self.decoder.modules():
            if isinstance(module, nn.Linear):
                nn.init.normal_(module.weight, std=0.001)
                nn.init.zeros_(module.bias)

    @property
    def layer(self) -> Any:
        """The decoder's one layer."""
        return self.decoder.layers[0]

    @property
    def norm(self) -> Any:
        """The last LayerNorm."""
        return self.decoder.norm

    def forward(self, features: Tensor) -> Tensor:
        return self.projection(self.decode(features)).softmax(dim=-1)

    def decode(self, features: Tensor) -> Tensor:
        """Each query after it has looked at the features: (N, k_sup, 256)."""
        if features.shape[-1] > LARGEST_SIDE:
            features = functional.avg_pool2d(features, 2)
            if features.requires_grad:
                # Else the gradient comes in another layout, and four times as much is copied.
                features.register_hook(_channels_last)
        layer = self.layer
        # Without dropout the queries are alike for every picture until they look at it.
        queries = self.attended_queries(len(features) if self.training else 1)
        looked = self._look(queries, features.flatten(2).transpose(1, 2))
        x = layer.norm2(queries + layer.dropout2(looked))
        inner = layer.dropout(functional.relu(layer.linear1(x)))
        x = layer.norm3(x + layer.dropout3(layer.linear2(inner)))
        return self.norm(x)

    def attended_queries(self, count: int = 1) -> Tensor:
        """The queries after they have looked at each other (``count``, k_sup, 256)."""
        queries = self.queries.t().unsqueeze(1).expand(-1, count, -1)  # k_sup, N, 256
        layer = self.layer
        mixed = layer.self_attn(queries, queries, queries, need_weights=False)[0]
        return layer.norm1(queries + layer.dropout1(mixed)).transpose(0, 1)

    def keys_of(self, queries: Tensor) -> Tensor:
        """Queries (n, k_sup, 256) as each head compares them with the features (n, 4 k_sup, 256).

        The keys' bias adds the same to all of a query's scores, which softmax does not see.
        """
        attention = self.layer.multihead_attn
        weight, bias = attention.in_proj_weight, attention.in_proj_bias
        asked = functional.linear(queries, weight[:FEATURES], bias[:FEATURES])
        asked = asked.unflatten(-1, (HEADS, -1)).transpose(1, 2)  # n, 4, k_sup, 64
        keys = weight[FEATURES : 2 * FEATURES].view(HEADS, -1, FEATURES)
        return (asked @ keys / asked.shape[-1] ** 0.5).flatten(1, 2)

    def _look(self, queries: Tensor, memory: Tensor) -> Tensor:
        """What queries (n or 1, k_sup, 256) find in the features (n, H W, 256)."""
        attention = self.layer.multihead_attn
        weights = (self.keys_of(queries) @ memory.transpose(1, 2)).softmax(dim=-1)
        weights = functional.dropout(weights, attention.dropout, self.training)
        found = (weights @ memory).unflatten(1, (HEADS, -1))  # n, 4, k_sup, 256
        values = attention.in_proj_weight[2 * FEATURES :].view(HEADS, -1, FEATURES)
        bias = attention.in_proj_bias[2 * FEATURES :].view(HEADS, 1, -1)
        # Weights that dropout has thinned out do not sum to 1.
        share = weights.sum(dim=-1, keepdim=True).unflatten(1, (HEADS, -1))
        heads = found @ values.transpose(1, 2) + share * bias  # n, 4, k_sup, 64
        return attention.out_proj(heads.transpose(1, 2).flatten(2))


def _channels_last(gradient: Tensor) -> Tensor:
    return gradient.contiguous(memory_format=torch.channels_last)


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
