"""The running machinery outlives what sources and the machine do to it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from app.assets import DETECTOR
from app.runtime.capture.source import Grab
from app.runtime.live.engine import Engine
from app.runtime.live.results import Phase, PoseResult, Schedule
from app.runtime.live.session import LiveSession
from app.runtime.processors import ProcessorResult
from model.tracking import PersonDetector, PersonFollower
from tests.app.runtime.live.machinery import Clip, small_engine, wait_for

Image = NDArray[np.uint8]


class _Changed(Clip):
    """The moving clip, with every picture changed by what ``change`` is at that time."""

    def __init__(self, change: Callable[[Image, int], Image]) -> None:
        super().__init__()
        self.change = change
        self.delivered = 0

    def read(self) -> Grab | None:
        grab = super().read()
        if grab is None:
            return None
        self.delivered += 1
        return replace(grab, image=self.change(grab.image, self.delivered))


@pytest.fixture(params=[Schedule.STRICT, Schedule.TWO_LANES])
def session(request: pytest.FixtureRequest) -> Iterator[LiveSession]:
    session = LiveSession(small_engine, request.param)
    yield session
    session.close()


def _next(session: LiveSession) -> PoseResult:
    """A result for a frame that is captured from now on."""
    frame = session.latest_frame()
    after = frame.index if frame else -1
    wait_for(lambda: (r := session.latest_result()) is not None and r.frame_index > after)
    result = session.latest_result()
    assert result is not None
    return result


@pytest.mark.fault(
    "A camera delivers black",
    "Nobody is found and nothing is learnt; when the picture is back, so is the person.",
)
def test_black_pictures_teach_nothing(session: LiveSession) -> None:
    follower = session._worker._engine.follower
    seeing = follower.locate
    spec = session._worker._engine.network.spec
    detector = PersonFollower(PersonDetector(DETECTOR), spec.joint_set, spec.crop_shift)

    def locate(image: Image, time_s: float) -> Any:
        # What the real detector says of black; it would not know the small clip's square.
        return seeing(image, time_s) if image.any() else detector.locate(image, time_s)

    follower.locate = locate  # type: ignore[method-assign]
    clip = _Changed(lambda image, _: image)
    session.open(clip, loop=True)
    session.set_personalizing(True)
    wait_for(lambda: session.status().updates >= 1)
    clip.change = lambda image, _: np.zeros_like(image)
    wait_for(lambda: session.status().phase is Phase.HELD_BACK)
    assert _next(session).box is None
    before = session.status().updates
    for _ in range(3):
        _next(session)
    assert session.status().updates - before <= 1  # one may have been under way
    clip.change = lambda image, _: image
    wait_for(lambda: session.status().updates > before + 1)
    assert session.take_messages() == []


@pytest.mark.fault(
    "A camera changes its resolution",
    "Prediction and learning go on with pictures of any size; a take ends and says so.",
)
def test_pictures_of_any_size_are_predicted(session: LiveSession) -> None:
    sizes = ((120, 160), (30, 40), (720, 1280), (33, 1001), (1, 1))
    seen: dict[tuple[int, ...], ProcessorResult] = {}

    def resized(image: Image, number: int) -> Image:
        # The next size once this one was predicted: a slow machine skips frames.
        return np.resize(image, (*sizes[len(seen) % len(sizes)], 3))

    class Listener:
        def process(self, result: ProcessorResult) -> None:
            seen[result.size[::-1]] = result

    session.add_processor("listener", Listener())
    session.open(_Changed(resized), loop=True)
    session.set_personalizing(True)
    wait_for(lambda: set(seen) == set(sizes) and session.status().updates >= 1)
    assert all(np.isfinite(result.keypoints).all() for result in seen.values())
    assert session.status().phase is Phase.PERSONALIZING and session.take_messages() == []


class _Full:
    """Engines of a graphics card that has no memory left ``full_for`` something, and of the CPU."""

    def __init__(self) -> None:
        self.full_for = ""
        self.on_card = self.on_cpu = 0

    def make(self) -> Engine:
        self.on_card += 1
        engine = small_engine()
        locate = engine.follower.locate

        def predict(image: Image, time_s: float) -> Any:
            self._take_memory("prediction")
            return locate(image, time_s)

        engine.follower.locate = predict  # type: ignore[method-assign]
        features = engine.perceptual.features
        features.register_forward_pre_hook(lambda *_: self._take_memory("learning"))
        return replace(engine, device_text="Card")

    def _take_memory(self, purpose: str) -> None:
        if self.full_for == purpose:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")

    def make_on_cpu(self) -> Engine:
        self.on_cpu += 1
        return small_engine()


@pytest.mark.fault(
    "The graphics card's memory is full",
    "Batches get smaller; if that does not help, the processor goes on with what was learnt, "
    "and a sentence and the status bar say so.",
)
@pytest.mark.parametrize("purpose", ["prediction", "learning"])
@pytest.mark.parametrize("schedule", [Schedule.STRICT, Schedule.TWO_LANES])
def test_the_processor_goes_on_where_memory_does_not_suffice(
    schedule: Schedule, purpose: str
) -> None:
    card = _Full()
    session = LiveSession(card.make, schedule, card.make_on_cpu)
    try:
        session.open(Clip(), loop=True)
        session.set_personalizing(True)
        wait_for(lambda: session.status().updates >= 2)
        card.full_for = purpose
        wait_for(lambda: card.on_cpu == 1)
        wait_for(lambda: session.status().device == "CPU (graphics memory full)")
        results: list[PoseResult] = []

        def goes_on() -> bool:
            results.extend(session.take_results())
            return any(result.updates > 2 for result in results)

        wait_for(goes_on)
        # With what was learnt before, not from the beginning.
        assert next(r.updates for r in results if r.updates) >= 2
        messages = session.take_messages()
        assert [m for m in messages if "memory of the graphics card" in m and "slower" in m]
        assert (card.on_card, card.on_cpu) == (1, 1)
    finally:
        session.close()


def test_without_a_spare_a_full_memory_is_an_error_like_others() -> None:
    card = _Full()
    session = LiveSession(card.make, Schedule.TWO_LANES)
    try:
        card.full_for = "prediction"
        session.open(Clip(), loop=True)
        wait_for(lambda: session.status().phase is Phase.FAULTED)
        assert any("out of memory" in message for message in session.take_messages())
    finally:
        session.close()


@pytest.mark.fault(
    "Prediction or learning raises an error",
    "A sentence says which; Reset loads the network again beside the window, which goes on.",
)
def test_what_cannot_be_started_again_is_told_and_can_be_tried_again() -> None:
    attempts: list[str] = []

    def make() -> Engine:
        attempts.append("attempt")
        if len(attempts) == 2:
            raise ZeroDivisionError("no such luck")
        return small_engine()

    session = LiveSession(make, Schedule.TWO_LANES)
    try:
        session._worker._engine.follower.locate = None  # type: ignore[method-assign, assignment]
        session.open(Clip(), loop=True)
        wait_for(lambda: session.status().phase is Phase.FAULTED)
        session.reset()
        messages: list[str] = []

        def told(words: str) -> bool:
            messages.extend(session.take_messages())
            return any(words in message for message in messages)

        wait_for(lambda: told("could not be started again"))
        wait_for(lambda: session._restart is not None and not session._restart.is_alive())
        assert session.status().phase is Phase.FAULTED
        session.reset()
        wait_for(lambda: session.status().phase is Phase.OFF and session.latest_result())
        assert len(attempts) == 3
    finally:
        session.close()


def test_the_caller_does_not_wait_for_a_restart() -> None:
    """The window calls it, and the engine takes until the window has lived on."""
    go_on = threading.Event()
    made: list[threading.Thread] = []

    def make() -> Engine:
        made.append(threading.current_thread())
        assert len(made) == 1 or go_on.wait(60)
        return small_engine()

    session = LiveSession(make, Schedule.TWO_LANES)
    try:
        session._worker._engine.follower.locate = None  # type: ignore[method-assign, assignment]
        session.open(Clip(), loop=True)
        wait_for(lambda: session.status().phase is Phase.FAULTED)
        session.reset()
        session.reset()  # one is under way
        wait_for(lambda: len(made) == 2)
        assert session.status().phase is Phase.FAULTED and session.latest_frame() is not None
        go_on.set()
        wait_for(lambda: session.status().phase is Phase.OFF)
        assert len(made) == 2 and made[1] is not threading.main_thread()
    finally:
        go_on.set()
        session.close()


@pytest.mark.fault(
    "The window is closed while prediction starts again",
    "Everything ends, and nothing is started any more.",
)
def test_closing_waits_for_a_restart_and_starts_nothing() -> None:
    loading, go_on = threading.Event(), threading.Event()

    def make() -> Engine:
        if loading.is_set():
            go_on.wait(60)
        return small_engine()

    session = LiveSession(make, Schedule.TWO_LANES)
    session._worker._engine.follower.locate = None  # type: ignore[method-assign, assignment]
    session.open(Clip(), loop=True)
    wait_for(lambda: session.status().phase is Phase.FAULTED)
    worker = session._worker
    loading.set()
    session.reset()
    threading.Timer(0.1, go_on.set).start()
    session.close()
    assert session._worker is worker and not worker.is_alive()
