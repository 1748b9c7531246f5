"""The life of a thread: its states in order, and an end under all circumstances."""

from __future__ import annotations

import logging
import threading

import pytest

from app.runtime.lifecycle import ManagedThread, ThreadState
from model.core.errors import UserError


class Recorder(ManagedThread):
    """Notes the state it is in at each step, and works until it is stopped."""

    def __init__(self, prepare_error: Exception | None = None, **told: object) -> None:
        super().__init__("app-test", **told)  # type: ignore[arg-type]
        self.steps: list[tuple[str, ThreadState]] = []
        self.may_prepare = threading.Event()
        self.may_prepare.set()
        self._prepare_error = prepare_error
        self.work_error: Exception | None = None

    def prepare(self) -> None:
        self.steps.append(("prepare", self.state))
        self.may_prepare.wait()
        if self._prepare_error is not None:
            raise self._prepare_error

    def work(self) -> None:
        self.steps.append(("work", self.state))
        if self.work_error is not None:
            raise self.work_error
        assert self._rest(3600)

    def finish(self) -> None:
        self.steps.append(("finish", self.state))


def test_a_life_from_start_to_stop() -> None:
    thread = Recorder()
    assert thread.state is ThreadState.STOPPED
    thread.start()
    assert thread.wait_started(10) is ThreadState.RUNNING
    assert not thread.stopping
    assert thread.stop()
    assert thread.state is ThreadState.STOPPED
    assert [step for step, _ in thread.steps] == ["prepare", "work", "finish"]
    assert thread.steps[0][1] is ThreadState.STARTING
    assert thread.steps[2][1] is ThreadState.STOPPING
    assert thread.fault is None


def test_stopping_again_does_no_harm() -> None:
    thread = Recorder()
    thread.start()
    assert thread.stop()
    assert thread.stop()
    assert thread.state is ThreadState.STOPPED


def test_a_thread_that_was_never_started_can_be_stopped() -> None:
    thread = Recorder()
    assert thread.stop()
    assert thread.state is ThreadState.STOPPED
    assert not thread.steps


def test_stopping_while_it_prepares_skips_the_work() -> None:
    thread = Recorder()
    thread.may_prepare.clear()
    thread.start()
    assert thread.wait_started(0.01) is ThreadState.STARTING
    assert not thread.stop(timeout=0.01)
    assert thread.state.name == "STOPPING"
    thread.may_prepare.set()
    thread.join(10)
    assert thread.state is ThreadState.STOPPED
    assert [step for step, _ in thread.steps] == ["prepare", "finish"]


def test_a_fault_in_preparing_is_kept_and_told_and_cleaned_up() -> None:
    told: list[Exception] = []
    error = UserError("no such thing")
    thread = Recorder(error, on_fault=told.append)
    thread.start()
    assert thread.wait_started(10) is ThreadState.FAULTED
    thread.join(10)
    assert thread.fault is error
    assert told == [error]
    assert [step for step, _ in thread.steps] == ["prepare", "finish"]
    assert thread.stop()
    assert thread.state is ThreadState.FAULTED


def test_a_fault_in_working_is_logged_for_the_developer(
    caplog: pytest.LogCaptureFixture,
) -> None:
    thread = Recorder()
    thread.work_error = ZeroDivisionError("a defect")
    with caplog.at_level(logging.ERROR):
        thread.start()
        thread.join(10)
    assert thread.state is ThreadState.FAULTED
    assert thread.fault is thread.work_error
    assert "a defect" in caplog.text
    assert "app-test" in caplog.text
    assert thread.steps[-1][0] == "finish"


def test_a_thread_runs_only_once() -> None:
    thread = Recorder()
    thread.start()
    assert thread.stop()
    with pytest.raises(RuntimeError):
        thread.start()
    assert thread.state is ThreadState.STOPPED
