"""Every setting of personalization is read by everything that personalizes (conventions: none is
accepted and ignored): the live window on both schedules, recordings, and the evaluation."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, fields
from pathlib import Path
from typing import ClassVar

import pytest

from app.runtime.live.results import Phase, Schedule
from app.runtime.live.session import LiveSession
from app.runtime.recordings.pipeline import RecordingPipeline
from model.adaptation import PersonalizationSettings, Personalizer
from model.data.shards import read_shards
from model.evaluation.personalized import Protocol, predict_people
from tests.app.runtime.live.machinery import Clip, small_engine, wait_for
from tests.networks import small_network, small_perceptual_loss
from tests.shards import write_shard

# Told to the task of the rotation variant alone.
_ROTATION = {"rotations"}
_ALL = {field.name for field in fields(PersonalizationSettings)} - _ROTATION
_OFFLINE = {"offline_updates_per_frame", "offline_rotation"}


@dataclass(frozen=True)
class _Noting(PersonalizationSettings):
    """Settings that note in ``read`` which of them were looked at, copies and checks aside."""

    read: ClassVar[set[str]] = set()

    def __getattribute__(self, name: str) -> object:
        caller = sys._getframe(1)
        copied = caller.f_globals["__name__"] in ("dataclasses", "copy")
        if name in _ALL and not copied and caller.f_code.co_name != "__post_init__":
            _Noting.read.add(name)
        return super().__getattribute__(name)


@contextmanager
def _noting() -> Iterator[_Noting]:
    """Settings that have every part of personalization at work."""
    settings = _Noting(
        learning_rate=1e-4,
        batch_size=1,
        consistency=0.5,
        independent_sources=0.5,
        warm_up=1,
        average=0.5,
        anchor=0.1,
        whole_step_loss=0.1,
        trained_share=0.25,
        reset_every=1000,
        reset_on_cut=True,
    )
    _Noting.read.clear()
    yield settings


@pytest.mark.slow
@pytest.mark.parametrize("schedule", [Schedule.STRICT, Schedule.TWO_LANES])
def test_live(schedule: Schedule) -> None:
    compact = {"views"}  # as the field says of live
    with _noting() as settings:
        session = LiveSession(lambda: small_engine(settings), schedule)
        try:
            session.open(Clip(), loop=True)
            session.set_personalizing(True)
            wait_for(lambda: session.status().phase is Phase.PERSONALIZING)
            with suppress(AssertionError):  # what is missing then is named below
                wait_for(lambda: _Noting.read >= _ALL - _OFFLINE - compact, 200)
            session.run_offline()
            wait_for(lambda: _Noting.read >= _OFFLINE, 200)
            session.cancel_offline()
        finally:
            session.close()
    assert _ALL - _Noting.read == compact


def test_recordings() -> None:
    with _noting() as settings:
        pipeline = RecordingPipeline(small_engine(settings), "online")
        assert len(list(pipeline.run(Clip(3)))) == 3
    assert _ALL - _Noting.read == _OFFLINE


@pytest.mark.parametrize("mode", ["online", "offline"])
def test_the_evaluation(mode: str, tmp_path: Path) -> None:
    people = read_shards([write_shard(tmp_path / "people.npz", people=1, frames=3)], "people")
    network = small_network(backbone="movenet-lightning")
    with _noting() as settings:
        personalizer = Personalizer(network, small_perceptual_loss(), settings)
        predict_people(network, personalizer, people, Protocol(mode, settings))  # type: ignore[arg-type]
    # Offline there is no order, so neither the newest frames nor cuts, and no end but the last.
    only_online = {"targets", "sources", "reset_every", "reset_on_cut"}
    assert _ALL - _Noting.read <= (_OFFLINE if mode == "online" else only_online)
