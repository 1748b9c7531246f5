"""What an engine is put together from."""

from __future__ import annotations

from pathlib import Path

import pytest

import model
from app.runtime.live import engine
from app.runtime.live.engine import load_engine
from model.ttp.networks import NetworkSpec, PoseNetwork
from tests.app.runtime.recordings.stand_ins import PixelLoss


@pytest.mark.parametrize("shift", [0.0, 0.075])
def test_the_follower_frames_people_as_the_network_was_trained(
    shift: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "weights.safetensors"
    spec = NetworkSpec("baseline", "resnet18", "bbc7", crop_shift=shift)
    model.save(path, PoseNetwork(spec))
    given: list[object] = []
    monkeypatch.setattr(engine, "PersonDetector", lambda path: "detector")
    monkeypatch.setattr(engine, "PersonFollower", lambda *arguments: given.extend(arguments))
    monkeypatch.setattr(engine, "load_perceptual_loss", PixelLoss)
    assert load_engine(path, "cpu").network.spec == spec
    assert given == ["detector", spec.joint_set, shift]
