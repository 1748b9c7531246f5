"""A training step on micro-batches out of a loader (method 1.6, 1.7)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor

from model.core.errors import UserError
from model.engine.batches import MicroBatchPlan
from model.engine.optimisation import WeightAverage, gradients_finite
from model.engine.ranks import BatchStatistics, Ranks, running
from model.engine.run import Learner
from model.ttp.networks import PoseNetwork
from model.ttp.objective import JointObjective
from model.ttp.training.loader import PictureBatch
from model.ttp.training.settings import TrainingSettings


class TtpStep(Learner):
    """Trains a network in place, a step at a time.

    Args:
        objective: the network and its losses, on the device.
        settings: the schedule and all else; a moving average of the weights is kept if they say so.
        ranks: the processes that train together.

    Raises:
        UserError: the network learns nothing without labels, and is to be trained so.
    """

    def __init__(
        self, objective: JointObjective, settings: TrainingSettings, ranks: Ranks | None = None
    ) -> None:
        self.network: PoseNetwork = objective.network
        spec = self.network.spec
        if not settings.supervised and not spec.reconstructs:
            raise UserError(
                f"The variant {spec.variant} learns nothing without labels. Choose keypoint or "
                "transformer, or train with labels."
            )
        self.settings = settings
        self.done = 0
        self._ranks = ranks or Ranks()
        self._own = MicroBatchPlan.of(settings, self._ranks).own
        self._objective = objective
        self._statistics = BatchStatistics(running(self.network))
        self._optimiser = torch.optim.Adam(self.network.parameters(), lr=settings.learning_rate)
        self._average = WeightAverage.of(self.network, settings.average)

    def step(self, batches: Sequence[PictureBatch]) -> dict[str, float]:
        """Take a step; NaN for losses if one of them or a gradient was not finite."""
        settings = self.settings
        self.learning_rate = settings.learning_rate_at(self.done)
        for group in self._optimiser.param_groups:
            group["lr"] = self.learning_rate
        self.network.train()
        self._optimiser.zero_grad(set_to_none=True)
        self._statistics.begin()
        sums: list[Tensor] = []
        for number, batch in zip(self._own, batches, strict=True):
            # The seed of dropout belongs to the micro-batch, whoever computes it and whenever.
            torch.manual_seed(_seed(settings.seed, self.done, number))
            sums.append(self._accumulate(batch, len(batches)))
            self._statistics.collect()
        self._ranks.share_gradients(self.network.parameters())
        means = self._ranks.mean(torch.stack(sums).mean(dim=0)).cpu()
        if means.isfinite().all() and gradients_finite(self.network.parameters()):
            self._apply(means[2:], len(batches))
        else:
            means.fill_(torch.nan)
        losses = {}
        if settings.supervised:
            losses["supervised"] = float(means[0])
        if self._joint:
            losses["self-supervised"] = float(means[1])
        self.done += 1
        return losses

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """Inside, the network is in eval mode, with the average of its weights if one is kept."""
        with super().averaged(), self._average.in_place():
            yield

    def state(self) -> dict[str, Any]:
        """All that is needed to go on exactly."""
        perceptual = self._objective.perceptual
        return {
            "network": self.network.state_dict(),
            "average": self._average.copy(),
            "optimiser": self._optimiser.state_dict(),
            "means": perceptual.means.cpu() if perceptual is not None else None,
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Take over what ``state`` returned."""
        self.network.load_state_dict(state["network"])
        self._average.load(state["average"] or {}, state["done"])
        self._optimiser.load_state_dict(state["optimiser"])
        if state["means"] is not None and self._objective.perceptual is not None:
            self._objective.perceptual.means.copy_(state["means"])
        self.done = state["done"]

    @property
    def _joint(self) -> bool:
        """Whether the present step has a self-supervised loss."""
        return self.network.spec.personalizable and self.settings.pairs_at(self.done) > 0

    def _accumulate(self, picture_batch: PictureBatch, count: int) -> Tensor:
        """Add a micro-batch's share of the gradient; its losses and errors as one vector."""
        device = self.network.device
        batch = picture_batch.to(device, bgr=self.network.spec.bgr)
        precise = self.settings.precision == "float32"
        with torch.autocast(device.type, torch.bfloat16, enabled=not precise):
            losses = self._objective(batch, self._joint, self.settings.resolution_at(self.done))
        (losses.total / count).backward()
        scalars = torch.stack([losses.supervised, losses.self_supervised]).float()
        return torch.cat([scalars, losses.errors.float()])

    @torch.no_grad()
    def _apply(self, errors: Tensor, count: int) -> None:
        self._optimiser.step()
        self._statistics.finish(self._ranks, count)
        self._objective.settle(errors.to(self.network.device))
        self._average.add()


def _seed(*numbers: int) -> int:
    return int(np.random.SeedSequence(numbers).generate_state(1)[0])
