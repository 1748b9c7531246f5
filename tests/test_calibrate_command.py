from __future__ import annotations

from pathlib import Path

import pytest

from main import main
from model.ttp import weights
from model.ttp.networks import NetworkSpec, PoseNetwork
from model.ttp.onnx_int8 import load
from tests.networks import small_network
from tests.sentences import sentence
from tests.shards import write_shard


@pytest.fixture
def shard(tmp_path: Path) -> Path:
    return write_shard(tmp_path / "people.npz")


def calibrate(network: Path, shard: Path, *options: str) -> int:
    return main(["calibrate", str(network), "--data", f"shards={shard}", *options])


def test_ranges_are_measured_and_left_beside_the_network(
    shard: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "network.safetensors"
    weights.save(path, PoseNetwork(NetworkSpec(backbone="movenet-lightning", variant="baseline")))
    assert calibrate(path, shard, "--pictures", "3") == 0
    said = capsys.readouterr().out
    found = load(path)
    assert found is not None and found.pictures == "3 pictures of shards=people.npz"
    assert said.startswith(f"{len(found.values)} ranges of 3 pictures of shards=people.npz are in ")
    assert said.strip().endswith("network.ranges.json")


@pytest.mark.parametrize(
    ("options", "part"),
    [
        ((), "has a resnet-mini, and only MoveNet's trunk"),
        (("--pictures", "0"), "pictures was 0"),
        (("--aside", "1"), "aside was 1"),
        (("--data", "people=here"), "NAME=FOLDER"),
    ],
)
def test_wrong_input_is_one_sentence(
    options: tuple[str, ...],
    part: str,
    shard: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / "network.safetensors"
    weights.save(path, small_network())
    assert calibrate(path, shard, *options) == 2
    assert part in sentence(capsys)


def test_a_missing_network_is_one_sentence(
    shard: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert calibrate(tmp_path / "no.safetensors", shard) == 2
    assert "no.safetensors" in sentence(capsys)
