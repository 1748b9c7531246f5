"""The ring: what each way of reading promises, under any sequence of use."""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from app.runtime.capture.ring import FrameRing, LatestReader, RingReader
from app.runtime.capture.source import Frame
from tests.app.runtime.capture.fake import Image, picture

SMALL, LARGE = (2, 3), (4, 5)
_BYTES = {shape: shape[0] * shape[1] * 3 for shape in (SMALL, LARGE)}


class RingMachine(RuleBasedStateMachine):
    """Compares the ring with a plain list of everything that was ever put."""

    @initialize(frames=st.integers(2, 7), max_frames=st.integers(2, 7))
    def start(self, frames: int, max_frames: int) -> None:
        self.capacity = frames * _BYTES[SMALL]
        self.max_frames = max_frames
        self.ring = FrameRing(self.capacity, max_frames)
        self.put_shapes: list[tuple[int, int]] = []
        self.reader: RingReader = self.ring.reader()
        self.read = self.read_from = 0
        self.latest_reader: LatestReader = self.ring.latest_reader()
        self.seen: int | None = None
        self.seen_count = self.seen_first = 0

    def check(self, frame: Frame) -> None:
        assert frame.timestamp == frame.index / 10
        assert frame.media_index == frame.index + 1000
        expected = picture(frame.index, *self.put_shapes[frame.index])
        np.testing.assert_array_equal(frame.image, expected)
        frame.image.fill(255)  # the reader's own: must not reach the ring

    @rule(shape=st.sampled_from([SMALL, SMALL, SMALL, LARGE]))
    def put(self, shape: tuple[int, int]) -> None:
        number = len(self.put_shapes)
        index = self.ring.put(picture(number, *shape), number / 10, number + 1000)
        assert index == number
        self.put_shapes.append(shape)

    @rule(index=st.integers(-3, 30))
    def get(self, index: int) -> None:
        frame = self.ring.get(index)
        assert (frame is not None) == (index in self.ring.held())
        if frame is not None:
            assert frame.index == index
            self.check(frame)

    @rule(after=st.none() | st.integers(-1, 30))
    def latest(self, after: int | None) -> None:
        frame = self.ring.latest(after)
        newest = len(self.put_shapes) - 1
        if newest < 0 or (after is not None and newest <= after):
            assert frame is None
        else:
            assert frame is not None
            assert frame.index == newest
            self.check(frame)

    @rule()
    def read_next(self) -> None:
        frame = self.reader.next()
        if frame is None:
            assert self.read + self.reader.missed == len(self.put_shapes) - self.read_from
            return
        self.read += 1
        # In order, and every frame before this one was either read or counted as missed.
        assert frame.index + 1 - self.read_from == self.read + self.reader.missed
        self.check(frame)

    @rule()
    def new_reader(self) -> None:
        self.reader = self.ring.reader()
        self.read, self.read_from = 0, len(self.put_shapes)

    @rule()
    def read_latest(self) -> None:
        frame = self.latest_reader.latest()
        if frame is None:
            assert self.seen == (len(self.put_shapes) - 1 if self.put_shapes else None)
            return
        assert self.seen is None or frame.index > self.seen, "older than before"
        self.seen_first = frame.index if self.seen is None else self.seen_first
        self.seen = frame.index
        self.seen_count += 1
        assert frame.index + 1 - self.seen_first == self.seen_count + self.latest_reader.skipped
        self.check(frame)

    @precondition(lambda self: self.put_shapes)
    @invariant()
    def memory_is_fixed_and_full(self) -> None:
        shape = self.put_shapes[-1]
        slots = min(self.max_frames, max(2, self.capacity // _BYTES[shape]))
        assert self.ring.nbytes == slots * _BYTES[shape]
        held = self.ring.held()
        assert held.stop == len(self.put_shapes)
        run = 0  # frames at the end that share the newest one's shape
        while run < len(self.put_shapes) and self.put_shapes[-1 - run] == shape:
            run += 1
        assert len(held) == min(slots, run)


TestRing = RingMachine.TestCase
TestRing.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


def _ring(count: int, max_frames: int = 8) -> FrameRing:
    ring = FrameRing(max_frames=max_frames)
    for number in range(count):
        ring.put(picture(number), number / 10)
    return ring


def test_a_cameras_media_index_is_the_index() -> None:
    ring = _ring(3)
    ring.put(picture(3), 0.3, media_index=0)
    held = [ring.get(index) for index in ring.held()]
    assert [frame.media_index for frame in held if frame is not None] == [0, 1, 2, 0]


def test_memory_does_not_grow() -> None:
    ring = FrameRing(capacity_bytes=10 * picture(0).nbytes)
    ring.put(picture(0), 0.0)
    reserved = ring.nbytes
    assert reserved == 10 * picture(0).nbytes
    for number in range(1, 100):
        ring.put(picture(number), 0.0)
    assert ring.nbytes == reserved
    assert len(ring.held()) == 10


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((4, 4), np.uint8),
        np.zeros((4, 4, 4), np.uint8),
        np.zeros((4, 4, 3), np.float32),
        np.zeros((0, 4, 3), np.uint8),
    ],
)
def test_what_is_no_rgb_picture_is_refused(image: Image) -> None:
    with pytest.raises(ValueError, match="height x width x 3 uint8"):
        FrameRing().put(image, 0.0)


