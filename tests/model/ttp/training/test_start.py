"""What a run starts from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

import model
from app.assets import PERCEPTUAL_WEIGHTS
from model.core.errors import UserError
from model.ttp.networks import NetworkSpec
from model.ttp.training.job import TrainingJob, _network
from model.ttp.training.settings import training_preset
from tests.networks import small_network


def _job(tmp_path: Path, spec: NetworkSpec) -> TrainingJob:
    start = tmp_path / "start.safetensors"
    model.save(start, small_network("transformer"))
    settings = training_preset("penn").settings
    return TrainingJob(
        spec=spec, settings=settings, data=[], out=tmp_path, perceptual=PERCEPTUAL_WEIGHTS,
        start=start,
    )  # fmt: skip


def test_another_variant_starts_from_the_parts_that_both_have(tmp_path: Path) -> None:
    spec = replace(small_network("transformer").spec, variant="keypoint")

    network = _network(_job(tmp_path, spec))

    start = model.load(tmp_path / "start.safetensors")
    assert network.spec == spec
    own, given = network.state_dict(), start.state_dict()
    shared = own.keys() & given.keys()
    assert {name.partition(".")[0] for name in shared} == {
        "encoder",
        "self_head",
        "reconstruction",
    }
    assert all(torch.equal(own[name], given[name]) for name in shared)
    assert not any(name.startswith("affinity.") for name in own)


def test_another_backbone_cannot_be_started_from(tmp_path: Path) -> None:
    spec = replace(small_network("transformer").spec, backbone="resnet34")
    with pytest.raises(UserError, match="or of another variant of it"):
        _network(_job(tmp_path, spec))
