"""A loss that is not finite teaches nothing and stops nothing, whatever goes through it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from torch import Tensor

from app.runtime.live.engine import Engine
from app.runtime.live.results import Array, Phase, Schedule, UpdateResult
from app.runtime.live.session import LiveSession
from app.runtime.recordings.pipeline import RecordingPipeline
from model.adaptation import Mode, PersonalizationSettings, Personalizer
from model.core.perceptual import PerceptualLoss
from model.data.shards import read_shards
from model.evaluation.accuracy import predict_data_set
from model.evaluation.personalized import Protocol, predict_people
from tests.app.runtime.live.machinery import QUICK, Clip, small_engine, wait_for
from tests.networks import small_network, small_perceptual_loss
from tests.shards import write_shard


class _Infinite(PerceptualLoss):
    """As of a reconstruction that has run away."""

    def errors(self, reconstruction: Tensor, target: Tensor, masks: Tensor | None = None) -> Tensor:
        return super().errors(reconstruction, target, masks) * float("inf")


def _engine(settings: PersonalizationSettings = QUICK) -> Engine:
    return replace(small_engine(settings), perceptual=_Infinite(small_perceptual_loss().features))


@pytest.mark.fault(
    "A loss is infinite or not a number",
    "That update is not made; predictions are those of the weights before.",
)
@pytest.mark.parametrize("schedule", [Schedule.STRICT, Schedule.TWO_LANES])
def test_live_goes_on_predicting(schedule: Schedule) -> None:
    session = LiveSession(_engine, schedule)
    try:
        session.open(Clip(), loop=True)
        session.set_personalizing(True)
        updates: list[UpdateResult] = []

        def enough() -> bool:
            updates.extend(session.take_updates())
            return len(updates) >= 3

        wait_for(enough)
        result = session.latest_result()
        assert result is not None and result.updates == 0
        assert np.isfinite(result.keypoints).all()
        assert not any(np.isfinite(update.loss) for update in updates)
        assert [update.undone for update in updates[:3]] == [False, True, False]
        assert session.status().phase is not Phase.FAULTED
    finally:
        session.close()


@pytest.mark.fault("A loss is infinite or not a number")
def test_a_recording_is_predicted_as_by_the_trained_network() -> None:
    def keypoints(engine: Engine, mode: Mode) -> list[Array]:
        source = Clip(4)
        source.open()
        frames = list(RecordingPipeline(engine, mode).run(source))
        assert not any(frame.update.applied for frame in frames if frame.update is not None)
        return [frame.result.keypoints for frame in frames]

    learnt = keypoints(_engine(), "online")
    np.testing.assert_allclose(learnt, keypoints(_engine(), "none"), atol=1e-3)


@pytest.mark.parametrize("mode", ["online", "offline"])
def test_an_evaluation_scores_the_trained_network(tmp_path: Path, mode: str) -> None:
    people = read_shards([write_shard(tmp_path / "people.npz", people=1, frames=3)], "people")
    network = small_network()
    before = predict_data_set(network, people).points
    infinite = _Infinite(small_perceptual_loss().features)
    personalizer = Personalizer(network, infinite, QUICK)
    after = predict_people(network, personalizer, people, Protocol(mode, QUICK))  # type: ignore[arg-type]
    np.testing.assert_allclose(after.points, before, atol=1e-3)
