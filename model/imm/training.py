"""IMM's training: every knob, one optimiser step (methods 3.2, 3.3), and the whole of a run."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from model.core.crop import CROP_SIZE
from model.core.device import Precision, choose_device
from model.core.errors import UserError, check_choices, check_number
from model.core.panels import draw_points, enlarged, tile
from model.data.catalogue import Request
from model.data.records import DataSet, readable
from model.engine.job import KeepingCallback, StepsJob, description, identity
from model.engine.optimisation import gradients_finite
from model.engine.ranks import BatchStatistics, Ranks, joined_ranks, running
from model.engine.run import Learner, TrainingResult, start_from
from model.imm import weights
from model.imm.data import ImmExample, ImmExamples, PairDrawer, PairKind
from model.imm.loss import (
    FeatureKind,
    ImmPerceptualLoss,
    ImmSquaredLoss,
    InitialMeans,
    load_features,
    weight_loss,
)
from model.imm.networks import Imm, ImmSpec

LossKind = Literal["perceptual", "l2"]

_CHOICES: dict[str, tuple[str, ...]] = {
    "pairs": get_args(PairKind),
    "loss": get_args(LossKind),
    "features": get_args(FeatureKind),
    "initial_means": get_args(InitialMeans),
    "precision": get_args(Precision),
}
_POSITIVE = ("steps", "batch_size", "decay_every", "look_every", "checkpoint_every")


@dataclass(frozen=True)
class ImmSettings:
    """Settings of training. ``UserError`` for values that are out of range."""

    #: Optimiser steps in all; the released cap, which nobody waits for.
    steps: int = 30_000_000
    #: Pairs per step.
    batch_size: int = 50
    #: Pairs computed at a time by one process; BatchNorm sees one micro-batch. 0: as many as a
    #: process has of the batch. The result does not depend on how many processes share them.
    micro_batch: int = 0
    #: Adam's learning rate at the start.
    learning_rate: float = 1e-3
    #: The rate is multiplied by ``decay`` after every ``decay_every`` steps.
    decay: float = 0.95
    decay_every: int = 100_000
    #: The gradient of each single tensor is shortened to this length.
    clip: float = 1.0
    #: Times half the squared norm of all convolution weights, added to the loss.
    weight_decay: float = 1e-5
    #: Where pairs come from: two warps of a picture, or two frames of a clip.
    pairs: PairKind = "warp"
    #: Whether half of the pairs of frames are mirrored.
    flip: bool = True
    #: How pictures are compared.
    loss: LossKind = "perceptual"
    #: The network of the perceptual loss. The released code's is ``colorization``.
    features: FeatureKind = "imagenet"
    #: What the errors are divided by at first; the ``published`` belong to ``colorization``.
    initial_means: InitialMeans = "first batch"
    #: Whether no gradient passes through what the errors are divided by; released: it does.
    detached: bool = False
    precision: Precision = "float32"
    #: Look at the network, and draw what it does, every so many steps.
    look_every: int = 1_000
    #: Save a checkpoint every so many steps.
    checkpoint_every: int = 2_000
    seed: int = 0

    def __post_init__(self) -> None:
        check_choices(self, _CHOICES)
        for name in _POSITIVE:
            check_number(name, getattr(self, name), getattr(self, name) >= 1, "1 or more")
        check_number("learning_rate", self.learning_rate, 0 < self.learning_rate <= 1, "in (0, 1]")
        check_number("decay", self.decay, 0 < self.decay <= 1, "in (0, 1]")
        check_number("clip", self.clip, 0 < self.clip < math.inf, "above 0")
        decay = self.weight_decay
        check_number("weight_decay", decay, 0 <= decay < math.inf, "0 or more")
        for name in ("seed", "micro_batch"):
            check_number(name, getattr(self, name), getattr(self, name) >= 0, "0 or more")

    def learning_rate_at(self, step: int) -> float:
        """The learning rate of step 0, 1, ...: a staircase (method 3.3)."""
        return self.learning_rate * self.decay ** (step // self.decay_every)


def make_loss(settings: ImmSettings, features: Path | None = None) -> nn.Module:
    """The loss that ``settings`` ask for; ``features`` is the file of its perceptual network.

    ``UserError`` if the file is needed and missing, or holds another network.
    """
    if settings.loss == "l2":
        return ImmSquaredLoss()
    if features is None:
        raise UserError(
            "The perceptual loss needs the weights of its network, and no file was given. Give "
            "one, or choose the loss l2."
        )
    return ImmPerceptualLoss(
        load_features(features, settings.features),
        initial_means=settings.initial_means,
        detached=settings.detached,
    )


class ImmStep(Learner):
    """Trains ``network`` in place, on its device, a batch at a time.

    ``loss`` is called with reconstruction, target and mask (see ``make_loss``). The optimiser is
    Adam with the defaults that TensorFlow and PyTorch share.
    """

    def __init__(
        self, network: Imm, settings: ImmSettings, loss: nn.Module, ranks: Ranks | None = None
    ) -> None:
        self.network: Imm = network.train()
        self.settings = settings
        self.done = 0
        self._ranks = ranks or Ranks()
        self._loss = loss.to(network.device)
        self._statistics = BatchStatistics([*running(network), *loss.buffers(recurse=False)])
        self._optimiser = torch.optim.Adam(network.parameters(), lr=settings.learning_rate)

    def step(self, batches: Sequence[ImmExample]) -> dict[str, float]:
        """Learn from pictures (N, S, S, 3) uint8 and masks (N, S, S); losses by name.

        They are those before the step: ``total``, which is NaN if it or a gradient is not finite,
        ``reconstruction`` of the pictures, and ``weights``, the weight decay's share. A step that
        is not finite changes nothing.
        """
        self.learning_rate = self.settings.learning_rate_at(self.done)
        for group in self._optimiser.param_groups:
            group["lr"] = self.learning_rate
        self.network.train()
        self._loss.train()
        self._optimiser.zero_grad(set_to_none=True)
        self._statistics.begin()
        found = []
        for batch in batches:
            reconstruction = self._reconstruction_loss(batch)
            weights = self.settings.weight_decay * weight_loss(self.network)
            total = reconstruction + weights
            (total / len(batches)).backward()
            self._statistics.collect()
            found.append({"total": total, "reconstruction": reconstruction, "weights": weights})
        self._ranks.share_gradients(self.network.parameters())
        losses = self._ranks.losses(found)
        if math.isfinite(losses["total"]) and gradients_finite(self.network.parameters()):
            clip_each(self.network.parameters(), self.settings.clip)
            self._optimiser.step()
            self._statistics.finish(self._ranks, len(batches))
        else:
            losses["total"] = math.nan
        self.done += 1
        return losses

    def state(self) -> dict[str, Any]:
        """All that is needed to go on exactly: tensors and plain values only."""
        return {
            "done": self.done,
            "network": self.network.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            # Not the frozen network's weights, which are in a file of their own.
            "loss": dict(self._loss.named_buffers(recurse=False)),
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Take over what ``state`` returned.

        That of a run on other data is welcome: the released networks for AFLW went on from those
        for CelebA, with the optimiser and the learning rate as they were (method 3.3).
        """
        own = dict(self._loss.named_buffers(recurse=False))
        if own.keys() != state["loss"].keys():
            raise ValueError("it is of another kind of loss")
        self.network.load_state_dict(state["network"])
        self._optimiser.load_state_dict(state["optimiser"])
        for name, buffer in own.items():
            buffer.copy_(state["loss"][name])
        self.done = int(state["done"])

    def _reconstruction_loss(self, batch: ImmExample) -> Tensor:
        device = self.network.device
        target, source = _pictures(batch.target, device), _pictures(batch.source, device)
        mask = torch.as_tensor(batch.mask).to(device)[:, None]
        precise = self.settings.precision == "float32"
        with torch.autocast(device.type, torch.bfloat16, enabled=not precise):
            rebuilt = self.network(target, source).reconstruction
            loss: Tensor = self._loss(rebuilt.float(), target, mask)
        return loss


