"""What is exported is the network as it is personalized now."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from app.runtime.live.results import Phase, Schedule
from app.runtime.live.session import LiveSession
from model.adaptation.personalizer import apply
from model.ttp.onnx_export import INPUT
from tests.app.runtime.live.machinery import Clip, small_engine, wait_for


@pytest.fixture
def session() -> Iterator[LiveSession]:
    session = LiveSession(small_engine, Schedule.STRICT)
    session.open(Clip(), loop=True)
    yield session
    session.close()


def _told(session: LiveSession) -> str:
    said: list[str] = []

    def told() -> bool:
        said.extend(session.take_messages())
        return bool(said)

    wait_for(told, 120)
    return said[0]


def test_the_exported_network_is_the_personalized_one(session: LiveSession, tmp_path: Path) -> None:
    session.set_personalizing(True)
    wait_for(lambda: session.status().updates >= 1)
    session.set_personalizing(False)
    wait_for(lambda: session.status().phase is Phase.FROZEN)
    learner = session._worker._runner._learner  # type: ignore[union-attr]
    learnt = learner.personalizer.learnt()
    path = tmp_path / "pose.onnx"
    session.export_onnx(path)
    assert _told(session) == (
        f"The network, personalized by {learnt.updates} updates, is written to {path}"
    )
    crops = torch.randn(2, 3, 128, 128)
    found = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"]).run(
        ["heatmaps"], {INPUT: crops.numpy()}
    )[0]
    network = small_engine().network
    with torch.inference_mode():
        trained = network.pose(crops).heatmaps.numpy()
        apply(network, learnt)
        wanted = network.pose(crops).heatmaps.numpy()
    np.testing.assert_allclose(found, wanted, rtol=1e-3, atol=1e-3 * np.abs(wanted).max())
    assert np.abs(found - trained).max() > 10 * np.abs(found - wanted).max()
    assert f'"personalization_updates": "{learnt.updates}"' in path.with_suffix(".json").read_text()


def test_a_place_that_cannot_be_written_is_a_sentence(session: LiveSession, tmp_path: Path) -> None:
    wait_for(lambda: session.latest_result() is not None)
    session.export_onnx(tmp_path / "pose.txt")
    assert "ends in .onnx" in _told(session)
    assert list(tmp_path.iterdir()) == []
