"""The state of a run on disk: all that is needed to go on as if it had never stopped."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch

from model.core.errors import UserError
from model.core.files import whole_file
from model.core.weights import UNREADABLE, load_pickle

CHECKPOINT = "checkpoint.pt"


def check_new(folder: Path) -> None:
    """``UserError`` if a run has left its checkpoint in the folder."""
    if (folder / CHECKPOINT).exists():
        raise UserError(
            f"{folder} holds a run already. Add --resume to go on with it, or give another folder."
        )


def identity_of(**parts: Any) -> dict[str, str]:
    """What tells one run from another, as text: dataclasses by their fields."""
    return {name: json.dumps(value, default=vars, sort_keys=True) for name, value in parts.items()}


def write_checkpoint(
    folder: Path, step: int, identity: Mapping[str, str], state: Mapping[str, Any]
) -> None:
    """Write a run's state after ``step`` steps; the file is whole, or the former one stays.

    Args:
        folder: the run's.
        step: how many steps are done.
        identity: what a run cannot be continued without (``identity_of``).
        state: tensors and plain values only.

    Raises:
        UserError: it cannot be written.
    """
    content = {"step": step, "identity": dict(identity), "state": dict(state)}
    with whole_file(folder / CHECKPOINT) as temporary:
        try:
            torch.save(content, temporary)
        except RuntimeError as error:  # PyTorch's writer says so when the disk is full
            raise UserError(
                f"The checkpoint in {folder} could not be written ({error}). Make room on the "
                "disk; the former checkpoint is untouched."
            ) from error


def open_checkpoint(path: Path) -> tuple[int, dict[str, str], dict[str, Any]]:
    """The steps that are done, the identity and the state of a run's checkpoint.

    Raises:
        UserError: it is none, or damaged.
    """
    try:
        content = load_pickle(path)
        return int(content["step"]), dict(content["identity"]), dict(content["state"])
    except UNREADABLE as error:
        raise UserError(
            f"{path} is not a checkpoint of this program or is damaged ({error}). Restore it, "
            "or start again in another folder."
        ) from error


def read_checkpoint(folder: Path, identity: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
    """The steps that are done and the state of the run in a folder, of this ``identity``.

    Raises:
        UserError: there is none, it is damaged, or it belongs to another run.
    """
    path = folder / CHECKPOINT
    if not path.is_file():
        raise UserError(f"There is no checkpoint in {folder}. Start without --resume.")
    step, former, state = open_checkpoint(path)
    for name, value in identity.items():
        if former.get(name) != value:
            raise UserError(
                f"The run in {folder} has {name} = {former.get(name)}, but {value} was given. "
                "Go on with what it was started with, or start in another folder."
            )
    return step, state


class DivergedError(UserError):
    """Losses have not been finite for long: the last good checkpoint is to stay as it is."""


class BadSteps:
    """Counts steps without a finite loss: one is left out, ``patience`` in a row end the run.

    Args:
        patience: how many are no accident.
        advice: what to do then.
    """

    def __init__(self, patience: int, advice: str) -> None:
        self._patience = patience
        self._advice = advice
        self._count = 0

    def add(self, step: int, losses: Iterable[float]) -> None:
        """One more step, with its losses.

        Raises:
            DivergedError: so many in a row were not finite.
        """
        self._count = 0 if all(map(math.isfinite, losses)) else self._count + 1
        if self._count >= self._patience:
            before = f", nor those of the {self._count - 1} before it" if self._count > 1 else ""
            raise DivergedError(
                f"The losses and gradients of step {step} were not finite{before}: the run has "
                f"diverged. {self._advice}"
            )
