"""Test-time personalization as verbs: configure, update, predict, reset (method 1.9 to 1.11)."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

import torch
from torch import Tensor

from model.adaptation.memory import Pairs, PairSampler
from model.adaptation.settings import PersonalizationSettings, configure
from model.adaptation.tasks import ConsistencyTask, SelfSupervisedTask, Teacher, task_for
from model.core.crop import reduced
from model.core.device import denormals_are_zero
from model.core.masking import Masker
from model.core.perceptual import PerceptualLoss
from model.core.weights import swapped
from model.engine.optimisation import WeightAverage, gradients_finite
from model.ttp.networks import PoseNetwork, PoseOutput
from model.ttp.networks.encoder import is_filter, is_trunk, without_filtered
from model.ttp.onnx_pose import Joined, OnnxHeads
from model.ttp.trunk import FrozenTrunk, Key

# So many batches in a row that are not finite are no accident.
_BAD_STEPS = 2
_AT_ONCE_ON_CPU = 4
_AVERAGE = "average."


@dataclass(frozen=True)
class PairExample:
    """One pair of the last micro-batch, normalised tensors (3, R, R), R being what is rebuilt."""

    target: Tensor
    source: Tensor
    reconstruction: Tensor


@dataclass(frozen=True)
class UpdateReport:
    """One optimiser step.

    ``number`` counts steps since the last reset, from 1; ``loss`` is the self-supervised loss of
    the batch before the step, or the consistency's where that is all there is; ``pairs`` the
    batch's size; ``seconds`` the time spent computing. ``applied`` is False when the loss or a
    gradient was not finite and the step was therefore not taken; ``undone`` if that was not the
    first time in a row and the weights therefore went back to the trained ones.
    """

    number: int
    loss: float
    pairs: int
    seconds: float
    applied: bool
    undone: bool = False


@dataclass(frozen=True)
class Snapshot:
    """Weights to go back to: the parameters, their average, and how many updates had been made."""

    parameters: dict[str, Tensor]
    average: dict[str, Tensor]
    updates: int

    def tensors(self) -> dict[str, Tensor]:
        """All of them in one, for a file: the averages' names have a ``average.`` before them."""
        average = {_AVERAGE + name: tensor for name, tensor in self.average.items()}
        return {name: t.contiguous() for name, t in {**self.parameters, **average}.items()}

    @classmethod
    def of_tensors(cls, tensors: Mapping[str, Tensor], updates: int) -> Snapshot:
        """What gave these ``tensors`` after so many ``updates``."""
        average = {
            n.removeprefix(_AVERAGE): t for n, t in tensors.items() if n.startswith(_AVERAGE)
        }
        parameters = {n: t for n, t in tensors.items() if not n.startswith(_AVERAGE)}
        return cls(parameters, average, updates)


@dataclass(frozen=True)
class Learnt:
    """What was learnt from one person, apart from the network that learnt it.

    Attributes:
        changes: parameters that predict minus the trained ones, by name: float32, on the CPU.
            Those that are as trained are left out.
        updates: how many led there.
    """

    changes: dict[str, Tensor]
    updates: int


@torch.no_grad()
def apply(network: PoseNetwork, learnt: Learnt) -> None:
    """Change a trained network for good into the one that has ``learnt``, to predict with."""
    parameters = dict(network.named_parameters())
    for name, change in learnt.changes.items():
        parameters[name].add_(change.to(parameters[name].device))


