"""Small training runs for tests."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from model.core.augmentation import Augmenter
from model.data.sampling import Mixture
from model.data.shards import read_shards
from model.engine.checkpoint import identity_of
from model.engine.run import Losses, Run, Schedule
from model.ttp.networks import PoseNetwork, Variant
from model.ttp.objective import JointObjective
from model.ttp.training.settings import TrainingSettings
from model.ttp.training.step import TtpStep, make_loader
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
    """A callback that remembers, and the losses of every step."""

    def __init__(self) -> None:
        self.losses: list[dict[str, float]] = []
        self.rates: list[float] = []
        self.looks: list[tuple[int, bool]] = []
        self.kept: list[int] = []
        self.network: PoseNetwork | None = None

    def look(self, step: int, *, probe: bool) -> dict[str, float]:
        assert self.network is not None and not self.network.training
        self.looks.append((step, probe))
        return {}

    def keep(self, step: int) -> None:
        self.kept.append(step)

    def follow(self, run: Run) -> None:
        """Be told of the steps and looks of a run."""
        assert isinstance(run.learner.network, PoseNetwork)
        self.network = run.learner.network
        run.callback, take = self, type(run.learner).step

        def step(batches: Sequence[Any]) -> Losses:
            losses = take(run.learner, batches)
            self.losses.append({name: float(value) for name, value in losses.items()})
            self.rates.append(run.learner.learning_rate)
            return losses

        run.learner.step = step  # type: ignore[method-assign]


class SmallTraining:
    """A run of a small network on a tiny shard; ``run`` begins, or goes on."""

    def __init__(self, learner: TtpStep, run: Run) -> None:
        self.learner = learner
        self.network = learner.network
        self._run = run

    def run(
        self,
        notes: Notes | None = None,
        stopping: Callable[[], bool] = lambda: False,
        until: int | None = None,
        *,
        resume: bool = False,
    ) -> bool:
        """Whether all steps are taken."""
        (notes or Notes()).follow(self._run)
        self._run.run(stopping=stopping, until=until, resume=resume)
        return self._run.finished

    @property
    def step(self) -> int:
        return self._run.done

    def kept(self) -> dict[str, torch.Tensor]:
        """The tensors that are validated and kept."""
        with self.learner.averaged():
            return state_of(self.network)


def make_training(
    folder: Path, variant: Variant = "transformer", *, backbone: str = "movenet-lightning",
    **changes: Any,
) -> SmallTraining:  # fmt: skip
    """A training on a tiny shard in ``folder``; ``changes`` are of settings."""
    folder.mkdir(exist_ok=True)
    shard = folder / "people.npz"
    if not shard.exists():
        write_shard(shard)
    settings = replace(SETTINGS, **changes)
    network = small_network(variant, backbone=backbone)
    objective = JointObjective(
        network,
        small_perceptual_loss(),
        self_weight=settings.self_weight,
        supervised=settings.supervised,
    )
    learner = TtpStep(objective, settings)
    mixture = Mixture([read_shards([shard], "people")], seed=settings.seed)
    run = Run(
        learner,
        make_loader(mixture, settings, network.spec),
        Schedule(
            settings.steps, settings.validate_every, settings.checkpoint_every, look_first=True
        ),
        folder,
        identity_of(learning_rate=settings.learning_rate),
        quiet=True,
    )
    return SmallTraining(learner, run)


def state_of(network: PoseNetwork) -> dict[str, torch.Tensor]:
    """Copies of all tensors by name."""
    return {name: value.clone() for name, value in network.state_dict().items()}


def assert_same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> None:
    """Bit for bit."""
    different = [name for name in a if not torch.equal(a[name], b[name])]
    assert not different
