"""Places in a file, steps, speed and the end: what the capture thread is told while it plays."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.assets import DEMOS, Demo
from app.runtime.capture.capture_thread import CaptureThread
from app.runtime.capture.files import VideoSource
from app.runtime.capture.ring import FrameRing, RingReader
from app.runtime.capture.source import Frame, Grab, Pacer, Playback, SourceInfo
from app.runtime.lifecycle import ThreadState
from tests.app.runtime.capture.fake import FakeCamera, picture

COUNT = 60
FPS = 50.0


class Film:
    """A clip that is played from memory: 60 pictures, each of its own value."""

    def __init__(self, states_count: bool = True) -> None:
        self._next = 0
        self._count = COUNT if states_count else None

    @property
    def info(self) -> SourceInfo:
        return SourceInfo("film", "film", 8, 6, FPS, live=False, frame_count=self._count)

    def open(self) -> None:
        self._next = 0

    def read(self) -> Grab | None:
        if self._next >= COUNT:
            return None
        self._next += 1
        return Grab(picture(self._next - 1), self._next - 1, (self._next - 1) / FPS)

    def rewind(self) -> None:
        self._next = 0

    def seek(self, index: int) -> None:
        self._next = index

    def close(self) -> None:
        """Nothing is held."""


class Player:
    """A capture thread of a film, what it put, and the cuts that it told of."""

    def __init__(self, film: Film, loop: bool = False) -> None:
        self.ring = FrameRing()
        self.reader: RingReader = self.ring.reader()
        self.cuts: list[int] = []
        self.thread = CaptureThread(
            film, self.ring, lambda _text: None, loop=loop, on_cut=self.cuts.append
        )

    def start(self) -> Player:
        self.thread.pause()
        self.thread.start()
        assert self.thread.wait_started(10) is ThreadState.RUNNING
        return self

    @property
    def playback(self) -> Playback:
        playback = self.thread.playback
        assert playback is not None
        return playback

    def next(self) -> Frame:
        frame = self.reader.next(timeout=10)
        assert frame is not None, "no frame came"
        return frame


@pytest.fixture
def player() -> Iterator[Callable[..., Player]]:
    made: list[Player] = []

    def build(film: Film | None = None, loop: bool = False) -> Player:
        made.append(Player(film or Film(), loop))
        return made[-1].start()

    yield build
    for each in made:
        each.thread.stop()


Build = Callable[..., Player]


def until(condition: Callable[[], bool]) -> None:
    deadline = time.perf_counter() + 20
    while not condition():
        assert time.perf_counter() < deadline, "waited in vain"
        time.sleep(0.002)


def test_a_place_is_shown_while_paused_and_counts_as_a_cut(player: Build) -> None:
    film = player()
    for place in (30, 7, 58):
        film.thread.seek(place)
        frame = film.next()
        assert frame.media_index == place
        assert film.cuts[-1] == frame.index  # told before the frame was put
        assert film.playback.index == place
    assert film.reader.next(timeout=0.05) is None
    assert film.thread.paused


def test_of_many_places_chosen_at_once_the_last_is_shown(player: Build) -> None:
    film = player()
    for place in range(40):
        film.thread.seek(place)
    shown = [film.next().media_index]
    while shown[-1] != 39:
        shown.append(film.next().media_index)
    assert film.reader.next(timeout=0.05) is None
    assert shown == sorted(shown)


@pytest.mark.parametrize(("place", "shown"), [(-5, 0), (COUNT + 900, COUNT - 1)])
def test_a_place_outside_is_the_nearest_end(player: Build, place: int, shown: int) -> None:
    film = player()
    film.thread.seek(place)
    assert film.next().media_index == shown


def test_steps_show_the_neighbours_and_are_no_cuts(player: Build) -> None:
    film = player()
    film.thread.seek(30)
    assert film.next().media_index == 30
    for frames, shown in ((1, 31), (1, 32), (-1, 31), (-1, 30), (-1, 29), (1, 30)):
        film.thread.step(frames)
        assert film.next().media_index == shown
    assert len(film.cuts) == 1
    assert film.reader.next(timeout=0.05) is None


def test_steps_in_quick_succession_add_up(player: Build) -> None:
    film = player()
    film.thread.seek(10)
    assert film.next().media_index == 10
    for _ in range(5):
        film.thread.step(1)
    while film.next().media_index != 15:
        pass
    assert film.playback.index == 15


def test_a_step_pauses_a_film_that_plays(player: Build) -> None:
    film = player(loop=True)
    film.thread.resume()
    film.next()
    film.thread.step(1)
    until(lambda: film.reader.next(timeout=0.1) is None)
    assert film.thread.paused


def test_a_film_that_plays_goes_on_from_the_place(player: Build) -> None:
    film = player()
    film.thread.resume()
    film.next()
    film.thread.seek(40)
    while film.next().media_index != 40:
        pass
    assert 41 <= film.next().media_index <= 44


def test_at_its_end_a_film_waits_and_begins_again_when_played(player: Build) -> None:
    film = player()
    film.thread.seek(COUNT - 1)
    assert film.next().media_index == COUNT - 1
    until(lambda: film.playback.ended)
    assert film.playback.index == COUNT - 1
    film.thread.resume()
    assert film.next().media_index == 0
    assert not film.playback.ended


def test_at_its_end_another_place_can_be_chosen(player: Build) -> None:
    film = player()
    film.thread.seek(COUNT - 1)
    film.next()
    until(lambda: film.playback.ended)
    film.thread.seek(5)
    assert film.next().media_index == 5
    assert not film.playback.ended


def test_looping_can_be_switched_while_it_plays(player: Build) -> None:
    film = player()
    film.thread.seek(COUNT - 1)
    film.next()
    until(lambda: film.playback.ended)
    film.thread.set_loop(True)
    assert film.next().media_index == 0
    assert film.playback.looping


def test_a_film_that_says_no_length_is_played_and_ends(player: Build) -> None:
    film = player(Film(states_count=False), loop=True)
    assert film.playback.count is None and film.playback.duration is None
    film.thread.seek(10**6)  # behind the end: it begins again
    assert film.next().media_index == 0


@pytest.mark.parametrize("speed", [0.25, 2.0])
def test_speed_changes_when_each_frame_is_due(
    player: Build, monkeypatch: pytest.MonkeyPatch, speed: float
) -> None:
    asked: list[float] = []
    original = Pacer.delay

    def delay(pacer: Pacer, media_time: float, now: float) -> float | None:
        asked.append(media_time)
        return original(pacer, media_time, now)

    film = player()
    monkeypatch.setattr(Pacer, "delay", delay)
    film.thread.set_speed(speed)
    film.thread.resume()
    film.next()
    film.next()
    assert film.playback.speed == speed
    # The second frame, at 20 ms in the film, is due that much sooner or later.
    assert 1 / FPS / speed in [pytest.approx(time) for time in asked]


@pytest.mark.parametrize("speed", [0.0, -1.0, float("inf")])
def test_a_speed_that_is_none_is_refused(player: Build, speed: float) -> None:
    with pytest.raises(ValueError, match="above 0"):
        player().thread.set_speed(speed)


def test_position_and_duration_are_in_seconds(player: Build) -> None:
    film = player()
    film.thread.seek(25)
    film.next()
    assert film.playback.position == 0.5
    assert film.playback.duration == COUNT / FPS


def test_a_camera_has_no_places() -> None:
    camera = FakeCamera([picture(1), picture(2)])
    ring = FrameRing()
    thread = CaptureThread(camera, ring, lambda _text: None)
    thread.start()
    assert camera.blocked.wait(10)
    thread.seek(1)
    assert thread.playback is None
    assert len(ring.held()) == 2
    thread.stop(timeout=0)
    camera.unblock.set()


@pytest.mark.parametrize("demo", DEMOS, ids=lambda demo: demo.name)
def test_a_place_in_a_compressed_video_is_exact(demo: Demo) -> None:
    """Known joints belong to frames by number: one beside it would be a wrong answer."""
    source = VideoSource(demo.video)
    source.open()
    places = (3, 26, 61)
    frames: dict[int, Grab] = {}
    while len(frames) <= places[-1] + 1:
        grab = source.read()
        assert grab is not None
        frames[grab.media_index] = grab
    for place in reversed(places):
        source.seek(place)
        for index in (place, place + 1):
            grab = source.read()
            assert grab is not None
            assert grab.media_index == index
            assert grab.time == pytest.approx(frames[index].time)
            np.testing.assert_array_equal(grab.image, frames[index].image)
    source.close()


def test_a_video_that_states_too_many_frames_shows_its_last(
    write_video: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    source = VideoSource(write_video([picture(20 * i, 48, 64) for i in range(8)]))
    source.open()
    source._info = replace(source.info, frame_count=10)
    source.seek(9)
    grab = source.read()
    assert grab is not None
    assert (grab.media_index, grab.image[0, 0, 0]) == (7, 140)
    source.close()
