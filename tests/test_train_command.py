from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from app.cli.options import Interruption
from main import main
from model.core.perceptual import PerceptualLoss
from model.engine.metrics import read_log
from model.tracking import PersonMasker
from model.ttp import weights
from tests.networks import small_network
from tests.shards import write_shard

ROOT = Path(__file__).resolve().parents[1]

# What keeps a step cheap: few examples, a small backbone, small reconstructions.
CHEAP = (
    "--backbone", "resnet-mini", "--batch-size", "4", "--pairs", "2", "--coarse-steps", "1000",
    "--precision", "float32", "--device", "cpu", "--workers", "0", "--json",
)  # fmt: skip


def _train(out: Path, shard: Path, *options: str, variant: str = "transformer") -> int:
    return main(
        ["train", variant, "--data", f"shards={shard}", "--out", str(out), *CHEAP, *options]
    )


def test_a_run_leaves_its_network_and_record_and_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shard, out = write_shard(tmp_path / "people.npz", people=12), tmp_path / "run"
    options = ("--steps", "3", "--aside", "0.3", "--preset", "jhmdb", "--validate-every", "2")

    assert _train(out, shard, *options, "--max-steps", "2") == 0
    first = json.loads(capsys.readouterr().out)
    assert first["steps"] == 2
    assert _train(out, shard, *options) == 2
    assert "--resume" in capsys.readouterr().err
    assert _train(out, shard, *options, "--resume") == 0
    second = json.loads(capsys.readouterr().out)

    assert second["steps"] == 3
    network = weights.load(second["weights"])
    assert network.spec.backbone == "resnet-mini" and network.spec.variant == "transformer"
    metadata = weights.read_metadata(second["weights"])
    assert metadata["steps"] == "3" and "shards=people.npz" in metadata["data"]
    names = {path.name for path in out.iterdir()}
    assert names >= {"best.safetensors", "checkpoint.pt", "curves.png", "log.csv", "run.json"}
    rows = read_log(out / "log.csv")
    assert {row.step for row in rows if row.name == "pck/people aside"} == {0, 2, 3}
    assert {row.name for row in rows} >= {
        "reconstruction/own keypoints",
        "reconstruction/foreign keypoints",
    }


def test_keypoints_are_learnt_without_a_single_label(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shard = write_shard(tmp_path / "people.npz")
    with np.load(shard) as file:
        arrays = dict(file)
    arrays["visible"][:] = 0
    arrays["joints"][:] = np.nan
    np.savez(shard, **arrays)

    options = ("--steps", "1", "--without-labels")
    assert _train(tmp_path / "run", shard, *options, variant="keypoint") == 0

    result = json.loads(capsys.readouterr().out)
    assert weights.load(result["weights"]).spec.variant == "keypoint"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--data", "unknown=here"), "NAME=FOLDER"),
        (("--data", "shards=nowhere/*.npz"), "nowhere"),
        (("--preset", "none"), "penn, human36m, bbc, jhmdb"),
        (("--aside", "1.5"), "--aside was 1.5"),
        (("--learning-rate", "-1"), "learning_rate was -1.0"),
        (("--start", "nothing.safetensors"), "no weight file nothing.safetensors"),
        (("--imagenet", "nothing.safetensors"), "no file nothing.safetensors"),
        (("--backbone", "resnet7"), "resnet18, resnet34, resnet50"),
        (("--micro-batch", "3"), "cannot be shared evenly"),
    ],
)
def test_wrong_input_is_one_sentence(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    options: tuple[str, ...],
    message: str,
) -> None:
    shard = write_shard(tmp_path / "people.npz")

    assert _train(tmp_path / "run", shard, "--steps", "1", *options) == 2

    error = capsys.readouterr().err
    assert message in error and error.startswith("error: ") and "Traceback" not in error


RESIDENT = (
    "--backbone",
    "resnet-mini",
    "--batch-size",
    "4",
    "--precision",
    "float32",
    "--device",
    "cpu",
)


