"""Bounded memory of what a person looked like, and the pairs that updates learn from.

It holds crops with a margin, fair over all of the time. Out of it come batches of target-source
pairs (method 1.8, 1.10, 1.11).
"""

from __future__ import annotations

import mmap
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from model.adaptation.settings import Augmentations, PersonalizationSettings
from model.core import augmentation
from model.core.augmentation import Augmentation, Augmenter
from model.core.crop import CROP_SIZE, SquareBox, compose, crop_matrix, to_tensor, warp
from model.core.masking import MASK_INPUT, Masker, PersonMask, as_masks, mask_matrix, only_person
from model.ttp.networks import NetworkSpec

# A kept crop must hold what augmentation can ask for: 1.25 times the side, turned by up to 60
# degrees (a factor of up to 1.41). It is stored near the network's own resolution.
_MARGIN = 1.75
# Larger ones would fill the memory: a network that takes 256 pixels gets 219 of its square's. It is
# no loss: who learns from these learns more for sharp frames than who learns from sharp ones.
_LARGEST_STORED = 384
# How many held-out views are kept.
_HELD = 8
LIVE_VIEWS = 112
"""How many views the live window remembers. The features of so many fit into the trunk's memory,
mirror images included: learning from one of them then takes no trunk."""


def compact_side(crop_size: int) -> int:
    """Side (pixels) of what a compact view keeps for crops of ``crop_size`` pixels."""
    return min(_LARGEST_STORED, round(_MARGIN * crop_size))


@dataclass(frozen=True)
class PersonView:
    """One sight of a person: an image that shows (at least) the surroundings of ``box``.

    ``box`` is in pixels of the frame the view was taken from. ``image`` (H x W x 3, uint8 RGB) is
    that frame or a part of it; ``to_image`` (2 x 3) maps frame pixels to its pixels.
    """

    index: int
    box: SquareBox
    image: NDArray[np.uint8]
    to_image: NDArray[np.float64]
    _masks: list[PersonMask] = field(default_factory=list, repr=False, compare=False)

    @classmethod
    def of_frame(cls, image: NDArray[np.uint8], box: SquareBox, index: int) -> PersonView:
        """A view that holds the whole frame."""
        return cls(index, box, image, np.eye(2, 3))

    def compact(self, crop_size: int = CROP_SIZE) -> PersonView:
        """The same view reduced to the surroundings that augmentation can reach.

        It takes 150 kB where crops of 128 pixels are cut from it, 440 where they have 256.
        """
        size = compact_side(crop_size)
        from_frame = crop_matrix(self.box.scaled(_MARGIN), size)
        image = _in_pages_of_its_own(self.crop(from_frame, size))
        return PersonView(self.index, self.box, image, from_frame, self._masks)

    def crop(self, matrix: NDArray[np.float64], size: int) -> NDArray[np.uint8]:
        """The ``size`` x ``size`` crop that ``matrix`` (frame pixels to crop pixels) asks for."""
        inverse = np.linalg.inv(np.vstack([self.to_image, [0, 0, 1]]))[:2]
        return warp(self.image, compose(matrix, inverse), size)

    def upright(self, size: int) -> NDArray[np.uint8]:
        """The ``size`` x ``size`` crop of its own box, not augmented: what prediction sees."""
        return self.crop(crop_matrix(self.box, size), size)

    def mask(self, find: Masker) -> PersonMask:
        """Where the person is, found out the first time that somebody asks for it."""
        if not self._masks:
            crop = self.crop(mask_matrix(self.box, MASK_INPUT), MASK_INPUT)
            self._masks.append(PersonMask(find(crop), self.box))
        return self._masks[0]


