"""Feeding training: examples decoded and cut in worker processes, in an order fixed by the seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from model.core.crop import CROP_SIZE
from model.core.errors import UserError
from model.core.images import normalized
from model.core.masking import as_masks, only_person
from model.data.sampling import Example, Mixture, PairCutter
from model.engine.batches import Loader, MicroBatchPlan, Stream
from model.engine.ranks import Ranks
from model.ttp.networks import NetworkSpec
from model.ttp.objective import TensorBatch
from model.ttp.training.settings import TrainingSettings


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