@torch.no_grad()
def clip_each(parameters: Iterable[nn.Parameter], limit: float) -> None:
    """Shorten each parameter's own gradient to length ``limit``, if it is longer (method 3.3)."""
    gradients = [p.grad for p in parameters if p.grad is not None]
    lengths = torch.stack([gradient.norm() for gradient in gradients])
    factors = limit / lengths.clamp(min=limit)
    for gradient, factor in zip(gradients, factors, strict=True):
        gradient.mul_(factor)


def _pictures(pixels: Any, device: torch.device) -> Tensor:
    """A batch of pictures (N, S, S, 3) uint8 as the network wants them: (N, 3, S, S), 0..255."""
    return torch.as_tensor(pixels).to(device).permute(0, 3, 1, 2).float().contiguous()


_ROWS = 6


class ImmCallback(KeepingCallback):
    """Draws pairs of ``people``, and keeps the network."""

    def __init__(
        self,
        network: Imm,
        people: DataSet,
        drawer: PairDrawer,
        folder: Path,
        metadata: Mapping[str, str],
    ) -> None:
        super().__init__(folder, metadata)
        self._network = network
        self._people = people
        self._drawer = drawer

    def look(self, step: int, *, probe: bool) -> dict[str, float | NDArray[np.uint8]]:
        """Keeps the network; the panel, and how far the points of a picture lie apart."""
        self.keep(step)
        picture, apart = panel(self._network, self._people, self._drawer)
        return {"points/spread": apart, "panel": picture}

    def write(self, path: Path, metadata: Mapping[str, str]) -> None:
        weights.save(path, self._network, metadata)


