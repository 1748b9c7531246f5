"""IMM's weight files: safetensors whose metadata says what network the tensors belong to.

Also the released code's checkpoints, which are TensorFlow's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from model.core.errors import UserError
from model.core.weights import fill, read_metadata, read_weights, write_weights
from model.imm.networks import Imm, ImmSpec, SameConv2d
from model.imm.tensor_bundle import TensorBundle

FORMAT = "imm-1"
_KINDS: dict[str, Callable[[str], object]] = {"int": int, "float": float}


def save(path: str | Path, network: Imm, metadata: Mapping[str, str] | None = None) -> None:
    """Write the network's tensors and description; ``metadata`` adds free entries.

    The file is complete or not there. ``UserError`` if it cannot be written.
    """
    entries = {**(metadata or {}), **_described(network.spec)}
    write_weights(Path(path), network.state_dict(), entries)


def _described(spec: ImmSpec) -> dict[str, str]:
    return {**{f.name: str(getattr(spec, f.name)) for f in fields(ImmSpec)}, "format": FORMAT}


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


def import_released(checkpoint: Path, out: Path) -> ImmSpec:
    """Convert a checkpoint of the released code, such as ``model.ckpt``, to a weight file.

    Points, width and spare channels are read off it; the rest is as in the released configurations.
    What a training leaves beside the network, such as the optimiser's state, is left out.
    ``UserError`` for what is missing, damaged, or another network.
    """
    bundle = TensorBundle.open(checkpoint)
    first, head, last = (
        bundle.read(f"model/{name}/w").shape
        for name in (
            "image_encoder/encoder/conv_1/conv_1",
            "pose_encoder/conv_1/conv_1",
            "renderer/conv_8/conv_8",
        )
    )
    if not len(first) == len(head) == len(last) == 4 or last[3] < 3:
        raise UserError(
            f"{checkpoint} holds no network of the released IMM code: its layers are of another "
            "form. Give another checkpoint."
        )
    spec = ImmSpec(points=head[3], width=first[3], spare_channels=last[3] - 3)
    with torch.device("meta"):  # shapes alone: a damaged file may ask for any size
        wanted = Imm(spec)
    shapes = {name: value.shape for name, value in wanted.state_dict().items()}
    tensors = {}
    for own, name in _released_names(wanted):
        tensors[own] = _read(bundle, name)
        if tensors[own].shape != shapes[own]:
            raise UserError(
                f"{checkpoint} does not fit IMM's network of {spec.points} points: {name} has the "
                f"shape {list(bundle.entries[name].shape)}. Give another checkpoint."
            )
    write_weights(out, tensors, {"source": bundle.prefix.name, **_described(spec)})
    return spec


def _released_names(network: Imm) -> Iterator[tuple[str, str]]:
    """The network's tensors, and the released code's variables that they are."""
    parts: tuple[tuple[str, nn.Module], ...] = (
        ("image_encoder/encoder", network.image_encoder),
        ("pose_encoder/encoder", network.pose_encoder),
        ("renderer", network.renderer),
    )
    layers: list[tuple[str, str, nn.Module]] = [
        ("pose_head", "model/pose_encoder/conv_1", network.pose_head)
    ]
    for scope, sequence in parts:
        number = 0
        for index, layer in sequence.named_children():
            number += isinstance(layer, SameConv2d)
            own = f"{scope.removesuffix('/encoder')}.{index}"
            layers.append((own, f"model/{scope}/conv_{number}", layer))
    for own, scope, layer in layers:
        if isinstance(layer, SameConv2d):
            convolution = f"{scope}/{scope.rpartition('/')[2]}"
            yield f"{own}.weight", f"{convolution}/w"
            yield f"{own}.bias", f"{convolution}/b"
        elif isinstance(layer, nn.BatchNorm2d):
            yield f"{own}.weight", f"{scope}/batch_normalization/gamma"
            yield f"{own}.bias", f"{scope}/batch_normalization/beta"
            yield f"{own}.running_mean", f"{scope}/batch_normalization/moving_mean"
            yield f"{own}.running_var", f"{scope}/batch_normalization/moving_variance"


def _read(bundle: TensorBundle, name: str) -> Tensor:
    """A variable as PyTorch has it: convolutions (H, W, I, O) as (O, I, H, W)."""
    values = np.asarray(bundle.read(name), np.float32)
    return torch.from_numpy(np.array(values.transpose(3, 2, 0, 1) if values.ndim == 4 else values))
