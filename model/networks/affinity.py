"""The affinity transformer: which raw maps make up each supervised keypoint (method 1.3)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from model.networks.blocks import FEATURES

HEADS = 4
# The published features are 32 x 32; finer ones are halved, as attention pays for every cell.
_LARGEST_SIDE = 32


class AffinityTransformer(nn.Module):
    """Features (N, 256, H, W) to the affinity W (N, k_sup, k_self), rows summing to 1.

    Learnable queries, one per supervised keypoint, go through one post-norm decoder layer over
    the flattened features (no positional encoding) and a final LayerNorm; a projection and a
    softmax over the self-supervised maps give W.
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

    def forward(self, features: Tensor) -> Tensor:
        return self.projection(self.decode(features)).softmax(dim=-1)

    def decode(self, features: Tensor) -> Tensor:
        """Each query after it has looked at the features: (N, k_sup, 256)."""
        if features.shape[-1] > _LARGEST_SIDE:
            features = functional.avg_pool2d(features, 2)
            if features.requires_grad:
                # Else the gradient comes in another layout, and four times as much is copied.
                features.register_hook(_channels_last)
        # In one piece: on a CPU, products with a strided memory took four times the whole network.
        memory = features.flatten(2).permute(2, 0, 1).contiguous()  # H*W, N, 256
        queries = self.queries.t().unsqueeze(1).expand(-1, features.shape[0], -1)  # k_sup, N, 256
        return self.decoder(queries, memory).transpose(0, 1)


def _channels_last(gradient: Tensor) -> Tensor:
    return gradient.contiguous(memory_format=torch.channels_last)
