"""Weight files: our own, and checkpoints of the authors' released code.

Ours are safetensors whose metadata says what network the tensors belong to; the authors' are
converted by name (method 1.2 to 1.5).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path

import torch
from torch import Tensor

from model.core.crop import CENTRE_SHIFT, CROP_SIZE
from model.core.errors import UserError
from model.core.skeleton import joint_set_of_size
from model.core.weights import fill, read_metadata, read_tensors, read_weights, write_weights
from model.ttp.networks import NetworkSpec, PoseNetwork, Variant
from model.ttp.networks.variants import VARIANT_TITLES

FORMAT = "ttp-1"
_IMPORTED_FROM = "imported_from"


def save(
    path: str | Path,
    network: PoseNetwork,
    metadata: Mapping[str, str] | None = None,
    *,
    half: bool = False,
) -> None:
    """Write the network's tensors and description; ``half`` stores floats as float16.

    ``metadata`` adds free entries (training data, metrics, version). The file is complete or not
    there. ``UserError`` if it cannot be written.
    """
    described = {f.name: str(getattr(network.spec, f.name)) for f in fields(NetworkSpec)}
    entries = {**(metadata or {}), **described, "format": FORMAT}
    write_weights(Path(path), network.state_dict(), entries, half=half)


def read_spec(path: str | Path) -> NetworkSpec:
    """What network a weight file holds; ``UserError`` if it does not say so or is damaged."""
    return _spec(Path(path), read_metadata(path))


def load(
    path: str | Path,
    device: torch.device | str = "cpu",
    *,
    variant: str | None = None,
) -> PoseNetwork:
    """Open a weight file as a network in eval mode, float32, on ``device``.

    ``network(target, source)`` on normalised tensors, (N, 3, S, S) with S ``spec.crop_size`` and
    (N, 3, 128, 128), gives ``heatmaps``, ``self_heatmaps``, ``affinity`` and ``reconstruction``.
    With ``variant`` given, a file of another variant is refused. ``UserError`` for a missing,
    truncated or unsuitable file.
    """
    path = Path(path)
    spec = read_spec(path)
    if variant is not None and spec.variant != variant:
        raise UserError(
            f"{path} holds the variant {VARIANT_TITLES[spec.variant]!r} ({spec.variant}), but "
            f"{variant!r} is needed here. Choose weights of that variant."
        )
    network = PoseNetwork(spec)
    _fill(network, read_weights(path), path)
    return network.to(device).eval()


def import_authors(
    source: str | Path, target: str | Path, channel_order: str = "bgr"
) -> NetworkSpec:
    """Convert a checkpoint of the released code at ``source`` to our format at ``target``.

    ``channel_order`` is the order that it was trained on: ``bgr`` unless its code was changed.
    Returns what was recognised. ``UserError`` if ``source`` is no such checkpoint or is ``target``.
    """
    source, target = Path(source), Path(target)
    tensors = read_checkpoint(source)
    _check_apart(source, target)
    spec = describe(tensors, channel_order)
    network = PoseNetwork(spec)
    _fill(network, convert(tensors, spec), source)
    save(target, network, {_IMPORTED_FROM: source.name})
    return spec


def import_network(
    network: PoseNetwork,
    source: Path,
    target: Path,
    metadata: Mapping[str, str] | None = None,
) -> None:
    """Write a network that was read from the file ``source`` to ``target``, which says so.

    Args:
        network: what was made of the source.
        source: somebody else's file, never written to.
        target: where to write.
        metadata: more entries.

    Raises:
        UserError: ``target`` is ``source``, or cannot be written.
    """
    _check_apart(source, target)
    save(target, network, {**(metadata or {}), _IMPORTED_FROM: source.name})


def _check_apart(source: Path, target: Path) -> None:
    if target.exists() and target.samefile(source):
        raise UserError(
            f"{target} is the checkpoint itself, which is never overwritten. "
            "Give another name for the converted file."
        )


def _spec(path: Path, metadata: Mapping[str, str]) -> NetworkSpec:
    if metadata.get("format") != FORMAT:
        raise UserError(
            f"{path} does not say what network it belongs to. If it comes from the released TTP "
            f"code, convert it: python main.py import-weights {path.name} OUT.safetensors"
        )
    # Older files do not tell the shift: ours were trained without, the authors' with theirs.
    shift = CENTRE_SHIFT if _IMPORTED_FROM in metadata else 0.0
    try:
        return NetworkSpec(
            variant=metadata["variant"],  # type: ignore[arg-type]
            backbone=metadata["backbone"],
            joints=metadata["joints"],
            k_self=int(metadata["k_self"]),
            channel_order=metadata["channel_order"],  # type: ignore[arg-type]
            crop_shift=float(metadata.get("crop_shift", shift)),
            mask=metadata.get("mask", "none"),  # type: ignore[arg-type]
            rebuilt=int(metadata.get("rebuilt", CROP_SIZE)),
        )
    except (KeyError, ValueError) as error:
        raise UserError(
            f"{path} has incomplete metadata ({error}); it was not written by this program. "
            "Save or convert it again."
        ) from error


def _fill(network: PoseNetwork, tensors: Mapping[str, Tensor], path: Path) -> None:
    what = f"the network {VARIANT_TITLES[network.spec.variant]!r} with {network.spec.backbone}"
    fill(network, tensors, path, what)


_PREFIXES = (
    ("pose_net.deconv_layers.", "encoder.deconv."),
    ("pose_net.final_layer_unsup.", "self_head."),
    ("pose_net.final_layer.", "supervised_head."),
    ("pose_net.sup_query.weight", "affinity.queries"),
    ("pose_net.mh_attn.decoder.", "affinity.decoder."),
    ("pose_net.sup_weight.", "affinity.projection."),
    ("image_encoder.", "reconstruction.appearance_encoder."),
    ("pose_encoder.", "reconstruction.keypoint_encoder."),
    ("image_renderer.", "reconstruction.renderer."),
)
_BACKBONE = re.compile(r"pose_net\.((?:conv1|bn1|layer[1-4])\..+)")


def our_name(name: str) -> str | None:
    """Our name of a tensor of the released code, or None if it has no counterpart here."""
    for theirs, ours in _PREFIXES:
        if name.startswith(theirs):
            return ours + name[len(theirs) :]
    match = _BACKBONE.fullmatch(name)
    return f"encoder.{match[1]}" if match else None


def read_checkpoint(path: Path) -> dict[str, Tensor]:
    """The tensors of a ``.pth`` or safetensors file under the released names.

    Also of the pose network alone (a baseline). ``UserError`` if the file is no such checkpoint.
    """
    tensors = read_tensors(path)
    if "conv1.weight" in tensors:
        tensors = {f"pose_net.{name}": value for name, value in tensors.items()}
    if "pose_net.conv1.weight" not in tensors:
        raise UserError(
            f"{path} is no checkpoint of the released TTP code: it has no tensor "
            "'pose_net.conv1.weight'. Give a file written by that code."
        )
    return tensors


def describe(tensors: Mapping[str, Tensor], channel_order: str = "bgr") -> NetworkSpec:
    """Variant, backbone and joint count, read off the tensors' names and shapes."""
    if "pose_net.sup_query.weight" in tensors:
        variant: Variant = "transformer"
        k_sup = tensors["pose_net.sup_query.weight"].shape[1]
    elif "pose_net.final_layer.weight" in tensors:
        whole = "image_encoder.layer1.0.weight" in tensors
        variant = "keypoint" if whole else "baseline"
        k_sup = tensors["pose_net.final_layer.weight"].shape[0]
    else:
        raise UserError(
            "The checkpoint has neither the transformer's queries nor a supervised head; "
            "only the Transformer, Feat. shared (keypoint) and Baseline variants can be imported."
        )
    self_head = tensors.get("pose_net.final_layer_unsup.weight")
    return NetworkSpec(
        variant=variant,
        backbone=_backbone(tensors),
        joints=joint_set_of_size(k_sup).name,
        k_self=30 if self_head is None else self_head.shape[0],
        channel_order="rgb" if channel_order == "rgb" else "bgr",
        crop_shift=CENTRE_SHIFT,
    )


def _backbone(tensors: Mapping[str, Tensor]) -> str:
    if "pose_net.layer1.0.conv3.weight" in tensors:
        return "resnet50"
    return "resnet34" if "pose_net.layer1.2.conv1.weight" in tensors else "resnet18"


def convert(tensors: Mapping[str, Tensor], spec: NetworkSpec) -> dict[str, Tensor]:
    """The same tensors under our names, only those that ``spec`` uses."""
    converted = {}
    for name, value in tensors.items():
        ours = our_name(name)
        if ours is None or name.endswith("num_batches_tracked"):
            continue
        if spec.variant == "baseline" and ours.startswith(("self_head.", "reconstruction.")):
            continue
        converted[ours] = value
    return converted
