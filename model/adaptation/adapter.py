"""The loop of personalization, written once: look, remember, update, predict (method 1.10, 1.11).

The live window (both schedules), recordings and evaluations differ in where their frames come from
and in who waits for whom. What the settings say is done here, so that none of them ignores one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from model.adaptation.guard import HOLD_EVERY, Check, Guard
from model.adaptation.memory import Pairs, PersonView, SourceMemory
from model.adaptation.personalizer import Learnt, Personalizer, UpdateReport
from model.adaptation.settings import PersonalizationSettings, covers
from model.core.crop import to_pictures
from model.core.device import is_out_of_memory
from model.core.motion import MotionFusion
from model.tracking.scene import SceneChange
from model.ttp.networks import PoseOutput
from model.ttp.trunk import keys_of


def planned_updates(settings: PersonalizationSettings, frames: int) -> int:
    """How many updates ``frames`` frames are worth: as published one each, and none for none."""
    return round(max(frames > 0, settings.offline_updates_per_frame * frames))


class Adapter:
    """Adapts a network to one person at a time.

    Online, for each frame: ``watch`` it, ``remember`` the person's view, ``update`` on that view,
    ``predict`` it, and ``end_frame``. Offline: ``remember`` all views, take the updates of
    ``offline``, then predict. Who cannot wait for a whole batch calls ``update_in_parts`` or
    ``offline_in_parts`` until a batch is closed. Not thread-safe, but for the memory.

    Args:
        personalizer: What learns, with the settings.
        memory: Views to learn from; how many of them are held out is the settings' choice.
        micro_batch: Pairs computed at a time, to bound memory (default: all of a batch). It
            shrinks for good when the device's memory does not suffice.
        seed: Of all that is drawn.

    Attributes:
        personalizer: What learns; ``configure`` puts another in its place.
        memory: As given.
        last_pairs: Pairs in the last part of a batch; 0 when there was nothing to learn from.
        last_batch: The parts of the batch that was closed last.
        last_check: What the guard found after it; None if it did not look.
    """

    def __init__(
        self,
        personalizer: Personalizer,
        memory: SourceMemory,
        *,
        micro_batch: int | None = None,
        seed: int = 0,
    ) -> None:
        self.personalizer = personalizer
        self.memory = memory
        self.last_pairs = 0
        self.last_batch: Sequence[Pairs] = ()
        self.last_check: Check | None = None
        self._micro_batch = micro_batch
        self._seed = seed
        self._scene = SceneChange()
        self._batch: list[Pairs] = []
        self._predicted = 0
        self._equip()

    def _equip(self) -> None:
        self._sampler = self.personalizer.sampler(self._seed)
        self._fusion = MotionFusion(self.settings.carry) if self.settings.carry else None
        guarded = self.settings.guard
        self.memory.hold(HOLD_EVERY if guarded else 0)
        self._guard = Guard(self.personalizer, self.memory) if guarded else None

    @property
    def settings(self) -> PersonalizationSettings:
        """What is followed."""
        return self.personalizer.settings

    @property
    def updates(self) -> int:
        """Optimiser steps since the trained weights."""
        return self.personalizer.updates

    @property
    def batch_is_open(self) -> bool:
        """Whether parts of a batch were computed and others are missing."""
        return bool(self._batch)

    # Frames

    def watch(self, image: NDArray[np.uint8]) -> bool:
        """See a frame (H, W, 3, uint8 RGB), with or without the person.

        Returns:
            Whether it lies behind a cut, and everything therefore began again.
        """
        if not (self.settings.reset_on_cut and self._scene.changed(image)):
            return False
        self.reset()
        self.memory.clear()
        return True

    def remember(self, view: PersonView) -> None:
        """Keep a view to learn from, or to be held out for the guard."""
        self.memory.add(view)

    def predict(self, crops: Tensor, indices: Sequence[int], *, carried: bool = True) -> PoseOutput:
        """The pose in crops (N, 3, S, S), normalised, of frames with these ``indices``, in order.

        Each heeds those before it as far as the settings ``carry`` them, unless they are not to be
        ``carried``.
        """
        output = self.personalizer.answer(crops, keys_of(indices), fresh=True)
        if self._fusion is None or not carried:
            return output
        pictures = list(to_pictures(crops, bgr=self.personalizer.network.spec.bgr))
        return replace(output, heatmaps=self._fusion.fused(output.heatmaps, pictures, indices))

    def does_not_follow(self) -> None:
        """What is predicted next is of another scene or person: nothing is carried there."""
        if self._fusion is not None:
            self._fusion.forget()

    def end_frame(self) -> None:
        """A frame was predicted online; the trained weights come back if the settings say so."""
        self._predicted += 1
        every = self.settings.reset_every
        if every and self._predicted % every == 0:
            self.reset()

    # Updates

    def update(self, view: PersonView) -> UpdateReport | None:
        """One update on a whole batch around a view, None if it is held out (method 1.10)."""
        if self.memory.is_held(view):
            return None
        return self._update(self._sampler.online(view, self.memory, self.settings.batch_size))

    def update_in_parts(self, view: PersonView, *, shown: bool = False) -> UpdateReport | None:
        """Compute the next part of an update; the report if it closed the batch.

        Each part may have a view of its own. ``shown``: the batch's first pair is to be seen, even
        where updates rebuild nothing.
        """
        self.last_pairs = 0
        if self.memory.is_held(view):
            return None
        first = not self._batch
        places = self._open_places()
        return self._add(
            self._sampler.online(view, self.memory, places, first=first, shown=first and shown)
        )

    def offline(self, frames: int) -> Iterator[UpdateReport]:
        """Update on random pairs of what is remembered of a recording (method 1.11).

        Args:
            frames: The recording's frames with the person, which may be more than are remembered.

        Yields:
            The report of each update.
        """
        for _ in range(planned_updates(self.settings, frames)):
            pairs = self._sampler.offline(self.memory, self.settings.batch_size)
            if pairs is None:  # nothing is remembered
                return
            yield self._update(pairs)

    def offline_in_parts(self) -> UpdateReport | None:
        """As ``update_in_parts``; nothing is learnt (``last_pairs`` 0) if all was forgotten."""
        self.last_pairs = 0
        pairs = self._sampler.offline(self.memory, self._open_places())
        return None if pairs is None else self._add(pairs)

    def discard(self) -> None:
        """Throw an open batch away."""
        self._batch = []
        self.personalizer.discard()

    # Beginning again

    def reset(self) -> None:
        """The trained weights; what is remembered stays."""
        self._batch, self.last_batch = [], ()
        self.personalizer.reset()
        self.does_not_follow()
        if self._guard is not None:
            self._guard.forget()

    def configure(self, settings: PersonalizationSettings) -> None:
        """Begin again with other settings."""
        self.reset()
        self.personalizer = self.personalizer.configured(settings)
        self._equip()

    def load(self, learnt: Learnt, settings: PersonalizationSettings) -> None:
        """Go on from what was learnt before.

        ``settings`` are taken where the present ones leave alone what was changed then.
        """
        if covers(self.settings.scope, learnt.changes):
            self.reset()
        else:
            self.configure(settings)
        self.personalizer.adopt(learnt)
        self.adopted()

    def adopted(self) -> None:
        """The personalizer's weights were put there: the guard does not know them to be good."""
        if self._guard is not None:
            self._guard.adopt()

    # Batches

    def _open_places(self) -> int:
        left = self.settings.batch_size - sum(len(pairs.target) for pairs in self._batch)
        return min(self._micro_batch or left, left)

    def _update(self, pairs: Pairs) -> UpdateReport:
        self._batch = list(pairs.split(self._micro_batch or len(pairs.target)))
        self._accumulate(self._batch)
        return self._close()

    def _add(self, pairs: Pairs) -> UpdateReport | None:
        self._batch.append(pairs)
        self.last_pairs = len(pairs.target)
        self._accumulate([pairs])
        return self._close() if self._open_places() == 0 else None

    def _close(self) -> UpdateReport:
        """Take the batch's steps, and have the guard look."""
        report = self.personalizer.step()
        for _ in range(self.settings.iterations - 1):
            if not report.applied:
                break
            self._accumulate(self._batch)
            report = self.personalizer.step()
        self.last_batch, self._batch = self._batch, []
        check = self.last_check = self._guard.check() if self._guard is not None else None
        undone = report.undone or (check is not None and check.verdict == "undone")
        return replace(report, undone=undone)

    def _accumulate(self, parts: Sequence[Pairs]) -> None:
        """Add the gradient of these parts of the batch; if memory fails, with fewer at a time."""
        size = self.settings.batch_size
        try:
            for part in parts:
                self.personalizer.accumulate(part, size)
        except RuntimeError as error:
            largest = max(len(part.target) for part in self._batch)
            if largest == 1 or not is_out_of_memory(error):
                raise
        else:
            return
        # Nobody knows how much of the gradient was added: the batch begins again.
        self.personalizer.discard()
        self._micro_batch = largest // 2
        self._batch = [part for whole in self._batch for part in whole.split(self._micro_batch)]
        torch.cuda.empty_cache()
        self._accumulate(self._batch)
