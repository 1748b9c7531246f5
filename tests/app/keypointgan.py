"""A small KeypointGAN with random weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from model.keypointgan.networks import KeypointGan
from model.keypointgan.settings import KeypointGanSpec
from model.keypointgan.weights import save

SPEC = KeypointGanSpec("penn13", size=32, width=4, discriminator_width=4, scales=1)


def write_weights(path: Path, spec: KeypointGanSpec = SPEC) -> Path:
    """Save one whose points and redrawn pictures depend visibly on what it sees."""
    torch.manual_seed(5)
    network = KeypointGan(spec)
    with torch.no_grad():
        for name, weight in network.named_parameters():
            if weight.ndim == 4:
                torch.nn.init.kaiming_normal_(weight)
            if name.startswith("regressor"):
                weight.mul_(1.5)
    save(path, network)
    return path


def person(seed: int = 0) -> NDArray[np.uint8]:
    """A 128 x 128 picture of coarse coloured patches."""
    coarse = np.random.default_rng(seed).integers(0, 255, (8, 8, 3), np.uint8)
    return np.ascontiguousarray(coarse.repeat(16, axis=0).repeat(16, axis=1))
