"""Our weight files: safetensors whose metadata says what network the tensors belong to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as to_bytes
from torch import Tensor

from model.authors import convert, describe, read_checkpoint
from model.errors import UserError
from model.networks import NetworkSpec, PoseNetwork
from model.networks.variants import VARIANT_TITLES

FORMAT = "ttp-1"


def save(
    path: str | Path,
    network: PoseNetwork,
    metadata: Mapping[str, str] | None = None,
    *,
    half: bool = False,
) -> None:
    """Write the network's tensors and description; ``half`` stores floats as float16.

    ``metadata`` adds free entries (training data, metrics, version). The file is complete or not
    there: it is written beside its place and then renamed.
    """
    path = Path(path)
    tensors = {
        name: value.half() if half and value.is_floating_point() else value
        for name, value in network.state_dict().items()
        if not name.endswith("num_batches_tracked")
    }
    described = {f.name: str(getattr(network.spec, f.name)) for f in fields(NetworkSpec)}
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".part")
    temporary.write_bytes(
        to_bytes(
            {name: value.contiguous().cpu() for name, value in tensors.items()},
            metadata={**(metadata or {}), **described, "format": FORMAT},
        )
    )
    temporary.replace(path)


def read_metadata(path: str | Path) -> dict[str, str]:
    """The metadata of a weight file; ``UserError`` if it is none or damaged."""
    return _read(Path(path))[1]


def load(
    path: str | Path,
    device: torch.device | str = "cpu",
    *,
    variant: str | None = None,
) -> PoseNetwork:
    """Open a weight file as a network in eval mode, float32, on ``device``.

    ``network(target, source)`` on (N, 3, 128, 128) normalised tensors gives ``heatmaps``,
    ``self_heatmaps``, ``affinity`` and ``reconstruction``. With ``variant`` given, a file of
    another variant is refused. ``UserError`` for a missing, truncated or unsuitable file.
    """
    path = Path(path)
    tensors, metadata = _read(path)
    spec = _spec(path, metadata)
    if variant is not None and spec.variant != variant:
        raise UserError(
            f"{path} holds the variant {VARIANT_TITLES[spec.variant]!r} ({spec.variant}), but "
            f"{variant!r} is needed here. Choose weights of that variant."
        )
    network = PoseNetwork(spec)
    _fill(network, tensors, path)
    return network.to(device).eval()


def import_authors(source: str | Path, target: str | Path, channel_order: str = "bgr") -> Path:
    """Convert a checkpoint of the released code at ``source`` to our format at ``target``."""
    source, target = Path(source), Path(target)
    tensors = read_checkpoint(source)
    spec = describe(tensors, channel_order)
    network = PoseNetwork(spec)
    _fill(network, convert(tensors, spec), source)
    save(target, network, {"imported_from": source.name})
    return target


def _read(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    if not path.is_file():
        raise UserError(f"There is no weight file {path}. Give the path of a .safetensors file.")
    try:
        with safe_open(path, "pt") as file:
            names = file.keys()
            return {name: file.get_tensor(name) for name in names}, dict(file.metadata() or {})
    except (OSError, SafetensorError) as error:
        raise UserError(
            f"{path} is not a whole safetensors file ({error}); it may be truncated. "
            "Copy it again, or convert a checkpoint with 'import-weights'."
        ) from error


def _spec(path: Path, metadata: Mapping[str, str]) -> NetworkSpec:
    if metadata.get("format") != FORMAT:
        raise UserError(
            f"{path} does not say what network it belongs to. If it comes from the released TTP "
            f"code, convert it: python main.py import-weights {path.name} OUT.safetensors"
        )
    try:
        values = {f.name: metadata[f.name] for f in fields(NetworkSpec)}
        return NetworkSpec(**{**values, "k_self": int(values["k_self"])})  # type: ignore[arg-type]
    except (KeyError, ValueError) as error:
        raise UserError(
            f"{path} has incomplete metadata ({error}); it was not written by this program. "
            "Save or convert it again."
        ) from error


def _fill(network: PoseNetwork, tensors: Mapping[str, Tensor], path: Path) -> None:
    wanted = {
        name: value
        for name, value in network.state_dict().items()
        if not name.endswith("num_batches_tracked")
    }
    missing = sorted(set(wanted) - set(tensors))
    foreign = sorted(set(tensors) - set(wanted))
    misshapen = [n for n in wanted if n in tensors and tensors[n].shape != wanted[n].shape]
    if missing or foreign or misshapen:
        example = (missing or foreign or misshapen)[0]
        raise UserError(
            f"{path} does not fit the network {VARIANT_TITLES[network.spec.variant]!r} with "
            f"{network.spec.backbone}: {len(missing)} tensors are missing, {len(foreign)} unknown, "
            f"{len(misshapen)} of another shape (first: {example}). Choose the file of that network."
        )
    state = {name: value.to(wanted[name].dtype) for name, value in tensors.items()}
    network.load_state_dict(state, strict=False)
