"""Training for so many minutes: a schedule fitted to the clock, ending with a saved network.

For a machine that is there for a while only. The learning rate falls with the time that is used up,
not with the steps, so that whatever the machine is capable of, it ends with the small steps that a
network is best after.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import torch
from torch import Tensor, nn

from model.adaptation.parameters import personalized
from model.core.errors import UserError
from model.engine.optimisation import WeightAverage, swapped
from model.ttp.networks import PoseNetwork
from model.ttp.networks.encoder import is_trunk
from model.ttp.networks.movenet import MoveNetEncoder
from model.ttp.objective import JointObjective
from model.ttp.training.resident import BatchMaker
from model.ttp.training.settings import Frozen, ResidentSettings
from model.ttp.training.trainer import Callback, StepReport

# What of MoveNet's neck is MoveNet's own, and not of ours.
_MOVENETS_NECK = ("encoder.neck.pyramid.", "encoder.neck.head.")
_LARGEST_GRADIENT = 1.0  # longer ones are scaled down to this norm
# Reading a loss waits for a GPU, which then waits for us: so many are read together.
_READ_TOGETHER = 10


class BudgetedRun:
    """Trains a network until the time is up.

    What is frozen stays so; see ``freeze``.

    Args:
        objective: the network and its losses, on the device.
        batches: what to learn from, on the same device.
        settings: how long, and how.

    Attributes:
        network: what is trained, in place.
        step: how many steps were taken.
    """

    def __init__(
        self, objective: JointObjective, batches: BatchMaker, settings: ResidentSettings
    ) -> None:
        self.network = objective.network
        self.step = 0
        self._objective = objective
        self._batches = batches
        self._settings = settings
        self._device = self.network.device
        self._joint = self.network.spec.personalizable and settings.self_weight > 0
        freeze(self.network, settings.frozen)
        used = objective.used_parameters(joint=self._joint)
        self._parameters = {name: p for name, p in used.items() if p.requires_grad}
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
        self._looked_at = -1
        self._unread: list[Tensor] = []
        self._read_at = time.perf_counter()

    def train(self, callback: Callback, stopping: Callable[[], bool] = lambda: False) -> bool:
        """Train until the minutes are over, which begin after a first look at the network.

        Args:
            callback: is told of every step, and shown the averaged network in eval mode now and
                then and at the end.
            stopping: asked between steps whether to stop early, without a last look.

        Returns:
            Whether the minutes are over.

        Raises:
            UserError: a loss was not finite.
        """
        self._look(callback)
        torch.manual_seed(self._settings.seed)  # dropout's
        self._train_mode()
        start = looked = self._read_at = time.perf_counter()
        seconds = 60 * self._settings.minutes
        while (spent := time.perf_counter() - start) < seconds:
            if stopping():
                self._read(callback)
                return False
            self._take_step(spent / seconds)
            if len(self._unread) == (_READ_TOGETHER if self._device.type == "cuda" else 1):
                self._read(callback)
            if time.perf_counter() - looked > self._settings.look_every:
                self._look(callback)
                looked = time.perf_counter()
        if self._looked_at != self.step:
            self._look(callback)
        return True

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """Inside, the network is in eval mode and has the averaged weights."""
        training = self.network.training
        self.network.eval()
        try:
            with self._average.in_place():
                yield
        finally:
            self.network.train(training)

    def _take_step(self, spent: float) -> None:
        settings = self._settings
        factor = settings.factor_at(self.step, spent)
        for group, peak in zip(self._optimiser.param_groups, self._peaks, strict=True):
            group["lr"] = factor * peak
        self._optimiser.zero_grad(set_to_none=True)
        meta = self._joint and settings.meta_every and self.step % settings.meta_every == 0
        losses = self._meta_gradient() if meta else self._gradient(settings.resolution_at(spent))
        nn.utils.clip_grad_norm_(self._parameters.values(), _LARGEST_GRADIENT, foreach=True)
        self._optimiser.step()
        self._average.add()
        self.step += 1
        self._unread.append(torch.stack(losses).float())

    def _gradient(self, resolution: int) -> list[Tensor]:
        """Add the gradient of both losses for a batch; what they are."""
        batch = self._batches.draw()
        with self._precision():
            losses = self._objective(batch, self._joint, resolution)
        losses.total.backward()
        self._objective.settle(losses.errors)
        return [losses.supervised, losses.self_supervised]

    def _meta_gradient(self) -> list[Tensor]:
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
        return [losses.supervised, rebuilt.detach()]

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

    def _look(self, callback: Callback) -> None:
        self._read(callback)
        with self.averaged():
            callback.look(self.step, self.network, probe=False)
        self._looked_at, self._read_at = self.step, time.perf_counter()

    def _read(self, callback: Callback) -> None:
        """Report the steps since the last time."""
        if not self._unread:
            return
        losses = torch.stack(self._unread).tolist()
        now, count = time.perf_counter(), len(losses)
        rate = float(self._optimiser.param_groups[-1]["lr"])
        for step, (supervised, self_supervised) in enumerate(losses, self.step - count + 1):
            if not math.isfinite(supervised + self_supervised):
                raise UserError(
                    f"The losses of step {step} were {supervised} and {self_supervised}: the run "
                    "has diverged. Go on from the network of its last look with --start, or start "
                    "again, with a lower --learning-rate and --trunk-rate."
                )
            seconds = (now - self._read_at) / count
            callback.stepped(StepReport(step, supervised, self_supervised, rate, seconds, True))
        self._unread.clear()
        self._read_at = now


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
