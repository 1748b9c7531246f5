"""A training step on pictures that lie on the device, and a schedule fitted to the clock.

For a machine that is there for a while only. The learning rate falls with the time that is used up,
not with the steps, so that whatever the machine is capable of, it ends with the small steps that a
network is best after.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from model.adaptation.parameters import personalized
from model.core.weights import swapped
from model.engine.optimisation import WeightAverage
from model.engine.run import Learner, TimeBudget
from model.ttp.networks import PoseNetwork
from model.ttp.networks.encoder import is_trunk
from model.ttp.networks.movenet import MoveNetEncoder
from model.ttp.objective import JointObjective
from model.ttp.training.resident import BatchMaker
from model.ttp.training.settings import Frozen, ResidentSettings

# What of MoveNet's neck is MoveNet's own, and not of ours.
_MOVENETS_NECK = ("encoder.neck.pyramid.", "encoder.neck.head.")
_LARGEST_GRADIENT = 1.0  # longer ones are scaled down to this norm


class ResidentStep(Learner):
    """Trains a network in place, a step at a time. What is frozen stays so; see ``freeze``.

    Args:
        objective: the network and its losses, on the device.
        batches: what to learn from, on the same device.
        settings: how.
        budget: how much of the time is used up, by which the learning rate falls.
    """

    def __init__(
        self,
        objective: JointObjective,
        batches: BatchMaker,
        settings: ResidentSettings,
        budget: TimeBudget,
    ) -> None:
        self.network: PoseNetwork = objective.network
        self.done = 0
        self._objective = objective
        self._batches = batches
        self._settings = settings
        self._budget = budget
        self._device = self.network.device
        self._joint = self.network.spec.personalizable and settings.self_weight > 0
        freeze(self.network, settings.frozen)
        named = self.network.named_parameters()
        self._parameters = {name: p for name, p in named if p.requires_grad}
        old = [p for name, p in self._parameters.items() if is_pretrained(name)]
        new = [p for name, p in self._parameters.items() if not is_pretrained(name)]
        self._peaks = (settings.trunk_rate, settings.learning_rate)
        self._optimiser = torch.optim.Adam(
            [{"params": old}, {"params": new}], fused=self._device.type == "cuda"
        )
        # BatchNorm's statistics too: those of the moment do not belong to the average's weights.
        statistics = {
            name: buffer
            for name, buffer in self.network.named_buffers()
            if name.endswith(("running_mean", "running_var"))
        }
        self._average = WeightAverage({**self._parameters, **statistics}, settings.average)

    def step(self, batches: Sequence[Any]) -> dict[str, Tensor]:
        """Take a step on what it draws itself; losses that nobody has waited for."""
        del batches
        settings, spent = self._settings, self._budget.spent
        if not self.done:
            torch.manual_seed(settings.seed)  # dropout's
        self._train_mode()
        factor = settings.factor_at(self.done, spent)
        for group, peak in zip(self._optimiser.param_groups, self._peaks, strict=True):
            group["lr"] = self.learning_rate = factor * peak
        self._optimiser.zero_grad(set_to_none=True)
        meta = self._joint and settings.meta_every and self.done % settings.meta_every == 0
        losses = self._meta_gradient() if meta else self._gradient(settings.resolution_at(spent))
        nn.utils.clip_grad_norm_(self._parameters.values(), _LARGEST_GRADIENT, foreach=True)
        self._optimiser.step()
        self._average.add()
        self.done += 1
        return losses if self._joint else {"supervised": losses["supervised"]}

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """Inside, the network is in eval mode and has the averaged weights."""
        with super().averaged(), self._average.in_place():
            yield

    def _gradient(self, resolution: int) -> dict[str, Tensor]:
        """Add the gradient of both losses for a batch; what they are."""
        batch = self._batches.draw()
        with self._precision():
            losses = self._objective(batch, self._joint, resolution)
        losses.total.backward()
        self._objective.settle(losses.errors)
        return {"supervised": losses.supervised, "self-supervised": losses.self_supervised}

    def _meta_gradient(self) -> dict[str, Tensor]:
        """Add the gradient of the supervised loss after a step of personalization (ours).

        One person's pairs say where personalization would go, from the network in eval mode; the
        weights go there, and other frames of the person give the supervised gradient, which is
        applied to the weights as they were: first-order meta-learning. The pairs' own gradient is
        added with lambda, so that the renderer goes on learning.
        """
        count = max(2, self._settings.batch_size // 2)
        support, query = self._batches.draw_person(count, count)
        self.network.eval()
        with self._precision():
            rebuilt = self._objective.reconstruction(support)
        (self._settings.self_weight * rebuilt).backward()
        self._train_mode()
        moved = self._personalized()
        with swapped(self._parameters, moved):
            with self._precision():
                losses = self._objective(query, False)
            losses.total.backward()
        return {"supervised": losses.supervised, "self-supervised": rebuilt.detach()}

    @torch.no_grad()
    def _personalized(self) -> dict[str, Tensor]:
        """The weights that personalization may move, after one step along their gradients."""
        moved = {}
        for name, parameter in personalized(self.network, "deconvolutions").items():
            gradient = parameter.grad
            if gradient is not None and name in self._parameters:
                length = gradient.square().mean().sqrt().clamp(min=1e-12)
                moved[name] = parameter - self._settings.meta_rate * gradient / length
        return moved

    def _train_mode(self) -> None:
        self.network.train()
        if self._settings.frozen == "encoder":
            self.network.encoder.eval()  # the statistics of its BatchNorm stay too

    def _precision(self) -> AbstractContextManager[object]:
        # Without a cache, which would hand the weights as they were to those that were moved.
        return torch.autocast(
            self._device.type,
            torch.bfloat16,
            enabled=self._settings.precision == "bfloat16",
            cache_enabled=False,
        )


def freeze(network: PoseNetwork, what: Frozen) -> None:
    """Leave the encoder as it is, its trunk, or of a MoveNet's trunk its ``early`` convolutions."""
    if what == "encoder":
        network.encoder.requires_grad_(False)
    elif what == "trunk":
        for name, parameter in network.named_parameters():
            parameter.requires_grad_(not is_trunk(name))
    elif isinstance(network.encoder, MoveNetEncoder):
        trunk = network.encoder.mobilenet
        for module in (trunk.stem, trunk.stages[0], trunk.stages[1]):
            module.requires_grad_(False)


def is_pretrained(parameter: str) -> bool:
    """Whether a parameter of that name has others' weights, where a backbone is started from them.

    Those are the trunk's and, of MoveNet, its own pyramid's and head's.
    """
    return is_trunk(parameter) or parameter.startswith(_MOVENETS_NECK)