class Personalizer:
    """Owns a network and makes it fit one person, without labels.

    The trained weights are copied when this object is made; ``reset`` brings them back bit for
    bit, with an empty optimiser and the loss's starting constants. The network is in eval mode
    throughout. ``autocast`` computes the updates in bfloat16 (master weights stay float32).
    ``trunk`` computes the encoder's trunk where the settings leave it as trained, and remembers it
    of frames that are seen again; ``trained_heads`` compute what follows it in the network as
    trained, where that is faster than PyTorch. ``masker`` finds the person, for a network that is
    ``masked``. Not thread-safe: one thread owns it.
    """

    def __init__(
        self,
        network: PoseNetwork,
        perceptual: PerceptualLoss,
        settings: PersonalizationSettings | None = None,
        *,
        autocast: bool = False,
        trunk: FrozenTrunk | None = None,
        trained_heads: OnnxHeads | None = None,
        masker: Masker | None = None,
    ) -> None:
        self.network = network
        self.perceptual = perceptual
        self._masker = masker
        self.device = next(network.parameters()).device
        self.settings = settings or PersonalizationSettings()
        self.updates = 0
        #: Batches thrown away since the last reset because something was not finite.
        self.discarded = 0
        self.example: PairExample | None = None
        self._autocast = autocast
        self._parameters = configure(network, self.settings.scope)
        frozen = not any(map(is_trunk, self._parameters))
        self._filters_stay = not any(map(is_filter, self._parameters))
        self._shared_trunk = trunk
        self._trained_heads = trained_heads
        self._trunk = trunk or FrozenTrunk(network.encoder) if frozen else None
        self._pristine = {name: p.detach().clone() for name, p in self._parameters.items()}
        self._average = WeightAverage(self._parameters, self.settings.average)
        self._tasks = list(self._wanted_tasks(perceptual.to(self.device)))
        self._begin()

    def _wanted_tasks(
        self, perceptual: PerceptualLoss
    ) -> Iterator[tuple[SelfSupervisedTask, float]]:
        task: SelfSupervisedTask
        if self.settings.self_weight:
            task = task_for(self.network, perceptual, self._features, self.settings)
            yield task, self.settings.self_weight
        if self.settings.consistency:
            fixed = self.settings.teacher == "trained"
            answer = self.predict_as_trained if fixed else self.predict
            teacher = Teacher(
                lambda images, keys: answer(images, keys).heatmaps, self.network.spec, fixed=fixed
            )
            task = ConsistencyTask(self.network, self._features, teacher)
            yield task, self.settings.consistency

    def _begin(self, pace: float = 1.0) -> None:
        self._pace = pace
        self._bad_steps = 0
        self._warmth = 0
        parameters = list(self._parameters.values())
        self._optimiser = torch.optim.Adam(parameters, lr=self.settings.learning_rate)
        self._open_batch()

    def _open_batch(self) -> None:
        self._optimiser.zero_grad(set_to_none=True)
        self._pairs = 0
        self._seconds = 0.0

    def configured(self, settings: PersonalizationSettings) -> Personalizer:
        """One with other settings for the same network, which must be as trained: see ``reset``."""
        return Personalizer(
            self.network,
            self.perceptual,
            settings,
            autocast=self._autocast,
            trunk=self._shared_trunk,
            trained_heads=self._trained_heads,
            masker=self._masker,
        )

    def sampler(self, seed: int = 0) -> PairSampler:
        """Draws the pairs that this personalizer is to be updated with."""
        return PairSampler(self.settings, self.network.spec, masker=self._masker, seed=seed)

    @property
    def parameter_names(self) -> tuple[str, ...]:
        """Names of the parameters that updates change."""
        return tuple(self._parameters)

    def update(self, pairs: Pairs, micro_batch: int | None = None) -> UpdateReport:
        """One update: ``settings.iterations`` optimiser steps on one batch of pairs.

        ``micro_batch`` pairs are computed at a time (default: all), to bound memory. Returns the
        last step's report.
        """
        count = len(pairs.target)
        for _ in range(self.settings.iterations):
            for part in pairs.split(micro_batch or count):
                self.accumulate(part, count)
            report = self.step()
            if not report.applied:
                break
        return report

    @denormals_are_zero()
    def accumulate(self, pairs: Pairs, batch_size: int) -> None:
        """Add the gradient of these pairs of a batch of ``batch_size``."""
        start = time.perf_counter()
        pairs = pairs.to(self.device)
        share = len(pairs.target) / batch_size
        for task, weight in self._tasks:
            with self._precision():
                rebuilt = task.accumulate(pairs, share, weight)
            if rebuilt is not None:
                self.example = _example(pairs, rebuilt)
        self._pairs += len(pairs.target)
        self._seconds += time.perf_counter() - start

    @denormals_are_zero()
    def step(self) -> UpdateReport:
        """Close the batch with one optimiser step on the gradients added so far.

        A batch whose loss or gradient is not finite is thrown away whole: the weights stay, and go
        on at half the pace until the next ``reset``. If it happens again before a step was taken,
        they go back to the trained ones, as it is they that have come to a place without gradients.
        """
        start = time.perf_counter()
        losses = [task.finish() for task, _ in self._tasks]
        applied = all(map(math.isfinite, losses)) and gradients_finite(self._parameters.values())
        if applied:
            self._move(losses[0])
            self.updates += 1
            self._bad_steps = 0
        else:
            self.discarded += 1
            self._bad_steps += 1
            self._pace /= 2
        pairs, seconds = self._pairs, self._seconds + time.perf_counter() - start
        self._open_batch()
        undone = self._bad_steps >= _BAD_STEPS
        if undone:
            self._go_back()
        return UpdateReport(self.updates, losses[0], pairs, seconds, applied, undone)

    @torch.no_grad()
    def _move(self, loss: float) -> None:
        self._warmth += 1
        warmth = min(1.0, self._warmth / max(1, self.settings.warm_up))
        whole = self.settings.whole_step_loss
        length = min(1.0, loss / whole) if whole else 1.0
        for group in self._optimiser.param_groups:
            group["lr"] = self.settings.learning_rate * self._pace * warmth * length
        self._optimiser.step()
        if self.settings.anchor:
            for name, parameter in self._parameters.items():
                parameter.lerp_(self._pristine[name], self.settings.anchor)
        self._average.add()

    @denormals_are_zero()
    @torch.inference_mode()
    def predict_as_trained(self, target: Tensor, keys: Sequence[Key] = ()) -> PoseOutput:
        """What ``predict`` gave before the first update."""
        if self._trunk is not None and self._trained_heads is not None:
            return self.network.output_of(*self._trained_heads(self._trunk(target, keys)))
        with self._as_trained():
            return self._pose_of(target, keys)

    def _as_trained(self) -> AbstractContextManager[None]:
        return swapped(self._parameters, self._pristine)

    @denormals_are_zero()
    @torch.inference_mode()
    def predict(
        self, target: Tensor, keys: Sequence[Key] = (), *, fresh: bool = False
    ) -> PoseOutput:
        """The pose branch alone on (N, 3, S, S) with the present weights, or their average.

        Images with ``keys`` that were seen before need no trunk if that does not learn, unless they
        are ``fresh``: cut from frames, and not from the views kept of them.
        """
        with self._average.in_place():
            return self._pose_of(target, keys, fresh=fresh)

    def _pose_of(self, images: Tensor, keys: Sequence[Key], *, fresh: bool = False) -> PoseOutput:
        """The pose branch's result, on a CPU a few images at a time: faster, and far smaller."""
        at_once = _AT_ONCE_ON_CPU if self.device.type == "cpu" else len(images)
        parts = []
        for first in range(0, len(images), at_once):
            part = slice(first, first + at_once)
            features = self._features(images[part], keys[part], fresh=fresh)
            parts.append(self.network.pose_of(features))
        return PoseOutput.of_parts(parts)

    def answer(
        self, target: Tensor, keys: Sequence[Key] = (), *, fresh: bool = False
    ) -> PoseOutput:
        """As ``predict``, joined with the trained network's heatmaps by the settings' share."""
        output = self.predict(target, keys, fresh=fresh)
        share = self.settings.trained_share
        if not (share and self.updates):
            return output
        return output.joined(self.predict_as_trained(target, keys).heatmaps, share)

    def _features(self, images: Tensor, keys: Sequence[Key], *, fresh: bool = False) -> Tensor:
        """The shared features (N, 256, H, H) of images (N, 3, S, S)."""
        if self._trunk is None:
            prepared = images.to(self.device, memory_format=torch.channels_last)
            return self.network.encoder(prepared)
        taps = self._trunk(images, keys, fresh=fresh)
        if not self._filters_stay:
            taps = without_filtered(taps)
        # As the network's own convolutions give them: sums of two layouts take far longer.
        taps = tuple(tap.contiguous(memory_format=torch.channels_last) for tap in taps)
        return self.network.encoder.neck(taps)

    @torch.no_grad()
    def illustrate(self, pairs: Pairs) -> PairExample | None:
        """The last pair that was rebuilt; this one, rebuilt now, if updates rebuild none.

        None if the network cannot.
        """
        if self.example is None and self.network.spec.reconstructs:
            pairs = next(pairs.split(1)).to(self.device)
            with self._precision():
                features = self._features(pairs.target, ())
                rebuilt = self.network.reconstruct_from(features, pairs.source).float()
            return _example(pairs, rebuilt)
        return self.example

    @denormals_are_zero()
    @torch.inference_mode()
    def rebuilt(self, pairs: Pairs, *, as_trained: bool = False) -> Tensor:
        """The targets (n, 3, R, R) rebuilt with the present weights, or ``as_trained``.

        For networks that reconstruct.
        """
        pairs = pairs.to(self.device)
        with self._as_trained() if as_trained else self._average.in_place(), self._precision():
            features = self._features(pairs.target, ())
            return self.network.reconstruct_from(features, pairs.source).float()

    def discard(self) -> None:
        """Throw away the gradients of an unfinished batch; weights and optimiser stay."""
        for task, _ in self._tasks:
            task.discard()
        self._open_batch()

    @torch.no_grad()
    def reset(self) -> None:
        """Back to the trained weights, an empty optimiser and zero updates."""
        self._go_back()
        if self._trunk is not None:
            self._trunk.forget()  # indices may begin again
        self.discarded = 0
        self.example = None
        self._begin()

    @torch.no_grad()
    def _go_back(self) -> None:
        """The trained weights, an empty optimiser and zero updates; the pace stays."""
        for name, parameter in self._parameters.items():
            parameter.copy_(self._pristine[name])
        for task, _ in self._tasks:
            task.reset()
        self._average.restart()
        self.updates = 0
        self._begin(self._pace)

    def snapshot(self) -> Snapshot:
        """Copies of the weights as they are now."""
        parameters = {name: p.detach().clone() for name, p in self._parameters.items()}
        return Snapshot(parameters, self._average.copy(), self.updates)

    @torch.no_grad()
    def restore(self, snapshot: Snapshot, pace: float = 1.0) -> None:
        """Back to a snapshot, with an empty optimiser.

        ``pace`` multiplies the settings' learning rate from then on, until the next ``reset``,
        unless steps that were not finite have made it less.
        """
        for name, parameter in self._parameters.items():
            parameter.copy_(snapshot.parameters[name])
        self._average.load(snapshot.average)
        self.updates = snapshot.updates
        self.discard()
        self._begin(min(pace, self._pace))

    def learnt(self) -> Learnt:
        """What tells the network that predicts now from the trained one."""
        changes = {
            name: tensor.detach().sub(self._pristine[name]).cpu()
            for name, tensor in self._average.tensors().items()
        }
        return Learnt({n: c for n, c in changes.items() if c.any()}, self.updates)

    @torch.no_grad()
    def adopt(self, learnt: Learnt) -> None:
        """Go on from what was learnt before, with an empty optimiser.

        Raises:
            ValueError: the settings' scope leaves a parameter alone that is changed there.
        """
        foreign = set(learnt.changes) - set(self._parameters)
        if foreign:
            raise ValueError(f"not among the parameters to update: {sorted(foreign)[:3]}")
        self.reset()
        for name, change in learnt.changes.items():
            self._parameters[name].add_(change.to(self.device))
        self._average.restart()
        self.updates = learnt.updates

    def weights(self) -> dict[str, Tensor]:
        """Copies of the pose branch's updated tensors, by name: what a predictor must take over."""
        return {
            name: tensor.clone()
            for name, tensor in self._average.tensors().items()
            if not name.startswith(("reconstruction.", "rotation_head."))
        }

    def heads(self, threads: int) -> OnnxHeads | None:
        """What answers now behind the trunk, to be computed faster by whoever takes the weights.

        It joins the trained network's heatmaps as ``answer`` does. None if the trunk learns too.
        """
        if self._trunk is None:
            return None
        share = self.settings.trained_share
        trained = Joined(self._pristine, share) if share and self.updates else None
        with self._average.in_place():
            return OnnxHeads(self.network, threads, trained, filters_as_trained=self._filters_stay)

    def _precision(self) -> AbstractContextManager[object]:
        # Without a cache, which would hand the weights of the average to the network that learns.
        return torch.autocast(
            self.device.type, torch.bfloat16, enabled=self._autocast, cache_enabled=False
        )


def _example(pairs: Pairs, rebuilt: Tensor) -> PairExample:
    """The first pair, at the size that it is rebuilt in."""
    side = rebuilt.shape[-1]
    target, source = reduced(pairs.target[:1], side), reduced(pairs.source[:1], side)
    return PairExample(target[0], source[0], rebuilt[0])
