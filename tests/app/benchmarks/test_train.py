from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from app.benchmarks import train as benchmark
from main import main
from model.core.crop import CROP_SIZE
from model.data.records import ABSENT
from tests.networks import small_perceptual_loss
from tests.shards import write_shard


@pytest.fixture(autouse=True)
def _small_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(benchmark, "load_perceptual_loss", lambda path: small_perceptual_loss())


def test_the_train_benchmark_prints_one_object(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    people = write_shard(tmp_path / "people.npz", people=2, frames=3)
    arguments = ["--data", f"shards={people}", "--batch-size", "2", "--workers", "0"]
    arguments += ["--backbone", "resnet-mini"]
    measured = ["--seconds", "0.01", "--precision", "float32", "--device", "cpu"]
    assert main(["benchmark", "train", *arguments, *measured, "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert (figures["frames"], figures["batch"], figures["precision"]) == (6, 2, "float32")
    assert figures["examples_per_second_loader"] > 0
    assert figures["examples_per_second_resident"] > 0
    assert figures["ratio_resident_least"] <= figures["ratio_resident_most"]
    assert figures["gflop_per_example"] > 1
    assert figures["share_of_peak_loader"] > 0
    assert 0 < figures["data_wait_share_loader"] < 1


@pytest.mark.parametrize("option", ["--seconds", "--batch-size"])
def test_nothing_to_measure_is_refused(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["benchmark", "train", option, "0"]) == 2
    assert capsys.readouterr().err.startswith("error: ")


def test_embedded_clips_are_cut_around_the_people_in_them() -> None:
    data = benchmark.demo_people(frames=3)
    assert len(data.clips) >= 2
    for clip in data:
        side = clip.frames.read(2).shape[0]
        inside = clip.joints[clip.visible != ABSENT]
        assert len(clip) == 3
        assert ((inside > 0) & (inside < side)).all()
        # The longer way from joint to joint is most of the square that is cut.
        assert np.ptp(inside, axis=0).max() > 0.6 * CROP_SIZE