def test_a_resident_run_leaves_its_network_and_record(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shard, out = write_shard(tmp_path / "people.npz", people=12), tmp_path / "run"
    arguments = ["train", "baseline", "--resident", "--minutes", "0.005", "--data",
                 f"shards={shard}@1", "--aside", "0.3", "--out", str(out), *RESIDENT]  # fmt: skip

    assert main([*arguments, "--json"]) == 0
    captured = capsys.readouterr()
    result = json.loads(captured.out)
    assert result["steps"] >= 1 and captured.err == ""
    assert main(arguments) == 2
    assert "holds a run already" in capsys.readouterr().err

    network = weights.load(result["weights"])
    assert network.spec.backbone == "resnet-mini" and network.spec.variant == "baseline"
    metadata = weights.read_metadata(result["weights"])
    assert metadata["steps"] == str(result["steps"]) and metadata["start"] == "random"
    assert metadata["data"] == "shards=people.npz@1.0"
    assert json.loads(metadata["settings"])["minutes"] == 0.005
    names = {path.name for path in out.iterdir()}
    assert names >= {"last.safetensors", "best.safetensors", "curves.png", "log.csv", "run.json"}
    looks = [row.step for row in read_log(out / "log.csv") if row.name == "pck/people aside"]
    assert looks == [0, result["steps"]]


def test_a_network_learns_to_rebuild_the_person(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shard, start = write_shard(tmp_path / "people.npz", people=12), tmp_path / "start.safetensors"
    weights.save(start, small_network("keypoint"))
    arguments = ["train", "keypoint", "--resident", "--preset", "movenet-joint", "--minutes",
                 "0.001", "--data",
                 f"shards={shard}@1", "--aside", "0.3", "--start", str(start), "--mask", "person",
                 "--rebuilt", "64", "--mask-folder", str(tmp_path / "masks"), "--meta-every", "2",
                 "--frozen", "trunk", *RESIDENT]  # fmt: skip
    out = tmp_path / "run"

    assert main([*arguments, "--out", str(out), "--json"]) == 0

    spec = weights.load(out / "last.safetensors").spec
    assert (spec.mask, spec.rebuilt) == ("person", 64)
    # Of those who are learnt from, and of those who are looked at.
    assert len(list((tmp_path / "masks").iterdir())) == 2
    names = {row.name for row in read_log(out / "log.csv")}
    assert "reconstruction/keypoints on person" in names
    # What goes on from it rebuilds the same, unless it is told otherwise.
    capsys.readouterr()
    again = ["train", "keypoint", "--resident", "--preset", "movenet-joint", "--minutes",
             "0.001", "--data",
             f"shards={shard}@1", "--mask-folder", str(tmp_path / "masks"), "--start",
             str(out / "last.safetensors"), "--out", str(tmp_path / "on"), "--json",
             *RESIDENT]  # fmt: skip
    assert main(again) == 0
    assert weights.load(tmp_path / "on" / "last.safetensors").spec == spec


def test_a_run_by_steps_finds_its_masks_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shard, out = write_shard(tmp_path / "people.npz", people=2), tmp_path / "run"
    options = ("--mask", "person", "--mask-folder", str(tmp_path / "masks"), "--steps", "1")
    masked = []
    errors = PerceptualLoss.errors

    def looking(loss: PerceptualLoss, rebuilt: Tensor, target: Tensor, masks: Tensor) -> Tensor:
        masked.append(masks.shape)
        return errors(loss, rebuilt, target, masks)

    monkeypatch.setattr(PerceptualLoss, "errors", looking)
    assert _train(out, shard, *options, variant="keypoint") == 0
    result = json.loads(capsys.readouterr().out)
    assert weights.load(result["weights"]).spec.mask == "person"
    assert masked == [(2, 1, 128, 128)]
    (path,) = (tmp_path / "masks").iterdir()
    assert np.load(path, mmap_mode="r").shape == (8, 128, 128)

    # Nobody is asked for them again.
    monkeypatch.setattr(PersonMasker, "find", None)
    assert _train(tmp_path / "again", shard, *options, variant="keypoint") == 0


def test_an_interrupted_resident_run_keeps_its_network(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shard, out = write_shard(tmp_path / "people.npz"), tmp_path / "run"
    asked = iter([False, True])
    monkeypatch.setattr(Interruption, "asked", lambda self: next(asked))

    assert main(["train", "baseline", "--resident", "--minutes", "60", "--data", f"shards={shard}",
                 "--out", str(out), *RESIDENT]) == 0  # fmt: skip

    captured = capsys.readouterr()
    assert "1 steps are done" in captured.out
    assert f"Go on with --start {out / 'last.safetensors'}" in captured.out
    assert "1step" in captured.err and "supervised=" in captured.err  # the progress
    assert weights.read_metadata(out / "last.safetensors")["steps"] == "1"


def test_damaged_pictures_stop_the_run_or_are_skipped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    shard = write_shard(tmp_path / "people.npz")
    with np.load(shard) as file:
        arrays = dict(file)
    arrays["joints"][3] = np.nan
    np.savez(shard, **arrays)
    options = ("--steps", "4", "--warm-up-steps", "4")

    assert _train(tmp_path / "a", shard, *options) == 2
    assert "picture 3" in capsys.readouterr().err
    assert _train(tmp_path / "b", shard, *options, "--on-bad-data", "skip") == 0
    assert "picture 3" in caplog.text


def test_two_processes_train_the_same_network_as_one(tmp_path: Path) -> None:
    shard = write_shard(tmp_path / "people.npz")
    arguments = [
        "train", "transformer", "--data", f"shards={shard}", *CHEAP,
        "--steps", "2", "--warm-up-steps", "1", "--micro-batch", "2", "--average", "0.5",
    ]  # fmt: skip
    torch.set_num_threads(1)  # as torchrun's processes compute
    assert main([*arguments, "--out", str(tmp_path / "one")]) == 0
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node",
               "2", str(ROOT / "main.py"), *arguments]  # fmt: skip
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    subprocess.run(
        [*command, "--out", str(tmp_path / "two")], check=True, env=environment, cwd=ROOT
    )
    states = {
        name: torch.load(tmp_path / name / "checkpoint.pt", weights_only=True)["state"]
        for name in ("one", "two")
    }

    for part in ("network", "average"):
        for key, value in states["one"][part].items():
            # Gradients are summed in another order, and Adam divides by their size.
            torch.testing.assert_close(
                states["two"][part][key], value, rtol=1e-3, atol=3e-5, msg=f"{part} {key}"
            )
    torch.testing.assert_close(states["two"]["means"], states["one"]["means"])


def test_twenty_steps_on_the_real_shards(
    shared_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = shared_dir / "data"
    stills = ("--data", f"shards={data / 'lspet-train-00.npz'}@1")
    start = ("--steps", "100", "--max-steps", "20", "--batch-size", "2", "--pairs", "1")

    assert (
        main(
            ["train", "transformer", "--data", f"shards={data / 'jhmdb-train-02.npz'}@1", *stills,
             "--out", str(tmp_path / "run"), *CHEAP, *start]
        )
        == 0
    )  # fmt: skip

    assert json.loads(capsys.readouterr().out)["steps"] == 20
    losses = [r.value for r in read_log(tmp_path / "run" / "log.csv") if r.name.startswith("loss/")]
    assert len(losses) == 4 and np.isfinite(losses).all()
