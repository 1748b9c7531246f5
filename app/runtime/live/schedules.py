"""The ways in which prediction and personalization share the machine."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from app.runtime.lifecycle import (
    CancelOffline,
    Command,
    CommandQueue,
    Configure,
    LoadProfile,
    ManagedThread,
    Reset,
    RunOffline,
    SaveProfile,
    SetPersonalizing,
    StartOver,
    TellChange,
    UndoReset,
    yield_to_other_threads,
)
from app.runtime.live.learner import Learner
from app.runtime.live.results import LearnerState, Schedule, UpdateResult
from model.adaptation import Pairs, PersonalizationSettings, Personalizer, PersonView, SourceMemory
from model.core.crop import CROP_SIZE
from model.core.device import trim_memory
from model.core.motion import MotionFusion
from model.ttp.onnx_pose import OnnxHeads
from model.ttp.prediction import Pose, PosePredictor, crop_tensor, pose_in_image

_IDLE_SECONDS = 0.2
_TRIM_SECONDS = 1.0


def _obey(learner: Learner, command: Command) -> None:
    """What a command asks of whoever learns."""
    match command:
        case Configure(settings):
            learner.configure(settings)
        case Reset():
            learner.reset()
        case UndoReset():
            learner.undo_reset()
        case LoadProfile(learnt, settings):
            learner.load(learnt, settings)
        case SaveProfile(deliver):
            deliver(learner.personalizer.learnt(), learner.personalizer.settings)
        case TellChange(deliver):
            deliver(learner.change())
        case RunOffline():
            learner.start_offline()
        case CancelOffline():
            learner.cancel_offline()


@dataclass(frozen=True)
class Handover:
    """New weights for the prediction lane.

    ``weights`` are the pose branch's changed tensors after ``updates`` updates since reset number
    ``generation``, ``heads`` what computes with them if that is faster than PyTorch.
    """

    generation: int
    updates: int
    weights: dict[str, Tensor]
    heads: OnnxHeads | None


class UpdateLane(ManagedThread):
    """Owns a Learner. Told through its commands; gives weights away through ``take_handover``.

    ``on_pairs`` is called with the number of pairs learnt from, ``on_update`` with every finished
    update, both in this thread. ``onnx_threads`` is how many threads predict in ONNX Runtime; 0:
    none do.
    """

    def __init__(
        self,
        learner: Learner,
        memory: SourceMemory,
        threads: int,
        on_pairs: Callable[[int], None],
        on_update: Callable[[UpdateResult], None],
        on_fault: Callable[[Exception], None],
        *,
        onnx_threads: int = 0,
    ) -> None:
        super().__init__("app-update-lane", on_fault)
        self.commands = CommandQueue()
        self._learner = learner
        self._memory = memory
        self._threads = threads
        self._on_pairs = on_pairs
        self._on_update = on_update
        self._onnx_threads = onnx_threads
        self._personalizing = False
        self._generation = 0
        self._newest_used = -1
        self._lock = threading.Lock()
        self._handover: Handover | None = None
        self._learner_state = learner.state
        self._trimmed_at = time.perf_counter()

    def take_handover(self) -> Handover | None:
        """The newest weights, once."""
        with self._lock:
            handover, self._handover = self._handover, None
            return handover

    @property
    def learner_state(self) -> LearnerState:
        with self._lock:
            return self._learner_state

    @property
    def personalizer(self) -> Personalizer:
        """This thread's own while it runs."""
        return self._learner.personalizer

    def wake(self) -> None:
        self.commands.close()
        super().wake()

    def prepare(self) -> None:
        torch.set_num_threads(self._threads)
        yield_to_other_threads()

    def work(self) -> None:
        while not self.stopping:
            for command in self.commands.take():
                self._obey(command)
            if self._learner.offline_progress is not None:
                self._publish(self._learner.offline())
            elif self._personalizing:
                self._learn_online()
            else:
                trim_memory()  # nothing more is freed before it learns again
                self.commands.wait()

    def _obey(self, command: Command) -> None:
        if isinstance(command, SetPersonalizing):
            self._personalizing = command.on
        if isinstance(command, StartOver):
            with self._lock:
                self._generation += 1
                self._handover = None
        _obey(self._learner, command)
        if isinstance(command, StartOver) and self._learner.personalizer.updates:
            self._hand_over()
        self._show_state()

    def _learn_online(self) -> None:
        # A target is used for one micro-batch only: no new view, nothing to learn.
        view = self._memory.newest(after=self._newest_used, timeout=_IDLE_SECONDS)
        if view is not None:
            self._newest_used = view.index
            self._publish(self._learner.online(view))

    def _publish(self, result: UpdateResult | None) -> None:
        self._on_pairs(self._learner.last_pairs)
        self._show_state()
        if result is not None:
            self._hand_over()
            self._on_update(result)
            self._trim()

    def _trim(self) -> None:
        """Keep what updates have freed from piling up, which it does for as long as they go on."""
        now = time.perf_counter()
        if now - self._trimmed_at > _TRIM_SECONDS:
            self._trimmed_at = now
            trim_memory()

    def _hand_over(self) -> None:
        personalizer = self._learner.personalizer
        heads = personalizer.heads(self._onnx_threads) if self._onnx_threads else None
        handover = Handover(self._generation, personalizer.updates, personalizer.weights(), heads)
        with self._lock:
            self._handover = handover

    def _show_state(self) -> None:
        with self._lock:
            self._learner_state = self._learner.state


