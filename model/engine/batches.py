"""Batches in an order fixed by the seed, whoever makes them and in however many processes."""

from __future__ import annotations

import logging
import signal
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import cv2
import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from model.core.errors import UserError
from model.data.records import BadDataError
from model.engine.ranks import Ranks

_log = logging.getLogger(__name__)
_ATTEMPTS = 100  # more bad frames than this in a row are no accident


class Batched(Protocol):
    """Settings of a training, whatever else they hold."""

    @property
    def batch_size(self) -> int: ...
    @property
    def micro_batch(self) -> int: ...


@dataclass(frozen=True)
class MicroBatchPlan:
    """Which examples make up each micro-batch of each step.

    A step's examples are dealt to its micro-batches like cards. Process ``rank`` of ``world``
    computes every ``world``-th of them, so that what is computed does not depend on how many
    processes share them.

    Attributes:
        batch_size: examples per step.
        micro_batch: examples computed at a time; 0: as many as a process has of the batch.
        rank: the number of this process.
        world: how many processes there are.

    Raises:
        UserError: the examples cannot be shared evenly.
    """

    batch_size: int
    micro_batch: int = 0
    rank: int = 0
    world: int = 1

    def __post_init__(self) -> None:
        if self.batch_size % self.size or self.micro_batches % self.world:
            self._refuse(f"A batch of {self.batch_size}")

    @classmethod
    def of(cls, settings: Batched, ranks: Ranks) -> MicroBatchPlan:
        """How the processes share the batches of some settings."""
        return cls(settings.batch_size, settings.micro_batch, ranks.rank, ranks.world)

    def _refuse(self, batch: str) -> None:
        raise UserError(
            f"{batch} cannot be shared evenly by {self.world} processes in micro-batches of "
            f"{self.size}. Choose numbers that divide."
        )

    @property
    def size(self) -> int:
        """Examples per micro-batch."""
        return self.micro_batch or -(-self.batch_size // self.world)

    @property
    def micro_batches(self) -> int:
        """Micro-batches per step, over all processes."""
        return self.batch_size // self.size

    @property
    def own(self) -> range:
        """Numbers of this process's micro-batches within a step."""
        return range(self.rank, self.micro_batches, self.world)

    def keys(self, step: int, number: int) -> Sequence[Any]:
        """The positions in the run of a micro-batch's examples."""
        first = step * self.batch_size + number
        return range(first, first + self.batch_size, self.micro_batches)


class Examples(Protocol):
    """Draws one training example: a named tuple of arrays. ``BadDataError`` for a bad frame."""

    def draw(self, rng: np.random.Generator) -> Any:
        """One example."""


class Stream(Dataset[Any]):
    """Examples by position: the same position gives the same example in every process."""

    def __init__(self, seed: int, skip_bad: bool) -> None:
        self._seed = seed
        self._skip = skip_bad

    def draw(self, key: Any, rng: np.random.Generator, attempt: int) -> Any:
        """The example of a key of the plan, at the first attempt, else any other one."""
        raise NotImplementedError

    def __getitems__(self, keys: Sequence[Any]) -> list[tuple[Any, list[str]]] | BadDataError:
        """A batch; an error is handed on, as raised it would get wrapped."""
        try:
            return [self[key] for key in keys]
        except BadDataError as error:
            return error

    def __getitem__(self, key: Any) -> tuple[Any, list[str]]:
        rng = np.random.default_rng((self._seed, key[0] if isinstance(key, tuple) else key))
        problems: list[str] = []
        for attempt in range(_ATTEMPTS):
            try:
                return self.draw(key, rng, attempt), problems
            except BadDataError as error:
                if not self._skip:
                    raise
                problems.append(str(error))
        raise BadDataError(
            f"{_ATTEMPTS} frames in a row could not be used; the last: {problems[-1]}"
        )


class ExampleStream(Stream):
    """Any examples, drawn by chance alone."""

    def __init__(self, examples: Examples, seed: int = 0, *, skip_bad: bool = False) -> None:
        super().__init__(seed, skip_bad)
        self._examples = examples

    def draw(self, key: Any, rng: np.random.Generator, attempt: int) -> Any:
        return self._examples.draw(rng)


def collated(examples: Sequence[Any]) -> Any:
    """Named tuples of arrays as one named tuple of tensors (N, ...)."""
    parts = zip(*examples, strict=True)
    return type(examples[0])(*(torch.from_numpy(np.stack(part)) for part in parts))


@dataclass(frozen=True)
class Loader:
    """Makes the batches of a run; each step has a tuple of micro-batches, of this process.

    OpenCV is left with one thread. ``BadDataError``, while batches are taken, names a frame that
    cannot be used, unless such frames are skipped: then another is drawn and the frame is logged.

    Attributes:
        stream: where examples come from.
        plan: which belong together.
        workers: processes that draw.
        collate: makes examples a batch.
        pin: whether batches lie in page-locked memory, from which a GPU copies faster.
    """

    stream: Stream
    plan: MicroBatchPlan
    workers: int = 0
    collate: Callable[[Sequence[Any]], Any] = collated
    pin: bool = False

    def __call__(self, steps: range) -> Iterator[tuple[Any, ...]]:
        """The micro-batches of these steps, step by step."""
        batches = self._batches(steps)
        return zip(*[batches] * len(self.plan.own), strict=False)

    def _batches(self, steps: range) -> Iterator[Any]:
        # More of them slow crops so small down, and a forked worker would wait for them for ever.
        cv2.setNumThreads(1)
        plan = self.plan
        loader = DataLoader(
            self.stream,
            # Made as they are needed: a run may have millions.
            batch_sampler=(list(plan.keys(step, n)) for step in steps for n in plan.own),
            collate_fn=_Collate(self.collate),
            num_workers=self.workers,
            prefetch_factor=4 if self.workers else None,
            pin_memory=self.pin,
            worker_init_fn=_one_thread,
        )
        named: set[str] = set()
        for batch in loader:
            if isinstance(batch, BadDataError):
                try:
                    raise batch
                finally:
                    del batch  # or the error would hold itself and the processes for long
            drawn, problems = batch
            for problem in problems:
                if problem not in named:
                    named.add(problem)
                    _log.warning(problem)
            yield drawn


@dataclass(frozen=True)
class _Collate:
    """Collates examples beside their problems, and hands an error on."""

    collate: Callable[[Sequence[Any]], Any]

    def __call__(
        self, batch: list[tuple[Any, list[str]]] | BadDataError
    ) -> tuple[Any, list[str]] | BadDataError:
        if isinstance(batch, BadDataError):
            return batch
        examples, problems = zip(*batch, strict=True)
        return self.collate(examples), [text for texts in problems for text in texts]


def _one_thread(worker: int) -> None:
    """A worker is one of many, so OpenCV's own threads would only get in each other's way.

    Stopping the run is for the main process alone to decide.
    """
    del worker
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cv2.setNumThreads(1)
