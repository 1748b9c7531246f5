"""Checkpoints of the authors' released code: names, contents, conversion (method 1.2 to 1.5).

The released names are also those of the published weights, so reading them opens those weights.
"""

from __future__ import annotations

import pickle
import re
import struct
import warnings
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from model.crop import CENTRE_SHIFT
from model.errors import UserError
from model.networks import NetworkSpec, Variant
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
# PyTorch's readers parse damaged and foreign bytes without checks, and fail in all these ways.
_UNREADABLE = (
    OSError, EOFError, RuntimeError, ValueError, LookupError, TypeError, AttributeError,
    AssertionError, struct.error, pickle.UnpicklingError, SafetensorError,
)  # fmt: skip
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

    Accepts a bare state dict or a training checkpoint that holds one (``state_dict``), with or
    without the ``module.`` prefix of parallel training, and the pose network alone (a baseline).
    Pickles are read with ``weights_only``. ``UserError`` if the file is no such checkpoint.
    """
    if not path.is_file():
        raise UserError(f"There is no file {path}. Give the path of a checkpoint (.pth).")
    try:
        content = load_file(path) if path.suffix == ".safetensors" else _load_pickle(path)
    except _UNREADABLE as error:
        raise UserError(
            f"{path} cannot be read as a checkpoint; it may be truncated or hold more than "
            "weights. Copy or download it again."
        ) from error
    for key in ("state_dict", "best_state_dict", "model"):
        if isinstance(content, Mapping) and isinstance(content.get(key), Mapping):
            content = content[key]
    tensors = (
        {str(k).removeprefix("module."): v for k, v in content.items() if isinstance(v, Tensor)}
        if isinstance(content, Mapping)
        else {}
    )
    if "conv1.weight" in tensors:
        tensors = {f"pose_net.{name}": value for name, value in tensors.items()}
    if "pose_net.conv1.weight" not in tensors:
        raise UserError(
            f"{path} is no checkpoint of the released TTP code: it has no tensor "
            "'pose_net.conv1.weight'. Give a file written by that code."
        )
    return tensors


def _load_pickle(path: Path) -> object:
    with warnings.catch_warnings():
        # Its guesses about a strange file are for programmers; the person gets one sentence.
        warnings.simplefilter("ignore")
        return torch.load(path, map_location="cpu", weights_only=True)


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
