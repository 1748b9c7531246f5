"""Checkpoints that others wrote: a state dictionary out of a ``.pth`` or safetensors file."""

from __future__ import annotations

import pickle
import struct
import warnings
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from model.core.errors import UserError

# PyTorch's readers parse damaged and foreign bytes without checks, and fail in all these ways.
UNREADABLE = (
    OSError, EOFError, RuntimeError, ValueError, LookupError, TypeError, AttributeError,
    AssertionError, struct.error, pickle.UnpicklingError, SafetensorError,
)  # fmt: skip
_WRAPPERS = ("state_dict", "best_state_dict", "model")


def read_tensors(path: Path) -> dict[str, Tensor]:
    """The tensors of a checkpoint under their released names.

    Accepts a bare state dict or a training checkpoint that holds one (``state_dict``), with or
    without the ``module.`` prefix of parallel training. Pickles are read with ``weights_only``.
    Empty if the file holds no tensors; ``UserError`` if it is no checkpoint.
    """
    if not path.is_file():
        raise UserError(f"There is no file {path}. Give the path of a checkpoint (.pth).")
    try:
        content = load_file(path) if path.suffix == ".safetensors" else _load_pickle(path)
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


def _load_pickle(path: Path) -> object:
    with warnings.catch_warnings():
        # Its guesses about a strange file are for programmers; the person gets one sentence.
        warnings.simplefilter("ignore")
        return torch.load(path, map_location="cpu", weights_only=True)
