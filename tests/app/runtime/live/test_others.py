"""Several people in the picture: one is learnt from, the others are only shown."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from app.runtime.live.results import PoseResult, Schedule
from app.runtime.live.session import LiveSession
from model.adaptation import PersonView, SourceMemory
from model.core.skeleton import PENN13
from model.tracking import Detection, PersonFollower
from tests.app.runtime.live.machinery import QUICK, Clip, small_engine, wait_for

_LEFT, _RIGHT = 40.0, 120.0  # of pictures that are 160 pixels wide


def _standing_at(x: float, width: float) -> Detection:
    points = np.full((17, 2), (x, 60), np.float32)
    return Detection(0.8, (x - width / 2, 20, width, 80), points, np.ones(17, np.float32))


class _TwoPeople:
    """The larger one at the left, the other at the right."""

    def detect(self, image: NDArray[np.uint8]) -> list[Detection]:
        return [_standing_at(_LEFT, 40), _standing_at(_RIGHT, 30)]


@pytest.mark.parametrize("schedule", [Schedule.STRICT, Schedule.TWO_LANES])
def test_another_person_never_feeds_personalization(
    schedule: Schedule, monkeypatch: pytest.MonkeyPatch
) -> None:
    remembered: list[float] = []
    memories: list[SourceMemory] = []
    add, clear = SourceMemory.add, SourceMemory.clear

    def note(memory: SourceMemory, view: PersonView) -> bool:
        remembered.append(view.box.x)
        memories.append(memory)
        return add(memory, view)

    def forget(memory: SourceMemory) -> None:
        remembered.clear()
        clear(memory)

    monkeypatch.setattr(SourceMemory, "add", note)
    monkeypatch.setattr(SourceMemory, "clear", forget)
    follower = PersonFollower(_TwoPeople(), PENN13, 0.0)
    engine = replace(small_engine(replace(QUICK, batch_size=1)), follower=follower)
    session = LiveSession(lambda: engine, schedule)
    results: list[PoseResult] = []

    def shown(other: float) -> bool:
        """Whether that one is beside the followed person now, and something was learnt."""
        results[:] = session.take_results() or results
        latest = results[-1:]
        return any(len(r.others) == 1 and r.others[0].keypoints[0, 0] == other for r in latest)

    try:
        session.open(Clip(500), loop=True)
        session.set_personalizing(True)
        wait_for(lambda: session.status().updates >= 2 and shown(_RIGHT))
        assert all(abs(x - _LEFT) < 20 for x in remembered)
        session.choose_person(_RIGHT, 60)
        wait_for(lambda: shown(_LEFT) and len(memories[-1]) >= 3)
        # Nothing of the one before is left to be learnt from either.
        assert remembered and all(abs(x - _RIGHT) < 20 for x in remembered)
    finally:
        session.close()
