"""Batches of target-source pairs for updates (method 1.8, 1.10, 1.11)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from torch import Tensor

from model import augmentation
from model.augmentation import Augmentation, Augmenter
from model.crop import CROP_SIZE
from model.normalization import to_tensor
from model.personalization.memory import PersonView, SourceMemory
from model.personalization.settings import PersonalizationSettings

# Offline pairs are turned as in training, online ones always.
_ONLINE = Augmenter(rotation_probability=1.0)
_OFFLINE = Augmenter()


class PairSampler:
    """Draws pairs as the settings say; both images of a pair get the same augmentation."""

    def __init__(
        self, settings: PersonalizationSettings, *, bgr: bool = False, seed: int = 0
    ) -> None:
        self._settings = settings
        self._bgr = bgr
        self._rng = np.random.default_rng(seed)

    def online(
        self, current: PersonView, memory: SourceMemory, count: int, *, first: bool = True
    ) -> tuple[Tensor, Tensor]:
        """``count`` pairs around the current view, each tensor (count, 3, 128, 128).

        The ``first`` pair of a batch is not augmented and has the current view as its target.
        Sources are uniform over the memory, which may hold the current view too.
        """
        recent = self._settings.sources == "recent"
        sources = memory.sample(self._rng, count, recent=recent) or [current] * count
        targets = [current] * count
        if self._settings.targets == "random":
            targets = memory.sample(self._rng, count) or targets
        draws = [_ONLINE.draw(self._rng) for _ in range(count)]
        if first:
            targets[0], draws[0] = current, augmentation.NONE
        return self._tensors(targets, sources, draws)

    def offline(self, memory: SourceMemory, count: int) -> tuple[Tensor, Tensor] | None:
        """``count`` pairs of independent uniform views of the whole recording, all augmented.

        None when nothing is remembered (any more).
        """
        views = memory.sample(self._rng, 2 * count)
        if not views:
            return None
        targets, sources = views[:count], views[count:]
        draws = [_OFFLINE.draw(self._rng) for _ in range(count)]
        return self._tensors(targets, sources, draws)

    def _tensors(
        self,
        targets: Sequence[PersonView],
        sources: Sequence[PersonView],
        draws: Sequence[Augmentation],
    ) -> tuple[Tensor, Tensor]:
        own = self._settings.source_box == "own"
        target_crops, source_crops = [], []
        for target, source, drawn in zip(targets, sources, draws, strict=True):
            matrix = drawn.matrix(target.box)
            target_crops.append(target.crop(matrix, CROP_SIZE))
            source_matrix = drawn.matrix(source.box) if own else matrix
            source_crops.append(source.crop(source_matrix, CROP_SIZE))
        return to_tensor(target_crops, bgr=self._bgr), to_tensor(source_crops, bgr=self._bgr)
