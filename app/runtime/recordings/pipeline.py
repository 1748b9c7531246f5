"""Recordings, frame by frame: find the person, learn, predict (method 1.10 and 1.11)."""

from __future__ import annotations

import time
from collections.abc import Container, Iterator
from dataclasses import dataclass

import torch

from app.runtime.capture.source import Frame, FrameSource
from app.runtime.live.change import COMPARED, ChangeReport, change_since_trained
from app.runtime.live.engine import Engine
from app.runtime.live.results import PoseResult, nobody, pose_result
from app.runtime.live.schedules import seconds_of_update
from model.adaptation import (
    Adapter,
    Learnt,
    Mode,
    PersonView,
    SourceMemory,
    UpdateReport,
)
from model.adaptation.comparison import BeforeAfter, compare
from model.adaptation.memory import compact_side
from model.adaptation.personalizer import apply
from model.core.crop import SquareBox
from model.ttp.prediction import Pose, PosePredictor, crop_tensor, pose_in_image
from model.ttp.trunk import exact_parts

# Pairs computed at a time. One costs 10 % more time; each further one 60 MB for another 3 %.
_CPU_MICRO_BATCH = 2
# What the frames that are learnt from may take if they are kept whole, bytes.
_WHOLE_FRAMES = 2**29
# What views of whole recordings may take offline, bytes: 2,400 where crops have 256 pixels.
_OFFLINE_VIEWS = 2**30


@dataclass(frozen=True)
class ProcessedFrame:
    """One frame of a recording and what came of it.

    Timestamps of ``frame`` and ``result`` are in seconds since the recording's start, and
    ``result.latency`` is the time spent on this frame. ``update`` is the update made before the
    prediction: None without personalization, where no person was found, and for frames held out.
    """

    frame: Frame
    result: PoseResult
    update: UpdateReport | None = None


