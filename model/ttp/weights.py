"""Weight files: our own, and checkpoints of the authors' released code.

Ours are safetensors whose metadata says what network the tensors belong to; the authors' are
converted by name (method 1.2 to 1.5).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as to_bytes
from torch import Tensor

from model.core.crop import CENTRE_SHIFT, CROP_SIZE
from model.core.errors import UserError
from model.core.files import whole_file
from model.core.released import read_tensors
from model.core.skeleton import joint_set_of_size
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
    tensors = {
        name: halved(value) if half and value.is_floating_point() else value
        for name, value in network.state_dict().items()
        if not name.endswith("num_batches_tracked")
    }
    described = {f.name: str(getattr(network.spec, f.name)) for f in fields(NetworkSpec)}
    content = to_bytes(
        {name: value.contiguous().cpu() for name, value in tensors.items()},
        metadata={**(metadata or {}), **described, "format": FORMAT},
    )
    with whole_file(Path(path)) as temporary:
        temporary.write_bytes(content)


def read_metadata(path: str | Path) -> dict[str, str]:
    """The metadata of a weight file; ``UserError`` if it is none or damaged."""
    with _opened(Path(path)) as file:
        return dict(file.metadata() or {})


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
    with _opened(path) as file:
        spec = _spec(path, file.metadata() or {})
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    if variant is not None and spec.variant != variant:
        raise UserError(
            f"{path} holds the variant {VARIANT_TITLES[spec.variant]!r} ({spec.variant}), but "
            f"{variant!r} is needed here. Choose weights of that variant."
        )
    network = PoseNetwork(spec)
    _fill(network, tensors, path)
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


def halved(tensor: Tensor) -> Tensor:
    """As float16, unless a number in it (such as a large variance) has no place there."""
    small = tensor.half()
    return small if small.isfinite().all() or not tensor.isfinite().all() else tensor


def _check_apart(source: Path, target: Path) -> None:
    if target.exists() and target.samefile(source):
        raise UserError(
            f"{target} is the checkpoint itself, which is never overwritten. "
            "Give another name for the converted file."
        )


@contextmanager
def _opened(path: Path) -> Iterator[safe_open]:
    if not path.is_file():
        raise UserError(f"There is no weight file {path}. Give the path of a .safetensors file.")
    try:
        with safe_open(path, "pt") as file:
            yield file
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
            f"{len(misshapen)} of another shape (first: {example}). "
            "Choose the file of that network."
        )
    state = {name: value.to(wanted[name].dtype) for name, value in tensors.items()}
    network.load_state_dict(state, strict=False)


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
