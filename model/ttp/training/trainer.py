"""The training loop: steps, their record, and going on where a run stopped."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn

from model.core.errors import UserError
from model.core.perceptual import PerceptualLoss
from model.data.sampling import Mixture
from model.engine.checkpoint import BadSteps, identity_of, read_checkpoint, write_checkpoint
from model.engine.optimisation import gradients_finite
from model.engine.ranks import BatchStatistics, Ranks
from model.ttp.networks import PoseNetwork
from model.ttp.objective import JointObjective
from model.ttp.training.loader import MicroBatchPlan, PictureBatch, make_loader
from model.ttp.training.settings import TrainingSettings

# What may differ when a run goes on: how often it looks at itself, not what it computes.
_FREE = ("validate_every", "checkpoint_every", "probe_every", "on_bad_data")


@dataclass(frozen=True)
class StepReport:
    """One step: means over its micro-batches and processes.

    ``step`` counts from 1. ``applied`` is False when a loss or gradient was not finite and the
    step was therefore left out. ``seconds`` is what the step took, loading included.
    """

    step: int
    supervised: float
    self_supervised: float
    learning_rate: float
    seconds: float
    applied: bool


class Callback(Protocol):
    """What accompanies a run in its first process: progress, curves, validation, checkpoints."""

    def stepped(self, report: StepReport) -> None:
        """A step is done."""

    def look(self, step: int, network: PoseNetwork, *, probe: bool) -> None:
        """It is time to validate the network, in eval mode, and perhaps to probe its gain."""

    def problem(self, sentence: str) -> None:
        """Something is wrong that does not end the run."""


class Trainer:
    """Trains one network; ``run`` returns when the last step is done.

    ``network`` is trained in place. ``kept`` is the network to validate and to ship: the moving
    average of the weights if there is one, else the network itself. ``folder`` receives
    ``checkpoint.pt``. ``UserError`` for settings that do not fit the variant or the data.
    """

    def __init__(
        self,
        network: PoseNetwork,
        mixture: Mixture,
        settings: TrainingSettings,
        folder: Path,
        *,
        perceptual: PerceptualLoss | None = None,
        device: torch.device | None = None,
        ranks: Ranks | None = None,
        workers: int = 0,
    ) -> None:
        _check(network, mixture, settings)
        self.settings = settings
        self.step = 0
        self._device = device or torch.device("cpu")
        self._ranks = ranks or Ranks()
        self._folder = folder
        self._callback: Callback | None = None
        self._mixture = mixture
        self._workers = workers
        self._plan = MicroBatchPlan(settings, self._ranks.rank, self._ranks.world)
        self.network = network.to(self._device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.kept = copy.deepcopy(network) if settings.average else network
        needs = network.spec.reconstructs
        self._objective = JointObjective(
            network,
            perceptual.to(self._device) if perceptual is not None and needs else None,
            self_weight=settings.self_weight,
            supervised=settings.supervised,
        )
        self._statistics = BatchStatistics(network)
        self._optimiser = torch.optim.Adam(network.parameters(), lr=settings.learning_rate)
        self._bad_steps = BadSteps()
        self._reported: set[str] = set()

    @property
    def _identity(self) -> dict[str, str]:
        """What a checkpoint must have been written with."""
        settings = {k: v for k, v in asdict(self.settings).items() if k not in _FREE}
        data = f"{len(self._mixture)} frames, {self._mixture.joint_set.name}"
        return identity_of(**settings, **asdict(self.network.spec), data=data)

    def resume(self) -> None:
        """Take over the state of the checkpoint in the folder; ``UserError`` as it reads it."""
        self.step, state = read_checkpoint(self._folder, self._identity)
        self.network.load_state_dict(state["network"])
        if state["average"] is not None:
            self.kept.load_state_dict(state["average"])
        self._optimiser.load_state_dict(state["optimiser"])
        if state["means"] is not None and self._objective.perceptual is not None:
            self._objective.perceptual.means.copy_(state["means"])

    def save(self) -> None:
        """Write the checkpoint; a failure is told to the callback and the run goes on."""
        if not self._ranks.first:
            return
        perceptual = self._objective.perceptual
        state = {
            "network": self.network.state_dict(),
            "average": self.kept.state_dict() if self.kept is not self.network else None,
            "optimiser": self._optimiser.state_dict(),
            "means": perceptual.means.cpu() if perceptual is not None else None,
        }
        try:
            write_checkpoint(self._folder, self.step, self._identity, state)
        except UserError as error:
            self._tell(str(error))

    def run(
        self,
        callback: Callback | None = None,
        stopping: Callable[[], bool] = lambda: False,
        until: int | None = None,
    ) -> bool:
        """Take the steps that are left, or those up to step ``until``; True if none are left.

        ``stopping`` is asked between steps. However it ends, a checkpoint is saved. Processes
        beside the first have no callback.
        """
        self._callback = callback
        end = min(self.settings.steps, until or self.settings.steps)
        batches = make_loader(
            self._mixture,
            self._plan,
            self.step,
            sources=self.network.spec.reconstructs,
            crop_size=self.network.spec.crop_size,
            workers=self._workers,
            pin=self._device.type == "cuda",
        )
        module: nn.Module = self._objective
        prepared: bool | None = None
        self._look(end)
        while self.step < end:
            if self._ranks.any(stopping(), self._device):
                break
            if prepared != self._joint:
                prepared = self._joint
                module = self._prepared()
            report = self._take_step(module, batches)
            if callback is not None:
                callback.stepped(report)
            self._look(end)
        self.save()
        return self.step == self.settings.steps

    @property
    def _joint(self) -> bool:
        """Whether the present step has a self-supervised loss."""
        return self.network.spec.personalizable and self.settings.pairs_at(self.step) > 0

    def _prepared(self) -> nn.Module:
        """The objective with only those parameters open that will receive a gradient."""
        used = self._objective.used_parameters(joint=self._joint)
        for name, parameter in self.network.named_parameters():
            parameter.requires_grad_(name in used)
        return self._ranks.wrapped(self._objective)

    def _take_step(self, module: nn.Module, batches: Iterator[PictureBatch]) -> StepReport:
        start = time.perf_counter()
        rate = self.settings.learning_rate_at(self.step)
        for group in self._optimiser.param_groups:
            group["lr"] = rate
        self.network.train()
        self._optimiser.zero_grad(set_to_none=True)
        self._statistics.begin()
        sums: list[Tensor] = []
        for number in self._plan.own:
            last = number == self._plan.own[-1]
            # The seed of dropout belongs to the micro-batch, whoever computes it and whenever.
            torch.manual_seed(_seed(self.settings.seed, self.step, number))
            picture_batch = next(batches)
            self._report_problems(picture_batch.problems)
            with self._ranks.unsynchronised(module, last):
                sums.append(self._accumulate(module, picture_batch))
            self._statistics.collect()
        means = self._ranks.mean(torch.stack(sums).mean(dim=0)).cpu()
        applied = self._apply(means)
        self.step += 1
        return StepReport(
            self.step, float(means[0]), float(means[1]), rate, time.perf_counter() - start, applied
        )

    def _accumulate(self, module: nn.Module, picture_batch: PictureBatch) -> Tensor:
        """Add one micro-batch's share of the gradient; its losses and errors as one vector."""
        batch = picture_batch.to(self._device, bgr=self.network.spec.bgr)
        precise = self.settings.precision == "float32"
        with torch.autocast(self._device.type, torch.bfloat16, enabled=not precise):
            losses = module(batch, self._joint, self.settings.resolution_at(self.step))
        (losses.total / len(self._plan.own)).backward()
        scalars = torch.stack([losses.supervised, losses.self_supervised]).float()
        return torch.cat([scalars, losses.errors.float()])

    @torch.no_grad()
    def _apply(self, means: Tensor) -> bool:
        """Change the weights unless something was not finite."""
        if not (means.isfinite().all() and gradients_finite(self.network.parameters())):
            self._bad_steps.add(applied=False)
            return False
        self._bad_steps.add()
        self._optimiser.step()
        self._statistics.finish(self._ranks, len(self._plan.own))
        self._objective.settle(means[2:].to(self._device))
        if self.kept is not self.network:
            self._move_average()
        return True

    def _move_average(self) -> None:
        # Short at first, so that the average soon forgets where it started.
        decay = min(self.settings.average, (self.step + 1) / (self.step + 10))
        present = self.network.state_dict()
        for name, kept in self.kept.state_dict().items():
            value = present[name]
            if kept.is_floating_point():
                kept.lerp_(value, 1 - decay)
            else:
                kept.copy_(value)

    def _look(self, end: int) -> None:
        settings = self.settings
        if self.step and self.step % settings.checkpoint_every == 0:
            self.save()
        over = self.step == end
        probe = bool(settings.probe_every) and (over or self.step % settings.probe_every == 0)
        due = over or probe or self.step % settings.validate_every == 0
        if due and self._callback is not None:
            self.kept.eval()
            self._callback.look(self.step, self.kept, probe=probe)

    def _report_problems(self, problems: list[str]) -> None:
        for problem in problems:
            if problem not in self._reported:
                self._reported.add(problem)
                self._tell(problem)

    def _tell(self, sentence: str) -> None:
        if self._callback is not None:
            self._callback.problem(sentence)


def _seed(*numbers: int) -> int:
    return int(np.random.SeedSequence(numbers).generate_state(1)[0])


def _check(network: PoseNetwork, mixture: Mixture, settings: TrainingSettings) -> None:
    spec = network.spec
    if mixture.joint_set != spec.joint_set:
        raise UserError(
            f"The network has the joint set {spec.joints}, the data {mixture.joint_set.name}. "
            "Train a network with the data's joints, or convert the data."
        )
    if not settings.supervised and not spec.reconstructs:
        raise UserError(
            f"The variant {spec.variant} learns nothing without labels. Choose keypoint or "
            "transformer, or train with labels."
        )
