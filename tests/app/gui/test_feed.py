"""What the session publishes reaches the panels: the right frame, nothing lost, nothing stale."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from unittest.mock import Mock

import numpy as np
import pytest

from app.gui.feed import Feed, StatusFeed
from app.gui.panels import Panels
from app.runtime.live.results import Phase, PoseResult, WorkerStatus
from tests.app.gui.window_fakes import (
    FakeSession,
    FakeSources,
    make_frame,
    make_result,
    make_update,
    offline_status,
)


class Stage:
    """A feed between a fake session and panels that only remember what they were given."""

    def __init__(self, known: bool = False) -> None:
        self.now = 100.0
        self.session = FakeSession()
        self.sources = FakeSources(known=known)
        self.live, self.reconstruction, self.affinity, self.plots = (Mock() for _ in range(4))
        self.keypoint_gan = Mock()
        self.panels = Panels(
            self.live, self.reconstruction, self.affinity, self.plots, self.keypoint_gan
        )
        self.said: list[str] = []
        self.feed = Feed(
            self.session, self.sources, self.panels, self.said.append, clock=lambda: self.now
        )

    def shown(self) -> tuple[float, int | None]:
        """The grey value of the picture on show, and the frame index of its result."""
        image, result = self.live.show_frame.call_args.args
        return float(image.mean()), None if result is None else result.frame_index

    def shows(self) -> int:
        count: int = self.live.show_frame.call_count
        return count


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_a_result_is_shown_on_the_frame_it_belongs_to(stage: Stage) -> None:
    stage.session.publish(make_frame(1, value=10), make_result(1))
    stage.session.publish(make_frame(2, value=20))
    stage.feed.paint()
    assert stage.shown() == (10, 1)


def test_the_keypoint_gan_gets_what_is_on_show_again_and_again(stage: Stage) -> None:
    stage.feed.paint()
    stage.keypoint_gan.tick.assert_called_once_with(None, None)
    frame, result = make_frame(1), make_result(1)
    stage.session.publish(frame, result)
    for _ in range(2):
        stage.feed.paint()
        assert stage.keypoint_gan.tick.call_args.args == (frame.image, result)
    stage.feed.start_afresh()
    stage.now += 0.6
    stage.session.frames = {2: make_frame(2, timestamp=100.6)}
    stage.feed.paint()
    assert stage.keypoint_gan.tick.call_args.args == (stage.session.frames[2].image, None)


def drawn(stage: Stage) -> PoseResult:
    result = stage.live.show_frame.call_args.args[1]
    assert isinstance(result, PoseResult)
    return result


def publish(stage: Stage, index: int, shift: float = 0.0, **changes: Any) -> PoseResult:
    """The same pose again, every point ``shift`` pixels to the right, 25 times a second."""
    result = replace(make_result(0), frame_index=index, timestamp=index / 25, **changes)
    moved = {
        name: points + np.array([shift, 0], np.float32)
        for name in ("keypoints", "self_keypoints", "unpersonalized")
        if (points := getattr(result, name)) is not None
    }
    result = replace(result, **moved)
    stage.session.publish(make_frame(index), result)
    stage.feed.collect()
    stage.feed.paint()
    return result


def test_smoothing_changes_what_is_drawn_and_nothing_else(stage: Stage) -> None:
    publish(stage, 1)
    raw = publish(stage, 2, 20)
    assert drawn(stage) is raw  # off by default
    stage.feed.smoother.set_on(True)
    publish(stage, 3)
    raw = publish(stage, 4, 20)
    shown = drawn(stage)
    for name in ("keypoints", "self_keypoints", "unpersonalized"):
        lag = (getattr(raw, name) - getattr(shown, name))[:, 0]
        assert ((lag > 1) & (lag < 20)).all()
        assert getattr(shown, name).dtype == np.float32
    assert shown.box == raw.box
    assert stage.affinity.show_result.call_args.args == (raw,)
    assert stage.keypoint_gan.tick.call_args.args[1] is raw


@pytest.mark.parametrize("event", ["source", "reset", "off and on", "nobody", "jump", "stale"])
def test_smoothing_begins_anew(stage: Stage, event: str) -> None:
    stage.feed.smoother.set_on(True)
    publish(stage, 1)
    box = make_result(0).box
    assert box is not None
    if event == "source":
        stage.feed.start_afresh()
    elif event == "reset":
        stage.feed.smoother.reset()
    elif event == "off and on":
        stage.feed.smoother.set_on(False)
        stage.feed.smoother.set_on(True)
    elif event == "nobody":
        publish(stage, 2, box=None)
    elif event == "stale":
        stage.now += 0.6
        stage.session.publish(make_frame(2, timestamp=1.0))
        stage.feed.paint()
    elif event == "jump":
        box = replace(box, x=box.x + 0.6 * box.side)
    raw = publish(stage, 3, 20, box=box)
    np.testing.assert_array_equal(drawn(stage).keypoints, raw.keypoints)


def test_nothing_new_paints_nothing(stage: Stage) -> None:
    stage.session.publish(make_frame(1), make_result(1))
    stage.feed.paint()
    stage.now += 0.4
    stage.session.publish(make_frame(2))
    stage.feed.paint()
    assert stage.shows() == 1


def test_before_the_first_result_frames_are_shown_alone(stage: Stage) -> None:
    for index in (1, 2):
        stage.session.publish(make_frame(index, value=10 * index))
        stage.feed.paint()
        assert stage.shown() == (10 * index, None)


def test_frames_go_on_alone_when_results_stay_away(stage: Stage) -> None:
    stage.session.publish(make_frame(1, timestamp=100.0, value=10), make_result(1, 100.0))
    stage.feed.paint()
    stage.now += 0.6
    stage.session.publish(make_frame(2, timestamp=100.6, value=20))
    stage.feed.paint()
    assert stage.shown() == (20, None)


def test_results_that_come_late_are_shown_nevertheless(stage: Stage) -> None:
    stage.session.publish(make_frame(1, timestamp=90.0, value=10), make_result(1, 90.0))
    stage.session.publish(make_frame(2, timestamp=100.0, value=20))
    stage.feed.paint()
    assert stage.shown() == (10, 1)


def test_a_paused_source_keeps_its_last_result(stage: Stage) -> None:
    stage.session.publish(make_frame(1, timestamp=100.0, value=10), make_result(1, 100.0))
    stage.session.publish(make_frame(2, timestamp=100.03, value=20))
    stage.feed.paint()
    stage.now += 60
    stage.feed.paint()
    assert stage.shown() == (10, 1)


def test_a_result_whose_frame_is_gone_leaves_the_picture(stage: Stage) -> None:
    stage.session.publish(make_frame(1, value=10), make_result(1))
    stage.feed.paint()
    stage.session.result = make_result(2)
    stage.feed.paint()
    assert stage.shown() == (10, 1)


def test_the_last_source_result_is_not_shown_again(stage: Stage) -> None:
    stage.session.publish(make_frame(1, value=10), make_result(1))
    stage.feed.start_afresh()
    stage.session.publish(make_frame(2, value=20))
    stage.feed.paint()
    assert stage.shown() == (20, None)


def test_every_update_is_plotted_and_the_newest_pictured(stage: Stage) -> None:
    stage.session.updates = [make_update(1), make_update(2)]
    stage.feed.collect()
    stage.feed.collect()
    plotted = [c.args[0].number for c in stage.plots.add_update.call_args_list]
    pictured = [c.args[0].number for c in stage.reconstruction.show_update.call_args_list]
    assert (plotted, pictured) == ([1, 2], [2])


def test_messages_are_passed_on_once(stage: Stage) -> None:
    stage.session.messages = ["The camera stopped."]
    stage.feed.collect()
    stage.feed.collect()
    assert stage.said == ["The camera stopped."]


def test_the_error_of_every_result_is_plotted_where_joints_are_known() -> None:
    stage = Stage(known=True)
    for index in (1, 2):
        stage.session.publish(make_frame(index), make_result(index, timestamp=5.0 + index))
    stage.feed.collect()
    calls = stage.plots.add_error.call_args_list
    assert [c.args for c in calls] == [(6.0, 3.0, 4.5), (7.0, 3.0, 4.5)]


def test_no_error_is_plotted_where_joints_are_not_known(stage: Stage) -> None:
    stage.session.publish(make_frame(1), make_result(1))
    stage.feed.collect()
    stage.plots.add_error.assert_not_called()


class StatusStage(Stage):
    """A status feed with bars and actions that only remember what they were given."""

    def __init__(self) -> None:
        super().__init__()
        self.status_bar = Mock()
        self.actions = Mock()
        self.status_feed = StatusFeed(
            self.session,
            self.sources,
            self.panels,
            self.status_bar,
            self.actions,
            clock=lambda: self.now,
        )

    def refresh(self, status: WorkerStatus, later: float = 0.03) -> None:
        self.session.worker = status
        self.now += later
        self.status_feed.refresh()

    def chips(self) -> list[str]:
        return [c.args[0] for c in self.live.set_chip.call_args_list]


def test_numbers_are_shown_twice_a_second() -> None:
    stage = StatusStage()
    for number in range(31):
        stage.refresh(WorkerStatus(Phase.PERSONALIZING, updates=number), later=0.1)
    assert len(stage.chips()) == pytest.approx(7, abs=1)
    assert stage.status_bar.show_status.call_count == len(stage.chips())
    assert stage.plots.add_status.call_count == len(stage.chips())


def test_a_change_of_phase_is_shown_at_once() -> None:
    stage = StatusStage()
    stage.refresh(WorkerStatus(Phase.PERSONALIZING))
    stage.refresh(WorkerStatus(Phase.HELD_BACK, "no person"))
    assert stage.chips() == ["personalizing · 0 updates", "held back (no person)"]


def test_the_personalize_button_follows_the_worker_when_it_changes() -> None:
    stage = StatusStage()
    moves = stage.actions.personalize.setChecked
    stage.refresh(WorkerStatus(Phase.OFF))
    moves.assert_not_called()
    for phase in (Phase.PERSONALIZING, Phase.HELD_BACK, Phase.OFFLINE, Phase.PERSONALIZING):
        stage.refresh(WorkerStatus(phase))
    assert [c.args for c in moves.call_args_list] == [(True,)]
    for phase in (Phase.FAULTED, Phase.FROZEN, Phase.OFF):
        stage.refresh(WorkerStatus(phase))
    assert [c.args for c in moves.call_args_list] == [(True,), (False,)]


def test_an_offline_run_shows_its_time() -> None:
    stage = StatusStage()
    stage.refresh(offline_status(43, 100, 51.2))
    stage.actions.show_offline.assert_called_once_with(True, "0:52")


def test_the_status_bar_gets_the_mode_of_the_source() -> None:
    stage = StatusStage()
    stage.sources.open_demo("webcam")
    stage.session.titles = ["mine.py"]
    status = WorkerStatus(device="CPU")
    stage.refresh(status)
    stage.status_bar.show_status.assert_called_once_with(status, "webcam 640×480@25", ["mine.py"])


def test_results_reach_the_affinity_panel_with_the_picture(stage: Stage) -> None:
    result = make_result(1)
    stage.session.publish(make_frame(1), result)
    stage.feed.paint()
    stage.affinity.show_result.assert_called_once_with(result)
