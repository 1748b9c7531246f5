"""Profiles: what was learnt from one person, in a file that fits one network.

A profile holds the differences between the personalized and the trained parameters, never a frame:
safetensors, whose metadata says to which network they belong. They are in float32: rounded to
float16, those of forty updates moved the maps of the network in the box by 1e-4. Not in the paper.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from dataclasses import replace as replaced
from datetime import UTC, datetime
from pathlib import Path

import torch
from safetensors import safe_open
from torch import Tensor

from model.adaptation.personalizer import Learnt
from model.adaptation.settings import PRESETS, Preset, covers, personalized
from model.core.errors import UserError
from model.core.weights import opened, write_weights
from model.ttp.networks import PoseNetwork

SUFFIX = ".safetensors"
FORMAT, VERSION = "ttp-profile", 1

_METADATA_BYTES = 2**20
# No network that is known here comes near it.
_LARGEST_BYTES = 2**30


@dataclass(frozen=True)
class ProfileBase:
    """The network that profiles belong to.

    Attributes:
        name: of its file, for people.
        sha256: of its file, in hexadecimal digits.
        shapes: of the parameters that personalization may change, by name; empty for a network
            that cannot be personalized.
    """

    name: str
    sha256: str
    shapes: Mapping[str, tuple[int, ...]]

    @classmethod
    def of(cls, network: PoseNetwork, name: str, sha256: str) -> ProfileBase:
        """What there is to know of a network that was read from a file."""
        chosen = personalized(network, "all") if network.spec.personalizable else {}
        return cls(name, sha256, {n: tuple(p.shape) for n, p in chosen.items()})

    @property
    def largest_bytes(self) -> int:
        """What a profile that changes every parameter takes, and some room for its metadata."""
        return _METADATA_BYTES + 4 * sum(torch.Size(s).numel() for s in self.shapes.values())


@dataclass(frozen=True)
class ProfileInfo:
    """What a profile says of itself.

    Attributes:
        name: of the person, as typed.
        network: the name of the network's file.
        network_sha256: that file's SHA-256.
        updates: how many there were.
        preset: the settings they were made with; empty for settings of one's own.
        created: date and time in ISO 8601, UTC.
    """

    name: str
    network: str
    network_sha256: str
    updates: int
    preset: str
    created: str


def save_profile(
    path: Path,
    name: str,
    learnt: Learnt,
    base: ProfileBase,
    preset: str,
    *,
    replace: bool = True,
) -> ProfileInfo:
    """Write what was learnt; the file is whole or not there.

    Args:
        path: where to.
        name: the person's.
        learnt: from them.
        base: the network that it was learnt with.
        preset: the name of the settings that it was learnt with, or nothing.
        replace: whether an older file may be replaced.

    Raises:
        UserError: nothing was learnt, or the file cannot be written.
    """
    if not learnt.updates:
        raise UserError("Nothing has been learnt yet. Personalize for a while, then save.")
    now = datetime.now(UTC).isoformat(timespec="seconds")
    info = ProfileInfo(name, base.name, base.sha256, learnt.updates, preset, now)
    _write(path, info, learnt.changes, replace=replace)
    return info


def load_profile(path: Path, base: ProfileBase) -> tuple[ProfileInfo, Learnt]:
    """Read what was learnt with the network ``base``.

    Raises:
        UserError: the file is missing, no profile, damaged, too large, of a newer version, or
            belongs to another network.
    """
    info, tensors = _read(path, base)
    for name, tensor in tensors.items():
        if base.shapes.get(name) != tuple(tensor.shape):
            raise _damaged(path, f"{name} does not fit the network")
    return info, Learnt(tensors, info.updates)


def read_info(path: Path) -> ProfileInfo:
    """What a profile says of itself; ``UserError`` as for ``load_profile``, of any network."""
    with _opened(path) as file:
        return _info(path, file.metadata() or {})


def copy_profile(source: Path, target: Path, name: str, *, replace: bool = True) -> None:
    """Write a whole profile of any network to ``target`` under another ``name``.

    ``UserError`` as for ``load_profile`` and ``save_profile``.
    """
    info, tensors = _read(source)
    _write(target, replaced(info, name=name), tensors, replace=replace)


def fitting_preset(info: ProfileInfo, names: Iterable[str]) -> Preset:
    """A preset that goes on with parameters of these names: the profile's own, if it does."""
    names = list(names)
    own_first = sorted(PRESETS, key=lambda preset: preset.name != info.preset)
    return next(preset for preset in own_first if covers(preset.settings.scope, names))


def _write(path: Path, info: ProfileInfo, tensors: Mapping[str, Tensor], *, replace: bool) -> None:
    metadata = {name: str(value) for name, value in asdict(info).items()}
    head = {"format": FORMAT, "version": str(VERSION), "sha256": _digest(tensors)}
    write_weights(path, tensors, {**metadata, **head}, replace=replace)


def _digest(tensors: Mapping[str, Tensor]) -> str:
    """Tells whether the numbers are still those that were written."""
    found = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name]
        found.update(f"{name} {tensor.dtype} {tuple(tensor.shape)} ".encode())
        found.update(tensor.contiguous().numpy().tobytes())
    return found.hexdigest()


def _read(path: Path, base: ProfileBase | None = None) -> tuple[ProfileInfo, dict[str, Tensor]]:
    """What is in a file, checked as far as it can be without the network."""
    with _opened(path) as file:
        metadata = file.metadata() or {}
        info = _info(path, metadata)
        if base is not None and info.network_sha256 != base.sha256:
            raise UserError(
                f'The profile "{info.name}" was learnt with another network, {info.network}, and '
                f"does not fit {base.name}. Choose another profile, or start with --weights of "
                "that network."
            )
        largest = _LARGEST_BYTES if base is None else base.largest_bytes
        if path.stat().st_size > largest:
            raise UserError(
                f"{path} is too large for a profile: it has {path.stat().st_size:,} bytes, and at "
                f"most {largest:,} were expected. Choose another file."
            )
        tensors = {name: file.get_tensor(name).clone() for name in file.keys()}  # noqa: SIM118
    for name, tensor in tensors.items():
        if tensor.dtype != torch.float32 or not tensor.isfinite().all():
            raise _damaged(path, f"{name} holds no usable numbers")
    if _digest(tensors) != metadata.get("sha256"):
        raise _damaged(path, "its checksum is another")
    return info, tensors


def _info(path: Path, metadata: Mapping[str, str]) -> ProfileInfo:
    if metadata.get("format") != FORMAT:
        raise UserError(
            f"{path} is no profile of a person. Choose a file that was exported as a profile."
        )
    try:
        if int(metadata["version"]) > VERSION:
            raise UserError(
                f"{path} was written by a newer version of this program (profiles of version "
                f"{metadata['version']}; this one reads {VERSION}). Update this program."
            )
        info = ProfileInfo(
            name=metadata["name"],
            network=metadata["network"],
            network_sha256=metadata["network_sha256"],
            updates=int(metadata["updates"]),
            preset=metadata["preset"],
            created=metadata["created"],
        )
    except (KeyError, ValueError) as error:
        raise _damaged(path, f"its metadata is incomplete: {error}") from error
    if info.updates < 1:
        raise _damaged(path, f"it says that {info.updates} updates were made")
    return info


def _opened(path: Path) -> AbstractContextManager[safe_open]:
    missing = f"There is no profile {path}. Choose another one."
    return opened(path, missing, lambda error: _damaged(path, str(error)))


def _damaged(path: Path, reason: str) -> UserError:
    return UserError(
        f"{path} is damaged or no profile ({reason}). Copy it again, or choose another one."
    )
