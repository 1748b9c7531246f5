"""A KeypointGAN small enough for tests, alive in every part, and what it learns from."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from model.keypointgan.data import GanBatch
from model.keypointgan.losses import RatioPerceptualLoss
from model.keypointgan.networks import KeypointGan
from model.keypointgan.settings import KeypointGanSpec
from tests.networks import small_perceptual_loss
from tests.released import filled

SIZE = 32


def tiny_network(**changes: Any) -> KeypointGan:
    """A network for ``penn13`` of 32 x 32 pictures; ``changes`` are of its spec."""
    spec = {
        "skeleton_name": "penn13", "size": SIZE, "width": 4, "discriminator_width": 4, "scales": 1,
        **changes,
    }  # fmt: skip
    network = KeypointGan(KeypointGanSpec(**spec))
    # The published start is too small for a network that has not learnt to show anything.
    network.load_state_dict(
        filled({name: tuple(value.shape) for name, value in network.state_dict().items()})
    )
    return network


def tiny_perceptual() -> RatioPerceptualLoss:
    return RatioPerceptualLoss(small_perceptual_loss().features)


def poses(seed: int, count: int = 4, points: int = 13) -> Tensor:
    """Poses (count, points, 2), well inside the picture."""
    return torch.rand(count, points, 2, generator=torch.Generator().manual_seed(seed)) * 1.4 - 0.7


def batch(seed: int, count: int = 4) -> GanBatch:
    random = torch.Generator().manual_seed(seed)
    target, condition = (
        torch.randint(256, (count, SIZE, SIZE, 3), dtype=torch.uint8, generator=random)
        for _ in range(2)
    )
    return GanBatch(target, condition, poses(seed, count))


def tensors_of(network: KeypointGan) -> dict[str, Tensor]:
    """Copies of all tensors by name."""
    return {name: value.clone() for name, value in network.state_dict().items()}


def parts_that_differ(a: dict[str, Tensor], b: dict[str, Tensor]) -> set[str]:
    """The networks of which some tensor is not the same in both, bit for bit."""
    assert a.keys() == b.keys()
    return {name.partition(".")[0] for name in a if not torch.equal(a[name], b[name])}
