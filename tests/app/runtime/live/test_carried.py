"""Answers are carried along while a person is personalized to, not by the network as trained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from torch import Tensor

from app.runtime.live.results import Phase, Schedule
from app.runtime.live.session import LiveSession
from model.core.motion import MotionFusion
from tests.app.runtime.live.machinery import QUICK, Clip, small_engine, wait_for


@pytest.mark.parametrize("schedule", [Schedule.STRICT, Schedule.TWO_LANES])
def test_only_what_is_personalized_carries(
    schedule: Schedule, monkeypatch: pytest.MonkeyPatch
) -> None:
    carried: list[int] = []
    fused = MotionFusion.fused

    def noting(
        self: MotionFusion, maps: Tensor, pictures: Sequence[object], indices: Sequence[int]
    ) -> Tensor:
        carried.extend(indices)
        return fused(self, maps, pictures, indices)  # type: ignore[arg-type]

    monkeypatch.setattr(MotionFusion, "fused", noting)
    session = LiveSession(lambda: small_engine(replace(QUICK, carry=0.8)), schedule)
    try:
        session.open(Clip(), loop=True)
        wait_for(lambda: session.status().phase is Phase.OFF)
        wait_for(
            lambda: (result := session.latest_result()) is not None and result.frame_index >= 5
        )
        assert carried == []
        session.set_personalizing(True)
        wait_for(lambda: len(carried) >= 5 and session.status().updates >= 1)
        session.set_personalizing(False)  # what was learnt goes on to predict, and to be carried
        wait_for(lambda: session.status().phase is Phase.FROZEN)
        before = len(carried)
        wait_for(lambda: len(carried) >= before + 5)
    finally:
        session.close()


@pytest.mark.parametrize("schedule", [Schedule.STRICT, Schedule.TWO_LANES])
def test_nothing_is_carried_to_another_person(
    schedule: Schedule, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    fused, forget = MotionFusion.fused, MotionFusion.forget

    def noting(self: MotionFusion, *arguments: object) -> Tensor:
        told.append("fused")
        return fused(self, *arguments)  # type: ignore[arg-type]

    def forgetting(self: MotionFusion) -> None:
        told.append("forgot")
        forget(self)

    engine = small_engine(replace(QUICK, carry=0.8))
    session = LiveSession(lambda: engine, schedule)
    try:
        session.open(Clip(), loop=True)
        session.set_personalizing(True)
        wait_for(lambda: session.status().updates >= 1)
        monkeypatch.setattr(MotionFusion, "fused", noting)
        monkeypatch.setattr(MotionFusion, "forget", forgetting)
        wait_for(lambda: "fused" in told)
        told.clear()
        engine.follower.changes += 1
        wait_for(lambda: "forgot" in told and "fused" in told[told.index("forgot") :])
    finally:
        session.close()
