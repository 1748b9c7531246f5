"""Runs over whole videos beside the live loop: what they learn, and that giving up is for free."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from app.assets import KnownJoints
from app.runtime.capture.files import VideoSource
from app.runtime.live.change import ChangeReport
from app.runtime.live.engine import Engine
from app.runtime.live.learner import Learner
from app.runtime.live.results import Phase, Schedule
from app.runtime.live.schedules import Strict, TwoLanes
from app.runtime.live.session import LiveSession
from app.runtime.recordings import offline_run
from app.runtime.recordings.offline_run import (
    Estimate,
    OfflineOutcome,
    OfflineRuns,
    OfflineWish,
    frames_apart,
    whole_wish,
)
from app.runtime.recordings.pipeline import RecordingPipeline
from model.adaptation import Learnt, PersonalizationSettings
from model.core.errors import UserError
from tests.app.runtime.live.machinery import QUICK, small_engine, wait_for
from tests.app.runtime.recordings.stand_ins import (
    EMPTY,
    BrightnessFollower,
    PixelLoss,
    person,
    write_clip,
)

LONG = 36


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return write_clip(tmp_path / "clip.avi", [person(number) for number in range(LONG)])


def make_engine() -> Engine:
    """A small engine that sees nobody in dark frames."""
    return replace(small_engine(), follower=BrightnessFollower(), perceptual=PixelLoss())  # type: ignore[arg-type]


class Desk:
    """Runs without a live loop: what was adopted and what was said."""

    def __init__(self, make: Callable[[], Engine] = make_engine) -> None:
        self.adopted: list[tuple[Learnt, PersonalizationSettings]] = []
        self.said: list[str] = []
        self.runs = OfflineRuns(make, lambda *what: self.adopted.append(what), self.said.append)

    def finish(self, *videos: Path, **wishes: object) -> OfflineOutcome | None:
        """Run to the end."""
        self.runs.start(OfflineWish(videos, **wishes), QUICK)  # type: ignore[arg-type]
        outcomes: list[OfflineOutcome] = []

        def over() -> bool:
            outcome = self.runs.take_outcome()
            if outcome is not None:
                outcomes.append(outcome)
            return self.runs.progress is None

        wait_for(over)
        return outcomes[0] if outcomes else None


@pytest.fixture
def desk() -> Iterator[Desk]:
    desk = Desk()
    yield desk
    desk.runs.close()


def test_a_run_learns_what_the_command_line_does(desk: Desk, clip: Path) -> None:
    outcome = desk.finish(clip, passes=0.1)
    assert outcome is not None and desk.said == []
    assert [learnt for learnt, _ in desk.adopted] == [outcome.learnt]
    assert outcome.learnt.updates == 4

    settings = replace(QUICK, offline_updates_per_frame=0.1)
    pipeline = RecordingPipeline(replace(make_engine(), settings=settings), "offline", LONG)
    source = VideoSource(clip)
    source.open()
    assert len(list(pipeline.watch(source, frames_apart(LONG, 8)))) == LONG
    source.close()
    assert len(list(pipeline.learn())) == 4
    learnt = pipeline.learnt()
    assert learnt.changes.keys() == outcome.learnt.changes.keys()
    # As many threads sum as the machine lets them, and Adam makes much of small gradients.
    ours, theirs = (
        torch.cat([found.changes[name].flatten() for name in learnt.changes])
        for found in (outcome.learnt, learnt)
    )
    assert (ours - theirs).norm() < 0.02 * theirs.norm()


def test_all_videos_are_learnt_from_and_the_first_one_tells_the_true_error(
    desk: Desk, clip: Path, tmp_path: Path
) -> None:
    other = write_clip(tmp_path / "other.avi", [person(number) for number in range(50, 62)])
    truth = np.full((LONG, 13, 2), 20, np.float32)
    known = KnownJoints(truth, np.ones((LONG, 13), np.bool_))
    outcome = desk.finish(clip, other, known=known, passes=0.125)
    assert outcome is not None and outcome.change is not None
    assert outcome.learnt.updates == (LONG + 12) // 8
    assert outcome.change.frames == "3 frames that were not learnt from"
    names = [change.name for change in outcome.change.changes]
    assert names == ["Error", "Mirror difference", "Jitter", "Reconstruction"]
    rebuilt = outcome.change.changes[-1]
    assert rebuilt.trained == 100 and np.isfinite(rebuilt.personalized)


def test_a_clip_too_short_to_spare_frames_is_learnt_from_whole(desk: Desk, tmp_path: Path) -> None:
    outcome = desk.finish(write_clip(tmp_path / "short.avi", [person(n) for n in range(4)]))
    assert outcome is not None and outcome.change is None and outcome.learnt.updates == 4


def _nobody(path: Path) -> Path:
    return write_clip(path, [EMPTY] * 4)


def _text(path: Path) -> Path:
    path.write_text("no video")
    return path


def _missing(path: Path) -> Path:
    return path


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (_nobody, 'Nobody was found in "bad.avi". Nothing was changed'),
        (_text, "cannot be played"),
        (_missing, "There is no file"),
    ],
)
def test_what_cannot_be_learnt_from_is_said_and_nothing_is_adopted(
    desk: Desk, clip: Path, tmp_path: Path, make: Callable[[Path], Path], words: str
) -> None:
    assert desk.finish(clip, make(tmp_path / "bad.avi"), passes=0.1) is None
    assert desk.adopted == []
    assert len(desk.said) == 1 and words in desk.said[0]


def test_a_video_that_ends_too_early_is_damaged(
    desk: Desk, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Torn(VideoSource):
        """Announces more frames than come."""

        def open(self) -> None:
            super().open()
            self._info = replace(self.info, frame_count=LONG * 2)

    monkeypatch.setattr(offline_run, "source_of", Torn)
    assert desk.finish(clip) is None
    assert desk.said == [
        f'"clip.avi" is damaged: it ends after {LONG} of {LONG * 2} frames. Nothing was changed; '
        "leave it out, or choose a whole copy."
    ]


def test_a_failure_that_nobody_expected_is_a_sentence_too(clip: Path) -> None:
    def fails() -> Engine:
        raise ZeroDivisionError("no such luck")

    desk = Desk(fails)
    assert desk.finish(clip) is None
    assert desk.adopted == [] and "ZeroDivisionError: no such luck" in desk.said[0]
    desk.runs.close()


def test_a_run_can_be_held_and_goes_on(desk: Desk, clip: Path) -> None:
    desk.runs.start(OfflineWish((clip,), 0.1), QUICK)
    desk.runs.pause(True)

    def progress() -> tuple[bool, int]:
        found = desk.runs.progress
        assert found is not None
        return found.paused, found.done

    wait_for(lambda: progress()[0])
    run = desk.runs._run
    assert run is not None
    with run._condition:
        assert not run._condition.wait_for(lambda: run._outcome is not None, 0.3)
    assert desk.runs.take_updates() == []  # it was held before the first frame was done
    desk.runs.pause(False)
    wait_for(lambda: desk.runs.take_outcome() is not None)
    assert len(desk.adopted) == 1 and desk.runs.progress is None


def test_the_videos_of_a_folder_are_taken_once(clip: Path, tmp_path: Path) -> None:
    other = write_clip(tmp_path / "b.avi", [person(0)])
    wish = whole_wish(clip, [tmp_path, other], 2.0, None)
    assert wish == OfflineWish((clip.resolve(), other.resolve()), 2.0, None)
    (tmp_path / "picture.png").write_bytes(b"")
    with pytest.raises(UserError, match="videos and pictures"):
        whole_wish(clip, [tmp_path], 1.0, None)


@pytest.mark.parametrize(("count", "bursts", "spared"), [(None, 8, 0), (35, 8, 0), (360, 8, 24)])
def test_few_frames_are_kept_apart(count: int | None, bursts: int, spared: int) -> None:
    apart = frames_apart(count, bursts)
    assert len(apart) == spared
    assert all(0 <= number < (count or 0) for number in apart)
    assert {number - 1 in apart or number + 1 in apart for number in apart} <= {True}


def test_the_estimate_never_goes_back_and_ends_at_nothing() -> None:
    estimate = Estimate(10, 2.0, lambda frames: frames)
    assert np.isnan(estimate.progress.seconds_left)
    shown = []
    for number in range(10):
        estimate.add_frame(1.0, found=number % 2 == 0)
        shown.append(estimate.progress.done)
    # Ten seconds were spent; five frames with the person make five updates of two seconds.
    assert estimate.progress.doing == "finding the person"
    assert estimate.progress.seconds_left == pytest.approx(10)
    assert shown[-1] == 500
    estimate.begin_updates()
    for _ in range(5):
        estimate.add_update(4.0)  # slower than expected
        shown.append(estimate.progress.done)
    assert shown == sorted(shown) and shown[-1] == 1000
    assert estimate.progress.seconds_left == 0 and estimate.progress.doing == "learning"


def test_a_length_that_is_not_known_is_no_share() -> None:
    estimate = Estimate(None, 2.0, lambda frames: frames)
    estimate.add_frame(1.0, found=True)
    assert (estimate.progress.done, estimate.progress.total) == (0, 1000)
    assert np.isnan(estimate.progress.seconds_left)


class Live:
    """A session that plays the clip, in one schedule."""

    def __init__(self, schedule: Schedule, clip: Path) -> None:
        self.session = LiveSession(make_engine, schedule)
        self.session.open(VideoSource(clip), loop=True)
        wait_for(lambda: self.session.latest_result() is not None)

    @property
    def _runner(self) -> TwoLanes | Strict:
        runner = self.session._worker._runner
        assert isinstance(runner, TwoLanes | Strict)
        return runner

    @property
    def learner(self) -> Learner:
        runner = self._runner
        return runner._lane._learner if isinstance(runner, TwoLanes) else runner._learner

    def _lane_rests(self) -> bool:
        """Whether no update is under way in a thread of its own, which heeds commands after it."""
        runner = self._runner
        return not (isinstance(runner, TwoLanes) and runner._lane._personalizing)

    def learn_some(self) -> None:
        """A few updates, and then stillness."""
        self.session.set_personalizing(True)
        wait_for(lambda: self.session.status().updates >= 2)
        self.session.set_personalizing(False)
        wait_for(lambda: self.session.status().phase is Phase.FROZEN)
        # While frames still come, for only their predictions take the last update over.
        wait_for(
            lambda: (
                self._lane_rests()
                and self.learner.personalizer.updates == self.session.status().updates
            )
        )
        self.session.set_playing(False)
        count = -1

        def still() -> bool:
            nonlocal count
            before, count = count, self.session.status().predictions
            time.sleep(0.05)
            return before == count

        wait_for(still)

    def bits(self) -> list[NDArray[np.generic]]:
        """Everything that a run might have changed."""
        personalizer = self.learner.personalizer
        state = personalizer._optimiser.state
        moments = [
            value.numpy().copy()
            for parameter in personalizer._parameters.values()
            for value in state[parameter].values()
        ]
        views = [np.array(view.index) for view in self.learner._adapter.memory._reservoir]
        weights = [v.detach().numpy().copy() for v in personalizer.network.state_dict().values()]
        counts = [np.array(personalizer.updates), np.array(len(self.learner._former))]
        means = [self.learner.personalizer.perceptual.means.numpy().copy()]
        return [*weights, *moments, *views, *counts, *means]


@pytest.fixture(params=[Schedule.STRICT, Schedule.TWO_LANES])
def live(request: pytest.FixtureRequest, clip: Path) -> Iterator[Live]:
    live = Live(request.param, clip)
    yield live
    live.session.close()


def assert_same(one: list[NDArray[np.generic]], other: list[NDArray[np.generic]]) -> None:
    assert len(one) == len(other) > 0
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_run_that_is_given_up_or_fails_leaves_every_bit(
    live: Live, clip: Path, tmp_path: Path
) -> None:
    session = live.session
    live.learn_some()
    before = live.bits()
    session.learn_from_videos(OfflineWish((clip,), 50.0))
    wait_for(lambda: session.offline.take_updates())
    status = session.status()
    assert status.phase is Phase.OFFLINE and status.offline is not None
    assert status.offline.doing == "learning"
    session.cancel_offline()
    assert session.offline.progress is None and session.offline.take_outcome() is None
    wait_for(lambda: session.status().phase is Phase.FROZEN)
    assert_same(live.bits(), before)

    session.learn_from_videos(OfflineWish((clip, _nobody(tmp_path / "dark.avi")), 0.1))

    def over() -> bool:
        assert session.offline.take_outcome() is None
        return session.offline.progress is None

    wait_for(over)
    assert any("Nobody was found" in said for said in session.take_messages())
    assert_same(live.bits(), before)


def test_the_live_network_takes_a_run_over_and_undo_gives_it_back(live: Live, clip: Path) -> None:
    session = live.session
    live.learn_some()
    before, updates = live.bits(), session.status().updates
    session.learn_from_videos(OfflineWish((clip,), 0.1))
    outcomes: list[OfflineOutcome] = []

    def over() -> bool:
        outcomes.extend(filter(None, [session.offline.take_outcome()]))
        return bool(outcomes)

    wait_for(over)
    session.set_playing(True)
    session.replay()
    wait_for(lambda: live.learner.personalizer.updates == 4 == session.status().updates)
    wait_for(lambda: (result := session.latest_result()) and result.media_index < 5)
    session.set_playing(False)
    adopted = live.learner.personalizer.learnt()
    for name, change in outcomes[0].learnt.changes.items():
        torch.testing.assert_close(adopted.changes[name], change, rtol=0, atol=1e-6)
    session.set_playing(True)
    session.undo_reset()
    wait_for(lambda: session.status().updates == updates)
    weights = len(live.learner.personalizer.network.state_dict())
    assert_same(live.bits()[:weights], before[:weights])


def test_what_starts_over_gives_a_run_up(live: Live, clip: Path) -> None:
    session = live.session
    for start_over in (session.reset, session.undo_reset, lambda: session.set_preset("gentle")):
        session.learn_from_videos(OfflineWish((clip,), 50.0))
        assert session.offline.progress is not None
        start_over()
        assert session.offline.progress is None


def test_before_and_after_are_told_of_the_last_frames(live: Live) -> None:
    session = live.session
    session.ask_change()
    live.learn_some()
    session.set_playing(True)
    assert session.take_change() is None  # nothing had been learnt
    session.ask_change()
    found: list[ChangeReport] = []

    def told() -> bool:
        found.extend(filter(None, [session.take_change()]))
        return bool(found)

    wait_for(told)
    assert found[0].updates >= 2 and found[0].frames.endswith(" frames")
    assert found[0].changes[0].name == "Mirror difference"
    assert session.take_change() is None
