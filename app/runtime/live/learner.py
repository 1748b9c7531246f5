"""What the live window has of an adapter: micro-batches, undo, pictures, offline progress."""

from __future__ import annotations

import math
import os
import tempfile
import time
import weakref
from collections import deque
from pathlib import Path

import torch
from safetensors.torch import load, save
from torch import Tensor

from app.runtime.live.change import COMPARED, ChangeReport, change_since_trained
from app.runtime.live.results import LearnerState, OfflineProgress, UpdateResult
from model.adaptation import (
    Adapter,
    Learnt,
    PairExample,
    PersonalizationSettings,
    Personalizer,
    PersonView,
    SourceMemory,
    UpdateReport,
    planned_updates,
)
from model.adaptation.personalizer import Snapshot
from model.core.crop import to_pictures
from model.core.device import give_back_memory, return_freed_memory
from model.ttp.networks import PoseOutput

# Where updates rebuild nothing, a picture to look at is made this often.
_SHOWN_SECONDS = 2.0


class _Former:
    """What a reset took away: settings, and weights that lie on disk until they are wanted.

    Those of *As published* have 47 MB. Where no file can be written they stay in memory.
    """

    def __init__(self, settings: PersonalizationSettings, snapshot: Snapshot) -> None:
        self.settings = settings
        self._snapshot: Snapshot | None = None
        self._updates = snapshot.updates
        try:
            handle, name = tempfile.mkstemp(suffix=".safetensors")
            os.close(handle)  # or one for each would be open for as long as the window is
            self._path = Path(name)
            weakref.finalize(self, self._path.unlink, missing_ok=True)
            self._path.write_bytes(save(snapshot.tensors()))
        except OSError:
            self._snapshot = snapshot

    def snapshot(self) -> Snapshot:
        """The weights, on the CPU if they were on disk."""
        if self._snapshot is not None:
            return self._snapshot
        return Snapshot.of_tensors(load(self._path.read_bytes()), self._updates)


