"""IMM's weight files: safetensors whose metadata says what network the tensors belong to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path

import torch

from model.core.errors import UserError
from model.core.weights import fill, read_metadata, read_weights, write_weights
from model.imm.networks import Imm, ImmSpec

FORMAT = "imm-1"
_KINDS: dict[str, Callable[[str], object]] = {"int": int, "float": float}


def save(path: str | Path, network: Imm, metadata: Mapping[str, str] | None = None) -> None:
    """Write the network's tensors and description; ``metadata`` adds free entries.

    The file is complete or not there. ``UserError`` if it cannot be written.
    """
    described = {f.name: str(getattr(network.spec, f.name)) for f in fields(ImmSpec)}
    entries = {**(metadata or {}), **described, "format": FORMAT}
    write_weights(Path(path), network.state_dict(), entries)


def read_spec(path: str | Path) -> ImmSpec:
    """What network a weight file holds; ``UserError`` if it is none of IMM or damaged."""
    metadata = read_metadata(path)
    if metadata.get("format") != FORMAT:
        raise UserError(
            f"{path} holds no IMM network ({metadata.get('format') or 'it does not say what'} "
            "instead). Give a file that IMM's training has written."
        )
    try:
        values = {f.name: _KINDS.get(str(f.type), str)(metadata[f.name]) for f in fields(ImmSpec)}
    except (KeyError, ValueError) as error:
        raise UserError(
            f"{path} has incomplete metadata ({error}); it was not written by this program. "
            "Save it again."
        ) from error
    return ImmSpec(**values)  # type: ignore[arg-type]


def load(path: str | Path, device: torch.device | str = "cpu") -> Imm:
    """Open a weight file as a network in eval mode, float32, on ``device``.

    ``UserError`` for a missing, truncated or unsuitable file.
    """
    network = Imm(read_spec(path))
    fill(network, read_weights(Path(path)), Path(path), "the network that it describes")
    return network.to(device).eval()
