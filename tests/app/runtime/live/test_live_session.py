"""The running machinery with a small network: both schedules, commands, faults."""

from __future__ import annotations

import gc
import json
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.runtime.capture.files import VideoSource
from app.runtime.live import schedules
from app.runtime.live.engine import Engine
from app.runtime.live.results import Comparison, Phase, PoseResult, Schedule
from app.runtime.live.session import LiveSession
from app.runtime.processors import ProcessorResult
from model.core.errors import UserError
from model.ttp.networks import PoseNetwork
from tests.app.runtime.live.machinery import Clip, FakeFollower, small_engine, wait_for


class _Running:
    """A session on the moving clip, with the engine's follower in reach."""

    def __init__(self, schedule: Schedule | None, variant: str = "transformer") -> None:
        self.engines: list[Any] = []

        def make() -> Any:
            self.engines.append(small_engine(variant=variant))
            return self.engines[-1]

        self.session = LiveSession(make, schedule)
        self.session.open(Clip(), loop=True)

    @property
    def follower(self) -> FakeFollower:
        follower = self.engines[-1].follower
        assert isinstance(follower, FakeFollower)
        return follower

    def result(self) -> PoseResult:
        wait_for(lambda: self.session.latest_result() is not None)
        result = self.session.latest_result()
        assert result is not None
        return result

    def wait_for_updates(self, count: int) -> None:
        wait_for(lambda: self.session.status().updates >= count)


@pytest.fixture(params=[Schedule.STRICT, Schedule.TWO_LANES])
def running(request: pytest.FixtureRequest) -> Iterator[_Running]:
    running = _Running(request.param)
    yield running
    running.session.close()


def test_predictions_come_without_personalization(running: _Running) -> None:
    result = running.result()
    assert result.box is not None and result.updates == 0
    assert result.keypoints.shape == (13, 2) and result.keypoints.dtype == np.float32
    assert result.confidence.shape == (13,)
    assert result.self_keypoints.shape == (30, 2)
    np.testing.assert_allclose(result.affinity.sum(axis=1), 1, rtol=1e-4)
    assert result.latency > 0
    frame = running.session.frame(result.frame_index)
    assert frame is None or frame.timestamp == result.timestamp
    assert running.session.status().phase is Phase.OFF


def test_updates_happen_and_reset_restores_the_first_prediction(running: _Running) -> None:
    session = running.session
    session.open(Clip(1), loop=True)  # one picture again and again: equal weights, equal results
    session.set_comparison(Comparison.ALWAYS)
    wait_for(lambda: session.latest_result() is not None)
    first = running.result()
    session.set_personalizing(True)
    running.wait_for_updates(2)
    assert session.status().phase is Phase.PERSONALIZING
    updates = session.take_updates()
    assert [u.number for u in updates] == list(range(1, len(updates) + 1))

    moved = running.result()
    assert not np.array_equal(moved.self_keypoints, first.self_keypoints)
    assert moved.unpersonalized is not None
    np.testing.assert_array_equal(moved.unpersonalized, first.keypoints)

    session.set_personalizing(False)
    session.reset()
    wait_for(lambda: session.status().phase is Phase.OFF and running.result().updates == 0)
    again = running.result()
    np.testing.assert_array_equal(again.keypoints, first.keypoints)
    np.testing.assert_array_equal(again.self_keypoints, first.self_keypoints)
    np.testing.assert_array_equal(again.affinity, first.affinity)


def test_freezing_keeps_the_weights(running: _Running) -> None:
    session = running.session
    session.set_personalizing(True)
    running.wait_for_updates(1)
    session.set_personalizing(False)
    wait_for(lambda: session.status().phase is Phase.FROZEN)
    assert session.status().updates >= 1


