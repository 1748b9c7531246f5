"""What ``train`` makes of its options, without training."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import main
import model
from model.crop import CENTRE_SHIFT
from model.errors import UserError
from model.networks import NetworkSpec, PoseNetwork
from model.training import job as job_module
from model.training.job import TrainingJob, run_training
from tests.shards import write_shard

SPEC = NetworkSpec("baseline", "resnet18", "penn13", crop_shift=0.02)


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch) -> list[TrainingJob]:
    """The jobs that the command asks for, none of which is run."""
    asked: list[TrainingJob] = []
    monkeypatch.setattr(job_module, "run_training", lambda job, stopping: asked.append(job))
    return asked


@pytest.mark.parametrize(
    ("data", "options", "shift"),
    [
        (["shards=a.npz", "lsp=b"], [], 0.0),
        (["lsp=b", "shards=a.npz"], [], CENTRE_SHIFT),
        (["shards=a.npz"], ["--crop-shift", "0.05"], 0.05),
        (["lsp=b"], ["--crop-shift", "0"], 0.0),
        (["lsp=b"], ["--start", "{start}"], 0.02),
        (["shards=a.npz"], ["--start", "{start}", "--crop-shift", "0.075"], 0.075),
    ],
)
def test_the_crops_shift_is_asked_for_or_the_starts_or_the_first_datas(
    data: list[str], options: list[str], shift: float, jobs: list[TrainingJob], tmp_path: Path
) -> None:
    start = tmp_path / "start.safetensors"
    model.save(start, PoseNetwork(SPEC))
    arguments = ["train", "baseline", "--out", str(tmp_path / "run"), "--backbone", "resnet18"]
    arguments += [part for name in data for part in ("--data", name)]
    assert main.main([*arguments, *(option.format(start=start) for option in options)]) == 0
    assert jobs[0].spec.crop_shift == shift


@pytest.mark.parametrize("shift", ["0.7", "nan"])
def test_a_shift_out_of_the_crop_is_refused(
    shift: str, jobs: list[TrainingJob], capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["train", "baseline", "--data", "lsp=b", "--out", "c", "--crop-shift", shift]
    assert main.main(arguments) == 2
    assert not jobs
    assert f"moved down by {shift} of the person box" in capsys.readouterr().err


def test_the_squares_trained_on_are_the_networks(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shard = write_shard(tmp_path / "people.npz")
    mixtures: list[Any] = []

    def stop(network: PoseNetwork, mixture: Any, *_: object, **__: object) -> None:
        assert network.spec == SPEC
        mixtures.append(mixture)
        raise UserError("Enough was seen.")

    monkeypatch.setattr(job_module, "Trainer", stop)
    request = job_module.Request.parse(f"shards={shard}")
    settings = job_module.TrainingSettings()
    with pytest.raises(UserError, match="Enough"):
        run_training(
            TrainingJob(SPEC, settings, [request], tmp_path / "run", Path("unused"), device="cpu")
        )
    clip, frame = mixtures[0].place(0)
    assert clip.box(frame).y == pytest.approx(80 + 0.02 * 128 / 1.25)
