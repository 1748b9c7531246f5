"""The capture thread with files, a fake camera, and sources that misbehave."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.runtime.capture import capture_thread
from app.runtime.capture.capture_thread import CaptureThread
from app.runtime.capture.files import VideoSource
from app.runtime.capture.ring import FrameRing, RingReader
from app.runtime.capture.source import Frame, FrameSource, Grab, SourceStalledError
from app.runtime.lifecycle import ThreadState
from model.core.errors import UserError
from tests.app.runtime.capture.fake import FakeCamera, picture

COUNT = 8
Launch = Callable[..., CaptureThread]


@pytest.fixture
def ring() -> FrameRing:
    return FrameRing()


@pytest.fixture
def messages() -> list[str]:
    return []


@pytest.fixture
def make(ring: FrameRing, messages: list[str]) -> Iterator[Launch]:
    """Make capture threads that are stopped when the test is over."""
    made: list[CaptureThread] = []

    def build(
        source: FrameSource, loop: bool = False, on_cut: Callable[[int], None] = lambda _index: None
    ) -> CaptureThread:
        thread = CaptureThread(source, ring, messages.append, loop=loop, on_cut=on_cut)
        made.append(thread)
        return thread

    yield build
    for thread in made:
        thread.stop()


@pytest.fixture
def clip(write_video: Callable[..., Path]) -> VideoSource:
    return VideoSource(write_video([picture(20 * i, 48, 64) for i in range(COUNT)], fps=200))


def _take(reader: RingReader, count: int) -> list[Frame]:
    frames = []
    for _ in range(count):
        frame = reader.next(timeout=10)
        assert frame is not None, "no frame came"
        frames.append(frame)
    return frames


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.perf_counter() + 20
    while not condition():
        assert time.perf_counter() < deadline, "waited in vain"
        time.sleep(0.002)


def _is_quiet(ring: FrameRing) -> bool:
    """Whether no frame comes any more, after the one that may have been under way."""
    ring.latest(ring.held().stop - 1, timeout=0.05)
    return ring.latest(ring.held().stop - 1, timeout=0.05) is None


def test_a_clip_is_played_to_its_end(make: Launch, clip: VideoSource, ring: FrameRing) -> None:
    thread = make(clip)
    thread.start()
    _until(lambda: thread.ended)
    assert thread.is_alive()  # it may be asked for another place
    assert thread.stop()
    assert thread.state is ThreadState.STOPPED
    assert thread.info is not None
    assert thread.info.frame_count == COUNT
    frames = [frame for index in ring.held() if (frame := ring.get(index))]
    assert len(frames) + thread.dropped == COUNT
    assert frames[0].media_index == 0
    for earlier, later in itertools.pairwise(frames):
        assert later.media_index > earlier.media_index
        assert later.timestamp > earlier.timestamp
    for frame in frames:
        assert frame.image[0, 0, 0] == 20 * frame.media_index


def test_a_clip_begins_again_when_asked_to(
    make: Launch, clip: VideoSource, ring: FrameRing
) -> None:
    reader = ring.reader()
    thread = make(clip, loop=True)
    thread.start()
    frames = _take(reader, 2 * COUNT + 1)
    assert thread.stop()
    assert [frame.index for frame in frames] == list(range(2 * COUNT + 1))
    rounds = sum(
        later.media_index <= earlier.media_index for earlier, later in itertools.pairwise(frames)
    )
    assert rounds >= 2
    assert not thread.ended


def test_indices_go_on_with_the_next_source(
    make: Launch, clip: VideoSource, ring: FrameRing
) -> None:
    reader = ring.reader()
    for _ in range(2):
        thread = make(clip, loop=True)
        thread.start()
        _take(reader, 3)
        assert thread.stop()
    indices = ring.held()
    camera = FakeCamera([picture(1)])
    make(camera).start()
    assert camera.blocked.wait(10)
    camera.unblock.set()
    frame = ring.latest()
    assert frame is not None
    assert frame.index == frame.media_index == indices.stop


def test_a_paused_clip_shows_nothing(make: Launch, clip: VideoSource, ring: FrameRing) -> None:
    thread = make(clip, loop=True)
    thread.pause()
    assert thread.paused
    thread.start()
    assert ring.latest(timeout=0.05) is None
    thread.resume()
    assert ring.latest(timeout=10) is not None
    thread.pause()
    assert _is_quiet(ring)


def test_a_resumed_clip_goes_on_where_it_was(
    make: Launch, write_video: Callable[..., Path], ring: FrameRing
) -> None:
    path = write_video([picture(i, 48, 64) for i in range(200)], fps=100)
    reader = ring.reader()
    thread = make(VideoSource(path))
    thread.start()
    _take(reader, 1)
    thread.pause()
    assert _is_quiet(ring)
    shown, dropped = ring.held().stop, thread.dropped
    thread.resume()
    frame = _take(reader, shown)[-1]  # the first after the pause, which cost no frame
    assert frame.media_index == shown + dropped


def test_a_paused_camera_is_read_on_but_not_shown(make: Launch, ring: FrameRing) -> None:
    camera = FakeCamera([picture(i) for i in range(20)])
    thread = make(camera)
    thread.pause()
    thread.start()
    assert camera.blocked.wait(10), "the camera must be read to the end of its script"
    assert not ring.held()
    thread.stop(timeout=0)
    camera.unblock.set()


def test_a_paused_clip_can_be_stopped(make: Launch, clip: VideoSource) -> None:
    thread = make(clip)
    thread.pause()
    thread.start()
    assert thread.wait_started(10) is ThreadState.RUNNING
    assert thread.stop()
    assert thread.state is ThreadState.STOPPED


@pytest.mark.fault(
    "A disk is too slow for its video",
    "Frames are left out; the clip is not shown in a hurry later.",
)
def test_a_slow_disk_drops_frames_instead_of_hurrying(
    make: Launch, write_video: Callable[..., Path], ring: FrameRing
) -> None:
    class Slow(VideoSource):
        def read(self) -> Grab | None:
            grab = super().read()
            if grab is not None and grab.media_index == 5:
                ring.latest(after=10**6, timeout=0.1)  # a wait that nothing ends
            return grab

    path = write_video([picture(i, 48, 64) for i in range(40)], fps=100)
    thread = make(Slow(path))
    thread.start()
    _until(lambda: thread.ended)
    assert thread.dropped > 0
    assert len(ring.held()) + thread.dropped == 40


def test_a_source_that_does_not_open_is_a_fault(ring: FrameRing) -> None:
    told: list[Exception] = []
    source = VideoSource("missing.mp4")
    thread = CaptureThread(source, ring, lambda _text: None, on_fault=told.append)
    thread.start()
    thread.join(10)
    assert thread.state is ThreadState.FAULTED
    assert isinstance(thread.fault, UserError)
    assert told == [thread.fault]
    assert thread.info is None


def test_a_source_that_fails_midway_is_a_fault(make: Launch, ring: FrameRing) -> None:
    error = OSError("the disk is gone")
    camera = FakeCamera([picture(1), picture(2), error])
    thread = make(camera)
    thread.start()
    thread.join(10)
    assert thread.state is ThreadState.FAULTED
    assert thread.fault is error
    assert len(ring.held()) == 2
    assert not camera.is_open


def test_a_stalled_camera_is_reopened_until_it_answers(
    make: Launch, ring: FrameRing, messages: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(capture_thread, "RECONNECT_DELAYS", (0.0, 0.001))
    camera = FakeCamera(
        [picture(1), SourceStalledError("Fake is silent."), picture(2), picture(3)],
        open_errors=[None, *[UserError("not there")] * 5],
    )
    thread = make(camera)
    reader = ring.reader()
    thread.start()
    assert [frame.image[0, 0, 0] for frame in _take(reader, 3)] == [1, 2, 3]
    assert camera.opened == 2
    assert messages == ["Fake is silent. Trying to reconnect.", "Fake is back."]
    thread.stop(timeout=0)
    camera.unblock.set()


def test_a_source_that_stalls_or_fails_is_silent(
    make: Launch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(capture_thread, "RECONNECT_DELAYS", (0.001,))
    back = threading.Event()

    class Returning(FakeCamera):
        def open(self) -> None:
            if self.opened and not back.is_set():
                raise UserError("not there")
            super().open()

    camera = Returning([picture(1), SourceStalledError("Fake is silent."), picture(2)])
    thread = make(camera)
    thread.start()
    _until(lambda: thread.silent)
    back.set()
    _until(lambda: not thread.silent)
    assert camera.blocked.wait(10)
    thread.stop(timeout=0)
    camera.unblock.set()

    failing = make(FakeCamera([OSError("the disk is gone")]))
    failing.start()
    _until(lambda: failing.silent)


def test_stopping_does_not_wait_for_a_lost_camera(
    make: Launch, messages: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(capture_thread, "RECONNECT_DELAYS", (3600.0,))
    camera = FakeCamera([picture(1), SourceStalledError("Fake is silent.")])
    thread = make(camera)
    thread.start()
    assert thread.wait_started(10) is ThreadState.RUNNING
    assert thread.stop()
    assert thread.state is ThreadState.STOPPED
    assert not camera.is_open


@pytest.mark.fault("A camera's driver blocks while it is read")
def test_a_source_that_blocks_does_not_block_who_stops_it(make: Launch) -> None:
    camera = FakeCamera([picture(1)])
    thread = make(camera)
    thread.start()
    assert camera.blocked.wait(10)
    assert not thread.stop(timeout=0.05)
    assert thread.state is ThreadState.STOPPING
    camera.unblock.set()
    thread.join(10)
    assert not thread.is_alive()
    assert not camera.is_open
