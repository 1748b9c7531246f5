"""Weights: files that say what they hold, checkpoints of others, and others for a while."""

from __future__ import annotations

import pickle
import struct
import warnings
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file
from safetensors.torch import save as to_bytes
from torch import Tensor, nn

from model.core.errors import UserError
from model.core.files import whole_file

_COUNTER = "num_batches_tracked"
# PyTorch's readers parse damaged and foreign bytes without checks, and fail in all these ways.
UNREADABLE = (
    OSError, EOFError, RuntimeError, ValueError, LookupError, TypeError, AttributeError,
    AssertionError, struct.error, pickle.UnpicklingError, SafetensorError,
)  # fmt: skip
_WRAPPERS = ("state_dict", "best_state_dict", "model")


def write_weights(
    path: Path,
    tensors: Mapping[str, Tensor],
    metadata: Mapping[str, str],
    *,
    half: bool = False,
    replace: bool = True,
) -> None:
    """Write tensors and what they are; the file is complete or not there.

    Args:
        path: a safetensors file.
        tensors: by name; BatchNorm's counters are left out.
        metadata: its entries, ``format`` among them.
        half: store floats as float16.
        replace: whether an older file may be replaced.

    Raises:
        UserError: it cannot be written.
    """
    stored = {
        name: (halved(value) if half and value.is_floating_point() else value).contiguous().cpu()
        for name, value in tensors.items()
        if not name.endswith(_COUNTER)
    }
    content = to_bytes(stored, metadata=dict(metadata))
    with whole_file(path, replace=replace) as temporary:
        temporary.write_bytes(content)


def read_metadata(path: str | Path) -> dict[str, str]:
    """The metadata of a weight file; ``UserError`` if it is none or damaged."""
    with _weights(Path(path)) as file:
        return dict(file.metadata() or {})


def read_weights(path: Path) -> dict[str, Tensor]:
    """The tensors of a weight file; ``UserError`` if it is none or damaged."""
    with _weights(path) as file:
        return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118


@contextmanager
def opened(
    path: Path, missing: str, damaged: Callable[[Exception], UserError]
) -> Iterator[safe_open]:
    """A safetensors file, open; ``missing`` and ``damaged`` say what is the matter if it is not."""
    if not path.is_file():
        raise UserError(missing)
    try:
        with safe_open(path, "pt") as file:
            yield file
    except (OSError, SafetensorError) as error:
        raise damaged(error) from error


def _weights(path: Path) -> AbstractContextManager[safe_open]:
    return opened(
        path,
        f"There is no weight file {path}. Give the path of a .safetensors file.",
        lambda error: UserError(
            f"{path} is not a whole safetensors file ({error}); it may be truncated. "
            "Copy it again, or convert a checkpoint with 'import-weights'."
        ),
    )


def fill(module: nn.Module, tensors: Mapping[str, Tensor], path: Path, what: str) -> None:
    """Give a module the tensors of a file, all of them, in its own precision.

    Args:
        module: whose weights are replaced; BatchNorm's counters stay.
        tensors: by the module's own names.
        path: where they come from, for a message.
        what: the module is, for a message.

    Raises:
        UserError: a tensor is missing, unknown, of another shape, or not finite.
    """
    wanted = {k: v for k, v in module.state_dict().items() if not k.endswith(_COUNTER)}
    given = {k: v for k, v in tensors.items() if not k.endswith(_COUNTER)}
    missing, foreign = sorted({*wanted} - {*given}), sorted({*given} - {*wanted})
    misshapen = sorted(k for k in {*wanted} & {*given} if wanted[k].shape != given[k].shape)
    if wrong := [*missing, *foreign, *misshapen]:
        raise UserError(
            f"{path} does not fit {what}: {len(missing)} tensors are missing, {len(foreign)} "
            f"unknown, {len(misshapen)} of another shape (first: {wrong[0]}). "
            "Choose the file of that network, or copy it again."
        )
    for name, value in given.items():
        if not value.isfinite().all():
            raise UserError(
                f"{path} is damaged: {name} holds numbers that are not finite. Copy it again."
            )
    module.load_state_dict({k: v.to(wanted[k].dtype) for k, v in given.items()}, strict=False)


def halved(tensor: Tensor) -> Tensor:
    """As float16, unless a number in it (such as a large variance) has no place there."""
    small = tensor.half()
    return small if small.isfinite().all() or not tensor.isfinite().all() else tensor


def read_tensors(path: Path) -> dict[str, Tensor]:
    """The tensors of a checkpoint under their released names.

    Accepts a bare state dict or a training checkpoint that holds one (``state_dict``), with or
    without the ``module.`` prefix of parallel training. Pickles are read with ``weights_only``.
    Empty if the file holds no tensors; ``UserError`` if it is no checkpoint.
    """
    if not path.is_file():
        raise UserError(f"There is no file {path}. Give the path of a checkpoint (.pth).")
    try:
        content = load_file(path) if path.suffix == ".safetensors" else load_pickle(path)
    except UNREADABLE as error:
        raise UserError(
            f"{path} cannot be read as a checkpoint; it may be truncated or hold more than "
            "weights. Copy or download it again."
        ) from error
    for key in _WRAPPERS:
        if isinstance(content, Mapping) and isinstance(content.get(key), Mapping):
            content = content[key]
    if not isinstance(content, Mapping):
        return {}
    return {str(k).removeprefix("module."): v for k, v in content.items() if isinstance(v, Tensor)}


def load_pickle(path: Path) -> Any:
    """What PyTorch saved in a file, on the CPU: tensors and plain values, and nothing that runs.

    Fails in any of the ways of ``UNREADABLE`` for other files.
    """
    with warnings.catch_warnings():
        # Its guesses about a strange file are for programmers; the person gets one sentence.
        warnings.simplefilter("ignore")
        return torch.load(path, map_location="cpu", weights_only=True)


@contextmanager
def swapped(
    parameters: Mapping[str, Tensor], tensors: MutableMapping[str, Tensor]
) -> Iterator[None]:
    """Inside, those of the parameters that ``tensors`` names have its values instead; no copies."""

    def swap() -> None:
        for name, tensor in tensors.items():
            parameter = parameters[name]
            parameter.data, tensors[name] = tensor, parameter.data

    swap()
    try:
        yield
    finally:
        swap()
