"""``evaluate accuracy`` as a person types it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

import main
import model
from app.cli.program import INTERRUPTED
from model.core.skeleton import PENN13
from model.data.catalogue import Request
from model.data.records import DataSet
from model.data.shards import read_shards
from model.evaluation.accuracy import predict_data_set
from model.evaluation.metrics import torso_of
from model.evaluation.rival import penn_from_coco
from model.ttp.networks import NetworkSpec, PoseNetwork
from model.ttp.onnx_int8 import exact_here, save
from model.ttp.training.calibration import calibrate
from tests.model.evaluation.rivals import brightest_pixel, write_rival
from tests.networks import small_network
from tests.shards import write_arrays, write_shard


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
    assert "small.safetensors: Baseline, resnet-mini, penn13" in printed
    assert "Frames: 12 of 3 people; left out, as they could not be used: 0;" in printed
    assert (out / "accuracy.md").read_text(encoding="utf-8") == printed
    header = "kind,name,percent,correct,scored,network\n"
    assert (out / "accuracy.csv").read_text().startswith(header)


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


@pytest.mark.skipif(not exact_here(), reason="this processor cuts sums off at 16 bits")
def test_the_trunk_is_computed_in_whole_numbers_if_asked_for(
    evaluate: Callable[..., tuple[int, str, str]], shard: Path, tmp_path: Path
) -> None:
    path = tmp_path / "lightning.safetensors"
    model.save(path, PoseNetwork(NetworkSpec("baseline", "movenet-lightning")))
    code, _, errors = evaluate("--weights", path, "--int8")
    assert code == 2 and "no lightning.ranges.json beside it" in errors
    save(path, calibrate(path, [Request.parse(f"shards={shard}")], pictures=4))
    for options, said in ((["--int8"], ", its trunk in int8. A joint"), ([], "personalization. A")):
        code, printed, _ = evaluate("--weights", path, *options)
        assert code == 0 and said in printed
    told = json.loads(evaluate("--weights", path, "--int8", "--json")[1])
    assert told["int8"] is True and told["frames"] == 12


def test_the_squares_are_the_networks(
    evaluate: Callable[..., tuple[int, str, str]],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    path = tmp_path / "shifted.safetensors"
    model.save(path, PoseNetwork(NetworkSpec("baseline", "resnet-mini", crop_shift=0.075)))
    seen: list[float] = []

    def look(network: PoseNetwork, name: str, data_set: DataSet, **_: object) -> None:
        seen.append(data_set.clips[0].box(0).y)
        raise KeyboardInterrupt

    monkeypatch.setattr("model.evaluation.accuracy_report.measure_accuracy", look)
    assert evaluate("--weights", path)[0] == INTERRUPTED
    assert evaluate()[0] == INTERRUPTED
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
        (["--rival", "none.onnx"], "no rival none.onnx"),
        (["--rival", __file__], "cannot be read as an ONNX model"),
        (["--fit-offsets", "shards=nowhere/*.npz"], "No file matches"),
    ],
)
def test_wrong_input_is_one_sentence_and_exit_code_2(
    options: list[str], part: str, evaluate: Callable[..., tuple[int, str, str]]
) -> None:
    code, printed, errors = evaluate(*options)
    assert (code, printed) == (2, "")
    assert errors.splitlines()[-1].startswith("error: ") and part in errors


def test_rivals_stand_beside_the_network_everywhere(
    evaluate: Callable[..., tuple[int, str, str]], shard: Path, tmp_path: Path
) -> None:
    brightest = write_rival(tmp_path / "brightest.onnx", 32, brightest_pixel(32))
    centre = write_rival(tmp_path / "centre.onnx", 48, np.full((17, 3), 0.5))
    out = tmp_path / "out"
    options = ("--rival", brightest, "--rival", centre, "--threshold", 1, "--every", 2)
    alone = json.loads(evaluate(*options[4:], "--json")[1])

    code, printed, errors = evaluate(*options, "--json", "--out", out)

    assert (code, errors) == (0, "")
    values = json.loads(printed)
    assert [(r["name"], r["side"]) for r in values["rivals"]] == [
        ("brightest.onnx", 32),
        ("centre.onnx", 48),
    ]
    assert values | {"rivals": []} == alone  # our own figures are not touched
    # Pixel 24 of 48 is the squares' centre, (80, 80), whatever the picture; the shard's clips tell
    # how far each joint is from there. The head is moved up by no torso at all.
    data = read_shards([shard], "people")
    rows = [(clip, frame) for clip in data for frame in range(len(clip))][::2]
    truth = np.array([clip.joints[frame] for clip, frame in rows])
    right = 100 * (np.linalg.norm(truth - 80, axis=-1) <= torso_of(PENN13).lengths(truth)[:, None])
    found = values["rivals"][1]
    assert found["columns"]["mPCK"] == pytest.approx(right.mean(), abs=1e-3)
    assert list(found["joints"].values()) == pytest.approx(right.mean(axis=0), abs=1e-3)
    text = (out / "accuracy.md").read_text(encoding="utf-8")
    assert "centre.onnx: a rival, shown the same squares at 48 x 48 pixels; its head" in text
    rows_of = [line.split("|")[1].strip() for line in text.splitlines() if line.startswith("| ")]
    assert rows_of.count("small.safetensors") == rows_of.count("centre.onnx") == 2
    (header,) = [line for line in text.splitlines() if line.startswith("| Joint")]
    assert [cell.strip() for cell in header.split("|")[1:-1]] == [
        "Joint", "small.safetensors", "brightest.onnx", "centre.onnx", "scored",
    ]  # fmt: skip
    table = (out / "accuracy.csv").read_text().splitlines()
    assert sum(line.endswith(",centre.onnx") for line in table) == 8 + 3 + 13 + 3


def test_offsets_are_fitted_on_other_people(
    evaluate: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    # A person who always stands there, beside training people who stand 8 pixels to the right.
    points = np.full((17, 3), 0.5)
    points[[5, 6], 0], points[[11, 12], 0] = 0.4, 0.6
    rival = write_rival(tmp_path / "standing.onnx", 32, points)
    joints = penn_from_coco(points[None, :, 1::-1] * 128 + 16)
    pictures = [cv2.imencode(".jpg", np.zeros((160, 160, 3), np.uint8))[1]] * 4
    for name, shift in (("train.npz", 8), ("test.npz", 9)):
        write_arrays(
            tmp_path / name,
            pictures,
            joints=np.tile(joints + np.array([shift, 0]), (4, 1, 1)).astype(np.float32),
            visible=np.full((4, 13), 2, np.uint8),
            person=np.array([0, 0, 1, 1], np.int32),
            frame=np.array([0, 1, 0, 1], np.int32),
        )
    code, printed, errors = evaluate(
        "--rival", rival, "--fit-offsets", f"shards={tmp_path / 'train.npz'}", "--threshold", 0.1,
        "--json", data=f"shards={tmp_path / 'test.npz'}",
    )  # fmt: skip
    assert (code, errors) == (0, "")
    plain, moved = json.loads(printed)["rivals"]
    assert plain["offsets"] is None and plain["columns"]["mPCK"] == 0
    assert moved["name"] == "standing.onnx with offsets" and moved["columns"]["mPCK"] == 100
    fitted = moved["offsets"]
    assert (fitted["data"], fitted["frames"], fitted["people"]) == ("train", 4, 2)
    # A torso of 0.2 * 128 pixels that points down has the picture's left across it.
    assert fitted["torsos_down_and_across"]["left knee"] == pytest.approx([0, -0.3125], abs=1e-3)


def test_offsets_without_a_rival_and_two_rivals_of_a_name_are_refused(
    evaluate: Callable[..., tuple[int, str, str]], shard: Path, tmp_path: Path
) -> None:
    code, printed, errors = evaluate("--fit-offsets", shard)
    assert (code, printed) == (2, "") and "Give a rival, too" in errors
    rival = write_rival(tmp_path / "one.onnx", 32, np.full((17, 3), 0.5))
    code, printed, errors = evaluate("--rival", rival, "--rival", rival)
    assert (code, printed) == (2, "") and "Several rivals are called one.onnx" in errors


def test_an_experiment_must_be_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["evaluate"]) == 2
    assert "EXPERIMENT" in capsys.readouterr().err


@pytest.fixture
def gain(
    tmp_path: Path, shard: Path, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """Runs ``evaluate gain`` on two people with a small network: exit code, output, errors."""
    weights = tmp_path / "rotation.safetensors"
    model.save(weights, small_network("rotation", backbone="movenet-lightning"))

    def run(*options: str) -> tuple[int, str, str]:
        code = main.main([
            "evaluate", "gain", "--data", str(shard), "--weights", str(weights), "--device", "cpu",
            "--workers", "1", "--people", "2", "--preset", "paper", "--batch-size", "1", *options,
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
    carried = json.loads(gain("--modes", "carried", "--set", "carry=0.8", "--json")[1])
    assert set(carried["modes"]) == {"carried"} and carried["settings"]["carry"] == 0.8
    cut = json.loads(gain("--modes", "online", "--frames", "1", "--reset", "cut", "--json")[1])
    assert cut["settings"]["reset_on_cut"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--modes", "sometimes"), "--modes was 'sometimes'"),
        (("--people", "0"), "--people was 0"),
        (("--aside", "0"), "keeps nobody"),
        (("--preset", "wild"), "steady, fast, gentle, paper"),
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
