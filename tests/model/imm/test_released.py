"""A checkpoint with the released code's names, as TensorFlow wrote it, gives TensorFlow's outputs.

``tensorflow/make.py`` made it, in TensorFlow's own operations, with few channels.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from main import main
from model.core.errors import UserError
from model.core.weights import read_metadata
from model.imm import weights
from model.imm.networks import ImmSpec
from model.imm.weights import TensorBundle
from tests.model.imm.bundles import TENSORS, write
from tests.sentences import sentence

FOLDER = Path(__file__).parent / "tensorflow"


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("imm") / "imm.safetensors"
    weights.import_released(FOLDER / "model.ckpt", out)
    return out


@torch.inference_mode()
def test_points_and_pictures_are_tensorflows(imported: Path) -> None:
    network = weights.load(imported)
    assert network.spec == ImmSpec(points=3, width=2)
    with np.load(FOLDER / "outputs.npz") as file:
        pictures = [torch.from_numpy(file[name]).float() for name in ("target", "source")]
        points, drawn = file["points"], file["drawn"]
    found = network(*(each.permute(0, 3, 1, 2) for each in pictures))
    assert np.ptp(points, axis=(0, 1)).min() > 0.2, "all points lie at one place"
    np.testing.assert_allclose(found.points.numpy()[..., ::-1], points, atol=1e-4)
    ours = found.reconstruction.permute(0, 2, 3, 1)[:, ::4, ::4].numpy()
    np.testing.assert_allclose(ours, drawn, atol=1e-3 * np.abs(drawn).max())


def test_the_command_converts_a_checkpoint(
    imported: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("model.ckpt", "model.ckpt.index"):
        out = tmp_path / f"{name}.safetensors"
        assert main(["import-weights", str(FOLDER / name), str(out)]) == 0
        printed = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
        assert (printed["points"], printed["width"]) == ("3", "2")
        assert read_metadata(out)["source"] == "model.ckpt"
        one, other = weights.load(out).state_dict(), weights.load(imported).state_dict()
        assert all(torch.equal(other[name], value) for name, value in one.items())


def test_another_checkpoint_is_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = write(tmp_path / "other.ckpt", TENSORS)
    assert main(["import-weights", str(other), str(tmp_path / "out.safetensors")]) == 2
    assert "holds no tensor model/image_encoder/" in sentence(capsys)
    assert main(["import-weights", str(tmp_path / "no.index"), str(tmp_path / "out")]) == 2
    assert "There is no " in sentence(capsys)


def test_layers_that_do_not_fit_together_are_a_sentence(tmp_path: Path) -> None:
    head = "model/pose_encoder/conv_1/conv_1/w"
    theirs = TensorBundle.open(FOLDER / "model.ckpt")
    tensors = {name: theirs.read(name) for name in theirs.entries}
    for shape, part in (((1, 1, 8, 3), r"\[1, 1, 8, 3\]"), ((3,), "of another form")):
        tensors[head] = np.zeros(shape, np.float32)
        with pytest.raises(UserError, match=part):
            weights.import_released(write(tmp_path / "m", tensors), tmp_path / "out.safetensors")
    del tensors[head]
    with pytest.raises(UserError, match=f"holds no tensor {head}"):
        weights.import_released(write(tmp_path / "m", tensors), tmp_path / "out.safetensors")
    assert not (tmp_path / "out.safetensors").exists()
