"""Bounded memory of what a person looked like: crops with a margin, fair over all of the time."""

from __future__ import annotations

import mmap
import threading
from collections import deque
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from model.core.crop import CROP_SIZE, SquareBox, compose, crop_matrix, warp
from model.core.masking import MASK_INPUT, Masker, PersonMask, mask_matrix

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
