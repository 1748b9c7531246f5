"""Small training runs for tests."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from model.core.augmentation import Augmenter
from model.data.sampling import Mixture
from model.data.shards import read_shards
from model.engine.ranks import Ranks
from model.ttp.networks import PoseNetwork, Variant
from model.ttp.training.settings import TrainingSettings
from model.ttp.training.trainer import StepReport, Trainer
from tests.networks import small_network, small_perceptual_loss
from tests.shards import write_shard

SETTINGS = TrainingSettings(
    steps=4,
    batch_size=4,
    pairs=2,
    coarse_steps=4,
    independent_sources=0.5,
    average=0.9,
    augmenter=Augmenter(shift_sd=0.03, colour_sd=0.2, hide_probability=0.4),
    validate_every=100,
    checkpoint_every=100,
)


class Notes:
    """A callback that remembers."""

    def __init__(self) -> None:
        self.reports: list[StepReport] = []
        self.looks: list[tuple[int, bool]] = []
        self.problems: list[str] = []

    def stepped(self, report: StepReport) -> None:
        self.reports.append(report)

    def look(self, step: int, network: PoseNetwork, *, probe: bool) -> None:
        assert not network.training
        self.looks.append((step, probe))

    def problem(self, sentence: str) -> None:
        self.problems.append(sentence)


def make_trainer(
    folder: Path,
    variant: Variant = "transformer",
    ranks: Ranks | None = None,
    *,
    backbone: str = "movenet-lightning",
    **changes: Any,
) -> Trainer:
    """A trainer of a small network on a tiny shard in ``folder``; ``changes`` are of settings."""
    folder.mkdir(exist_ok=True)
    shard = folder / "people.npz"
    if not shard.exists():
        write_shard(shard)
    settings = replace(SETTINGS, **changes)
    return Trainer(
        small_network(variant, backbone=backbone),
        Mixture([read_shards([shard], "people")], seed=settings.seed),
        settings,
        folder,
        perceptual=small_perceptual_loss(),
        ranks=ranks,
    )


def state_of(network: PoseNetwork) -> dict[str, torch.Tensor]:
    """Copies of all tensors by name."""
    return {name: value.clone() for name, value in network.state_dict().items()}


def assert_same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> None:
    """Bit for bit."""
    different = [name for name in a if not torch.equal(a[name], b[name])]
    assert not different
