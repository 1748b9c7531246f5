"""How training finds the networks: the published initialisation, layer by layer."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn

from model.ttp.networks import NetworkSpec, PoseNetwork


@pytest.fixture(scope="module")
def fresh() -> PoseNetwork:
    """A transformer network as training starts with it."""
    torch.manual_seed(0)
    return PoseNetwork(NetworkSpec(backbone="resnet18"))


def test_deconvolutions_and_supervised_heads_start_small(fresh: PoseNetwork) -> None:
    weights = [m for m in fresh.encoder.deconv if isinstance(m, nn.ConvTranspose2d)]
    assert len(weights) == 3
    for module in weights:
        assert module.weight.std().item() == pytest.approx(0.001, rel=0.02)
        assert module.bias is None
    norms = [m for m in fresh.encoder.deconv if isinstance(m, nn.BatchNorm2d)]
    assert len(norms) == 3
    for norm in norms:
        assert (norm.weight == 1).all()
        assert (norm.bias == 0).all()
    head = PoseNetwork(NetworkSpec("keypoint", "resnet18")).supervised_head
    assert head.weight.std().item() == pytest.approx(0.001, rel=0.1)
    assert head.bias is not None
    assert (head.bias == 0).all()


def test_the_transformers_linear_layers_start_small(fresh: PoseNetwork) -> None:
    linear = {n: m for n, m in fresh.affinity.decoder.named_modules() if isinstance(m, nn.Linear)}
    assert sorted(linear) == [
        "layers.0.linear1",
        "layers.0.linear2",
        "layers.0.multihead_attn.out_proj",
        "layers.0.self_attn.out_proj",
    ]
    for module in linear.values():
        assert module.weight.std().item() == pytest.approx(0.001, rel=0.02)
        assert (module.bias == 0).all()
    layer = fresh.affinity.decoder.layers[0]
    for attention in (layer.self_attn, layer.multihead_attn):
        assert_uniform(attention.in_proj_weight, math.sqrt(6 / (256 + 768)))  # Xavier
    assert fresh.affinity.queries.std().item() == pytest.approx(1, rel=0.05)


def test_everything_else_starts_as_pytorch_does(fresh: PoseNetwork) -> None:
    assert_uniform(fresh.self_head.weight, 1 / 16)
    assert_uniform(fresh.affinity.projection.weight, 1 / 16)
    for module in fresh.reconstruction.modules():
        if isinstance(module, nn.Conv2d):
            assert_uniform(module.weight, 1 / math.sqrt(module.weight[0].numel()))


def assert_uniform(weight: Tensor, bound: float) -> None:
    """Check that ``weight`` looks drawn uniformly from -bound..bound."""
    assert weight.abs().max().item() <= bound * 1.0001
    assert weight.std().item() == pytest.approx(bound / math.sqrt(3), rel=0.05)


def test_the_decoder_is_the_published_one(fresh: PoseNetwork) -> None:
    layer = fresh.affinity.decoder.layers[0]
    assert layer.self_attn.num_heads == layer.multihead_attn.num_heads == 4
    assert layer.linear1.out_features == 1024
    assert not layer.norm_first
    dropouts = [m.p for m in layer.modules() if isinstance(m, nn.Dropout)]
    assert dropouts == [0.1] * len(dropouts)
    assert layer.self_attn.dropout == layer.multihead_attn.dropout == 0.1
