"""IMM's weight files: what is written comes back, anything else is told in a sentence."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from app.assets import WEIGHTS
from model.core.errors import UserError
from model.core.weights import read_metadata
from model.imm import weights
from model.imm.networks import Imm
from tests.model.imm.small import SPEC, small_network


@pytest.fixture
def network() -> Imm:
    spec = dataclasses.replace(SPEC, upsampling="pytorch", sigma=0.2, spare_channels=0)
    return small_network(spec)


@pytest.fixture
def saved(network: Imm, tmp_path: Path) -> Path:
    path = tmp_path / "new folder" / "imm.safetensors"
    weights.save(path, network, {"trained on": "faces", "format": "cannot be overruled"})
    return path


def test_what_is_saved_comes_back_bit_for_bit(network: Imm, saved: Path) -> None:
    loaded = weights.load(saved)
    assert loaded.spec == network.spec == weights.read_spec(saved)
    assert not loaded.training
    wanted = network.state_dict()
    assert all(
        torch.equal(value, wanted[name])
        for name, value in loaded.state_dict().items()
        if "num_batches" not in name
    )
    assert read_metadata(saved)["format"] == "imm-1"
    assert read_metadata(saved)["trained on"] == "faces"


def test_files_of_something_else_are_refused(saved: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no IMM network"):
        weights.load(WEIGHTS)
    with pytest.raises(UserError, match="There is no weight file"):
        weights.load(tmp_path / "missing.safetensors")
    whole = saved.read_bytes()
    saved.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UserError, match="truncated"):
        weights.load(saved)


def test_a_file_that_belies_its_description_is_refused(saved: Path, tmp_path: Path) -> None:
    metadata, tensors = read_metadata(saved), load_file(saved)
    path = tmp_path / "changed.safetensors"
    save_file(tensors, path, {**metadata, "points": "5"})
    with pytest.raises(UserError, match=r"pose_head\.bias"):
        weights.load(path)
    save_file(tensors, path, {**metadata, "points": "many"})
    with pytest.raises(UserError, match="incomplete metadata"):
        weights.load(path)
    tensors.pop("pose_head.bias")
    save_file(tensors, path, metadata)
    with pytest.raises(UserError, match="1 tensors are missing"):
        weights.load(path)
