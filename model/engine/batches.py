"""Batches for training without labels, in an order fixed by the seed."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any, Protocol

import cv2
import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from model.data.records import BadDataError

_log = logging.getLogger(__name__)
_ATTEMPTS = 100  # more bad frames than this in a row are no accident


class Examples(Protocol):
    """Draws one training example: a named tuple of arrays. ``BadDataError`` for a bad frame."""

    def draw(self, rng: np.random.Generator) -> Any:
        """One example."""


def make_batches(
    examples: Examples,
    steps: range,
    size: int,
    *,
    seed: int = 0,
    skip_bad: bool = False,
    workers: int = 0,
) -> Iterator[Any]:
    """The batches of ``steps``: the examples' named tuple, of tensors (``size``, ...).

    The same step has the same batch in every run and for any number of ``workers``, processes
    that draw. OpenCV is left with one thread. ``BadDataError``, while batches are taken, names a
    frame that cannot be used, unless ``skip_bad``: then another is drawn and the frame is logged.
    """
    cv2.setNumThreads(1)  # more of them slow pictures so small down
    loader = DataLoader(
        _Stream(examples, seed, skip_bad),
        # Made as they are needed: a run may have millions.
        batch_sampler=(list(range(i * size, (i + 1) * size)) for i in steps),
        collate_fn=_collated,
        num_workers=workers,
    )
    for batch in loader:
        if isinstance(batch, BadDataError):
            raise batch
        drawn, problems = batch
        for problem in problems:
            _log.warning(problem)
        yield drawn


class _Stream(Dataset[Any]):
    """Examples by position: the same position gives the same example in every process."""

    def __init__(self, examples: Examples, seed: int, skip_bad: bool) -> None:
        self._examples = examples
        self._seed = seed
        self._skip = skip_bad

    def __getitems__(self, positions: list[int]) -> list[tuple[Any, list[str]]] | BadDataError:
        """A batch; an error is handed on, as raised it would get wrapped."""
        try:
            return [self[position] for position in positions]
        except BadDataError as error:
            return error

    def __getitem__(self, position: int) -> tuple[Any, list[str]]:
        rng = np.random.default_rng((self._seed, position))
        problems: list[str] = []
        for _ in range(_ATTEMPTS):
            try:
                return self._examples.draw(rng), problems
            except BadDataError as error:
                if not self._skip:
                    raise
                problems.append(str(error))
        raise BadDataError(
            f"{_ATTEMPTS} frames in a row could not be used; the last: {problems[-1]}"
        )


def _collated(batch: list[tuple[Any, list[str]]] | BadDataError) -> Any:
    if isinstance(batch, BadDataError):
        return batch
    examples, problems = zip(*batch, strict=True)
    kind = type(examples[0])
    tensors = kind(*(torch.from_numpy(np.stack(part)) for part in zip(*examples, strict=True)))
    return tensors, [sentence for sentences in problems for sentence in sentences]