def test_impossible_limits_are_refused() -> None:
    with pytest.raises(ValueError, match="two frames"):
        FrameRing(max_frames=1)
    with pytest.raises(ValueError, match="positive capacity"):
        FrameRing(capacity_bytes=0)


class Waiter(threading.Thread):
    """Waits for a frame newer than 0, in order or for the latest, and keeps what came."""

    def __init__(self, ring: FrameRing, ordered: bool) -> None:
        super().__init__(name="app-test-waiter", daemon=True)
        self._ring = ring
        self._reader = ring.reader() if ordered else None
        self.frame: Frame | None = None

    def run(self) -> None:
        if self._reader is None:
            self.frame = self._ring.latest(after=0, timeout=60)
        else:
            self.frame = self._reader.next(timeout=60)


@pytest.fixture(params=[True, False], ids=["next", "latest"])
def ordered(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


def _join(waiter: Waiter) -> None:
    waiter.join(10)
    assert not waiter.is_alive()


def test_a_waiting_reader_gets_the_frame_when_it_comes(ordered: bool) -> None:
    ring = _ring(1)
    waiter = Waiter(ring, ordered)
    waiter.start()
    ring.put(picture(1), 0.1)
    _join(waiter)
    assert waiter.frame is not None
    assert waiter.frame.index == 1


def test_closing_releases_waiters_for_good(ordered: bool) -> None:
    ring = _ring(1)
    waiter = Waiter(ring, ordered)
    waiter.start()
    ring.close()
    _join(waiter)
    assert waiter.frame is None
    assert ring.latest(after=0, timeout=60) is None
    assert ring.closed


def test_waking_releases_who_waits_now(ordered: bool) -> None:
    ring = _ring(1)
    waiter = Waiter(ring, ordered)
    waiter.start()
    while waiter.is_alive():  # it may not have begun to wait at the first call
        ring.wake()
        waiter.join(0.01)
    assert waiter.frame is None
    ring.put(picture(1), 0.1)
    assert ring.latest(after=0, timeout=60) is not None


def test_a_closed_ring_can_be_read_out_but_takes_no_more() -> None:
    ring = FrameRing()
    reader = ring.reader()
    ring.put(picture(0), 0.0)
    ring.close()
    first = reader.next(timeout=60)
    assert first is not None
    assert reader.next(timeout=60) is None
    with pytest.raises(RuntimeError, match="closed"):
        ring.put(picture(1), 0.1)


def test_readers_on_other_threads_see_whole_frames_in_order() -> None:
    ring = FrameRing(max_frames=3)  # so small that frames give way all the time
    ordered, newest = ring.reader(), ring.latest_reader()
    torn: list[int] = []
    orders: list[list[int]] = [[], []]

    def follow(read: Callable[[float], Frame | None], order: list[int]) -> None:
        while (frame := read(60.0)) is not None:
            if np.unique(frame.image).size != 1 or frame.image[0, 0, 0] != frame.index % 256:
                torn.append(frame.index)
            order.append(frame.index)

    threads = [
        threading.Thread(target=follow, args=(ordered.next, orders[0])),
        threading.Thread(target=follow, args=(newest.latest, orders[1])),
    ]
    for thread in threads:
        thread.start()
    for number in range(300):
        ring.put(picture(number, 60, 80), number / 10)
    ring.close()
    for thread in threads:
        thread.join(10)
    assert not torn
    for order in orders:
        assert order == sorted(set(order))
        assert order[-1] == 299
    assert len(orders[0]) + ordered.missed == 300
    assert len(orders[1]) + newest.skipped == 300 - orders[1][0]
