"""The update lane: learns on its own copy of the network while another thread predicts."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from app.lifecycle import ManagedThread, yield_to_other_threads
from app.live.learner import Learner
from app.live.mailbox import (
    CancelOffline,
    Command,
    Configure,
    Mailbox,
    Reset,
    RunOffline,
    SetPersonalizing,
)
from app.live.records import OfflineProgress, UpdateResult
from model.personalization import SourceMemory

_IDLE_SECONDS = 0.2


@dataclass(frozen=True)
class Handover:
    """New weights for the prediction lane.

    ``weights`` are the pose branch's changed tensors after ``updates`` updates since reset number
    ``generation``.
    """

    generation: int
    updates: int
    weights: dict[str, Tensor]


class UpdateLane(ManagedThread):
    """Owns a Learner. Told through its mailbox; gives weights away through ``take_handover``.

    ``on_pairs`` is called with the number of pairs learnt from, ``on_update`` with every finished
    update, both in this thread.
    """

    def __init__(
        self,
        learner: Learner,
        memory: SourceMemory,
        threads: int,
        on_pairs: Callable[[int], None],
        on_update: Callable[[UpdateResult], None],
        on_fault: Callable[[Exception], None],
    ) -> None:
        super().__init__("app-update-lane", on_fault)
        self.mailbox = Mailbox()
        self._learner = learner
        self._memory = memory
        self._threads = threads
        self._on_pairs = on_pairs
        self._on_update = on_update
        self._personalizing = False
        self._generation = 0
        self._newest_used = -1
        self._lock = threading.Lock()
        self._handover: Handover | None = None
        self._progress: OfflineProgress | None = None

    def take_handover(self) -> Handover | None:
        """The newest weights, once."""
        with self._lock:
            handover, self._handover = self._handover, None
            return handover

    @property
    def offline_progress(self) -> OfflineProgress | None:
        with self._lock:
            return self._progress

    def wake(self) -> None:
        self.mailbox.close()
        super().wake()

    def prepare(self) -> None:
        torch.set_num_threads(self._threads)
        yield_to_other_threads()

    def work(self) -> None:
        while not self.stopping:
            for command in self.mailbox.take():
                self._obey(command)
            if self._learner.offline_progress is not None:
                self._publish(self._learner.offline())
            elif self._personalizing:
                self._learn_online()
            else:
                self.mailbox.wait()

    def _obey(self, command: Command) -> None:
        match command:
            case SetPersonalizing(on):
                self._personalizing = on
            case Configure(settings):
                self._begin_generation()
                self._learner.configure(settings)
            case Reset():
                self._begin_generation()
                self._learner.reset()
            case RunOffline():
                self._learner.start_offline()
                self._show_progress()
            case CancelOffline():
                self._learner.cancel_offline()
                self._show_progress()

    def _begin_generation(self) -> None:
        with self._lock:
            self._generation += 1
            self._handover = None
            self._progress = None

    def _learn_online(self) -> None:
        # A target is used for one micro-batch only: no new view, nothing to learn.
        view = self._memory.newest(after=self._newest_used, timeout=_IDLE_SECONDS)
        if view is not None:
            self._newest_used = view.index
            self._publish(self._learner.online(view))

    def _publish(self, result: UpdateResult | None) -> None:
        self._on_pairs(self._learner.last_pairs)
        self._show_progress()
        if result is None:
            return
        personalizer = self._learner.personalizer
        handover = Handover(self._generation, personalizer.updates, personalizer.weights())
        with self._lock:
            self._handover = handover
        self._on_update(result)

    def _show_progress(self) -> None:
        with self._lock:
            self._progress = self._learner.offline_progress
