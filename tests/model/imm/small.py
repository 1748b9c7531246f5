"""A small IMM network, small perceptual features and striped pictures for tests."""

from __future__ import annotations

import itertools

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from model.imm.data import ImmExample
from model.imm.networks import Imm, ImmSpec

# Maps of 4 cells instead of 16: points reach as many of them as in the published network.
SPEC = ImmSpec(points=3, size=32, width=4, sigma=0.5)


def small_network(spec: ImmSpec = SPEC) -> Imm:
    torch.manual_seed(1)
    return Imm(spec)


def lively_network(spec: ImmSpec = SPEC) -> Imm:
    """In eval mode, with outputs that differ: fresh weights are so small that nothing comes out."""
    network = small_network(spec)
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight)
    with torch.no_grad():
        network.pose_head.weight.mul_(3)
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.momentum = 1.0
        given = batch()
        images = [torch.as_tensor(p).permute(0, 3, 1, 2).float() for p in given[:2]]
        network.train()(*images)
    return network.eval()


class SmallFeatures(nn.Module):
    """Five ever coarser maps of random weights, of pictures 0..255."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(2)
        widths = (3, 4, 4, 4, 4, 4)
        self.layers = nn.ModuleList(
            nn.Sequential(nn.Conv2d(a, b, 3, 2, 1), nn.ReLU())
            for a, b in itertools.pairwise(widths)
        )
        self.requires_grad_(False)

    def forward(self, image: Tensor) -> list[Tensor]:
        maps = []
        for layer in self.layers:
            image = layer(image)
            maps.append(image)
        return maps


def picture(seed: int, size: int = 32) -> NDArray[np.uint8]:
    """A bright square somewhere on a dark ground of some colour."""
    rng = np.random.default_rng(seed)
    image = np.tile(rng.integers(20, 90, 3).astype(np.uint8), (size, size, 1))
    x, y = rng.integers(0, size // 2, 2)
    image[y : y + size // 2, x : x + size // 2] = (220, 200, 160)
    return image


def batch(count: int = 4, size: int = 32, seed: int = 0) -> ImmExample:
    """Examples as a run hands them over: tensors with an axis in front."""
    pictures = [picture(seed + i, size) for i in range(2 * count)]
    return ImmExample(
        torch.from_numpy(np.stack(pictures[::2])),  # type: ignore[arg-type]
        torch.from_numpy(np.stack(pictures[1::2])),  # type: ignore[arg-type]
        torch.ones(count, size, size),  # type: ignore[arg-type]
    )
