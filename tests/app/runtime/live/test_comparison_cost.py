"""Comparing costs the trained network's heads once more for a frame, and nothing when it is off."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from app.runtime.live.results import Comparison, Phase, Schedule
from app.runtime.live.session import LiveSession
from tests.app.runtime.live.machinery import Clip, small_engine, wait_for


@pytest.fixture(params=[Schedule.STRICT, Schedule.TWO_LANES])
def session(request: pytest.FixtureRequest) -> Iterator[LiveSession]:
    session = LiveSession(small_engine, request.param)
    session.open(Clip(), loop=True)
    yield session
    session.close()


def _listen(session: LiveSession) -> list[str]:
    """What is computed from now on: "trunk" and the trained network's "heads"."""
    worker, events = session._worker, list[str]()
    compute, predict = worker._trunk._compute, worker._pristine.predict

    def trunk(images: Any) -> Any:
        events.append("trunk")
        return compute(images)

    def heads(*arguments: Any) -> Any:
        events.append("heads")
        return predict(*arguments)

    worker._trunk._compute = trunk
    worker._pristine.predict = heads  # type: ignore[method-assign, assignment]
    return events


def test_the_trunk_is_computed_once_a_frame_with_and_without_comparing(
    session: LiveSession,
) -> None:
    session.set_personalizing(True)
    wait_for(lambda: session.status().updates >= 1)
    session.set_personalizing(False)
    wait_for(lambda: session.status().phase is Phase.FROZEN)
    events = _listen(session)
    wait_for(lambda: len(events) >= 4)
    assert set(events) == {"trunk"}

    session.set_comparison(Comparison.ALWAYS)
    wait_for(lambda: events.count("heads") >= 4)
    compared = events[events.index("heads") :][:6]
    assert compared == ["heads", "trunk"] * 3

    session.set_comparison(Comparison.NEVER)
    wait_for(lambda: events[-3:] == ["trunk"] * 3)