# Longer than one pair of images takes on a slow or busy machine.
_STOPPING_SECONDS = 30.0


@dataclass(frozen=True)
class Listeners:
    """Who hears of learning: pairs learnt from, finished updates, a thread that failed."""

    pairs: Callable[[int], None]
    update: Callable[[UpdateResult], None]
    fault: Callable[[Exception], None]


@dataclass(frozen=True)
class Machine:
    """What the work runs on.

    ``low_precision`` uses bfloat16 for predictions and inside updates; ``predict_threads`` and
    ``update_threads`` are each lane's share of the CPU's cores.
    """

    device: torch.device
    low_precision: bool
    predict_threads: int
    update_threads: int


class Runner(Protocol):
    """A schedule at work. Used by the worker thread only."""

    kind: Schedule

    def post(self, command: Command) -> None:
        """Obey a command about personalization."""

    def predict(self, view: PersonView) -> tuple[Pose, int]:
        """The pose in this view and the number of updates behind it."""

    def does_not_follow(self) -> None:
        """What is predicted next is of another scene or person: nothing is carried there."""

    @property
    def learner_state(self) -> LearnerState: ...

    @property
    def personalizer(self) -> Personalizer | None:
        """Whoever learns, for a look once nothing runs any more; None where nobody does."""

    def close(self) -> None: ...


class TwoLanes:
    """Predict every frame with the newest weights; learn beside it in a thread of its own."""

    kind = Schedule.TWO_LANES

    def __init__(
        self,
        learner: Learner,
        memory: SourceMemory,
        pristine: PosePredictor,
        predictor: PosePredictor,
        machine: Machine,
        listeners: Listeners,
    ) -> None:
        self._pristine = pristine
        self._predictor = predictor
        self._updates = 0
        self._generation = 0
        self._personalizing = False
        self._carry = 0.0
        self._fusion: MotionFusion | None = None
        torch.set_num_threads(machine.predict_threads)
        self._lane = UpdateLane(
            learner,
            memory,
            machine.update_threads,
            listeners.pairs,
            listeners.update,
            listeners.fault,
            onnx_threads=machine.predict_threads if predictor.in_onnx_runtime else 0,
        )
        self._lane.start()

    def post(self, command: Command) -> None:
        if isinstance(command, SetPersonalizing):
            self._personalizing = command.on
        if isinstance(command, StartOver):
            # The next prediction is already the trained weights' own, until the lane hands over
            # what it loaded; late handovers belong to the generation before and are dropped.
            self._generation += 1
            self._predictor.copy_from(self._pristine)
            self._updates = 0
            self.does_not_follow()
        self._lane.commands.post(command)

    def does_not_follow(self) -> None:
        if self._fusion is not None:
            self._fusion.forget()

    def predict(self, view: PersonView) -> tuple[Pose, int]:
        handover = self._lane.take_handover()
        if handover is not None and handover.generation == self._generation:
            self._predictor.load(handover.weights, handover.heads)
            self._updates = handover.updates
        settings = self._lane.learner_state.settings
        share = settings.trained_share if settings is not None and self._updates else 0.0
        pose = self._predictor.predict(
            view.image,
            view.box,
            view.index,
            fresh=True,
            fusion=self._wanted_fusion(settings),
            beside=(self._pristine, share) if share else None,
        )
        return pose, self._updates

    def _wanted_fusion(self, settings: PersonalizationSettings | None) -> MotionFusion | None:
        """None where nothing is personalized: that is the network as it was trained."""
        carry = 0.0
        if settings is not None and (self._personalizing or self._updates > 0):
            carry = settings.carry
        if carry != self._carry:
            self._carry, self._fusion = carry, MotionFusion(carry) if carry else None
        return self._fusion

    @property
    def learner_state(self) -> LearnerState:
        return self._lane.learner_state

    @property
    def personalizer(self) -> Personalizer:
        return self._lane.personalizer

    def close(self) -> None:
        self._lane.stop(_STOPPING_SECONDS)


