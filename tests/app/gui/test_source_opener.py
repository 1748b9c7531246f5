"""Opening a source never holds the window up, and what is too late is not heard of."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from PyQt6.QtCore import QTimer
from PyQt6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.gui.sources import SourceOpener
from app.settings import SourceChoice, SourceKind
from tests.app.gui.window_fakes import FakeSession, FakeSources, make_window

_WEBCAM = SourceChoice(SourceKind.DEMO, "webcam")
_BROKEN = SourceChoice(SourceKind.VIDEO, "broken.mp4")
_CAMERA = SourceChoice(SourceKind.CAMERA, "Stuck")


class _Stuck(FakeSources):
    """Its cameras answer when ``answer`` is set, not before; ``threads`` are those that asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = threading.Event()
        self.answer = threading.Event()
        self.threads: list[threading.Thread] = []

    def open_camera(self, name: str) -> None:
        self.asked.set()
        assert self.answer.wait(60)
        super().open_camera(name)

    def _open(self, kind: str, value: str) -> None:
        self.threads.append(threading.current_thread())
        super()._open(kind, value)


class _Opener(SourceOpener):
    def __init__(self, sources: FakeSources, last: SourceChoice | None = None) -> None:
        self.said: list[str] = []
        self.heard: list[str] = []
        super().__init__(sources, last)
        self.opened.connect(lambda: self.heard.append("opened"))
        self.failed.connect(self.said.append)


@pytest.fixture
def sources() -> Iterator[_Stuck]:
    sources = _Stuck()
    yield sources
    sources.answer.set()


@pytest.fixture
def opener(qtbot: QtBot, sources: _Stuck) -> Iterator[_Opener]:
    opener = _Opener(sources)
    yield opener
    opener.close()
    assert QApplication.overrideCursor() is None


@pytest.mark.fault(
    "A camera's driver blocks while it is opened",
    "The window goes on with the source before; what is chosen meanwhile is shown instead.",
)
def test_the_window_lives_while_a_camera_blocks(qtbot: QtBot, sources: _Stuck) -> None:
    window = make_window(qtbot, FakeSession(), sources)
    window.open_source(_CAMERA)
    assert sources.asked.wait(60)
    fired: list[str] = []
    QTimer.singleShot(0, lambda: fired.append("a timer of the window"))
    qtbot.waitUntil(lambda: bool(fired))
    with qtbot.waitSignal(window.opener.opened):
        window.open_source(_WEBCAM)
    assert window.windowTitle() == "webcam" and QApplication.overrideCursor() is None
    assert threading.main_thread() not in sources.threads
    window.close()


def test_what_comes_too_late_is_not_heard_of(
    qtbot: QtBot, opener: _Opener, sources: _Stuck
) -> None:
    opener.choose(_CAMERA)
    assert sources.asked.wait(60)
    with qtbot.waitSignal(opener.failed):
        opener.choose(_BROKEN)
    qtbot.waitUntil(lambda: not opener.busy)
    sources.answer.set()
    qtbot.waitUntil(lambda: ("camera", "Stuck") in sources.opened)
    qtbot.wait(20)  # for a signal that must not come
    assert opener.heard == [] and opener.last_choice is None
    assert opener.said == ["broken.mp4 cannot be opened. Choose another source."]


def test_only_what_was_chosen_and_opened_is_remembered(qtbot: QtBot, opener: _Opener) -> None:
    with qtbot.waitSignal(opener.opened):
        opener.open(_WEBCAM)
    remembered = [opener.last_choice]
    with qtbot.waitSignal(opener.opened):
        opener.choose(_WEBCAM)
    remembered.append(opener.last_choice)
    with qtbot.waitSignal(opener.failed):
        opener.choose(_BROKEN)
    assert [*remembered, opener.last_choice] == [None, _WEBCAM, _WEBCAM]


@pytest.mark.parametrize(
    ("found", "shown", "said"),
    [
        ([_WEBCAM], "webcam", []),
        ([_BROKEN, _WEBCAM], "webcam", []),
        ([_BROKEN], "gymnast", ["No camera."]),
        ([], "gymnast", ["No camera."]),
    ],
)
def test_the_first_that_answers_is_opened(
    found: list[SourceChoice],
    shown: str,
    said: list[str],
    qtbot: QtBot,
    opener: _Opener,
    sources: _Stuck,
) -> None:
    with qtbot.waitSignal(opener.opened):
        opener.open_first(lambda: found, SourceChoice(SourceKind.DEMO, "gymnast"), "No camera.")
    assert sources.title() == shown and opener.said == said and opener.last_choice is None


def test_what_the_person_chooses_ends_the_search(
    qtbot: QtBot, opener: _Opener, sources: _Stuck
) -> None:
    stuck_and_broken = SourceChoice(SourceKind.CAMERA, "broken camera")
    opener.open_first(lambda: [stuck_and_broken, _WEBCAM], _WEBCAM, "No camera.")
    assert sources.asked.wait(60)
    with qtbot.waitSignal(opener.opened):
        opener.choose(SourceChoice(SourceKind.DEMO, "gymnast"))
    sources.answer.set()
    qtbot.waitUntil(lambda: len(sources.threads) == 2)
    sources.threads[-1].join(60)
    assert sources.opened == [("demo", "gymnast")] and opener.said == []


def test_an_error_that_nobody_expected_is_told(
    qtbot: QtBot, opener: _Opener, sources: _Stuck, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(path: str) -> None:
        raise ZeroDivisionError("no such luck")

    monkeypatch.setattr(sources, "open_video", fails)
    with qtbot.waitSignal(opener.failed):
        opener.choose(_BROKEN)
    assert opener.said == ["The source cannot be opened (no such luck)."]
