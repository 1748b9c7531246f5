"""``export onnx`` and ``import-weights`` as a person types them."""

from __future__ import annotations

import json
from pathlib import Path

import onnx
import pytest
import torch

import main
import model
from app.assets import DETECTOR
from model.core.weights import read_metadata
from model.ttp.networks import NetworkSpec
from model.ttp.networks.pretrained import read_movenet
from tests.movenets import write_movenet
from tests.networks import small_network
from tests.released import filled, released_shapes


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "weights.safetensors"
    model.save(path, small_network("baseline"), {"license": "CC0-1.0"}, half=True)
    return path


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("authors") / "authors.pth"
    torch.save(filled(released_shapes("baseline", "resnet18", 16)), path)
    return path


@pytest.fixture(scope="module")
def movenet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("movenet") / "movenet.onnx"
    write_movenet(path)
    return path


def run(*arguments: object) -> int:
    return main.main([str(argument) for argument in arguments])


@pytest.mark.parametrize("json_line", [True, False])
def test_export_onnx(
    json_line: bool, weights: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "pose.onnx"
    options = ["--json"] if json_line else []
    assert run("export", "onnx", "--out", out, "--weights", weights, *options) == 0
    printed, errors = capfd.readouterr()
    assert errors == ""
    description = json.loads(out.with_suffix(".json").read_text())
    assert description["license"] == "CC0-1.0"
    assert description["joints"] == "penn13"
    assert [output.name for output in onnx.load(out).graph.output] == ["heatmaps"]
    if json_line:
        figures = json.loads(printed)
        assert figures["path"] == str(out)
        assert figures["metadata_path"] == str(out.with_suffix(".json"))
        assert figures["bytes"] == out.stat().st_size
        assert 0 <= figures["max_differences"]["heatmaps"] <= 1e-4
    else:
        assert str(out) in printed
        assert "Largest differences from PyTorch" in printed


def test_import_weights_prints_what_it_recognised(
    checkpoint: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    before = checkpoint.read_bytes()
    out = tmp_path / "ours.safetensors"
    assert run("import-weights", checkpoint, out) == 0
    printed, errors = capfd.readouterr()
    assert errors == ""
    lines = dict(line.split("  ", 1) for line in printed.splitlines())
    assert {name: value.strip() for name, value in lines.items()} == {
        "variant": "Baseline (baseline)",
        "backbone": "resnet18",
        "joints": "16 (h36m16)",
        "channel order": "bgr",
        "written to": str(out),
    }
    assert model.load(out).spec == NetworkSpec("baseline", "resnet18", "h36m16", 30, "bgr", 0.075)
    assert checkpoint.read_bytes() == before


@pytest.mark.parametrize(
    ("options", "variant"),
    [
        ([], "Transformer (keypoint) (transformer)"),
        (["--variant", "keypoint"], "Feat. shared (keypoint) (keypoint)"),
    ],
)
def test_import_weights_of_movenet(
    options: list[str],
    variant: str,
    movenet: Path,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    before = movenet.read_bytes()
    out = tmp_path / "ours.safetensors"
    assert run("import-weights", movenet, out, *options) == 0
    printed, errors = capfd.readouterr()
    assert errors == ""
    lines = dict(line.split("  ", 1) for line in printed.splitlines())
    assert {name: value.strip() for name, value in lines.items()} == {
        "variant": variant,
        "backbone": "movenet-lightning",
        "joints": "13 (penn13)",
        "channel order": "rgb",
        "written to": str(out),
    }
    metadata = read_metadata(out)
    assert metadata["imported_from"] == "movenet.onnx"
    assert metadata["licence"].startswith("Apache-2.0")
    network, wanted = model.load(out), read_movenet(movenet, model.load(out).spec.variant)
    assert network.spec == wanted.spec
    state = network.state_dict()
    assert all(torch.equal(state[name], value) for name, value in wanted.state_dict().items())
    assert movenet.read_bytes() == before


@pytest.mark.parametrize("name", ["thunder", "lightning"])
def test_import_weights_recognises_the_released_movenets(
    name: str, shared_dir: Path, tmp_path: Path
) -> None:
    path = shared_dir / "weights" / f"movenet-{name}-fp16.onnx"
    if not path.is_file():
        pytest.skip("needs MoveNet's released weights, which are not part of the project")
    out = tmp_path / "ours.safetensors"
    assert run("import-weights", path, out) == 0
    assert model.load(out).spec == NetworkSpec("transformer", f"movenet-{name}")


def test_import_weights_takes_the_channel_order(checkpoint: Path, tmp_path: Path) -> None:
    out = tmp_path / "ours.safetensors"
    assert run("import-weights", checkpoint, out, "--channel-order", "rgb") == 0
    assert model.load(out).spec.channel_order == "rgb"


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["export"], "FORMAT"),
        (["export", "tflite", "--out", "a"], "'tflite'"),
        (["export", "onnx"], "--out"),
        (["export", "onnx", "--out", "{tmp}/a.onnx", "--weights", "{tmp}/none"], "no weight file"),
        (["export", "onnx", "--out", "{tmp}/a.onnx", "--weights", "{text}"], "not a whole"),
        (["export", "onnx", "--out", "{tmp}/a.pb", "--weights", "{weights}"], "ends in .onnx"),
        (["import-weights", "{authors}"], "OUT.safetensors"),
        (["import-weights", "{tmp}/none.pth", "{tmp}/a.safetensors"], "There is no file"),
        (["import-weights", "{text}", "{tmp}/a.safetensors"], "cannot be read as a checkpoint"),
        (["import-weights", "{weights}", "{tmp}/a.safetensors"], "no checkpoint of the released"),
        (["import-weights", "{authors}", "{authors}"], "never overwritten"),
        (["import-weights", "{authors}", "{text}/a.safetensors"], "cannot be written"),
        (
            ["import-weights", "{authors}", "{tmp}/a.safetensors", "--channel-order", "grb"],
            "'grb'",
        ),
        (["import-weights", "{tmp}/none.onnx", "{tmp}/a.safetensors"], "There is no file"),
        (["import-weights", "{multipose}", "{tmp}/a.safetensors"], "no single-person MoveNet"),
        (["import-weights", "{movenet}", "{movenet}"], "never overwritten"),
        (
            ["import-weights", "{movenet}", "{tmp}/a.safetensors", "--variant", "other"],
            "'other'. Choose one of: baseline",
        ),
        (
            ["import-weights", "{movenet}", "{tmp}/a.safetensors", "--channel-order", "bgr"],
            "trained on rgb",
        ),
        (
            ["import-weights", "{movenet}", "{tmp}/a.safetensors", "--part", "G_A=a.pth"],
            "--part is for KeypointGAN",
        ),
        (
            ["import-weights", "{authors}", "{tmp}/a.safetensors", "--variant", "keypoint"],
            "--variant is for MoveNet's .onnx file",
        ),
    ],
)
def test_wrong_input_is_one_sentence_and_exit_code_2(
    arguments: list[str],
    part: str,
    weights: Path,
    checkpoint: Path,
    movenet: Path,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    text = tmp_path / "text.pth"
    text.write_text("No weights.")
    before = checkpoint.read_bytes()
    places = {
        "tmp": tmp_path,
        "text": text,
        "weights": weights,
        "authors": checkpoint,
        "movenet": movenet,
        "multipose": DETECTOR,
    }
    assert run(*(argument.format(**places) for argument in arguments)) == 2
    printed, errors = capfd.readouterr()
    assert printed == ""
    assert errors.startswith("error: ")
    assert errors.count("\n") == 1
    assert part in errors
    assert list(tmp_path.iterdir()) == [text]
    assert checkpoint.read_bytes() == before
