"""A recording, frame by frame: find the person, learn from the frame, predict (method 1.10)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from app.runtime.capture.source import Frame, FrameSource, Grab
from app.runtime.live.engine import Engine
from app.runtime.live.learner import Learner
from app.runtime.live.results import PoseResult, UpdateResult, nobody, pose_result
from model.adaptation import Learnt, PersonView, SourceMemory
from model.adaptation.personalizer import apply
from model.tracking.scene import SceneChange
from model.ttp.prediction import Pose, crop_tensor, pose_in_image, predict_pose
from model.ttp.trunk import keys_of

# Pairs computed at a time. One costs 10 % more time; each further one 60 MB for another 3 %.
_CPU_MICRO_BATCH = 2
# What the frames that are learnt from may take if they are kept whole, bytes.
_WHOLE_FRAMES = 2**29


@dataclass(frozen=True)
class ProcessedFrame:
    """One frame of a recording and what came of it.

    Timestamps of ``frame`` and ``result`` are in seconds since the recording's start, and
    ``result.latency`` is the time spent on this frame. ``update`` is the update made before the
    prediction: None without personalization and where no person was found. ``learnt`` is False
    for an update that was thrown away because its loss or gradient was not finite.
    """

    frame: Frame
    result: PoseResult
    update: UpdateResult | None = None
    learnt: bool = False


class RecordingPipeline:
    """Processes one recording with the engine's network, which ``online`` changes.

    Online, every frame with a person is first learnt from (a batch whose targets are this frame
    and whose sources are all frames so far, this one included) and then predicted with the
    updated weights, or their average if the settings ask for one. Predictions are in float32 with
    and without personalization, so that the two differ only by what was learnt. PyTorch uses as
    many CPU threads as it likes: nothing else competes. ``UserError`` if ``online`` is asked of a
    variant that cannot be personalized. A ``profile`` is what both start from; updates are counted
    on from its own, and a reset goes to the trained weights.
    """

    def __init__(self, engine: Engine, *, online: bool, profile: Learnt | None = None) -> None:
        self._engine = engine
        self._updates = profile.updates if profile is not None else 0
        self._memory = SourceMemory(
            crop_size=engine.network.spec.crop_size,
            whole_bytes=_WHOLE_FRAMES if engine.settings.views == "whole" else 0,
        )
        self._scene = SceneChange()
        self._learner = self._make_learner() if online else None
        if profile is not None and self._learner is not None:
            self._learner.load(profile, engine.settings)
        elif profile is not None:
            apply(engine.network, profile)
        self._predictions = 0

    def run(self, source: FrameSource) -> Iterator[ProcessedFrame]:
        """Every frame that an open ``source`` still has, in order."""
        while (grab := source.read()) is not None:
            yield self._process(grab)

    def learnt(self) -> Learnt:
        """What the weights that predict now have learnt, the profile included; online only."""
        assert self._learner is not None
        return self._learner.personalizer.learnt()

    def _make_learner(self) -> Learner:
        engine = self._engine
        on_cpu = engine.machine.device.type == "cpu"
        return Learner(
            engine.network,
            engine.perceptual,
            engine.settings,
            self._memory,
            micro_batch=_CPU_MICRO_BATCH if on_cpu else engine.settings.batch_size,
            autocast=engine.machine.low_precision,
            illustrated=False,
            masker=engine.masker,
        )

    def _process(self, grab: Grab) -> ProcessedFrame:
        start = time.perf_counter()
        frame = Frame(grab.media_index, grab.time, grab.image, grab.media_index)
        self._reset_at_cut(frame)
        follower = self._engine.follower
        box = follower.locate(frame.image, frame.timestamp)
        if box is None:
            updates = self._learner.personalizer.updates if self._learner else self._updates
            return ProcessedFrame(frame, nobody(frame, updates, time.perf_counter() - start))
        view = PersonView.of_frame(frame.image, box, frame.index)
        update, updates, learnt = None, self._updates, False
        if self._learner is not None:
            before = self._learner.personalizer.updates
            update = self._learn(self._learner, view)
            updates = self._learner.personalizer.updates
            learnt = updates > before
        pose = self._predict(view)
        height, width = frame.image.shape[:2]
        follower.observe(pose.keypoints, pose.confidence, (width, height))
        result = pose_result(frame, box, pose, updates, time.perf_counter() - start)
        self._reset_if_due()
        return ProcessedFrame(frame, result, update, learnt)

    def _learn(self, learner: Learner, view: PersonView) -> UpdateResult | None:
        """One update on a whole batch around the current view; None if it is held out."""
        if not self._memory.add(view):
            return None
        update = None
        while update is None:
            update = learner.online(view)
        return update

    def _predict(self, view: PersonView) -> Pose:
        network = self._engine.network
        if self._learner is None:
            return predict_pose(network, view.image, view.box)
        crop = crop_tensor(view.image, view.box, network.spec)
        output = self._learner.personalizer.predict(crop, keys_of([view.index]), fresh=True)
        return pose_in_image(output, view.box)

    def _reset_at_cut(self, frame: Frame) -> None:
        if self._learner is None or not self._engine.settings.reset_on_cut:
            return
        if self._scene.changed(frame.image):
            self._learner.reset()
            self._memory.clear()

    def _reset_if_due(self) -> None:
        self._predictions += 1
        every = self._engine.settings.reset_every
        if self._learner is not None and every and self._predictions % every == 0:
            self._learner.reset()