def _in_pages_of_its_own(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A copy beside the heap, whose end can be given back only where nothing that stays lies in it.

    See ``return_freed_memory``.
    """
    pages = mmap.mmap(-1, image.nbytes)  # given back with the last array that lies in them
    copy = np.frombuffer(pages, np.uint8).reshape(image.shape)
    copy[:] = image
    return copy


class SourceMemory:
    """At most ``capacity`` views, each equally likely to be from any time of the session.

    Reservoir sampling: after n views every one of them is still here with probability
    capacity / n. Beside the reservoir the last ``recent`` views are kept. With ``hold_every`` n,
    every n-th view is held out: it is given by ``held`` alone, the last eight of them, and nothing
    can learn from it. Views keep the detail that crops of ``crop_size`` pixels need, or the whole
    frame, where as many such frames as may be kept fit into ``whole_bytes``: sources are then
    warped once, and show what is beside the person too, as published. Safe between threads.
    """

    def __init__(
        self,
        capacity: int = 512,
        recent: int = 64,
        seed: int = 0,
        hold_every: int = 0,
        crop_size: int = CROP_SIZE,
        whole_bytes: int = 0,
    ) -> None:
        self._whole_bytes = whole_bytes // (capacity + recent + _HELD)
        self._capacity = capacity
        self._crop_size = crop_size
        self._hold_every = hold_every
        self._held: deque[PersonView] = deque(maxlen=_HELD)
        self._added = 0
        self._rng = np.random.default_rng(seed)
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._reservoir: list[PersonView] = []
        self._recent: deque[PersonView] = deque(maxlen=recent)
        self._seen = 0

    def add(self, view: PersonView) -> bool:
        """Remember one more view, made compact if need be; False if it is held out."""
        if view.image.nbytes > self._whole_bytes:
            view = view.compact(self._crop_size)
        with self._lock:
            self._added += 1
            if self._hold_every and self._added % self._hold_every == 0:
                self._held.append(view)
                return False
            self._seen += 1
            self._recent.append(view)
            if len(self._reservoir) < self._capacity:
                self._reservoir.append(view)
            else:
                place = int(self._rng.integers(self._seen))
                if place < self._capacity:
                    self._reservoir[place] = view
            self._changed.notify_all()
            return True

    def hold(self, every: int) -> None:
        """Hold every ``every``-th view out from now on; 0: none."""
        with self._lock:
            self._hold_every = every

    def is_held(self, view: PersonView) -> bool:
        """Whether this view is one of those in ``held``."""
        with self._lock:
            return any(held.index == view.index for held in self._held)

    def held(self) -> list[PersonView]:
        """The last views that were held out, oldest first."""
        with self._lock:
            return list(self._held)

    def latest(self, count: int) -> list[PersonView]:
        """Of the views that are not held out the last ``count``, oldest first."""
        with self._lock:
            return list(self._recent)[-count:]

    def newest(self, after: int = -1, timeout: float = 0.0) -> PersonView | None:
        """The newest view if its index is above ``after``; waits up to ``timeout`` seconds."""

        def fresh() -> bool:
            return bool(self._recent) and self._recent[-1].index > after

        with self._lock:
            self._changed.wait_for(fresh, timeout)
            return self._recent[-1] if fresh() else None

    def around(self, index: int, reach: int) -> list[PersonView]:
        """What is remembered of the ``reach`` frames before and after frame ``index``, in order."""
        if not reach:
            return []
        with self._lock:
            found = {
                view.index: view
                for view in (*self._reservoir, *self._recent)
                if 0 < abs(view.index - index) <= reach
            }
        return [found[number] for number in sorted(found)]

    def sample(
        self, rng: np.random.Generator, count: int, *, recent: bool = False
    ) -> list[PersonView]:
        """``count`` views drawn uniformly, with replacement; empty if nothing is remembered."""
        with self._lock:
            pool = list(self._recent) if recent else self._reservoir
            return [pool[int(i)] for i in rng.integers(len(pool), size=count)] if pool else []

    def __len__(self) -> int:
        with self._lock:
            return len(self._reservoir)

    def clear(self) -> None:
        """Forget everything: another person, another source."""
        with self._lock:
            self._reservoir.clear()
            self._recent.clear()
            self._held.clear()
            self._seen = self._added = 0


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
