"""Weight files of KeypointGAN: our own, and the released code's checkpoints (method 2.2)."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path

import torch
from torch import Tensor

from model.core.errors import UserError
from model.core.weights import (
    fill,
    read_tensors,
    read_weights,
    write_weights,
)
from model.core.weights import read_metadata as metadata_of
from model.keypointgan.networks import KeypointGan
from model.keypointgan.rendering import SKELETONS
from model.keypointgan.settings import KeypointGanSpec

FORMAT = "keypoint-gan-1"
PARTS = ("G_A", "G_B", "regressor", "D_A")
"""The released networks, by the names in their files: ``*_net_G_A.pth`` ..."""
_OFFLINE = "offline_regressor"
_WHAT = "this KeypointGAN"
_JUDGES = ("D_A.", "D_B.")


def save(
    path: Path,
    network: KeypointGan,
    metadata: Mapping[str, str] | None = None,
    *,
    half: bool = True,
    discriminators: bool = True,
) -> None:
    """Write the networks and what they are; ``half`` stores floats as float16.

    Without ``discriminators`` the file is a third smaller: only training needs them. The file is
    complete or not there. ``UserError`` if it cannot be written.
    """
    tensors = {
        name: value
        for name, value in network.state_dict().items()
        if discriminators or not name.startswith(_JUDGES)
    }
    described = {"format": FORMAT, "spec": json.dumps(asdict(network.spec))}
    write_weights(path, tensors, {**(metadata or {}), **described}, half=half)


def read_metadata(path: Path) -> dict[str, str]:
    """What the file says of itself; ``UserError`` if it is no weight file of a KeypointGAN."""
    metadata = metadata_of(path)
    if metadata.get("format") != FORMAT:
        raise UserError(
            f"{path} holds no KeypointGAN. Train one (python main.py train keypointgan), or "
            "convert the authors' checkpoints (python main.py import-weights)."
        )
    return metadata


def load(path: Path, device: torch.device | str = "cpu") -> KeypointGan:
    """Open a weight file in eval mode, float32; ``UserError`` if it is missing or unsuitable.

    Discriminators that the file does not have are as they start.
    """
    metadata = read_metadata(path)
    try:
        spec = KeypointGanSpec(**json.loads(metadata["spec"]))
    except (KeyError, ValueError, TypeError) as error:
        raise UserError(f"{path} has damaged metadata ({error}). Copy it again.") from error
    tensors = read_weights(path)
    network = KeypointGan(spec)
    if not any(name.startswith(_JUDGES) for name in tensors):
        judges = network.state_dict().items()
        tensors |= {name: value for name, value in judges if name.startswith(_JUDGES)}
    fill(network, tensors, path, _WHAT)
    return network.to(device).eval()


def released_files(folder: Path) -> dict[str, Path]:
    """The released code's files in a folder of checkpoints, by network, newest iteration first.

    They are called ``ITERATION_net_NAME.pth``, ITERATION being ``latest`` or a number.
    """
    found: dict[str, tuple[float, Path]] = {}
    for path in folder.glob("*_net_*.pth"):
        iteration, _, part = path.stem.partition("_net_")
        age = math.inf if iteration == "latest" else float(iteration.isdecimal() and iteration)
        if part in PARTS and age >= found.get(part, (-1.0, path))[0]:
            found[part] = (age, path)
    return {part: path for part, (_, path) in found.items()}


def import_released(files: Mapping[str, Path], out: Path) -> KeypointGanSpec:
    """Convert the authors' checkpoints to our format; returns what was recognised.

    ``files`` has a file for each of ``PARTS`` that is to be taken, at least G_A and the
    regressor, and may have one for ``offline_regressor``, which is else the regressor itself.
    ``UserError`` if a file is no such checkpoint.
    """
    missing = [part for part in ("G_A", "regressor") if part not in files]
    if missing:
        raise UserError(
            f"{' and '.join(missing)} were not given. Give the released *_net_G_A.pth and the "
            "regressor's file at least; G_B redraws people, D_A is only needed to train on."
        )
    unknown = sorted(set(files) - {*PARTS, _OFFLINE})
    if unknown:
        raise UserError(
            f"{unknown[0]} is no network of a KeypointGAN; they are {', '.join(PARTS)} and "
            f"{_OFFLINE}."
        )
    parts = {part: read_tensors(path) for part, path in files.items()}
    spec = _recognised(parts, files)
    network = KeypointGan(spec)
    for part, tensors in parts.items():
        fill(network.get_submodule(part), tensors, files[part], _WHAT)
    if _OFFLINE not in parts:
        network.keep_regressor()
    save(out, network, {"imported": ", ".join(sorted(files))}, half=False)
    return spec


def _recognised(
    parts: Mapping[str, Mapping[str, Tensor]], files: Mapping[str, Path]
) -> KeypointGanSpec:
    last, first = (parts["regressor"].get(f"model.{i}.weight") for i in (24, 0))
    if last is None or first is None or not last.ndim == first.ndim == 4:
        raise UserError(
            f"{files['regressor']} is no regressor of the released KeypointGAN code: it has no "
            "tensor 'model.24.weight'. Give a file written by that code."
        )
    sizes = {len(skeleton): name for name, skeleton in SKELETONS.items()}
    if last.shape[0] not in sizes:
        raise UserError(
            f"{files['regressor']} has {last.shape[0]} points; the skeletons that are known here "
            f"have {', '.join(map(str, sizes))}."
        )
    spec = KeypointGanSpec(skeleton_name=sizes[last.shape[0]], width=first.shape[0])
    scales = {name.split(".")[0] for name in parts.get("D_A", {}) if name.startswith("net_")}
    conditional = "G_B" not in parts or any(k.startswith("encoder_cond.") for k in parts["G_B"])
    return replace(spec, scales=len(scales) or spec.scales, conditional=conditional)
