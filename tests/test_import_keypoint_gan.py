"""``import-weights`` on a folder of the released KeypointGAN code's checkpoints."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

from main import main
from model.keypointgan import weights
from model.keypointgan.networks import KeypointGan
from tests.model.keypointgan.tiny import tiny_network
from tests.sentences import sentence


@dataclass(frozen=True)
class Theirs:
    """Networks as the released code has them, small but for the discriminators' width."""

    first: KeypointGan
    second: KeypointGan

    @staticmethod
    def write(network: KeypointGan, folder: Path, iteration: str, *parts: str) -> None:
        folder.mkdir(exist_ok=True)
        for part in parts:
            path = folder / f"{iteration}_net_{part}.pth"
            torch.save(network.get_submodule(part).state_dict(), path)


def theirs_network(seed: int) -> KeypointGan:
    network = tiny_network(
        skeleton_name="h36m32", size=128, width=2, discriminator_width=64, scales=1
    )
    random = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(torch.rand(1, generator=random))
    return network


@pytest.fixture(scope="module")
def theirs() -> Theirs:
    return Theirs(theirs_network(0), theirs_network(1))


def same(network: KeypointGan, part: str, other: KeypointGan, theirs: str | None = None) -> bool:
    own = network.get_submodule(part).state_dict()
    wanted = other.get_submodule(theirs or part).state_dict()
    return all(torch.equal(own[name], value) for name, value in wanted.items())


def test_the_newest_checkpoints_of_a_folder_are_converted(
    theirs: Theirs, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "authors"
    theirs.write(theirs.first, folder, "latest", "G_A")
    theirs.write(theirs.second, folder, "900000", "G_A")
    theirs.write(theirs.second, folder, "95000", "regressor", "G_B")
    theirs.write(theirs.first, folder, "580000", "regressor", "G_B", "D_A")
    theirs.write(theirs.second, folder, "best", "G_B", "D_A")
    (folder / "latest_net_Z.pth").write_bytes(b"something else")
    out = tmp_path / "gan.safetensors"
    assert main(["import-weights", str(folder), str(out)]) == 0
    printed = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert set(printed["networks"].split(", ")) == {"G_A", "G_B", "regressor", "D_A"}
    assert printed["points"] == "32 (h36m32)"
    network = weights.load(out)
    assert network.spec == theirs.first.spec
    assert all(same(network, part, theirs.first) for part in ("G_A", "G_B", "regressor", "D_A"))
    assert same(network, "offline_regressor", theirs.first, "regressor")


def test_single_files_come_before_those_of_the_folder(theirs: Theirs, tmp_path: Path) -> None:
    folder = tmp_path / "authors"
    theirs.write(theirs.first, folder, "latest", "G_A", "G_B", "regressor", "D_A")
    theirs.write(theirs.second, tmp_path / "others", "1", "regressor", "offline_regressor")
    out = tmp_path / "gan.safetensors"
    given = [
        word
        for part in ("regressor", "offline_regressor")
        for word in ("--part", f"{part}={tmp_path / 'others' / f'1_net_{part}.pth'}")
    ]
    assert main(["import-weights", str(folder), str(out), *given]) == 0
    network = weights.load(out)
    assert same(network, "regressor", theirs.second)
    assert same(network, "offline_regressor", theirs.second)
    assert same(network, "G_A", theirs.first)


def test_all_that_is_needed_may_be_given_file_by_file(theirs: Theirs, tmp_path: Path) -> None:
    theirs.write(theirs.first, tmp_path, "x", "G_A", "G_B", "regressor", "D_A")
    (tmp_path / "empty").mkdir()
    given = [
        word
        for part in ("G_A", "regressor")
        for word in ("--part", f"{part}={tmp_path / f'x_net_{part}.pth'}")
    ]
    out = tmp_path / "gan.safetensors"
    assert main(["import-weights", str(tmp_path / "empty"), str(out), *given]) == 0


@pytest.mark.parametrize(
    ("parts", "options", "part"),
    [
        ((), (), "holds no checkpoints of the released KeypointGAN code"),
        (("G_A",), (), "regressor were not given"),
        (("G_A", "regressor"), ("--part", "G_C=x.pth"), "--part G_C=x.pth is not NAME=FILE"),
        (("G_A", "regressor"), ("--part", "G_B"), "--part G_B is not NAME=FILE"),
        (("G_A", "regressor"), ("--part", "G_B=nothing.pth"), "no file nothing.pth"),
        (("G_A", "regressor"), ("--part", "G_B={folder}/latest_net_G_A.pth"), "does not fit"),
        (("G_A", "regressor"), ("--part", "regressor={folder}/latest_net_G_A.pth"), "no regressor"),
    ],
)
def test_files_that_make_no_network_are_a_sentence(
    parts: tuple[str, ...],
    options: tuple[str, ...],
    part: str,
    theirs: Theirs,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = tmp_path / "authors"
    theirs.write(theirs.first, folder, "latest", *parts)
    given = [option.format(folder=folder) for option in options]
    assert main(["import-weights", str(folder), str(tmp_path / "out"), *given]) == 2
    assert part in sentence(capsys)
    assert not (tmp_path / "out").exists()


def test_parts_of_a_single_file_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["--part", "G_A=x.pth"]
    assert main(["import-weights", str(tmp_path / "x.pth"), str(tmp_path / "out"), *given]) == 2
    assert "is no folder" in sentence(capsys)
