"""Test-time personalization as verbs: configure, update, predict, reset (method 1.9 to 1.11)."""

from __future__ import annotations

import math
import time
from contextlib import AbstractContextManager
from dataclasses import dataclass

import torch
from torch import Tensor

from model.gradients import gradients_finite
from model.networks import PerceptualLoss, PoseNetwork, PoseOutput
from model.personalization.parameters import configure
from model.personalization.settings import PersonalizationSettings
from model.personalization.tasks import task_for


@dataclass(frozen=True)
class PairExample:
    """One pair of the last micro-batch, normalised tensors (3, 128, 128)."""

    target: Tensor
    source: Tensor
    reconstruction: Tensor


@dataclass(frozen=True)
class UpdateReport:
    """One optimiser step.

    ``number`` counts steps since the last reset, from 1; ``loss`` is the batch's before the step;
    ``pairs`` its size; ``seconds`` the time spent computing. ``applied`` is False when the loss or
    a gradient was not finite and the step was therefore not taken.
    """

    number: int
    loss: float
    pairs: int
    seconds: float
    applied: bool


class Personalizer:
    """Owns a network and makes it fit one person, without labels.

    The trained weights are copied when this object is made; ``reset`` brings them back bit for
    bit, with an empty optimiser and the loss's starting constants. The network is in eval mode
    throughout. ``autocast`` computes the updates in bfloat16 (master weights stay float32).
    Not thread-safe: one thread owns it.
    """

    def __init__(
        self,
        network: PoseNetwork,
        perceptual: PerceptualLoss,
        settings: PersonalizationSettings | None = None,
        *,
        autocast: bool = False,
    ) -> None:
        self.network = network
        self.device = next(network.parameters()).device
        self.settings = settings or PersonalizationSettings()
        self.updates = 0
        self.example: PairExample | None = None
        self._autocast = autocast
        self._parameters = configure(network, self.settings.scope)
        self._pristine = {name: p.detach().clone() for name, p in self._parameters.items()}
        self._task = task_for(network, perceptual.to(self.device))
        self._begin()

    def _begin(self) -> None:
        parameters = list(self._parameters.values())
        self._optimiser = torch.optim.Adam(parameters, lr=self.settings.learning_rate)
        self._open_batch()

    def _open_batch(self) -> None:
        self._optimiser.zero_grad(set_to_none=True)
        self._pairs = 0
        self._seconds = 0.0

    @property
    def parameter_names(self) -> tuple[str, ...]:
        """Names of the parameters that updates change."""
        return tuple(self._parameters)

    def update(
        self, target: Tensor, source: Tensor, micro_batch: int | None = None
    ) -> UpdateReport:
        """One update: ``settings.iterations`` optimiser steps on one batch of pairs.

        ``target`` and ``source`` are (B, 3, 128, 128) normalised. ``micro_batch`` pairs are
        computed at a time (default: all), to bound memory. Returns the last step's report.
        """
        size = micro_batch or len(target)
        for _ in range(self.settings.iterations):
            for t, s in zip(target.split(size), source.split(size), strict=True):
                self.accumulate(t, s, len(target))
            report = self.step()
        return report

    def accumulate(self, target: Tensor, source: Tensor, batch_size: int) -> None:
        """Add the gradient of ``len(target)`` pairs of a batch of ``batch_size``."""
        start = time.perf_counter()
        target, source = self._prepare(target), self._prepare(source)
        with self._precision():
            rebuilt = self._task.accumulate(target, source, len(target) / batch_size)
        if rebuilt is not None:
            self.example = PairExample(target[0], source[0], rebuilt[0])
        self._pairs += len(target)
        self._seconds += time.perf_counter() - start

    def step(self) -> UpdateReport:
        """Close the batch with one optimiser step on the gradients added so far.

        A batch whose loss or gradient is not finite is thrown away whole: the weights stay.
        """
        start = time.perf_counter()
        loss = self._task.finish()
        applied = math.isfinite(loss) and gradients_finite(self._parameters.values())
        if applied:
            self._optimiser.step()
            self.updates += 1
        pairs, seconds = self._pairs, self._seconds + time.perf_counter() - start
        self._open_batch()
        return UpdateReport(self.updates, loss, pairs, seconds, applied)

    @torch.inference_mode()
    def predict(self, target: Tensor) -> PoseOutput:
        """The pose branch alone on (N, 3, 128, 128) with the present weights."""
        return self.network.pose(self._prepare(target))

    def discard(self) -> None:
        """Throw away the gradients of an unfinished batch; weights and optimiser stay."""
        self._task.discard()
        self._open_batch()

    @torch.no_grad()
    def reset(self) -> None:
        """Back to the trained weights, an empty optimiser and zero updates."""
        for name, parameter in self._parameters.items():
            parameter.copy_(self._pristine[name])
        self._task.reset()
        self.updates = 0
        self.example = None
        self._begin()

    def weights(self) -> dict[str, Tensor]:
        """Copies of the pose branch's updated tensors, by name: what a predictor must take over."""
        return {
            name: parameter.detach().clone()
            for name, parameter in self._parameters.items()
            if not name.startswith(("reconstruction.", "rotation_head."))
        }

    def _prepare(self, images: Tensor) -> Tensor:
        return images.to(self.device, memory_format=torch.channels_last)

    def _precision(self) -> AbstractContextManager[object]:
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self._autocast)
