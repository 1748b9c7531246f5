"""One source at a time, whatever the others do: that they block, fail, or come too late."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator

import pytest

from app.runtime.capture import capture_thread as switch_module
from app.runtime.capture.capture_thread import SourceChangedError, SourceSwitch
from app.runtime.capture.ring import FrameRing
from app.runtime.capture.source import Grab, SourceInfo
from app.runtime.lifecycle import Task
from model.core.errors import UserError
from tests.app.runtime.capture.fake import FakeCamera, picture
from tests.app.runtime.live.machinery import Clip, wait_for


class _Slow(FakeCamera):
    """A camera whose driver opens when ``go_on`` is set, not before."""

    def __init__(self) -> None:
        super().__init__(itertools.repeat(picture(3)))
        self.asked = threading.Event()
        self.go_on = threading.Event()

    def open(self) -> None:
        self.asked.set()
        assert self.go_on.wait(60)
        super().open()


class _Switch(SourceSwitch):
    """A switch with a ring of its own, and what it said."""

    def __init__(self) -> None:
        self.ring = FrameRing()
        self.said: list[str] = []
        self.faults: list[Exception] = []
        super().__init__(self.ring, self.said.append, self.faults.append)

    def shown(self) -> str:
        return self.info.name if self.info else ""


@pytest.fixture
def switch() -> Iterator[_Switch]:
    switch = _Switch()
    yield switch
    switch.close()


@pytest.fixture
def slow() -> Iterator[_Slow]:
    camera = _Slow()
    yield camera
    camera.go_on.set()


def _open_beside(switch: _Switch, camera: FakeCamera) -> tuple[Task, list[Exception]]:
    errors: list[Exception] = []
    task = Task("app-opening", lambda: (switch.open(camera, loop=False), None)[1], errors.append)
    task.start()
    return task, errors


@pytest.mark.fault("A camera's driver blocks while it is opened")
def test_what_is_chosen_later_stays_though_it_opens_first(switch: _Switch, slow: _Slow) -> None:
    task, errors = _open_beside(switch, slow)
    assert slow.asked.wait(60)
    switch.open(Clip(), loop=True).resume()
    wait_for(lambda: switch.ring.latest())
    slow.go_on.set()
    task.join(60)
    assert [type(error) for error in errors] == [SourceChangedError]
    assert switch.shown() == "clip" and not slow.is_open
    assert switch.said == [] and switch.faults == []


def test_what_opens_after_all_is_closed_is_not_shown(switch: _Switch, slow: _Slow) -> None:
    task, errors = _open_beside(switch, slow)
    assert slow.asked.wait(60)
    switch.close()
    slow.go_on.set()
    task.join(60)
    assert len(errors) == 1 and switch.info is None and not slow.is_open


@pytest.mark.fault("A camera's driver never returns from opening")
def test_what_never_opens_is_given_up(
    switch: _Switch, slow: _Slow, monkeypatch: pytest.MonkeyPatch
) -> None:
    switch.open(Clip(), loop=True).resume()
    monkeypatch.setattr(switch_module, "OPENING_SECONDS", 0.05)
    with pytest.raises(UserError, match="does not answer"):
        switch.open(slow, loop=False)
    before = switch.ring.held().stop
    wait_for(lambda: switch.ring.held().stop > before)
    assert switch.shown() == "clip"
    slow.go_on.set()
    wait_for(lambda: not slow.is_open)


class _Failing(Clip):
    """The other end goes away after ``good`` pictures, as a network folder does."""

    def __init__(self, good: int) -> None:
        super().__init__()
        self._good = good

    @property
    def info(self) -> SourceInfo:
        return SourceInfo("share", "share", 160, 120, 50.0, live=False, frame_count=20)

    def read(self) -> Grab | None:
        if self._next >= self._good:
            raise OSError(5, "Input/output error")
        return super().read()


@pytest.mark.fault(
    "A network folder goes away while its video plays",
    "The source ends and says why; another one can be opened.",
)
@pytest.mark.parametrize("good", [1, 3])
def test_a_source_that_ends_in_an_error_says_so_once(switch: _Switch, good: int) -> None:
    switch.open(_Failing(good), loop=True).resume()
    wait_for(lambda: switch.faults)
    assert [str(fault) for fault in switch.faults] == ["[Errno 5] Input/output error"]
    switch.open(Clip(), loop=True).resume()
    before = switch.ring.held().stop
    wait_for(lambda: switch.ring.held().stop > before)
    assert switch.shown() == "clip" and len(switch.faults) == 1


def test_a_source_that_cannot_be_read_at_all_says_why(switch: _Switch) -> None:
    told: list[Exception] = switch.faults  # if it has been shown by then
    try:
        switch.open(_Failing(0), loop=True)
    except UserError as error:
        told.append(error)
    wait_for(lambda: told)
    assert len(told) == 1 and "Input/output error" in str(told[0])
