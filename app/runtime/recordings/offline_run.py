"""Offline personalization on whole videos beside the live loop, whose network it never touches.

The live network takes over what was learnt when everything went well, and only then; until then a
run can be given up, or fail, and nothing has happened.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from app.assets import KnownJoints
from app.runtime.capture.files import ImageFolderSource, VideoSource
from app.runtime.lifecycle import ManagedThread, ThreadState, yield_to_other_threads
from app.runtime.live.change import ChangeReport
from app.runtime.live.engine import Engine
from app.runtime.live.results import OfflineProgress, UpdateNumbers
from app.runtime.recordings.job import recordings_in, source_of
from app.runtime.recordings.pipeline import RecordingPipeline
from model.adaptation import Learnt, PersonalizationSettings, UpdateReport, planned_updates
from model.adaptation.comparison import BURST
from model.core.device import give_back_memory
from model.core.errors import UserError

_STOPPING_SECONDS = 60.0
# Frames that are kept apart to compare on: so many bursts over all videos, and at most one frame
# in so many of a video.
_BURSTS, _SPARED = 8, 12
_PARTS = 1000
WHOLE = 0.9
"""A file that ends before this share of the frames that it announces is damaged."""


@dataclass(frozen=True)
class OfflineWish:
    """What to learn from.

    Attributes:
        videos: video files and folders of pictures of one person, each once; the first is the one
            that is open in the window.
        passes: updates for each frame with the person.
        known: the true joints of the first video, where they are known.
    """

    videos: tuple[Path, ...]
    passes: float = 1.0
    known: KnownJoints | None = None


@dataclass(frozen=True)
class OfflineOutcome:
    """What a run that went well has learnt, and what that changed (None: too few frames)."""

    learnt: Learnt
    settings: PersonalizationSettings
    change: ChangeReport | None


class Estimate:
    """How far a run is and how long it still takes, by the time that its steps took so far.

    Args:
        frames: how many there will be; None if it is not known.
        per_update: seconds that an update is expected to take.
        updates_for: how many updates so many frames with the person will be worth.
    """

    def __init__(
        self, frames: int | None, per_update: float, updates_for: Callable[[int], int]
    ) -> None:
        self._frames = frames
        self._updates_for = updates_for
        self._finding = _Steps()
        self._learning = _Steps(per_update)
        self._found = 0
        self._updates: int | None = None
        self._shown = 0

    def add_frame(self, seconds: float, *, found: bool) -> None:
        """One more frame was looked at."""
        self._finding.add(seconds)
        self._found += found

    def begin_updates(self) -> None:
        """All frames were looked at."""
        self._updates = self._updates_for(self._found)

    def add_update(self, seconds: float) -> None:
        """One more update was made."""
        self._learning.add(seconds)

    @property
    def progress(self) -> OfflineProgress:
        """In thousandths, which never go back."""
        left = self._seconds_left()
        spent = self._finding.seconds + self._learning.seconds
        if math.isfinite(left) and spent + left > 0:
            self._shown = max(self._shown, int(_PARTS * spent / (spent + left)))
        doing = "finding the person" if self._updates is None else "learning"
        return OfflineProgress(self._shown, _PARTS, left, doing=doing)

    def _seconds_left(self) -> float:
        if self._updates is not None:
            return self._learning.each * (self._updates - self._learning.count)
        if self._frames is None or not self._finding.count:
            return math.nan
        share = self._found / self._finding.count
        frames_left = max(0, self._frames - self._finding.count)
        updates = self._updates_for(round(share * self._frames))
        return self._finding.each * frames_left + self._learning.each * updates


class _Steps:
    """Steps of one kind and the time they took; ``expected`` seconds each until there are some."""

    def __init__(self, expected: float = math.nan) -> None:
        self.count = 0
        self.seconds = 0.0
        self._expected = expected

    def add(self, seconds: float) -> None:
        self.count += 1
        self.seconds += seconds

    @property
    def each(self) -> float:
        return self.seconds / self.count if self.count else self._expected


class OfflineRun(ManagedThread):
    """One run, with a network of its own. ``pause`` takes effect after a frame or an update."""

    def __init__(
        self,
        wish: OfflineWish,
        make_engine: Callable[[], Engine],
        settings: PersonalizationSettings,
    ) -> None:
        super().__init__("app-offline")
        self._wish = wish
        self._make_engine = make_engine
        self._settings = replace(settings, offline_updates_per_frame=wish.passes)
        self._paused = False
        self._progress = OfflineProgress(0, 0, math.nan)
        self._updates: list[UpdateNumbers] = []
        self._outcome: OfflineOutcome | None = None

    @property
    def progress(self) -> OfflineProgress:
        """How far the run is."""
        with self._condition:
            return replace(self._progress, paused=self._paused)

    @property
    def outcome(self) -> OfflineOutcome | None:
        """The result, once there is one."""
        with self._condition:
            return self._outcome

    def take_updates(self) -> list[UpdateNumbers]:
        """The updates since the last call, oldest first."""
        with self._condition:
            updates, self._updates = self._updates, []
            return updates

    def pause(self, paused: bool) -> None:
        """Hold the run, or let it go on."""
        with self._condition:
            self._paused = paused
            self._condition.notify_all()

    def work(self) -> None:
        yield_to_other_threads()
        sources = [source_of(video) for video in self._wish.videos]
        counts = [_frame_count(source) for source in sources]
        engine = replace(self._make_engine(), settings=self._settings)
        machine = engine.machine
        torch.set_num_threads(machine.predict_threads + machine.update_threads)
        total = None if None in counts else sum(count or 0 for count in counts)
        pipeline = RecordingPipeline(engine, "offline", total)
        estimate = Estimate(total, pipeline.seconds_of_update(), self._updates_for)
        bursts = max(1, _BURSTS // len(sources))
        first_frames: int | None = None
        for place, (source, count) in enumerate(zip(sources, counts, strict=True)):
            apart = frames_apart(count, bursts if place < _BURSTS else 0)
            frames = self._watch(pipeline, source, apart, estimate)
            if self.stopping:
                return
            first_frames = frames if first_frames is None else first_frames
        estimate.begin_updates()
        self._learn(pipeline, estimate)
        if self.stopping:
            return
        change = pipeline.compare()
        learnt, report = pipeline.learnt(), None
        if change is not None:
            report = ChangeReport.of(
                change, learnt.updates, self._wish.known, first_frames or 0, held_out=True
            )
        with self._condition:
            self._outcome = OfflineOutcome(learnt, self._settings, report)

    def finish(self) -> None:
        # The network and what learnt from it, hundreds of megabytes, are in a circle.
        give_back_memory()

    def _watch(
        self,
        pipeline: RecordingPipeline,
        source: VideoSource | ImageFolderSource,
        apart: frozenset[int],
        estimate: Estimate,
    ) -> int:
        """Look at every frame of a recording; how many there were."""
        frames, before = 0, pipeline.watched
        source.open()
        with closing(source):
            found, since = before, time.perf_counter()
            for _ in pipeline.watch(source, apart):
                frames += 1
                estimate.add_frame(time.perf_counter() - since, found=pipeline.watched > found)
                self._show(estimate)
                if self._wait_while_paused():
                    return frames
                found, since = pipeline.watched, time.perf_counter()
        info = source.info
        if info.frame_count is not None and frames < WHOLE * info.frame_count:
            raise UserError(
                f'"{info.name}" is damaged: it ends after {frames} of {info.frame_count} frames. '
                "Nothing was changed; leave it out, or choose a whole copy."
            )
        if pipeline.watched == before:
            raise UserError(
                f'Nobody was found in "{info.name}". Nothing was changed; leave it out, or choose '
                "a video that shows the whole person."
            )
        return frames

    def _learn(self, pipeline: RecordingPipeline, estimate: Estimate) -> None:
        since = time.perf_counter()
        self._show(estimate)
        for report in pipeline.learn():
            now = time.perf_counter()
            estimate.add_update(now - since)
            self._note(report, now)
            self._show(estimate)
            if self._wait_while_paused():
                return
            since = time.perf_counter()

    def _updates_for(self, frames: int) -> int:
        return planned_updates(self._settings, frames)

    def _note(self, report: UpdateReport, now: float) -> None:
        numbers = UpdateNumbers(report.number, report.loss, report.seconds, report.pairs, now)
        with self._condition:
            self._updates.append(numbers)

    def _show(self, estimate: Estimate) -> None:
        with self._condition:
            self._progress = estimate.progress

    def _wait_while_paused(self) -> bool:
        """Wait for as long as the run is held; whether it was given up."""
        with self._condition:
            self._condition.wait_for(lambda: self._stopping or not self._paused)
            return self._stopping


def frames_apart(count: int | None, bursts: int) -> frozenset[int]:
    """Numbers of the frames that a video spares to compare on: short bursts all over it."""
    if count is None:
        return frozenset()
    bursts = min(bursts, count // (_SPARED * BURST))
    starts = [round((place + 0.5) * count / bursts) for place in range(bursts)]
    return frozenset(start + step for start in starts for step in range(BURST))


def _frame_count(source: VideoSource | ImageFolderSource) -> int | None:
    """How many frames a recording announces; whatever cannot be read is said at once."""
    source.open()
    with closing(source):
        return source.info.frame_count


class OfflineRuns:
    """Starts a run and hands its result to the live loop. Used by the window's thread only.

    Args:
        make_engine: loads what a run computes with; called in the run's thread.
        adopt: gets what a run has learnt, and its settings.
        say: gets a sentence when a run failed.
    """

    def __init__(
        self,
        make_engine: Callable[[], Engine],
        adopt: Callable[[Learnt, PersonalizationSettings], None],
        say: Callable[[str], None],
    ) -> None:
        self._make_engine = make_engine
        self._adopt = adopt
        self._say = say
        self._run: OfflineRun | None = None
        self._gone: list[OfflineRun] = []

    def start(self, wish: OfflineWish, settings: PersonalizationSettings) -> None:
        """Begin a run with these settings, in place of one that is under way."""
        self.cancel()
        self._run = OfflineRun(wish, self._make_engine, settings)
        self._run.start()

    @property
    def progress(self) -> OfflineProgress | None:
        """How far the run is; None when there is none."""
        return None if self._run is None else self._run.progress

    def pause(self, paused: bool) -> None:
        """Hold the run, or let it go on."""
        if self._run is not None:
            self._run.pause(paused)

    def cancel(self) -> None:
        """Give the run up; nothing has happened then."""
        if self._run is not None:
            self._run.stop(0.0)
            self._gone = [run for run in self._gone if run.is_alive()] + [self._run]
            self._run = None

    def take_updates(self) -> list[UpdateNumbers]:
        """The run's updates since the last call, oldest first."""
        return [] if self._run is None else self._run.take_updates()

    def take_outcome(self) -> OfflineOutcome | None:
        """Once a run ended well: hand over what it has learnt, and give its outcome, once."""
        run = self._run
        if run is None or run.state not in (ThreadState.STOPPED, ThreadState.FAULTED):
            return None
        self._run = None
        if run.outcome is None:
            self._say(_sentence(run.fault))
            return None
        self._adopt(run.outcome.learnt, run.outcome.settings)
        return run.outcome

    def close(self) -> None:
        """Stop every thread and join it."""
        self.cancel()
        for run in self._gone:
            run.stop(_STOPPING_SECONDS)


def _sentence(fault: Exception | None) -> str:
    if isinstance(fault, UserError):
        return str(fault)
    return (
        f"Learning from the video failed ({type(fault).__name__}: {fault}). Nothing was changed; "
        "try it again, or with fewer videos."
    )


def whole_wish(
    open_one: Path, others: Iterable[Path], passes: float, known: KnownJoints | None
) -> OfflineWish:
    """The recording that is open, and the others (videos and folders of videos), each once.

    ``UserError`` for a folder that holds videos and pictures.
    """
    paths: dict[Path, None] = {open_one.resolve(): None}
    for other in others:
        paths |= dict.fromkeys(path.resolve() for path in recordings_in(other))
    return OfflineWish(tuple(paths), passes, known)