class Strict:
    """For every frame update, then predict, as the paper does (method 1.10)."""

    kind = Schedule.STRICT

    def __init__(
        self, learner: Learner, listeners: Listeners, stopping: Callable[[], bool]
    ) -> None:
        self._learner = learner
        self._listeners = listeners
        self._stopping = stopping
        self._personalizing = False

    def post(self, command: Command) -> None:
        if isinstance(command, SetPersonalizing):
            self._personalizing = command.on
        _obey(self._learner, command)

    def predict(self, view: PersonView) -> tuple[Pose, int]:
        if self._learner.offline_progress is not None:
            self._learn(self._learner.offline)
        elif self._personalizing:
            self._learn(lambda: self._learner.online(view))
        personalizer = self._learner.personalizer
        crop = crop_tensor(view.image, view.box, personalizer.network.spec)
        carried = self._personalizing or personalizer.updates > 0
        output = self._learner.predict(crop, view.index, carried=carried)
        return pose_in_image(output, view.box), personalizer.updates

    def does_not_follow(self) -> None:
        self._learner.does_not_follow()

    def _learn(self, step: Callable[[], UpdateResult | None]) -> None:
        result = None
        # On a slow device a batch takes long: an application that closes does not wait for it.
        while result is None and not self._stopping():
            result = step()
            if self._learner.last_pairs == 0:
                return
            self._listeners.pairs(self._learner.last_pairs)
        if result is not None:
            self._listeners.update(result)

    @property
    def learner_state(self) -> LearnerState:
        return self._learner.state

    @property
    def personalizer(self) -> Personalizer:
        return self._learner.personalizer

    def close(self) -> None:
        """Nothing of its own to stop."""


class PredictOnly:
    """For a network without a self-supervised task: unlabelled frames teach it nothing."""

    kind = Schedule.PREDICT_ONLY
    learner_state = LearnerState()
    personalizer = None

    def __init__(self, predictor: PosePredictor) -> None:
        self._predictor = predictor

    def post(self, command: Command) -> None:
        """There is nothing to switch on and nothing to reset."""

    def predict(self, view: PersonView) -> tuple[Pose, int]:
        return self._predictor.predict(view.image, view.box), 0

    def does_not_follow(self) -> None:
        """Each frame is answered alone."""

    def close(self) -> None:
        """Nothing of its own to stop."""


@dataclass(frozen=True)
class Choice:
    """The schedule chosen and the measurement behind it, as a sentence."""

    schedule: Schedule
    reason: str


def choose_schedule(
    personalizer: Personalizer, frames_per_second: float, stopping: Callable[[], bool]
) -> Choice:
    """Measure one update's cost on this machine and choose the schedule that can hold the rate."""
    update = seconds_of_update(personalizer, stopping)
    period = 1 / frames_per_second
    schedule = Schedule.STRICT if update < 0.8 * period else Schedule.TWO_LANES
    reason = (
        f"an update of {personalizer.settings.batch_size} pairs takes about {update:.2f} s and a "
        f"frame comes every {period:.2f} s"
    )
    return Choice(schedule, reason)


def seconds_of_update(
    personalizer: Personalizer, stopping: Callable[[], bool] = lambda: False
) -> float:
    """What an update takes on this machine; the weights stay as they are.

    One pair is computed on a CPU, a whole batch elsewhere, each twice because the first warms up.
    """
    settings = personalizer.settings
    pairs = 1 if personalizer.device.type == "cpu" else settings.batch_size
    seconds = _seconds(personalizer, pairs)
    if not stopping():
        seconds = min(seconds, _seconds(personalizer, pairs))
    return seconds * settings.batch_size / pairs * settings.iterations


def _seconds(personalizer: Personalizer, pairs: int) -> float:
    size = personalizer.network.spec.crop_size
    targets = torch.zeros(pairs, 3, size, size)
    sources = torch.zeros(pairs, 3, CROP_SIZE, CROP_SIZE)
    start = time.perf_counter()
    personalizer.accumulate(Pairs(targets, sources), pairs)
    if personalizer.device.type == "cuda":
        torch.cuda.synchronize(personalizer.device)
    seconds = time.perf_counter() - start
    personalizer.discard()
    return seconds
