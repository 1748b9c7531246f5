"""Checkpoints of the authors' released code: names, contents, conversion (method 1.2 to 1.5).

The released names are also those of the published weights, so reading them opens those weights.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from model.crop import CENTRE_SHIFT
from model.errors import UserError
from model.networks import NetworkSpec, Variant
from model.released import read_tensors
from model.skeleton import joint_set_of_size

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
