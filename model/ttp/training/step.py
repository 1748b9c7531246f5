"""A training step: on micro-batches that a loader gives, or on pictures that lie on the device.

Micro-batches (method 1.6, 1.7) come out of the loader that is here too. The step on the device has
a schedule fitted to the clock, for a machine that is there for a while only: the learning rate
falls with the time that is used up, not with the steps, so that whatever the machine is capable of,
it ends with the small steps that a network is best after.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from model.adaptation.settings import personalized
from model.core.crop import CROP_SIZE, normalized
from model.core.errors import UserError
from model.core.masking import as_masks, only_person
from model.core.weights import swapped
from model.data.sampling import Example, Mixture, PairCutter
from model.engine.batches import Loader, MicroBatchPlan, Stream
from model.engine.optimisation import WeightAverage, gradients_finite
from model.engine.ranks import BatchStatistics, Ranks, running
from model.engine.run import Learner, TimeBudget
from model.ttp.networks import NetworkSpec, PoseNetwork
from model.ttp.networks.encoder import MoveNetEncoder, is_trunk
from model.ttp.objective import JointObjective, TensorBatch
from model.ttp.training.resident import BatchMaker
from model.ttp.training.settings import Frozen, ResidentSettings, TrainingSettings


@dataclass(frozen=True)
class PictureBatch:
    """One micro-batch as it leaves a worker process: pictures as uint8 RGB.

    ``target`` (N, 3, S, S) and ``source`` (P, 3, 128, 128), S being the network's crop size;
    ``masks`` and ``source_masks`` (P, 128, 128) uint8, of the first targets and the sources, if
    their clips have masks.
    """

    target: Tensor
    source: Tensor
    joints: Tensor
    weights: Tensor
    masks: Tensor | None = None
    source_masks: Tensor | None = None

    def pin_memory(self) -> PictureBatch:
        """In page-locked memory, from which copies to a GPU need not be waited for."""
        return replace(
            self,
            target=self.target.pin_memory(),
            source=self.source.pin_memory(),
            joints=self.joints.pin_memory(),
            weights=self.weights.pin_memory(),
            masks=None if self.masks is None else self.masks.pin_memory(),
            source_masks=None if self.source_masks is None else self.source_masks.pin_memory(),
        )

    def to(self, device: torch.device, *, bgr: bool = False) -> TensorBatch:
        """On the device and normalised; ``bgr`` for networks trained on that order."""
        source = normalized(self.source.to(device, non_blocking=True), bgr=bgr)
        if self.source_masks is not None:
            seen = as_masks(self.source_masks.to(device, non_blocking=True))
            source = only_person(source, seen)
        masks = self.masks
        return TensorBatch(
            target=normalized(self.target.to(device, non_blocking=True), bgr=bgr),
            source=source,
            joints=self.joints.to(device, non_blocking=True),
            weights=self.weights.to(device, non_blocking=True),
            masks=None if masks is None else as_masks(masks.to(device, non_blocking=True)),
        )


@dataclass(frozen=True)
class PairPlan(MicroBatchPlan):
    """Which examples make up each micro-batch; the first ``pairs`` of each are reconstructed."""

    settings: TrainingSettings = field(default_factory=TrainingSettings)

    def __post_init__(self) -> None:
        super().__post_init__()
        pairs = self.settings.pairs or self.batch_size
        if pairs % self.micro_batches:
            self._refuse(f"A batch of {self.batch_size} with {pairs} pairs")

    def keys(self, step: int, number: int) -> list[tuple[int, bool]]:
        """Position in the run and whether it is one of the pairs, for each example."""
        pairs = self.settings.pairs_at(step) // self.micro_batches
        return [(position, i < pairs) for i, position in enumerate(super().keys(step, number))]


class PairStream(Stream):
    """Examples with augmented pictures, those of the pairs with a source if there are ``sources``.

    Args:
        mixture: what to draw from.
        settings: augmentation, seed, and what a bad frame does.
        sources: whether pairs have one: not every variant looks at them.
        crop_size: the side of the targets, pixels.
    """

    def __init__(
        self,
        mixture: Mixture,
        settings: TrainingSettings,
        *,
        sources: bool,
        crop_size: int = CROP_SIZE,
    ) -> None:
        super().__init__(settings.seed, settings.on_bad_data == "skip")
        self._mixture = mixture
        self._cutter = PairCutter(
            mixture.joint_set, settings.augmenter, settings.independent_sources, crop_size
        )
        self._sources = sources

    def draw(self, key: tuple[int, bool], rng: np.random.Generator, attempt: int) -> Example:
        position, paired = key
        if attempt:
            position = int(rng.integers(self._mixture.epoch_size))
        clip, frame = self._mixture.place(position)
        return self._cutter.cut(clip, frame, rng, with_source=paired and self._sources)


def collate(examples: Sequence[Example]) -> PictureBatch:
    """Examples as one batch."""
    sources = [example.source for example in examples if example.source is not None]
    return PictureBatch(
        target=_stacked([example.target for example in examples]),
        source=_stacked(sources) if sources else torch.empty(0, 3, CROP_SIZE, CROP_SIZE),
        joints=torch.from_numpy(np.stack([example.joints for example in examples])),
        weights=torch.from_numpy(np.stack([example.weights for example in examples])),
        masks=_stacked_masks([example.mask for example in examples]),
        source_masks=_stacked_masks([example.source_mask for example in examples]),
    )


def make_loader(
    mixture: Mixture,
    settings: TrainingSettings,
    spec: NetworkSpec | None = None,
    ranks: Ranks | None = None,
    *,
    workers: int = 0,
) -> Loader:
    """What feeds the training of a network.

    Args:
        mixture: what to draw from.
        settings: batches, pairs and all that happens to pictures.
        spec: the network, which says how large pictures are and whether it looks at sources.
        ranks: the processes that share a batch; this one gets its own micro-batches.
        workers: processes that cut examples.

    Raises:
        UserError: the batches cannot be shared, or the network has other joints than the data.
    """
    spec, ranks = spec or NetworkSpec(joints=mixture.joint_set.name), ranks or Ranks()
    if mixture.joint_set != spec.joint_set:
        raise UserError(
            f"The network has the joint set {spec.joints}, the data {mixture.joint_set.name}. "
            "Train a network with the data's joints, or convert the data."
        )
    plan = PairPlan(
        settings.batch_size, settings.micro_batch, ranks.rank, ranks.world, settings=settings
    )
    stream = PairStream(mixture, settings, sources=spec.reconstructs, crop_size=spec.crop_size)
    return Loader(stream, plan, workers, collate, pin=ranks.device.type == "cuda")


def _stacked(pictures: Sequence[NDArray[np.uint8]]) -> Tensor:
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2)


def _stacked_masks(masks: Sequence[NDArray[np.uint8] | None]) -> Tensor | None:
    """Those that there are, as one tensor; None if there are none."""
    given = [mask for mask in masks if mask is not None]
    return torch.from_numpy(np.stack(given)) if given else None


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
