"""Feeding training: examples decoded and cut in worker processes, in an order fixed by the seed."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from model.core.crop import CROP_SIZE
from model.core.errors import UserError
from model.core.images import normalized
from model.core.masking import as_masks, only_person
from model.data.records import BadDataError
from model.data.sampling import Example, Mixture, PairCutter
from model.ttp.objective import TensorBatch
from model.ttp.training.settings import TrainingSettings

# More bad frames than this in a row are no accident.
_ATTEMPTS = 100


@dataclass(frozen=True)
class PictureBatch:
    """One micro-batch as it leaves a worker process: pictures as uint8 RGB.

    ``target`` (N, 3, S, S) and ``source`` (P, 3, 128, 128), S being the network's crop size;
    ``masks`` and ``source_masks`` (P, 128, 128) uint8, of the first targets and the sources, if
    their clips have masks.

    ``problems`` has a sentence for each frame that was skipped.
    """

    target: Tensor
    source: Tensor
    joints: Tensor
    weights: Tensor
    masks: Tensor | None = None
    source_masks: Tensor | None = None
    problems: list[str] = field(default_factory=list)

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
class MicroBatchPlan:
    """Which examples make up each micro-batch of each step.

    A step's examples are dealt to its ``micro_batches`` like cards; the first ``pairs`` of each
    are reconstructed. Process ``rank`` of ``world`` computes every ``world``-th of them.
    """

    settings: TrainingSettings
    rank: int = 0
    world: int = 1

    def __post_init__(self) -> None:
        s = self.settings
        count, rest = divmod(s.batch_size, self.size)
        pairs = s.pairs or s.batch_size
        if rest or count % self.world or pairs % count:
            raise UserError(
                f"A batch of {s.batch_size} with {pairs} pairs cannot be shared evenly by "
                f"{self.world} processes in micro-batches of {self.size}. Choose numbers that "
                "divide."
            )

    @property
    def size(self) -> int:
        """Examples per micro-batch."""
        return self.settings.micro_batch or -(-self.settings.batch_size // self.world)

    @property
    def micro_batches(self) -> int:
        """Micro-batches per step, over all processes."""
        return self.settings.batch_size // self.size

    @property
    def own(self) -> range:
        """Numbers of this process's micro-batches within a step."""
        return range(self.rank, self.micro_batches, self.world)

    def keys(self, step: int, number: int) -> list[tuple[int, bool]]:
        """Position in the run and whether it is one of the pairs, for each example."""
        count = self.micro_batches
        pairs = self.settings.pairs_at(step) // count
        first = step * self.settings.batch_size + number
        return [(first + i * count, i < pairs) for i in range(self.size)]

    def batches(self, start: int) -> Iterator[list[tuple[int, bool]]]:
        """This process's micro-batches from step ``start`` to the last."""
        for step in range(start, self.settings.steps):
            for number in self.own:
                yield self.keys(step, number)


class ExampleStream(Dataset[tuple[Example, list[str]]]):
    """Examples by position: the same position gives the same example in every process."""

    def __init__(
        self,
        mixture: Mixture,
        settings: TrainingSettings,
        *,
        sources: bool,
        crop_size: int = CROP_SIZE,
    ) -> None:
        self._mixture = mixture
        self._cutter = PairCutter(
            mixture.joint_set, settings.augmenter, settings.independent_sources, crop_size
        )
        self._seed = settings.seed
        self._skip = settings.on_bad_data == "skip"
        self._sources = sources

    def __getitems__(
        self, keys: Sequence[tuple[int, bool]]
    ) -> list[tuple[Example, list[str]]] | BadDataError:
        """The examples of a micro-batch; an error is handed on, as raised it would get wrapped."""
        try:
            return [self[key] for key in keys]
        except BadDataError as error:
            return error

    def __getitem__(self, key: tuple[int, bool]) -> tuple[Example, list[str]]:
        position, paired = key
        with_source = paired and self._sources
        rng = np.random.default_rng((self._seed, position))
        problems: list[str] = []
        for _ in range(_ATTEMPTS):
            clip, frame = self._mixture.place(position)
            try:
                return self._cutter.cut(clip, frame, rng, with_source=with_source), problems
            except BadDataError as error:
                if not self._skip:
                    raise
                problems.append(str(error))
            position = int(rng.integers(self._mixture.epoch_size))
        raise BadDataError(
            f"{_ATTEMPTS} frames in a row could not be used; the last: {problems[-1]}"
        )


def collate(examples: Sequence[tuple[Example, list[str]]]) -> PictureBatch:
    """Examples as one batch."""
    only = [example for example, _ in examples]
    sources = [example.source for example in only if example.source is not None]
    return PictureBatch(
        target=_stacked([example.target for example in only]),
        source=_stacked(sources) if sources else torch.empty(0, 3, CROP_SIZE, CROP_SIZE),
        joints=torch.from_numpy(np.stack([example.joints for example in only])),
        weights=torch.from_numpy(np.stack([example.weights for example in only])),
        masks=_stacked_masks([example.mask for example in only]),
        source_masks=_stacked_masks([example.source_mask for example in only]),
        problems=[problem for _, problems in examples for problem in problems],
    )


def make_loader(
    mixture: Mixture,
    plan: MicroBatchPlan,
    start: int = 0,
    *,
    sources: bool = True,
    crop_size: int = CROP_SIZE,
    workers: int = 0,
    pin: bool = False,
) -> Iterator[PictureBatch]:
    """This process's micro-batches in order, from step ``start``.

    Without ``sources`` no pair has one: not every variant looks at them. OpenCV is left with one
    thread in this process. ``BadDataError``, while batches are taken, names a frame that cannot
    be used, unless such frames are skipped.
    """
    # More of them slow crops so small down, and a forked worker would wait for them for ever.
    cv2.setNumThreads(1)
    loader = DataLoader(
        ExampleStream(mixture, plan.settings, sources=sources, crop_size=crop_size),
        batch_sampler=plan.batches(start),
        collate_fn=_collated_or_error,
        num_workers=workers,
        prefetch_factor=4 if workers else None,
        pin_memory=pin,
        worker_init_fn=_one_thread,
    )
    return map(_batch_or_raise, loader)


def _collated_or_error(
    examples: list[tuple[Example, list[str]]] | BadDataError,
) -> PictureBatch | BadDataError:
    return examples if isinstance(examples, BadDataError) else collate(examples)


def _batch_or_raise(batch: PictureBatch | BadDataError) -> PictureBatch:
    if isinstance(batch, BadDataError):
        try:
            raise batch
        finally:
            del batch  # or the error would hold itself, and the processes, until it is collected
    return batch


def _stacked(pictures: Sequence[NDArray[np.uint8]]) -> Tensor:
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2)


def _stacked_masks(masks: Sequence[NDArray[np.uint8] | None]) -> Tensor | None:
    """Those that there are, as one tensor; None if there are none."""
    given = [mask for mask in masks if mask is not None]
    return torch.from_numpy(np.stack(given)) if given else None


def _one_thread(worker: int) -> None:
    """A worker is one of many, so OpenCV's own threads would only get in each other's way.

    Stopping the run is for the main process alone to decide.
    """
    del worker
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cv2.setNumThreads(1)