@torch.inference_mode()
def panel(
    network: Imm, people: DataSet, drawer: PairDrawer, rows: int = _ROWS
) -> tuple[NDArray[np.uint8], float]:
    """Source, target, reconstruction and points of some people; RGB (H, W, 3), eval mode.

    With it the mean distance of a picture's points from their middle, in pictures' sides: near 0
    when they have collapsed.
    """
    rng = np.random.default_rng(0)
    _, pairs = readable(people.clips, rows, lambda clip: drawer.draw(clip, len(clip) // 2, rng))
    target, source = (
        torch.from_numpy(np.stack(side)).permute(0, 3, 1, 2).float().to(network.device)
        for side in ([pair.target for pair in pairs], [pair.source for pair in pairs])
    )
    output = network(target, source)
    rebuilt = output.reconstruction.clamp(0, 255).round().to(torch.uint8).permute(0, 2, 3, 1)
    points = output.points.cpu().numpy()
    middle = points.mean(axis=1, keepdims=True)
    targets = enlarged([pair.target for pair in pairs], zoom=False)
    picture = tile(
        {
            "source": enlarged([pair.source for pair in pairs]),
            "target": enlarged([pair.target for pair in pairs]),
            "reconstruction": enlarged(list(rebuilt.cpu().numpy())),
            "points": [
                draw_points(crop, (found + 1) * ((CROP_SIZE - 1) / 2))
                for crop, found in zip(targets, points, strict=True)
            ],
        }
    )
    return picture, float(np.linalg.norm(points - middle, axis=-1).mean() / 2)


@dataclass(frozen=True, kw_only=True)
class ImmJob(StepsJob):
    """What to train, on what, and where to. ``data`` is learnt from without its labels.

    ``start`` is what to go on from: another run's ``checkpoint.pt``, as the released networks for
    AFLW went on from those for CelebA, with the optimiser and the learning rate as they were
    (method 3.3); or a weight file, with a new optimiser and schedule.
    """

    spec: ImmSpec
    settings: ImmSettings
    data: Request
    features: Path
    start: Path | None = None


def run_imm_training(job: ImmJob, stopping: Callable[[], bool] = lambda: False) -> TrainingResult:
    """Train.

    Args:
        job: what to train.
        stopping: asked between steps whether to stop early.

    Returns:
        How far it came.

    Raises:
        UserError: something cannot be read, does not fit, or would overwrite another run.
    """
    torch.manual_seed(job.settings.seed)
    settings = job.settings
    people = job.data.read("train", job.data.source.crop_shift)
    drawer = PairDrawer(settings.pairs, job.spec.size, flip=settings.flip)
    said = description(settings, data=f"{job.data.named}, {len(people)} frames")
    with joined_ranks(choose_device(job.device).device) as ranks:
        network = _network(job)
        network.to(ranks.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        learner = ImmStep(network, settings, make_loss(settings, job.features), ranks)
        if job.start is not None and not _is_weights(job.start) and not job.resume:
            start_from(job.start, learner)
        run = job.run_of(
            learner,
            ImmExamples(people, drawer),
            settings,
            identity(settings, job.spec, data=[people.name, len(people)]),
            ImmCallback(network, people, drawer, job.out, said),
            ranks,
        )
        return job.finish(run, said, stopping)


def _network(job: ImmJob) -> Imm:
    if job.start is None or not _is_weights(job.start):
        return Imm(job.spec)
    network = weights.load(job.start)
    if network.spec != job.spec:
        raise UserError(
            f"{job.start} holds {network.spec}, but {job.spec} is to be trained. Start from "
            "weights of the same network, or give its --points."
        )
    return network.train()


def _is_weights(path: Path) -> bool:
    return path.suffix == ".safetensors"
