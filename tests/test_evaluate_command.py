"""``evaluate accuracy`` as a person types it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import main
import model
from model.data.records import DataSet
from model.data.shards import read_shards
from model.evaluation.accuracy import predict_data_set
from model.networks import NetworkSpec, PoseNetwork
from tests.networks import small_network
from tests.shards import write_shard


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "small.safetensors"
    model.save(path, small_network("baseline"))
    return path


@pytest.fixture
def shard(tmp_path: Path) -> Path:
    return write_shard(tmp_path / "people.npz")


@pytest.fixture
def evaluate(
    weights: Path, shard: Path, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """Run the command on the shard; its exit code, output and errors."""

    def run(*options: object, data: str = f"shards={shard}") -> tuple[int, str, str]:
        arguments = ["evaluate", "accuracy", "--data", data, "--device", "cpu"]
        if "--weights" not in options:
            arguments += ["--weights", str(weights)]
        code = main.main([*arguments, *map(str, options)])
        return code, *capsys.readouterr()

    return run


def test_the_table_is_printed_and_written(
    evaluate: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    code, printed, errors = evaluate("--out", out)
    assert (code, errors) == (0, "")
    assert "# Accuracy on people\n" in printed
    assert "small.safetensors: Baseline, resnet18, penn13" in printed
    assert "Frames: 12 of 3 people; left out, as they could not be used: 0;" in printed
    assert (out / "accuracy.md").read_text(encoding="utf-8") == printed
    assert (out / "accuracy.csv").read_text().startswith("kind,name,percent,correct,scored\n")


def test_json_is_one_line_with_the_networks_own_figures(
    evaluate: Callable[..., tuple[int, str, str]], weights: Path, shard: Path
) -> None:
    code, printed, errors = evaluate("--json", "--every", 5, "--threshold", 0.7)
    assert (code, errors, printed.count("\n")) == (0, "", 1)
    values = json.loads(printed)
    found = predict_data_set(model.load(weights), read_shards([shard], "people"), every=5)
    assert 0 < values["columns"]["mPCK"] < 100
    assert values["columns"]["mPCK"] == pytest.approx(found.score(0.7).mean, abs=1e-4)
    assert (values["frames"], values["people"]) == (3, 3)


def test_the_squares_are_the_networks(
    evaluate: Callable[..., tuple[int, str, str]],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    path = tmp_path / "shifted.safetensors"
    model.save(path, PoseNetwork(NetworkSpec("baseline", "resnet18", crop_shift=0.075)))
    seen: list[float] = []

    def look(network: PoseNetwork, name: str, data_set: DataSet, **_: object) -> None:
        seen.append(data_set.clips[0].box(0).y)
        raise KeyboardInterrupt

    monkeypatch.setattr("model.evaluation.accuracy_report.measure_accuracy", look)
    assert evaluate("--weights", path)[0] == main.INTERRUPTED
    assert evaluate()[0] == main.INTERRUPTED
    assert seen == pytest.approx([80 + 0.075 * 128 / 1.25, 80])


def test_a_bad_frame_is_named_and_left_out(
    evaluate: Callable[..., tuple[int, str, str]], shard: Path
) -> None:
    with np.load(shard) as file:
        arrays: dict[str, Any] = dict(file)
    arrays["joints"][5] = np.nan
    np.savez(shard, **arrays)
    code, printed, _ = evaluate()
    assert code == 0
    assert "Frames: 11 of 3 people; left out, as they could not be used: 1;" in printed
    assert "- The labels of picture 5 of" in printed


@pytest.mark.parametrize(
    ("options", "part"),
    [
        (["--data", "mpii=here"], "NAME=FOLDER"),
        (["--data", "shards=nowhere/*.npz"], "No file matches"),
        (["--weights", "none.safetensors"], "no weight file"),
        (["--every", "0"], "every 0th"),
        (["--threshold", "0"], "right within 0.0 torsos"),
        (["--split", "val"], "'val'"),
        (["--device", "abacus"], "abacus"),
    ],
)
def test_wrong_input_is_one_sentence_and_exit_code_2(
    options: list[str], part: str, evaluate: Callable[..., tuple[int, str, str]]
) -> None:
    code, printed, errors = evaluate(*options)
    assert (code, printed) == (2, "")
    assert errors.splitlines()[-1].startswith("error: ") and part in errors


def test_an_experiment_must_be_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["evaluate"]) == 2
    assert "EXPERIMENT" in capsys.readouterr().err


@pytest.fixture
def gain(
    tmp_path: Path, shard: Path, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """Runs ``evaluate gain`` on two people with a small network: exit code, output, errors."""
    weights = tmp_path / "rotation.safetensors"
    model.save(weights, small_network("rotation"))

    def run(*options: str) -> tuple[int, str, str]:
        code = main.main([
            "evaluate", "gain", "--data", str(shard), "--weights", str(weights), "--device", "cpu",
            "--workers", "1", "--people", "2", "--preset", "paper", "--batch", "1", *options,
        ])  # fmt: skip
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


def test_the_gain_is_printed_and_written(
    tmp_path: Path, gain: Callable[..., tuple[int, str, str]]
) -> None:
    out = tmp_path / "out"
    options = ("--frames", "1", "--seeds", "0,1", "--out", str(out))

    code, printed, _ = gain(*options, "--json")

    assert code == 0
    found = json.loads(printed)
    assert (found["people"], found["frames"], found["seeds"]) == (2, 2, [0, 1])
    assert set(found) >= {"none", "online", "offline", "harmed", "worst"}
    assert found["worst"] == min(figures["worst"] for figures in found["modes"].values())
    text = (out / "gain.md").read_text(encoding="utf-8")
    assert "| online " in text and "| offline " in text and "batch_size 1" in text
    assert "means over 2 seeds" in text
    rows = (out / "gain.csv").read_text(encoding="utf-8").splitlines()
    assert len(rows) == 1 + 2 * 2
    # Once more: everything is read back.
    assert json.loads(gain(*options, "--json")[1]) == found


def test_the_gain_hears_how_to_personalize(gain: Callable[..., tuple[int, str, str]]) -> None:
    code, printed, _ = gain(
        "--modes", "online", "--iterations", "2", "--learning-rate", "1e-4", "--targets", "random",
        "--sources", "recent", "--scope", "features", "--every", "2", "--reset", "3", "--json",
        "--set", "average=0.5", "--set", "guard=true",
    )  # fmt: skip
    assert code == 0
    found = json.loads(printed)
    settings = found["settings"]
    assert settings["iterations"] == 2 and settings["learning_rate"] == 1e-4
    assert (settings["targets"], settings["sources"]) == ("random", "recent")
    assert (settings["scope"], settings["reset_every"]) == ("features", 3)
    assert settings["average"] == 0.5 and settings["guard"] is True
    assert found["every"] == 2 and "offline" not in found
    cut = json.loads(gain("--modes", "online", "--frames", "1", "--reset", "cut", "--json")[1])
    assert cut["settings"]["reset_on_cut"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--modes", "sometimes"), "--modes was 'sometimes'"),
        (("--people", "0"), "--people was 0"),
        (("--aside", "0"), "keeps nobody"),
        (("--preset", "wild"), "steady, gentle, paper"),
        (("--reset", "often"), "--reset was 'often'"),
        (("--seeds", "1,1"), "The numbers were '1,1'"),
        (("--extra", "here"), "NAME=FOLDER"),
        (("--iterations", "0"), "iterations was 0"),
        (("--set", "speed=2"), "--set speed=2 is not"),
        (("--set", "guard=maybe"), "--set guard=maybe is not"),
    ],
)
def test_a_gain_that_cannot_be_measured_is_one_sentence(
    options: tuple[str, ...], message: str, gain: Callable[..., tuple[int, str, str]]
) -> None:
    code, printed, errors = gain(*options)
    assert (code, printed) == (2, "")
    assert message in errors.splitlines()[-1]
