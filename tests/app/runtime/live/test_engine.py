"""What an engine is put together from."""

from __future__ import annotations

from pathlib import Path

import pytest

import model
from app.runtime.live import engine
from app.runtime.live.engine import load_engine
from app.runtime.live.session import LiveSession
from model.core.device import ServingPrecision
from model.ttp import onnx_int8, trunk
from model.ttp.networks import NetworkSpec, PoseNetwork
from model.ttp.onnx_int8 import Ranges
from tests.app.runtime.live.machinery import wait_for
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


@pytest.fixture
def calibrated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A MoveNet with ranges beside it, on a machine that is fastest in whole numbers."""
    path = tmp_path / "weights.safetensors"
    model.save(path, PoseNetwork(NetworkSpec("transformer", "movenet-lightning")))
    values = tuple([(-6.0, 6.0)] * 100)
    onnx_int8.save(path, Ranges(onnx_int8.sha256_of(path), "none", values))
    monkeypatch.setattr(onnx_int8, "exact_here", lambda: True)
    monkeypatch.setattr(trunk, "exact_here", lambda threads: True)
    times = iter([1020.0, 1030.0, 1010.0, 1.0, 2.0])  # float32, PyTorch, int8; heads in either
    monkeypatch.setattr(trunk, "_milliseconds", lambda compute: next(times))
    monkeypatch.setattr(engine, "load_perceptual_loss", PixelLoss)
    return path


@pytest.mark.parametrize(("precision", "device"), [(None, "CPU · int8"), ("float32", "CPU")])
def test_the_window_is_told_that_the_trunk_is_in_whole_numbers(
    precision: ServingPrecision | None, device: str, calibrated: Path
) -> None:
    session = LiveSession(lambda: load_engine(calibrated, "cpu", precision=precision))
    try:
        wait_for(lambda: session.status().schedule)
        assert session.status().device == device
    finally:
        session.close()
