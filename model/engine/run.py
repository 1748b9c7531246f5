"""A training run without labels: batches, steps, record, checkpoints, and going on exactly."""

from __future__ import annotations

import json
import logging
import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from tqdm import tqdm

from model.core.errors import UserError
from model.core.files import make_folder, whole_file
from model.core.weights import UNREADABLE
from model.engine.batches import Examples, make_batches
from model.engine.metrics import MetricLogger, read_log

CHECKPOINT = "checkpoint.pt"
_log = logging.getLogger(__name__)
_BAD_STEPS = 20
_MEMORY = 0.98


class _DivergedError(UserError):
    """Losses have not been finite for long."""


class Learner(Protocol):
    """What is trained: one optimiser step per batch, and a state to go on from exactly."""

    def step(self, batch: Any) -> dict[str, float]:
        """Learn from one batch: the examples' tuple, of tensors (N, ...). The losses by name."""

    def state(self) -> dict[str, Any]:
        """Tensors and plain values only."""

    def load_state(self, state: dict[str, Any]) -> None:
        """Take over what ``state`` returned."""


class StepCallback(Protocol):
    """Looks at the network now and then; what it measures is recorded by name."""

    def __call__(self, step: int) -> dict[str, float]:
        """After ``step`` steps. What cannot be done (``UserError``) does not end the run."""


class Scheduled(Protocol):
    """Settings of a training, whatever else they hold."""

    @property
    def steps(self) -> int: ...
    @property
    def batch_size(self) -> int: ...
    @property
    def look_every(self) -> int: ...
    @property
    def checkpoint_every(self) -> int: ...
    @property
    def seed(self) -> int: ...


@dataclass(frozen=True)
class Schedule:
    """How long a run is and how often it looks up."""

    steps: int
    batch_size: int
    look_every: int
    checkpoint_every: int
    seed: int = 0

    @classmethod
    def of(cls, settings: Scheduled, steps: int | None = None) -> Schedule:
        """That of some settings, or of another number of ``steps``."""
        return cls(
            settings.steps if steps is None else steps,
            settings.batch_size,
            settings.look_every,
            settings.checkpoint_every,
            settings.seed,
        )


