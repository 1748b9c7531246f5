"""What personalization may change: parameters chosen by name, and checked (method 1.9)."""

from __future__ import annotations

from collections.abc import Iterable

from torch import nn

from model.adaptation.settings import Scope
from model.core.errors import UserError
from model.ttp.networks import PoseNetwork
from model.ttp.networks.encoder import LAST, NECKS
from model.ttp.networks.variants import VARIANT_TITLES

# How the supervised keypoints are read off the self-supervised ones is never changed.
_FROZEN = ("affinity.", "supervised_head.")
_SCOPES: dict[Scope, tuple[str, ...]] = {
    "all": ("encoder.", "self_head.", "rotation_head.", "reconstruction."),
    "features": ("encoder.", "self_head.", "rotation_head."),
    "deconvolutions": (*NECKS, "self_head.", "rotation_head."),
    "last": (*LAST, "self_head.", "rotation_head."),
}


def configure(network: PoseNetwork, scope: Scope) -> dict[str, nn.Parameter]:
    """Prepare the network and return the parameters to update, by name.

    The whole network goes to eval mode (stored BatchNorm statistics, no dropout). Gradients are
    wanted for ``scope`` alone, never for the affinity transformer, the supervised head and the
    affine parameters of BatchNorm and LayerNorm. ``UserError`` if the variant cannot personalize.
    """
    if not network.spec.personalizable:
        raise UserError(
            f"The variant {VARIANT_TITLES[network.spec.variant]!r} has no self-supervised task "
            "and cannot be personalized. Choose weights of another variant, or do without."
        )
    network.eval()
    chosen = personalized(network, scope)
    for name, parameter in network.named_parameters():
        parameter.requires_grad_(name in chosen)
    check(network, chosen)
    return chosen


def personalized(network: PoseNetwork, scope: Scope) -> dict[str, nn.Parameter]:
    """The parameters that ``scope`` means, by name; nothing is changed."""
    norms = _normalisation_parameters(network)
    return {
        name: parameter
        for name, parameter in network.named_parameters()
        if name.startswith(_SCOPES[scope]) and name not in norms
    }


def covers(scope: Scope, names: Iterable[str]) -> bool:
    """Whether ``scope`` means all parameters of these names."""
    return all(name.startswith(_SCOPES[scope]) for name in names)


def check(network: PoseNetwork, chosen: dict[str, nn.Parameter]) -> None:
    """Refuse a configuration that would corrupt the network (``ValueError``: a programming error).

    The network is in eval mode throughout; exactly the chosen parameters want a gradient; none
    of them is frozen by name or belongs to a normalisation layer; there is at least one.
    """
    training = [name for name, module in network.named_modules() if module.training]
    if training:
        raise ValueError(f"modules in training mode: {training[:3]}")
    wanting = {name for name, p in network.named_parameters() if p.requires_grad}
    if wanting != set(chosen):
        raise ValueError(f"gradients wanted by others: {sorted(wanting ^ set(chosen))[:3]}")
    if not chosen:
        raise ValueError("no parameter to update")
    forbidden = [name for name in chosen if name.startswith(_FROZEN)]
    forbidden += sorted(_normalisation_parameters(network) & set(chosen))
    if forbidden:
        raise ValueError(f"parameters that must stay frozen: {forbidden[:3]}")


def _normalisation_parameters(network: nn.Module) -> set[str]:
    return {
        f"{module_name}.{name}"
        for module_name, module in network.named_modules()
        if isinstance(module, nn.BatchNorm2d | nn.LayerNorm)
        for name, _ in module.named_parameters(recurse=False)
    }
