"""A whole training by steps, from what was asked for to the files it leaves."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import torch

from model.core.files import whole_file
from model.engine.batches import Batched, Examples, ExampleStream, Loader, MicroBatchPlan
from model.engine.checkpoint import identity_of
from model.engine.ranks import Ranks
from model.engine.run import Callback, Learner, Run, Schedule, TrainingResult

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

NEWEST = "last.safetensors"
# What may differ when a run goes on: how often it looks up, not what it computes.
_FREE = ("steps", "look_every", "checkpoint_every")


class StepSettings(Batched, Protocol):
    """Settings of a training by steps, whatever else they hold."""

    @property
    def steps(self) -> int: ...
    @property
    def look_every(self) -> int: ...
    @property
    def checkpoint_every(self) -> int: ...
    @property
    def seed(self) -> int: ...


@dataclass(frozen=True, kw_only=True)
class StepsJob:
    """Where a training goes, how far, and what computes it.

    Attributes:
        out: the run's folder.
        skip_bad: whether frames that cannot be used are left out, or else end the run.
        resume: whether to go on with the run in the folder.
        until: the last step to take now; None: all of them.
        device: where it computes; None: the best there is.
        workers: processes that load pictures; 0: none beside the one that learns.
        quiet: whether to show no progress.
    """

    out: Path
    skip_bad: bool = False
    resume: bool = False
    until: int | None = None
    device: str | None = None
    workers: int = 0
    quiet: bool = False

    def run_of(
        self,
        learner: Learner,
        examples: Examples,
        settings: StepSettings,
        identity: Mapping[str, str],
        callback: Callback,
        ranks: Ranks,
    ) -> Run:
        """The run of a ``learner`` on ``examples``, not begun yet."""
        stream = ExampleStream(examples, settings.seed, skip_bad=self.skip_bad)
        return Run(
            learner,
            Loader(stream, MicroBatchPlan.of(settings, ranks), self.workers),
            Schedule(settings.steps, settings.look_every, settings.checkpoint_every),
            self.out,
            identity,
            callback,
            ranks=ranks,
            quiet=self.quiet,
        )

    def finish(
        self, run: Run, said: Mapping[str, str], stopping: Callable[[], bool]
    ) -> TrainingResult:
        """Take the steps that are left, and write what is ``said`` of the run as ``run.json``.

        Raises:
            UserError: as ``Run.run`` says, or the file cannot be written.
        """
        steps = run.run(resume=self.resume, stopping=stopping, until=self.until)
        if run.ranks.first:
            write_description(self.out, said)
        return TrainingResult(steps, run.finished, self.out / NEWEST, run.ranks.rank)


class KeepingCallback(Callback):
    """Keeps the network as ``last.safetensors`` in a run's folder.

    Args:
        folder: the run's.
        metadata: what is written beside the weights; the steps that they have taken are added.
    """

    def __init__(self, folder: Path, metadata: Mapping[str, str]) -> None:
        self._folder = folder
        self._metadata = dict(metadata)

    def keep(self, step: int, values: Mapping[str, float] | None = None) -> None:
        """Write the network, with what was measured on it."""
        measured = {name: f"{value:.3f}" for name, value in (values or {}).items()}
        self.write(self._folder / NEWEST, {**self._metadata, "steps": str(step), **measured})

    def write(self, path: Path, metadata: Mapping[str, str]) -> None:
        """Write the network and what it is to a file."""
        raise NotImplementedError


def identity(settings: DataclassInstance, spec: DataclassInstance, **data: Any) -> dict[str, str]:
    """What a run cannot be continued without: settings, network and ``data``."""
    kept = {name: value for name, value in asdict(settings).items() if name not in _FREE}
    return identity_of(**kept, **asdict(spec), **data)


def description(settings: DataclassInstance, **data: str) -> dict[str, str]:
    """What a network's file and ``run.json`` say of its training."""
    return {
        "settings": json.dumps(asdict(settings)),
        **data,
        "versions": f"Python {platform.python_version()}, torch {torch.__version__}",
    }


def write_description(folder: Path, said: Mapping[str, str]) -> None:
    """Write ``run.json``. ``UserError`` if that cannot be."""
    with whole_file(folder / "run.json") as path:
        path.write_text(json.dumps(said, indent=2))