class RecordingPipeline:
    """Processes recordings of one person with the engine's network, which learning changes.

    ``online``, every frame with a person is first learnt from (a batch whose targets are this frame
    and whose sources are all frames so far, this one included) and then predicted with the
    updated weights, or their average if the settings ask for one. ``offline``, ``watch`` goes
    through all recordings first, then ``learn`` updates as often as they have frames with the
    person, and then ``run`` predicts. Predictions are in float32 with and without personalization,
    so that the two differ only by what was learnt. PyTorch uses as many CPU threads as it likes:
    nothing else competes.

    Args:
        engine: What processes; its settings say how to learn.
        mode: When to learn.
        frames: How many frames there will be, None if it is not known. Offline, views of all of
            them are kept where 1 GB has room, else of a fair sample of them.
        profile: What learning, or the network without it, starts from; updates are counted on from
            its own, and a reset goes to the trained weights.

    Raises:
        UserError: The network is of a variant that cannot be personalized, but shall be.
    """

    def __init__(
        self, engine: Engine, mode: Mode, frames: int | None = None, profile: Learnt | None = None
    ) -> None:
        self._engine = engine
        self._mode = mode
        self._memory = self._make_memory(frames)
        self._adapter = self._make_adapter() if mode != "none" else None
        self._frames = self._middle = 0
        self._profile_updates = profile.updates if profile is not None else 0
        if profile is not None and self._adapter is not None:
            self._adapter.load(profile, engine.settings)
        elif profile is not None:
            apply(engine.network, profile)
        if self._adapter is None:
            exact = exact_parts(engine.network, torch.get_num_threads())
            self._unchanging = PosePredictor(engine.network, torch.float32, *exact)
        #: Frames with the person that ``watch`` has seen.
        self.watched = 0
        #: Views that ``watch`` kept apart, to compare on.
        self.apart: list[PersonView] = []

    @property
    def joint_names(self) -> tuple[str, ...]:
        """The network's joints, in order."""
        return self._engine.network.spec.joint_set.names

    @property
    def views(self) -> int:
        """How many views there are to learn from."""
        return len(self._memory)

    def seconds_of_update(self) -> float:
        """What an update takes here, measured on blank pairs; nothing is learnt."""
        assert self._adapter is not None
        return seconds_of_update(self._adapter.personalizer)

    def watch(self, source: FrameSource, apart: Container[int] = ()) -> Iterator[Frame]:
        """The first pass offline: every frame of an open ``source``, views of the person kept.

        Frames with a ``media_index`` in ``apart`` are kept apart and never learnt from.
        """
        for frame, box in self._located(source):
            if box is not None:
                view = PersonView.of_frame(frame.image, box, frame.index)
                if frame.media_index in apart:
                    self.apart.append(view.compact(self._engine.network.spec.crop_size))
                elif self._adapter is not None:
                    self._adapter.remember(view)
                self._predict(view)
                self.watched += 1
            yield frame

    def learn(self) -> Iterator[UpdateReport]:
        """All updates on what was watched, one by one."""
        assert self._adapter is not None
        self._middle = self._frames // 2
        return self._adapter.offline(self.watched)

    def compare(self) -> BeforeAfter | None:
        """Before and after on the views that were kept apart; None if there are none."""
        assert self._adapter is not None
        if not self.apart:
            return None
        return compare(self._adapter.personalizer, self.apart)

    def change(self) -> ChangeReport | None:
        """What all recordings changed, as the live window tells it; None if nothing was learnt."""
        if self._adapter is None:
            return None
        memory = self._memory
        # Offline the last views are not kept apart: those in the middle of the recordings.
        moving = memory.latest(COMPARED) or memory.around(self._middle, COMPARED // 2)
        return change_since_trained(self._adapter.personalizer, memory, moving)

    def run(self, source: FrameSource) -> Iterator[ProcessedFrame]:
        """Every frame that an open ``source`` still has, in order."""
        for frame, box in self._located(source):
            yield self._process(frame, box)

    def _make_memory(self, frames: int | None) -> SourceMemory:
        crop_size = self._engine.network.spec.crop_size
        whole = _WHOLE_FRAMES if self._engine.settings.views == "whole" else 0
        if self._mode != "offline":
            return SourceMemory(crop_size=crop_size, whole_bytes=whole)
        room = _OFFLINE_VIEWS // (3 * compact_side(crop_size) ** 2)
        capacity = room if frames is None else min(frames, room)
        return SourceMemory(capacity, recent=0, crop_size=crop_size, whole_bytes=whole)

    def learnt(self) -> Learnt:
        """What the weights that predict now have learnt, the profile included."""
        assert self._adapter is not None
        return self._adapter.personalizer.learnt()

    def _make_adapter(self) -> Adapter:
        engine = self._engine
        exact = exact_parts(engine.network, torch.get_num_threads())
        personalizer = engine.personalizer(engine.settings, *exact)
        on_cpu = engine.machine.device.type == "cpu"
        return Adapter(personalizer, self._memory, micro_batch=_CPU_MICRO_BATCH if on_cpu else None)

    def _located(self, source: FrameSource) -> Iterator[tuple[Frame, SquareBox | None]]:
        """Every frame with where the person is; each must be predicted before the next."""
        self._engine.follower.reset()
        while (grab := source.read()) is not None:
            frame = Frame(self._frames, grab.time, grab.image, grab.media_index)
            self._frames += 1
            self._started = time.perf_counter()
            if self._adapter is not None and self._mode == "online":
                self._adapter.watch(frame.image)
            yield frame, self._engine.follower.locate(frame.image, frame.timestamp)

    def _process(self, frame: Frame, box: SquareBox | None) -> ProcessedFrame:
        if box is None:
            return ProcessedFrame(frame, nobody(frame, self._updates, self._spent()))
        view = PersonView.of_frame(frame.image, box, frame.index)
        online = self._adapter if self._mode == "online" else None
        update = None
        if online is not None:
            online.remember(view)
            update = online.update(view)
        pose = self._predict(view)
        result = pose_result(frame, box, pose, self._updates, self._spent())
        if online is not None:
            online.end_frame()
        return ProcessedFrame(frame, result, update)

    @property
    def _updates(self) -> int:
        return self._adapter.updates if self._adapter else self._profile_updates

    def _spent(self) -> float:
        return time.perf_counter() - self._started

    def _predict(self, view: PersonView) -> Pose:
        pose = self._pose(view)
        height, width = view.image.shape[:2]
        self._engine.follower.observe(pose.keypoints, pose.confidence, (width, height))
        return pose

    def _pose(self, view: PersonView) -> Pose:
        if self._adapter is None:
            return self._unchanging.predict(view.image, view.box)
        crop = crop_tensor(view.image, view.box, self._engine.network.spec)
        return pose_in_image(self._adapter.predict(crop, [view.index]), view.box)