@dataclass(frozen=True)
class Run:
    """One run in ``folder``; ``identity`` names what a run cannot be continued without.

    ``run`` writes ``log.csv``, ``tensorboard/``, ``curves.png`` and ``checkpoint.pt``.
    """

    learner: Learner
    examples: Examples
    schedule: Schedule
    folder: Path
    identity: Mapping[str, str]
    callback: StepCallback = lambda step: {}
    #: Leave out frames that cannot be read, and say so, instead of stopping.
    skip_bad: bool = False
    workers: int = 0
    quiet: bool = False

    def run(
        self,
        *,
        resume: bool = False,
        stopping: Callable[[], bool] = lambda: False,
        until: int | None = None,
    ) -> int:
        """Take the steps that are left, or those up to ``until``; the number of steps done.

        ``stopping`` is asked between steps. ``UserError`` if the folder holds a run already and
        it is not to be resumed, if there is none to resume, or if the run diverges.
        """
        start = self._start(resume)
        end = min(self.schedule.steps, until or self.schedule.steps)
        make_folder(self.folder)
        done = start
        with (
            MetricLogger(self.folder, start) as metric_logger,
            tqdm(total=end, initial=start, unit="step", disable=self.quiet) as bar,
        ):
            try:
                for step in self._steps(start, end, metric_logger, bar):
                    done = step
                    if stopping():
                        break
            except _DivergedError:
                raise  # and leave the last good checkpoint as it is
            except BaseException:
                self._save(done, start)
                raise
            self._save(done, start)
            if start < done < end and done % self.schedule.look_every:
                self._look(done, metric_logger, bar)
        self._draw_curves()
        return done

    def _steps(
        self, start: int, end: int, metric_logger: MetricLogger, bar: tqdm[Any]
    ) -> Iterator[int]:
        """Steps one by one: the number of those done, first of all the ``start``."""
        yield start
        smooth: dict[str, float] = {}
        bad = 0
        began = time.perf_counter()
        batches = make_batches(
            self.examples,
            range(start, end),
            self.schedule.batch_size,
            seed=self.schedule.seed,
            skip_bad=self.skip_bad,
            workers=self.workers,
        )
        for step in range(start + 1, end + 1):
            losses = self.learner.step(next(batches))
            bad = 0 if all(map(math.isfinite, losses.values())) else bad + 1
            if bad >= _BAD_STEPS:
                raise _DivergedError(
                    f"{_BAD_STEPS} steps in a row gave a loss that is not finite: the run has "
                    "diverged. Start again with a lower learning rate."
                )
            for name, value in losses.items():
                if math.isfinite(value):  # one bad step must not spoil the display for good
                    smooth[name] = _MEMORY * smooth.get(name, value) + (1 - _MEMORY) * value
            bar.set_postfix({name: f"{value:.3g}" for name, value in smooth.items()})
            bar.update()
            if step % 10 == 0:
                seconds = (time.perf_counter() - began) / 10
                began = time.perf_counter()
                named = {f"loss/{name}": value for name, value in losses.items()}
                metric_logger.scalars(step, {**named, "seconds per step": seconds})
            if step % self.schedule.look_every == 0 or step == end:
                self._look(step, metric_logger, bar)
                began = time.perf_counter()
            if step % self.schedule.checkpoint_every == 0 and step < end:
                self._save(step, start)
            yield step

    def _look(self, step: int, metric_logger: MetricLogger, bar: tqdm[Any]) -> None:
        try:
            values = self.callback(step)
        except UserError as error:
            _log.warning("The network was not looked at whole after step %s: %s", step, error)
            return
        metric_logger.scalars(step, values)
        if values and not bar.disable:
            bar.write(f"step {step}: " + ", ".join(f"{k} {v:.3f}" for k, v in values.items()))

    def _start(self, resume: bool) -> int:
        path = self.folder / CHECKPOINT
        if not resume:
            if path.exists():
                raise UserError(
                    f"{self.folder} holds a run already. Add --resume to go on with it, or give "
                    "another folder."
                )
            return 0
        if not path.is_file():
            raise UserError(f"There is no checkpoint in {self.folder}. Start without --resume.")
        step, identity, state = read_checkpoint(path)
        for name, value in self.identity.items():
            if identity.get(name) != value:
                raise UserError(
                    f"The run in {self.folder} has {name} = {identity.get(name)}, but {value} was "
                    "given. Go on with what it was started with, or start in another folder."
                )
        self.learner.load_state(state)
        return step

    def _save(self, step: int, start: int) -> None:
        if step == start:
            return  # nothing has changed since
        content = {"step": step, "identity": dict(self.identity), "state": self.learner.state()}
        try:
            with whole_file(self.folder / CHECKPOINT) as temporary:
                torch.save(content, temporary)
        except (UserError, RuntimeError) as error:  # PyTorch's writer says so when the disk is full
            _log.warning("The checkpoint could not be written: %s", error)

    def _draw_curves(self) -> None:
        # Only here, as drawing is slow to import and a run is long.
        from model.engine.metrics import plot_curves

        if read_log(self.folder / "log.csv"):
            plot_curves(self.folder / "log.csv", self.folder / "curves.png")


def read_checkpoint(path: Path) -> tuple[int, dict[str, str], dict[str, Any]]:
    """The steps done, the identity and the learner's state of a run's checkpoint.

    ``UserError`` if it is none, or damaged.
    """
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
        return int(content["step"]), dict(content["identity"]), dict(content["state"])
    except UNREADABLE as error:
        raise UserError(
            f"{path} is not a checkpoint of this program or is damaged ({error}). Restore it, "
            "or start again in another folder."
        ) from error


def identity_of(**parts: Any) -> dict[str, str]:
    """What tells one run from another, as text: dataclasses by their fields."""
    return {name: json.dumps(value, default=vars, sort_keys=True) for name, value in parts.items()}