class Learner:
    """Turns remembered views into updates, and tells of them. Owned by one thread.

    ``online`` and ``offline`` each compute one micro-batch of ``micro_batch`` pairs (the last of a
    batch may be smaller) and return an UpdateResult when it closed a batch. Where updates rebuild
    nothing, a pair is rebuilt now and then to be shown. ``memory`` may be shared. The last
    ``undo_steps`` resets can be undone.
    """

    def __init__(
        self,
        personalizer: Personalizer,
        memory: SourceMemory,
        *,
        micro_batch: int,
        undo_steps: int = 0,
    ) -> None:
        self._adapter = Adapter(personalizer, memory, micro_batch=micro_batch)
        self._former: deque[_Former] = deque(maxlen=undo_steps)
        self._shown: PairExample | None = None
        self._shown_at = 0.0
        self._showing = False
        self._planned = 0
        self._done = 0
        self._offline_pairs = 0
        self._offline_since = 0.0
        self._choose_heaps()

    @property
    def personalizer(self) -> Personalizer:
        """What learns at present; settings may put another in its place."""
        return self._adapter.personalizer

    @property
    def last_pairs(self) -> int:
        """Pairs in the last micro-batch; 0 when there was nothing to learn from."""
        return self._adapter.last_pairs

    def predict(self, crop: Tensor, index: int, *, carried: bool) -> PoseOutput:
        """The pose in the crop (1, 3, S, S) of frame ``index`` with the present weights.

        ``carried``: with what the settings carry along from the frames before.
        """
        return self._adapter.predict(crop, [index], carried=carried)

    def configure(self, settings: PersonalizationSettings) -> None:
        """Reset and go on with other settings."""
        self.reset()
        self._adapter.configure(settings)
        self._settle()

    def _settle(self) -> None:
        """Settings may have changed: another personalizer learns, and needs more memory or less."""
        self._choose_heaps()
        give_back_memory()  # the personalizer before, which is in a circle with its tasks

    def _choose_heaps(self) -> None:
        # For reconstructions, and for the features that they are compared by.
        return_freed_memory(large_blocks=self.personalizer.settings.self_weight > 0)

    def does_not_follow(self) -> None:
        """See ``Adapter.does_not_follow``."""
        self._adapter.does_not_follow()

    def reset(self) -> None:
        """Trained weights, no open batch, no offline run."""
        if self.personalizer.updates:
            self._remember()
        self._begin_trained()

    def _remember(self) -> None:
        self._former.append(_Former(self.personalizer.settings, self.personalizer.snapshot()))

    def _begin_trained(self) -> None:
        self._planned = self._done = 0
        self._adapter.reset()
        self._shown = None

    def undo_reset(self) -> None:
        """Go on from before the last reset, with its settings, if there is one to undo."""
        if not self._former:
            return
        former = self._former.pop()
        self._begin_trained()
        if former.settings != self.personalizer.settings:
            self._adapter.configure(former.settings)
        self.personalizer.restore(former.snapshot())
        self._adapter.adopted()
        self._settle()

    def load(self, learnt: Learnt, settings: PersonalizationSettings) -> None:
        """Go on from what was learnt before, which can be undone, be it to the trained weights.

        ``settings`` are taken where the present ones leave alone what was changed then.
        """
        self._remember()
        self._begin_trained()
        self._adapter.load(learnt, settings)
        self._settle()

    def change(self) -> ChangeReport | None:
        """Before and after on the last views, if anything was learnt: on those held out, if any."""
        memory = self._adapter.memory
        return change_since_trained(self.personalizer, memory, memory.latest(COMPARED))

    @property
    def state(self) -> LearnerState:
        """What there is to tell."""
        return LearnerState(self.offline_progress, len(self._former), self.personalizer.settings)

    def online(self, current: PersonView) -> UpdateResult | None:
        """Learn from pairs around the current view (method 1.10), unless it is held out."""
        if not self._adapter.batch_is_open:
            since = time.perf_counter() - self._shown_at
            self._showing = self._shown is None or since >= _SHOWN_SECONDS
        return self._told(self._adapter.update_in_parts(current, shown=self._showing))

    def start_offline(self) -> None:
        """Plan an offline run over the views remembered now (method 1.11)."""
        self._adapter.discard()
        self._planned = planned_updates(self.personalizer.settings, len(self._adapter.memory))
        self._done = 0
        self._offline_pairs = 0
        self._offline_since = time.perf_counter()

    def offline(self) -> UpdateResult | None:
        """Go on with the offline run; it ends early when the views were forgotten meanwhile."""
        result = self._told(self._adapter.offline_in_parts())
        if not self.last_pairs:
            self.cancel_offline()
            return None
        self._offline_pairs += self.last_pairs
        if result is not None:
            self._done += 1
            if self._done >= self._planned:
                self._planned = 0
        return result

    def cancel_offline(self) -> None:
        """End the offline run; what it has learnt stays."""
        if self._planned:
            self._adapter.discard()
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

    def _example(self) -> PairExample | None:
        """A pair to show: the last that was rebuilt, or one that is rebuilt for this, at times."""
        if self.personalizer.example is not None:
            return self.personalizer.example
        if self._showing:
            # The batch's first target is the frame itself.
            self._shown = self.personalizer.illustrate(self._adapter.last_batch[0])
            self._shown_at = time.perf_counter()
        return self._shown

    def _told(self, report: UpdateReport | None) -> UpdateResult | None:
        """What there is to tell of an update, with pictures."""
        if report is None:
            return None
        example = self._example()
        if example is None:  # a network without reconstructions
            pictures = torch.zeros(3, 128, 128, 3, dtype=torch.uint8).numpy()
        else:
            triple = torch.stack([example.source, example.target, example.reconstruction])
            pictures = to_pictures(triple, bgr=self.personalizer.network.spec.bgr)
        return UpdateResult(
            number=report.number,
            loss=report.loss,
            seconds=report.seconds,
            pairs=report.pairs,
            timestamp=time.perf_counter(),
            source=pictures[0],
            target=pictures[1],
            reconstruction=pictures[2],
            undone=report.undone,
        )
