"""Feeds a personalizer with pairs from memory, a micro-batch at a time, online or offline."""

from __future__ import annotations

import gc
import math
import time
from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

import torch

from app.runtime.live.change import ChangeReport
from app.runtime.live.results import LearnerState, OfflineProgress, UpdateResult
from model.adaptation import (
    Learnt,
    PairExample,
    Pairs,
    PersonalizationSettings,
    Personalizer,
    PersonView,
    SourceMemory,
    UpdateReport,
    learn_offline,
    planned_updates,
)
from model.adaptation.comparison import compare
from model.adaptation.guard import HOLD_EVERY, Guard
from model.adaptation.parameters import covers
from model.adaptation.personalizer import Snapshot
from model.core.images import to_pictures
from model.core.masking import Masker
from model.core.perceptual import PerceptualLoss
from model.ttp.networks import PoseNetwork
from model.ttp.trunk import FrozenTrunk

# On so many of the last views before and after are compared where none was held out.
_COMPARED = 12
# Where updates rebuild nothing, a picture to look at is made this often.
_SHOWN_SECONDS = 2.0


class _Former(NamedTuple):
    """What a reset took away."""

    settings: PersonalizationSettings
    snapshot: Snapshot


class Learner:
    """Turns views into updates. Owned by one thread; ``memory`` may be shared.

    Where updates rebuild nothing, a pair is rebuilt now and then to be shown, if ``illustrated``.
    ``online`` and ``offline`` each compute one micro-batch of ``micro_batch`` pairs (the last of a
    batch may be smaller) and return an UpdateResult when it closed a batch. Once the device's
    memory does not suffice, micro-batches are smaller from then on. ``trunk`` is shared with
    whoever predicts the same views. The last ``undo_steps`` resets
    can be undone.
    """

    def __init__(
        self,
        network: PoseNetwork,
        perceptual: PerceptualLoss,
        settings: PersonalizationSettings,
        memory: SourceMemory,
        *,
        micro_batch: int,
        autocast: bool,
        illustrated: bool = True,
        trunk: FrozenTrunk | None = None,
        masker: Masker | None = None,
        undo_steps: int = 0,
    ) -> None:
        self._network = network
        self._former: deque[_Former] = deque(maxlen=undo_steps)
        self._masker = masker
        self._perceptual = perceptual
        self._memory = memory
        self._micro_batch = micro_batch
        self._autocast = autocast
        self._illustrated = illustrated
        self._trunk = trunk
        self._shown: PairExample | None = None
        self._shown_at = 0.0
        self._showing = False
        self._batch: list[Pairs] = []
        self._planned = 0
        self._done = 0
        self._offline_pairs = 0
        self._offline_since = 0.0
        #: Pairs in the last micro-batch; 0 when there was nothing to learn from.
        self.last_pairs = 0
        self._configure(settings)

    def _configure(self, settings: PersonalizationSettings) -> None:
        self.personalizer = Personalizer(
            self._network,
            self._perceptual,
            settings,
            autocast=self._autocast,
            trunk=self._trunk,
            masker=self._masker,
        )
        self._sampler = self.personalizer.sampler()
        self._memory.hold(HOLD_EVERY if settings.guard else 0)
        self._guard = Guard(self.personalizer, self._memory) if settings.guard else None

    def configure(self, settings: PersonalizationSettings) -> None:
        """Reset and go on with other settings."""
        self.reset()
        self._configure(settings)
        gc.collect()  # the personalizer before, which is in a circle with its tasks

    def reset(self) -> None:
        """Trained weights, no open batch, no offline run."""
        if self.personalizer.updates:
            self._remember()
        self._begin_trained()

    def _remember(self) -> None:
        self._former.append(_Former(self.personalizer.settings, self.personalizer.snapshot()))

    def _begin_trained(self) -> None:
        self._batch.clear()
        self.cancel_offline()
        self.personalizer.reset()
        self._shown = None
        if self._guard is not None:
            self._guard.forget()

    def undo_reset(self) -> None:
        """Go on from before the last reset, with its settings, if there is one to undo."""
        if not self._former:
            return
        former = self._former.pop()
        self._begin_trained()
        if former.settings != self.personalizer.settings:
            self._configure(former.settings)
        self.personalizer.restore(former.snapshot)
        self._adopted()

    def load(self, learnt: Learnt, settings: PersonalizationSettings) -> None:
        """Go on from what was learnt before, which can be undone, be it to the trained weights.

        ``settings`` are taken where the present ones leave alone what was changed then.
        """
        self._remember()
        self._begin_trained()
        if not covers(self.personalizer.settings.scope, learnt.changes):
            self._configure(settings)
        self.personalizer.adopt(learnt)
        self._adopted()

    def _adopted(self) -> None:
        if self._guard is not None:
            self._guard.adopt()

    def change(self) -> ChangeReport | None:
        """Before and after on the last views, if anything was learnt: on those held out, if any."""
        moving = self._memory.latest(_COMPARED)
        held = self._memory.held()
        updates, views = self.personalizer.updates, held or moving
        if not (updates and views):
            return None
        found = compare(self.personalizer, self._perceptual, views, moving)
        return ChangeReport.of(found, updates, held_out=bool(held))

    @property
    def state(self) -> LearnerState:
        """What there is to tell."""
        return LearnerState(self.offline_progress, len(self._former), self.personalizer.settings)

    def online(self, current: PersonView) -> UpdateResult | None:
        """Learn from pairs around the current view (method 1.10), unless it is held out."""
        if self._memory.is_held(current):
            self.last_pairs = 0
            return None
        first = not self._batch
        if first:
            since = time.perf_counter() - self._shown_at
            self._showing = self._illustrated and (self._shown is None or since >= _SHOWN_SECONDS)
        pairs = self._sampler.online(
            current,
            self._memory,
            self._open_places(),
            first=first,
            shown=first and self._showing,
        )
        return self._learn(pairs)

    def start_offline(self) -> None:
        """Plan an offline run over the views remembered now (method 1.11)."""
        self._discard()
        self._planned = planned_updates(self.personalizer.settings, len(self._memory))
        self._done = 0
        self._offline_pairs = 0
        self._offline_since = time.perf_counter()

    def offline(self) -> UpdateResult | None:
        """Go on with the offline run; it ends early when the views were forgotten meanwhile."""
        pairs = self._sampler.offline(self._memory, self._open_places())
        if pairs is None:
            self.cancel_offline()
            self.last_pairs = 0
            return None
        result = self._learn(pairs)
        self._offline_pairs += self.last_pairs
        if result is not None:
            self._done += 1
            if self._done >= self._planned:
                self._planned = 0
        return result

    def whole_offline(self, frames: int) -> Iterator[UpdateReport]:
        """An offline run over a recording with the person in ``frames`` frames, uninterrupted."""
        return learn_offline(
            self.personalizer,
            self._memory,
            self._sampler,
            frames,
            guard=self._guard,
            micro_batch=self._micro_batch,
        )

    def cancel_offline(self) -> None:
        """End the offline run; what it has learnt stays."""
        if self._planned:
            self._discard()
        self._planned = self._done = 0

    @property
    def offline_progress(self) -> OfflineProgress | None:
        """How far the offline run is; None when there is none."""
        if not self._planned:
            return None
        left = math.nan
        if self._offline_pairs:
            total = self._planned * self.personalizer.settings.batch_size
            each = (time.perf_counter() - self._offline_since) / self._offline_pairs
            left = each * (total - self._offline_pairs)
        return OfflineProgress(self._done, self._planned, left)

    def _discard(self) -> None:
        self._batch.clear()
        self.personalizer.discard()

    def _open_places(self) -> int:
        filled = sum(len(pairs.target) for pairs in self._batch)
        return min(self._micro_batch, self.personalizer.settings.batch_size - filled)

    def _learn(self, pairs: Pairs) -> UpdateResult | None:
        size = self.personalizer.settings.batch_size
        self._batch.append(pairs)
        self.last_pairs = len(pairs.target)
        self._accumulate([pairs], size)
        if self._open_places() > 0:
            return None
        report = self.personalizer.step()
        for _ in range(self.personalizer.settings.iterations - 1):
            if not report.applied:
                break
            self._accumulate(self._batch, size)
            report = self.personalizer.step()
        example = self._example()
        self._batch.clear()
        check = self._guard.check() if self._guard is not None else None
        undone = report.undone or (check is not None and check.verdict == "undone")
        return self._result(report, example, undone)

    def _accumulate(self, parts: list[Pairs], size: int) -> None:
        """Add the gradient of these parts of the batch; if memory fails, with fewer at a time."""
        try:
            for part in parts:
                self.personalizer.accumulate(part, size)
        except torch.OutOfMemoryError:
            if self._micro_batch == 1:
                raise
        else:
            return
        # Nobody knows how much of the gradient was added: the batch begins again.
        self.personalizer.discard()
        self._micro_batch //= 2
        self._batch = [part for whole in self._batch for part in whole.split(self._micro_batch)]
        torch.cuda.empty_cache()
        self._accumulate(self._batch, size)

    def _example(self) -> PairExample | None:
        """A pair to show: the last that was rebuilt, or one that is rebuilt for this, at times."""
        if self.personalizer.example is not None or not self._illustrated:
            return self.personalizer.example
        if self._showing:
            # The batch's first target is the frame itself.
            self._shown = self.personalizer.illustrate(self._batch[0])
            self._shown_at = time.perf_counter()
        return self._shown

    def _result(
        self, report: UpdateReport, example: PairExample | None, undone: bool
    ) -> UpdateResult:
        if example is None:  # a network without reconstructions
            pictures = torch.zeros(3, 128, 128, 3, dtype=torch.uint8).numpy()
        else:
            triple = torch.stack([example.source, example.target, example.reconstruction])
            pictures = to_pictures(triple, bgr=self._network.spec.bgr)
        return UpdateResult(
            number=report.number,
            loss=report.loss,
            seconds=report.seconds,
            pairs=report.pairs,
            timestamp=time.perf_counter(),
            source=pictures[0],
            target=pictures[1],
            reconstruction=pictures[2],
            undone=undone,
        )
