from __future__ import annotations

import pytest
from torch import nn

from model.adaptation.settings import check, configure
from model.core.errors import UserError
from tests.networks import small_network


def _normalisation_names(network: nn.Module) -> set[str]:
    return {
        f"{module_name}.{name}"
        for module_name, module in network.named_modules()
        if isinstance(module, nn.BatchNorm2d | nn.LayerNorm)
        for name, _ in module.named_parameters(recurse=False)
    }


def test_the_published_scope_is_all_convolutions_outside_the_frozen_heads() -> None:
    network = small_network()
    network.train()
    chosen = configure(network, "all")
    norms = _normalisation_names(network)
    expected = {
        name
        for name, _ in network.named_parameters()
        if not name.startswith("affinity.") and name not in norms
    }
    assert set(chosen) == expected
    assert "reconstruction.renderer.layer4.6.bias" in chosen
    assert {n for n, p in network.named_parameters() if p.requires_grad} == expected
    assert not any(module.training for module in network.modules())


def test_narrower_scopes_are_subsets() -> None:
    network = small_network()
    everything = set(configure(network, "all"))
    features = set(configure(network, "features"))
    last = set(configure(network, "deconvolutions"))
    assert last < features < everything
    assert {name.split(".")[0] for name in features} == {"encoder", "self_head"}
    assert last == {
        "encoder.deconv.0.weight",
        "encoder.deconv.3.weight",
        "encoder.deconv.6.weight",
        "self_head.weight",
        "self_head.bias",
    }
    narrowest = set(configure(network, "last"))
    assert last - narrowest == {"encoder.deconv.0.weight", "encoder.deconv.3.weight"}
    assert narrowest < last


def test_the_last_layers_of_a_movenet_are_its_neck() -> None:
    network = small_network(backbone="movenet-lightning")
    assert configure(network, "deconvolutions").keys() == {
        name
        for name, _ in network.named_parameters()
        if name.startswith(("encoder.neck.", "self_head."))
    }
    left = configure(network, "deconvolutions").keys() - configure(network, "last").keys()
    assert left == {
        f"encoder.neck.deep.{layer}.{name}"
        for layer in ("merges.0", "merges.1", "laterals.1", "laterals.2", "laterals.3")
        for name in ("weight", "bias")
    }
    trunk = configure(network, "features").keys() - configure(network, "deconvolutions").keys()
    assert trunk == {name for name, _ in network.named_parameters() if ".mobilenet." in name}


def test_the_supervised_head_of_the_shared_feature_variants_stays_frozen() -> None:
    for variant in ("keypoint", "rotation"):
        chosen = configure(small_network(variant), "all")
        assert not any(name.startswith("supervised_head.") for name in chosen)
    assert "rotation_head.weight" in chosen


def test_the_baseline_cannot_be_personalized() -> None:
    with pytest.raises(UserError, match="Baseline"):
        configure(small_network("baseline"), "all")


def test_a_corrupting_configuration_is_caught() -> None:
    network = small_network()
    chosen = configure(network, "all")
    network.encoder.bn1.train()
    with pytest.raises(ValueError, match="training mode"):
        check(network, chosen)
    network.eval()
    queries = network.affinity.queries
    queries.requires_grad_(True)
    with pytest.raises(ValueError, match="wanted by others"):
        check(network, chosen)
    with pytest.raises(ValueError, match="must stay frozen"):
        check(network, {**chosen, "affinity.queries": queries})
