"""Batches of target-source pairs for updates (method 1.8, 1.10, 1.11)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from model.adaptation.memory import PersonView, SourceMemory
from model.adaptation.settings import Augmentations, PersonalizationSettings
from model.core import augmentation
from model.core.augmentation import Augmentation, Augmenter
from model.core.crop import CROP_SIZE, to_tensor
from model.core.masking import Masker, as_masks, only_person
from model.ttp.networks import NetworkSpec

# Online pairs are always turned, offline ones as often as the settings say.
_ONLINE: dict[Augmentations, Augmenter] = {
    "published": Augmenter(rotation_probability=1.0),
    "mild": Augmenter(rotation_probability=1.0, rotation_sd=10.0, scale_sd=0.1),
}


class Pairs(NamedTuple):
    """Target-source pairs, normalised: targets (n, 3, S, S), sources (n, 3, 128, 128).

    S is the network's ``crop_size``. Where the network is ``masked``, ``masks`` (n, 1, 128, 128)
    tell where the person is in the targets, and sources show the person only. ``upright``
    (n, 3, S, S) are the targets without augmentation, ``indices`` tells which frames they are of,
    and ``neighbours`` has views of frames around each; None and empty where nothing needs them.
    """

    target: Tensor
    source: Tensor
    upright: Tensor | None = None
    indices: tuple[int, ...] = ()
    masks: Tensor | None = None
    neighbours: tuple[tuple[PersonView, ...], ...] = ()

    def split(self, size: int) -> Iterator[Pairs]:
        """Pieces of ``size`` pairs, the last one maybe smaller."""
        for start in range(0, len(self.target), size):
            part = slice(start, start + size)
            upright = None if self.upright is None else self.upright[part]
            masks = None if self.masks is None else self.masks[part]
            yield Pairs(
                self.target[part],
                self.source[part],
                upright,
                self.indices[part],
                masks,
                self.neighbours[part],
            )

    def to(self, device: torch.device) -> Pairs:
        """The same pairs on a device, in the layout that its convolutions are fastest in."""

        def moved(images: Tensor) -> Tensor:
            return images.to(device, memory_format=torch.channels_last)

        upright = None if self.upright is None else moved(self.upright)
        masks = None if self.masks is None else self.masks.to(device)
        return Pairs(
            moved(self.target), moved(self.source), upright, self.indices, masks, self.neighbours
        )


class PairSampler:
    """Draws pairs as the settings say.

    Both images of a pair get the same augmentation, but for the share of ``independent_sources``.

    Args:
        settings: how to draw.
        spec: the network that is to learn from them.
        masker: finds the person in views; a network that is ``masked`` needs one.
        seed: of all that is random.
    """

    def __init__(
        self,
        settings: PersonalizationSettings,
        spec: NetworkSpec,
        *,
        masker: Masker | None = None,
        seed: int = 0,
    ) -> None:
        self._settings = settings
        self._masker = masker if spec.masked else None
        if spec.masked and masker is None:
            raise ValueError("a masked network needs a masker")
        self._bgr = spec.bgr
        self._size = spec.crop_size
        self._rng = np.random.default_rng(seed)

    def online(
        self,
        current: PersonView,
        memory: SourceMemory,
        count: int,
        *,
        first: bool = True,
        shown: bool = False,
    ) -> Pairs:
        """``count`` pairs around the current view.

        The ``first`` pair of a batch is not augmented and has the current view as its target.
        Sources are uniform over the memory, which may hold the current view too. Masks are found
        if the settings rebuild pictures, or the first pair is to be rebuilt to be ``shown``.
        """
        recent = self._settings.sources == "recent"
        sources = memory.sample(self._rng, count, recent=recent) or [current] * count
        targets = [current] * count
        if self._settings.targets == "random":
            targets = memory.sample(self._rng, count) or targets
        augmenter = _ONLINE[self._settings.augmentations]
        draws = [augmenter.draw(self._rng) for _ in range(count)]
        if first:
            targets[0], draws[0] = current, augmentation.NONE
        return self._tensors(targets, sources, draws, augmenter, memory, shown=shown)

    def offline(self, memory: SourceMemory, count: int) -> Pairs | None:
        """``count`` pairs of independent uniform views of the whole recording, all augmented.

        None when nothing is remembered (any more).
        """
        views = memory.sample(self._rng, 2 * count)
        if not views:
            return None
        targets, sources = views[:count], views[count:]
        augmenter = replace(
            _ONLINE[self._settings.augmentations],
            rotation_probability=self._settings.offline_rotation,
        )
        draws = [augmenter.draw(self._rng) for _ in range(count)]
        return self._tensors(targets, sources, draws, augmenter, memory)

    def plain(self, targets: Sequence[PersonView], sources: Sequence[PersonView]) -> Pairs:
        """These views as pairs, as they are, with masks if the network is ``masked``."""
        augmenter = _ONLINE[self._settings.augmentations]
        draws = [augmentation.NONE] * len(targets)
        return self._tensors(targets, sources, draws, augmenter, shown=True)

    def _tensors(
        self,
        targets: Sequence[PersonView],
        sources: Sequence[PersonView],
        draws: Sequence[Augmentation],
        augmenter: Augmenter,
        memory: SourceMemory | None = None,
        *,
        shown: bool = False,
    ) -> Pairs:
        masker = self._masker if self._settings.self_weight or shown else None
        own_box = self._settings.source_box == "own"
        target_crops, source_crops = [], []
        target_masks, source_masks = [], []
        for target, source, drawn in zip(targets, sources, draws, strict=True):
            target_crops.append(target.crop(drawn.matrix(target.box, self._size), self._size))
            if masker is not None:
                target_masks.append(target.mask(masker).crop(drawn.matrix(target.box)))
            if self._rng.random() < self._settings.independent_sources:
                drawn = augmenter.draw(self._rng)
            matrix = drawn.matrix(source.box if own_box else target.box)
            source_crops.append(source.crop(matrix, CROP_SIZE))
            if masker is not None:
                source_masks.append(source.mask(masker).crop(matrix))
        target_images = to_tensor(target_crops, bgr=self._bgr)
        source_images = to_tensor(source_crops, bgr=self._bgr)
        masks = None
        if masker is not None:
            masks = as_masks(torch.from_numpy(np.stack(target_masks)))
            seen = as_masks(torch.from_numpy(np.stack(source_masks)))
            source_images = only_person(source_images, seen)
        if not self._settings.consistency:
            return Pairs(target_images, source_images, masks=masks)
        reach = self._settings.neighbours
        upright = [target.upright(self._size) for target in targets]
        return Pairs(
            target_images,
            source_images,
            to_tensor(upright, bgr=self._bgr),
            tuple(target.index for target in targets),
            masks,
            tuple(tuple(memory.around(target.index, reach)) for target in targets)
            if reach and memory is not None
            else (),
        )
