"""Weight files of KeypointGAN: our own, and the released code's checkpoints (method 2.2)."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as to_bytes
from torch import Tensor, nn

from model.core.errors import UserError
from model.core.files import whole_file
from model.core.released import read_tensors
from model.keypointgan.networks import KeypointGan
from model.keypointgan.rendering import SKELETONS
from model.keypointgan.settings import KeypointGanSpec
from model.ttp.weights import halved

FORMAT = "keypoint-gan-1"
PARTS = ("G_A", "G_B", "regressor", "D_A")
"""The released networks, by the names in their files: ``*_net_G_A.pth`` ..."""
_OFFLINE = "offline_regressor"
_COUNTER = "num_batches_tracked"
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
        name: (halved(value) if half and value.is_floating_point() else value).contiguous().cpu()
        for name, value in network.state_dict().items()
        if not name.endswith(_COUNTER) and (discriminators or not name.startswith(_JUDGES))
    }
    described = {"format": FORMAT, "spec": json.dumps(asdict(network.spec))}
    content = to_bytes(tensors, metadata={**(metadata or {}), **described})
    with whole_file(path) as temporary:
        temporary.write_bytes(content)


def read_metadata(path: Path) -> dict[str, str]:
    """What the file says of itself; ``UserError`` if it is no weight file of a KeypointGAN."""
    if not path.is_file():
        raise UserError(f"There is no weight file {path}. Give the path of a .safetensors file.")
    try:
        with safe_open(path, "pt") as file:
            metadata = dict(file.metadata() or {})
    except (OSError, SafetensorError) as error:
        raise UserError(
            f"{path} is not a whole safetensors file ({error}); it may be truncated. Copy it again."
        ) from error
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
    with safe_open(path, "pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    network = KeypointGan(spec)
    if not any(name.startswith(_JUDGES) for name in tensors):
        judges = network.state_dict().items()
        tensors |= {name: value for name, value in judges if name.startswith(_JUDGES)}
    _fill(network, tensors, path)
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
        _fill(network.get_submodule(part), tensors, files[part])
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


def _fill(module: nn.Module, tensors: Mapping[str, Tensor], path: Path) -> None:
    wanted = {k: v for k, v in module.state_dict().items() if not k.endswith(_COUNTER)}
    given = {k: v for k, v in tensors.items() if not k.endswith(_COUNTER)}
    wrong = sorted(
        {*wanted} ^ {*given}
        | {k for k in {*wanted} & {*given} if wanted[k].shape != given[k].shape}
    )
    if wrong:
        raise UserError(
            f"{path} does not fit this KeypointGAN: {len(wrong)} tensors are missing, unknown or "
            f"of another shape (first: {wrong[0]}). Choose the files of one training."
        )
    module.load_state_dict({k: v.float() for k, v in given.items()}, strict=False)
