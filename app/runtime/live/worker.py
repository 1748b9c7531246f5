"""The worker: finds the person, predicts every newest frame, and has the network personalized."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch

from app.runtime.capture.ring import FrameRing
from app.runtime.capture.source import Frame
from app.runtime.lifecycle import (
    ChoosePerson,
    Command,
    CommandQueue,
    Compare,
    Configure,
    ManagedThread,
    Reset,
    SetPersonalizing,
    StartOver,
)
from app.runtime.live.engine import Engine
from app.runtime.live.learner import Learner
from app.runtime.live.results import (
    Array,
    Comparison,
    Phase,
    PoseResult,
    ResultBuffer,
    Schedule,
    nobody,
    pose_result,
)
from app.runtime.live.schedules import (
    Listeners,
    PredictOnly,
    Runner,
    Strict,
    TwoLanes,
    choose_schedule,
)
from model.adaptation import (
    Learnt,
    PersonalizationSettings,
    Personalizer,
    PersonView,
    SourceMemory,
)
from model.adaptation.memory import LIVE_VIEWS
from model.core.device import give_back_memory
from model.tracking.scene import SceneChange
from model.ttp.prediction import Pose, PosePredictor
from model.ttp.trunk import FrozenTrunk, fastest_engine

# On a slow or busy machine one pair of images takes seconds, and nothing may outlive the window.
STOPPING_SECONDS = 60.0
WORKER_THREAD = "app-worker"
_WAIT_SECONDS = 0.1
# A trunk that takes no more of the time between two frames leaves enough for all else.
_SHARE = 1 / 3
_SAMPLED_COMPARISON_SECONDS = 0.4
# Frames that are predicted are soon of no use.
_FRESH_BYTES = 32 * 1024**2
# Of 0.5 MB each with the default preset, 46 MB as published.
_UNDO_STEPS = 3


class Worker(ManagedThread):
    """Owns the network. Told through ``commands``; what it finds out is in ``result_buffer``.

    ``schedule`` forces one of the two schedules; None measures and chooses. ``on_result`` hears of
    each result, in this thread.
    """

    def __init__(
        self,
        engine: Engine,
        ring: FrameRing,
        frames_per_second: float,
        on_fault: Callable[[Exception], None],
        schedule: Schedule | None = None,
        on_result: Callable[[Frame, PoseResult], None] = lambda frame, result: None,
    ) -> None:
        super().__init__(WORKER_THREAD, on_fault)
        self.commands = CommandQueue()
        self.result_buffer = ResultBuffer(engine.device_text)
        self._engine = engine
        self._ring = ring
        self._frames_per_second = frames_per_second
        self._wanted_schedule = schedule
        self._report_fault = on_fault
        self._on_result = on_result
        self._runner: Runner | None = None
        self._memory = SourceMemory(LIVE_VIEWS, crop_size=engine.network.spec.crop_size)
        self._settings = engine.settings
        self._scene = SceneChange()
        self._cut_before = 0
        self._seen = 0  # the index of the frame before
        self._person_changes = 0
        self._comparison = Comparison.NEVER
        self._compared_at = float("-inf")
        self._personalizing = False
        self._found = False
        self._predicted = 0
        self._updates = 0

    def learnt(self) -> tuple[Learnt, PersonalizationSettings] | None:
        """What was learnt, and how, if anything; for whoever goes on once this thread is over."""
        personalizer = None if self._runner is None else self._runner.personalizer
        if personalizer is None or not personalizer.updates:
            return None
        return personalizer.learnt(), personalizer.settings

    def cut_before(self, index: int) -> None:
        """The frame with that index does not follow the one before: who knows whom it shows.

        To be called before the frame is put into the ring, from any thread.
        """
        self._cut_before = index

    @property
    def settings(self) -> PersonalizationSettings:
        """How is learnt now."""
        return self._settings

    def wake(self) -> None:
        self._ring.wake()
        super().wake()

    def prepare(self) -> None:
        engine = self._engine
        machine = engine.machine
        fastest = fastest_engine(
            engine.network,
            machine.predict_threads,
            low_precision=machine.low_precision,
            ranges=engine.ranges,
            enough=0.0 if engine.precision == "int8" else _SHARE * 1000 / self._frames_per_second,
        )
        self._trunk = FrozenTrunk(engine.network.encoder, fastest.engine, fresh_limit=_FRESH_BYTES)
        self._trained_heads = fastest.heads
        torch.set_num_threads(machine.predict_threads + machine.update_threads)
        kind, reason = self._choose()
        # One copy always holds the trained weights: to compare with, and to go back to.
        dtype = torch.bfloat16 if machine.low_precision else torch.float32
        self._pristine = PosePredictor(engine.network, dtype, self._trunk, fastest.heads)
        if kind is Schedule.PREDICT_ONLY:
            self._runner = PredictOnly(self._pristine)
        elif kind is Schedule.STRICT:
            self._runner = Strict(self._learner(), self._listeners(), lambda: self.stopping)
        else:
            self._runner = TwoLanes(
                self._learner(),
                self._memory,
                self._pristine,
                PosePredictor(engine.network, dtype, self._trunk, fastest.heads),
                machine,
                self._listeners(),
            )
        self.result_buffer.set_schedule(kind, reason, int8=fastest.in_int8)

    def _learner(self) -> Learner:
        on_cpu = self._engine.machine.device.type == "cpu"
        return Learner(
            self._personalizer(),
            self._memory,
            micro_batch=1 if on_cpu else self._settings.batch_size,
            undo_steps=_UNDO_STEPS,
        )

    def _personalizer(self) -> Personalizer:
        return self._engine.personalizer(self._settings, self._trunk, self._trained_heads)

    def _listeners(self) -> Listeners:
        return Listeners(
            self.result_buffer.add_pairs, self.result_buffer.add_update, self._report_fault
        )

    def _choose(self) -> tuple[Schedule, str]:
        if self._wanted_schedule is not None:
            return self._wanted_schedule, "chosen by hand"
        if not self._engine.network.spec.personalizable:
            return Schedule.PREDICT_ONLY, "this network has no self-supervised task"
        choice = choose_schedule(
            self._personalizer(), self._frames_per_second, lambda: self.stopping
        )
        return choice.schedule, choice.reason

    def work(self) -> None:
        reader = self._ring.latest_reader()
        while not self.stopping:
            for command in self.commands.take():
                self._obey(command)
            frame = reader.latest(timeout=_WAIT_SECONDS)
            if frame is not None:
                self._process(frame)
            self._publish_state(reader.skipped)

    def finish(self) -> None:
        if self._runner is not None:
            self._runner.close()

    def _obey(self, command: Command) -> None:
        assert self._runner is not None
        match command:
            case ChoosePerson(x, y):
                self._engine.follower.choose(x, y)
                return
            case Compare(comparison):
                self._comparison = comparison
                return
            case SetPersonalizing(on):
                self._personalizing = on
            case Configure(settings):
                self._settings = settings
            case Reset(forget) if forget:
                self._memory.clear()
                self._engine.follower.reset()
                self.result_buffer.forget()
                give_back_memory()
        if isinstance(command, StartOver):
            self._updates = 0
        self._runner.post(command)

    def _process(self, frame: Frame) -> None:
        assert self._runner is not None
        self._reset_at_cut(frame)
        follower = self._engine.follower
        box = follower.locate(frame.image, frame.timestamp)
        self._found = box is not None
        if follower.changes != self._person_changes:
            self._person_changes = follower.changes
            self._forget_person()
        if box is None:
            latency = time.perf_counter() - frame.timestamp
            self._publish(frame, nobody(frame, self._updates, latency))
            return
        view = PersonView.of_frame(frame.image, box, frame.index)
        self._memory.add(view)
        pose, self._updates = self._runner.predict(view)
        height, width = frame.image.shape[:2]
        follower.observe(pose.keypoints, pose.confidence, (width, height))
        latency = time.perf_counter() - frame.timestamp
        unpersonalized = self._compare(view, pose)
        result = pose_result(
            frame, box, pose, self._updates, latency, unpersonalized, follower.others
        )
        self._publish(frame, result)
        self._predicted += 1
        every = self._settings.reset_every
        if every and self._predicted % every == 0:
            self._obey(Reset())

    def _publish(self, frame: Frame, result: PoseResult) -> None:
        self.result_buffer.add_result(result)
        self._on_result(frame, result)

    def _reset_at_cut(self, frame: Frame) -> None:
        """Behind a cut may be another person: what was kept of the one before is forgotten.

        What was learnt is, too, if the settings say so. Cuts that are only seen count then alone.
        """
        told = self._seen < self._cut_before <= frame.index
        self._seen = frame.index
        if told:
            self._engine.follower.reset()
        seen = self._settings.reset_on_cut and self._scene.changed(frame.image)
        if told or seen:
            self._forget_person()

    def _forget_person(self) -> None:
        assert self._runner is not None
        self._memory.clear()
        self._runner.does_not_follow()
        if self._settings.reset_on_cut:
            self._obey(Reset())

    def _compare(self, view: PersonView, pose: Pose) -> Array | None:
        """The trained weights' keypoints on the same crop, when they are asked for and due."""
        now = time.perf_counter()
        due = self._comparison is Comparison.ALWAYS or (
            self._comparison is Comparison.SAMPLED
            and now - self._compared_at >= _SAMPLED_COMPARISON_SECONDS
        )
        if not due:
            return None
        self._compared_at = now
        if self._updates == 0 and not self._personalizing:
            return pose.keypoints
        return self._pristine.predict(view.image, view.box, view.index).keypoints

    def _publish_state(self, dropped: int) -> None:
        assert self._runner is not None
        learner = self._runner.learner_state
        # A reset that was undone, or a profile, may have brought others.
        self._settings = learner.settings or self._settings
        if learner.offline is not None:
            phase = Phase.OFFLINE
        elif self._personalizing and self.result_buffer.undone_lately():
            phase = Phase.UNDONE
        elif self._personalizing:
            phase = Phase.PERSONALIZING if self._found else Phase.HELD_BACK
        else:
            phase = Phase.FROZEN if self._updates else Phase.OFF
        self.result_buffer.set_state(phase, learner, dropped)
