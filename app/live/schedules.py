"""The two ways in which prediction and personalization share the machine."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import torch

from app.live.learner import Learner
from app.live.mailbox import (
    CancelOffline,
    Command,
    Configure,
    Reset,
    RunOffline,
    SetPersonalizing,
)
from app.live.records import OfflineProgress, Schedule, UpdateResult
from app.live.update_lane import UpdateLane
from model.crop import CROP_SIZE
from model.networks import PerceptualLoss, PoseNetwork
from model.personalization import (
    Pairs,
    PersonalizationSettings,
    Personalizer,
    PersonView,
    SourceMemory,
)
from model.prediction import Pose, PosePredictor, crop_tensor, pose_in_image
from model.trunk import FrozenTrunk, keys_of

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

    @property
    def offline_progress(self) -> OfflineProgress | None: ...

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
        torch.set_num_threads(machine.predict_threads)
        self._lane = UpdateLane(
            learner,
            memory,
            machine.update_threads,
            listeners.pairs,
            listeners.update,
            listeners.fault,
        )
        self._lane.start()

    def post(self, command: Command) -> None:
        if isinstance(command, Reset | Configure):
            # The next prediction is already the trained weights' own; late handovers of the
            # lane belong to the generation before and are dropped.
            self._generation += 1
            self._predictor.copy_from(self._pristine)
            self._updates = 0
        self._lane.mailbox.post(command)

    def predict(self, view: PersonView) -> tuple[Pose, int]:
        handover = self._lane.take_handover()
        if handover is not None and handover.generation == self._generation:
            self._predictor.load(handover.weights)
            self._updates = handover.updates
        keys = keys_of([view.index])
        return self._predictor.predict(view.image, view.box, keys, fresh=True), self._updates

    @property
    def offline_progress(self) -> OfflineProgress | None:
        return self._lane.offline_progress

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
        match command:
            case SetPersonalizing(on):
                self._personalizing = on
            case Configure(settings):
                self._learner.configure(settings)
            case Reset():
                self._learner.reset()
            case RunOffline():
                self._learner.start_offline()
            case CancelOffline():
                self._learner.cancel_offline()

    def predict(self, view: PersonView) -> tuple[Pose, int]:
        if self._learner.offline_progress is not None:
            self._learn(self._learner.offline)
        elif self._personalizing:
            self._learn(lambda: self._learner.online(view))
        personalizer = self._learner.personalizer
        crop = crop_tensor(view.image, view.box, personalizer.network.spec)
        output = personalizer.predict(crop, keys_of([view.index]), fresh=True)
        return pose_in_image(output, view.box), personalizer.updates

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
    def offline_progress(self) -> OfflineProgress | None:
        return self._learner.offline_progress

    def close(self) -> None:
        """Nothing of its own to stop."""


class PredictOnly:
    """For a network without a self-supervised task: unlabelled frames teach it nothing."""

    kind = Schedule.PREDICT_ONLY
    offline_progress = None

    def __init__(self, predictor: PosePredictor) -> None:
        self._predictor = predictor

    def post(self, command: Command) -> None:
        """There is nothing to switch on and nothing to reset."""

    def predict(self, view: PersonView) -> tuple[Pose, int]:
        return self._predictor.predict(view.image, view.box), 0

    def close(self) -> None:
        """Nothing of its own to stop."""


@dataclass(frozen=True)
class Choice:
    """The schedule chosen and the measurement behind it, as a sentence."""

    schedule: Schedule
    reason: str


def choose_schedule(
    network: PoseNetwork,
    perceptual: PerceptualLoss,
    settings: PersonalizationSettings,
    machine: Machine,
    trunk: FrozenTrunk,
    frames_per_second: float,
    stopping: Callable[[], bool],
) -> Choice:
    """Measure one update's cost on this machine and choose the schedule that can hold the rate.

    One pair is computed on a CPU, a whole batch elsewhere, each twice because the first warms up.
    """
    if not network.spec.personalizable:
        return Choice(Schedule.PREDICT_ONLY, "this network has no self-supervised task")
    pairs = 1 if machine.device.type == "cpu" else settings.batch_size
    seconds = _seconds(network, perceptual, settings, machine, trunk, pairs)
    if not stopping():
        seconds = min(seconds, _seconds(network, perceptual, settings, machine, trunk, pairs))
    update = seconds * settings.batch_size / pairs * settings.iterations
    period = 1 / frames_per_second
    schedule = Schedule.STRICT if update < 0.8 * period else Schedule.TWO_LANES
    reason = (
        f"an update of {settings.batch_size} pairs takes about {update:.2f} s and a frame comes "
        f"every {period:.2f} s"
    )
    return Choice(schedule, reason)


def _seconds(
    network: PoseNetwork,
    perceptual: PerceptualLoss,
    settings: PersonalizationSettings,
    machine: Machine,
    trunk: FrozenTrunk,
    pairs: int,
) -> float:
    personalizer = Personalizer(
        network, perceptual, settings, autocast=machine.low_precision, trunk=trunk
    )
    spec = network.spec
    targets = torch.zeros(pairs, 3, spec.crop_size, spec.crop_size)
    sources = torch.zeros(pairs, 3, CROP_SIZE, CROP_SIZE)
    start = time.perf_counter()
    personalizer.accumulate(Pairs(targets, sources), pairs)
    if machine.device.type == "cuda":
        torch.cuda.synchronize(machine.device)
    seconds = time.perf_counter() - start
    personalizer.discard()
    return seconds
