"""The state of a run on disk: all that is needed to go on as if it had never stopped."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from model.core.errors import UserError
from model.core.files import whole_file
from model.core.weights import UNREADABLE, load_pickle
from model.ttp.networks import NetworkSpec
from model.ttp.training.settings import TrainingSettings

FILE_NAME = "checkpoint.pt"
# What may differ when a run goes on: how often it looks at itself, not what it computes.
_FREE = ("validate_every", "checkpoint_every", "probe_every", "on_bad_data")
# What older checkpoints leave out.
_UNSAID = {"crop_shift": "0.0"}


@dataclass
class RunState:
    """``step`` steps are done; the other fields are PyTorch state dictionaries."""

    step: int
    network: dict[str, Any]
    average: dict[str, Any] | None
    optimiser: dict[str, Any]
    means: torch.Tensor | None


def save_state(
    folder: Path, state: RunState, settings: TrainingSettings, spec: NetworkSpec, data: str
) -> None:
    """Write the state; the file is whole or the former one stays. ``UserError`` if it cannot be.

    ``data`` describes the training data, so that a run is not continued on other data.
    """
    content = {"state": vars(state), "identity": _identity(settings, spec, data)}
    with whole_file(folder / FILE_NAME) as temporary:
        try:
            torch.save(content, temporary)
        except RuntimeError as error:  # PyTorch's writer says so when the disk is full
            raise UserError(
                f"The checkpoint in {folder} could not be written ({error}). Make room on the "
                "disk; the former checkpoint is untouched."
            ) from error


def load_state(folder: Path, settings: TrainingSettings, spec: NetworkSpec, data: str) -> RunState:
    """The state of a run with these settings on this data.

    ``UserError`` if there is none, if it is damaged, or if it belongs to another run.
    """
    path = folder / FILE_NAME
    if not path.is_file():
        raise UserError(f"There is no checkpoint in {folder}. Start without --resume.")
    try:
        content = load_pickle(path)
        state, identity = RunState(**content["state"]), {**_UNSAID, **content["identity"]}
    except UNREADABLE as error:
        raise UserError(
            f"{path} is not a checkpoint of this program or is damaged ({error}). "
            "Restore it, or start again in another folder."
        ) from error
    for name, value in _identity(settings, spec, data).items():
        if identity.get(name) != value:
            raise UserError(
                f"The run in {folder} has {name} = {identity.get(name)!r}, but {value!r} was "
                "given. Go on with what it was started with, or start in another folder."
            )
    return state


def _identity(settings: TrainingSettings, spec: NetworkSpec, data: str) -> dict[str, str]:
    values = {k: v for k, v in asdict(settings).items() if k not in _FREE}
    return {name: str(value) for name, value in {**values, **asdict(spec), "data": data}.items()}