def test_what_was_freed_is_given_back_at_rest_and_while_learning(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given: list[int] = []
    monkeypatch.setattr(schedules, "trim_memory", lambda: given.append(1))
    monkeypatch.setattr(schedules, "_TRIM_SECONDS", 0.0)
    running = _Running(Schedule.TWO_LANES)
    try:
        running.result()
        wait_for(lambda: given)
        at_rest = len(given)
        running.session.set_personalizing(True)
        running.wait_for_updates(1)
        wait_for(lambda: len(given) > at_rest)
    finally:
        running.session.close()


class _Listener:
    """A processor that fails at its ``fails``-th result."""

    def __init__(self, fails: int) -> None:
        self.results: list[ProcessorResult] = []
        self.closed = False
        self._fails = fails

    def process(self, result: ProcessorResult) -> None:
        self.results.append(result)
        if len(self.results) == self._fails:
            raise ValueError("enough")

    def close(self) -> None:
        self.closed = True


@pytest.mark.fault(
    "A processor of one's own raises an error",
    "It alone is switched off, and a sentence says why.",
)
def test_processors_get_every_result_until_they_fail(running: _Running) -> None:
    session = running.session
    steady, failing = _Listener(0), _Listener(2)
    session.add_processor("steady.py", steady)
    session.add_processor("failing.py", failing)
    wait_for(lambda: session.processors() == ["steady.py"])
    wait_for(lambda: len(steady.results) >= 5)
    assert (len(failing.results), failing.closed) == (2, True)
    assert [m for m in session.take_messages() if "failing.py failed (ValueError" in m]
    assert steady.results[-1].joint_names == session.network.joint_names
    assert steady.results[-1].keypoints.shape == (13, 2)
    running.follower.found = False
    wait_for(lambda: len(steady.results[-1].keypoints) == 0)
    assert not steady.closed
    session.close()
    assert steady.closed


@pytest.mark.fault(
    "There is nobody in the picture",
    "Nothing is learnt until somebody is, however long that takes.",
)
def test_nothing_is_learnt_while_there_is_nobody(running: _Running) -> None:
    session = running.session
    session.set_personalizing(True)
    running.wait_for_updates(1)
    running.follower.found = False
    wait_for(lambda: session.status().phase is Phase.HELD_BACK)
    result = running.result()
    assert result.box is None and result.keypoints.shape == (0, 2)
    running.follower.found = True
    wait_for(lambda: session.status().phase is Phase.PERSONALIZING)


def test_an_offline_run_goes_to_its_end_and_can_be_cancelled(running: _Running) -> None:
    session = running.session
    running.result()
    session.run_offline()
    wait_for(lambda: session.status().phase is Phase.OFFLINE)
    session.cancel_offline()
    wait_for(lambda: session.status().phase is not Phase.OFFLINE)


def test_a_preset_starts_afresh(running: _Running) -> None:
    session = running.session
    session.set_personalizing(True)
    running.wait_for_updates(1)
    session.set_personalizing(False)
    wait_for(lambda: session.status().phase is Phase.FROZEN)
    session.set_preset("gentle")
    wait_for(lambda: session.status().phase is Phase.OFF and session.status().updates == 0)
    with pytest.raises(UserError, match="gentle"):
        session.set_preset("wild")


def test_another_source_forgets_the_person(running: _Running) -> None:
    session = running.session
    session.set_personalizing(True)
    running.wait_for_updates(1)
    before = running.follower.resets
    session.open(Clip(5), loop=True)
    wait_for(lambda: running.follower.resets > before)
    wait_for(lambda: session.latest_result() is not None)
    assert running.session.source_info is not None


@pytest.mark.fault(
    "A source cannot be opened",
    "A sentence says why, and the source before goes on.",
)
def test_a_source_that_cannot_be_opened_leaves_the_old_one(
    running: _Running, tmp_path: Path
) -> None:
    first = running.result().frame_index
    broken = tmp_path / "notes.mp4"
    broken.write_text("no video")
    with pytest.raises(UserError, match=r"notes\.mp4"):
        running.session.open(VideoSource(broken), loop=True)
    wait_for(lambda: running.result().frame_index > first)
    assert running.session.take_messages() == []


def test_pausing_stops_results(running: _Running) -> None:
    running.result()
    running.session.set_playing(False)
    running.session.choose_person(3, 4)
    wait_for(lambda: running.follower.chosen == [(3, 4)])
    index = running.result().frame_index
    running.session.set_playing(True)
    wait_for(lambda: running.result().frame_index > index)


@pytest.mark.fault("Prediction or learning raises an error")
def test_a_fault_is_reported_and_reset_starts_again(running: _Running) -> None:
    session = running.session
    running.result()

    def fail(*arguments: object) -> None:
        raise ZeroDivisionError("no such luck")

    running.follower.locate = fail  # type: ignore[method-assign, assignment]
    wait_for(lambda: session.status().phase is Phase.FAULTED)
    assert any("no such luck" in message for message in session.take_messages())
    session.reset()
    wait_for(lambda: len(running.engines) == 2)
    wait_for(lambda: session.status().phase is Phase.OFF and session.latest_result() is not None)


def test_a_network_that_failed_does_not_stay_in_memory_beside_the_new_one() -> None:
    networks: list[weakref.ref[PoseNetwork]] = []

    def make() -> Engine:
        engine = small_engine()
        networks.append(weakref.ref(engine.network))
        return engine

    def fails(_image: object, _time: float) -> None:
        raise UserError("No such luck.")  # others are logged, and pytest keeps what is

    session = LiveSession(make, Schedule.TWO_LANES)
    try:
        session._worker._engine.follower.locate = fails  # type: ignore[method-assign, assignment]
        session.open(Clip(), loop=True)
        wait_for(lambda: session.status().phase is Phase.FAULTED)
        gc.disable()
        session.reset()
        wait_for(lambda: [network() is None for network in networks] == [True, False])
    finally:
        gc.enable()
        session.close()


def test_the_schedule_is_chosen_by_measuring() -> None:
    running = _Running(None)
    try:
        running.result()
        status = running.session.status()
        assert status.schedule is Schedule.TWO_LANES
        assert "an update of 2 pairs takes" in status.schedule_reason
    finally:
        running.session.close()


def test_a_network_that_cannot_personalize_only_predicts() -> None:
    running = _Running(None, "baseline")
    session = running.session
    try:
        result = running.result()
        assert result.self_keypoints.shape == (0, 2) and result.affinity.shape == (0, 0)
        session.set_personalizing(True)
        session.run_offline()
        assert all("no self-supervised task" in m for m in session.take_messages())
        assert session.status().schedule is Schedule.PREDICT_ONLY
        assert session.status().phase is Phase.OFF
    finally:
        session.close()


def test_a_take_ends_with_its_source_and_keeps_the_poses(running: _Running, tmp_path: Path) -> None:
    session = running.session
    running.result()
    session.start_recording(tmp_path)
    take = session.recording()
    assert take is not None
    wait_for(lambda: (status := session.recording()) is not None and status.frames >= 10)
    rows = take.folder / "keypoints.csv"  # written out once a second
    wait_for(lambda: rows.read_text().count("\n") > 1)
    session.open(Clip(), loop=True)
    assert session.recording() is None
    messages: list[str] = []

    def told() -> bool:
        messages.extend(session.take_messages())
        return any(said.startswith("Recorded ") for said in messages)

    wait_for(told)
    told_of = [said for said in messages if said.startswith("Recorded ")]
    assert len(told_of) == 1 and str(take.folder) in told_of[0], messages
    about = json.loads((take.folder / "take.json").read_text())
    assert about["frames"] >= 10 and about["frames_lost"] == 0 and about["frames_predicted"] > 0


@pytest.mark.fault("Prediction or learning fails while a take is recorded", "The take goes on.")
def test_a_take_goes_on_when_the_worker_is_started_again(running: _Running, tmp_path: Path) -> None:
    session = running.session
    running.result()
    session.start_recording(tmp_path)
    take = session.recording()
    assert take is not None
    running.follower.locate = None  # type: ignore[method-assign,assignment]
    wait_for(lambda: session.status().phase is Phase.FAULTED)
    session.reset()
    rows = take.folder / "keypoints.csv"
    before = rows.read_text().count("\n")
    wait_for(lambda: rows.read_text().count("\n") > before)
    session.close()
    assert (take.folder / "take.json").is_file()
