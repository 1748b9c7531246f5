"""IMM's weight files: safetensors whose metadata says what network the tensors belong to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path

import torch
from safetensors.torch import load_file
from safetensors.torch import save as to_bytes

from model.core.errors import UserError
from model.core.files import whole_file
from model.imm.networks import Imm, ImmSpec
from model.ttp.weights import read_metadata

FORMAT = "imm-1"
_KINDS: dict[str, Callable[[str], object]] = {"int": int, "float": float}


def save(path: str | Path, network: Imm, metadata: Mapping[str, str] | None = None) -> None:
    """Write the network's tensors and description; ``metadata`` adds free entries.

    The file is complete or not there. ``UserError`` if it cannot be written.
    """
    tensors = {
        name: value.contiguous().cpu()
        for name, value in network.state_dict().items()
        if not name.endswith("num_batches_tracked")
    }
    described = {f.name: str(getattr(network.spec, f.name)) for f in fields(ImmSpec)}
    content = to_bytes(tensors, metadata={**(metadata or {}), **described, "format": FORMAT})
    with whole_file(Path(path)) as temporary:
        temporary.write_bytes(content)


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
    tensors = load_file(path)
    wanted = {
        name: value
        for name, value in network.state_dict().items()
        if not name.endswith("num_batches_tracked")
    }
    wrong = sorted(
        name
        for name in wanted.keys() | tensors.keys()
        if name not in wanted or name not in tensors or wanted[name].shape != tensors[name].shape
    )
    if wrong:
        raise UserError(
            f"{path} does not fit the network that it describes: {len(wrong)} tensors are missing, "
            f"unknown or of another shape (first: {wrong[0]}). Copy the file again."
        )
    network.load_state_dict(tensors, strict=False)
    return network.to(device).eval()
