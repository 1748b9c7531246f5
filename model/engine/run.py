"""The training loop of every network: steps, their record, checkpoints, and going on exactly."""

from __future__ import annotations

import logging
import math
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn
from tqdm import tqdm

from model.core.device import denormals_are_zero
from model.core.errors import UserError
from model.core.files import make_folder
from model.core.panels import write_picture
from model.engine.checkpoint import (
    CHECKPOINT,
    BadSteps,
    DivergedError,
    check_new,
    open_checkpoint,
    read_checkpoint,
    write_checkpoint,
)
from model.engine.metrics import MetricLogger, draw_curves
from model.engine.ranks import Ranks

_log = logging.getLogger(__name__)
_MEMORY = 0.98
# Reading a loss waits for a GPU, which then waits for us: so many are read together.
_READ_TOGETHER = 10

Losses = Mapping[str, float | Tensor]


class Learner:
    """What is trained: one optimiser step at a time, and a state to go on from exactly.

    Attributes:
        network: what the steps change, in place.
        learning_rate: that of the last step.
    """

    network: nn.Module
    learning_rate: float

    def step(self, batches: Sequence[Any]) -> Losses:
        """Take one step.

        Args:
            batches: the step's micro-batches of this process.

        Returns:
            The losses by name, means over the micro-batches of all processes. One that is not
            finite says that the step was left out.
        """
        raise NotImplementedError

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """Inside, the network is in eval mode and has the weights that are measured and kept."""
        self.network.eval()
        try:
            yield
        finally:
            self.network.train()

    def state(self) -> dict[str, Any]:
        """Tensors and plain values only. All processes are asked at once."""
        raise NotImplementedError

    def load_state(self, state: dict[str, Any]) -> None:
        """Take over what ``state`` returned; its ``done`` is how many steps were taken."""
        raise NotImplementedError


class Callback(Protocol):
    """Measures and keeps the network, in the first process, inside of ``Learner.averaged``."""

    def look(self, step: int, *, probe: bool) -> Mapping[str, float | NDArray[np.uint8]]:
        """Measure and keep the network.

        Args:
            step: how many steps were taken.
            probe: whether to measure also what takes long.

        Returns:
            Numbers and RGB pictures by name. What cannot be done (``UserError``) does not end the
            run.
        """

    def keep(self, step: int) -> None:
        """Keep the network and no more: the run is to stop."""


@dataclass(frozen=True)
class Schedule:
    """How long a run is and how often it looks at the network and saves its state.

    Attributes:
        steps: how many steps it has; a ``TimeBudget`` may end it before.
        look_every: steps from one look to the next; a ``TimeBudget`` has its own seconds.
        checkpoint_every: steps from one checkpoint to the next; 0: none, not even at the end.
        probe_every: steps from one look that probes to the next; 0: none does.
        look_first: whether to look before the first step.
    """

    steps: int = sys.maxsize
    look_every: int = sys.maxsize
    checkpoint_every: int = 0
    probe_every: int = 0
    look_first: bool = False

    def looks(self, step: int) -> bool:
        """Whether to look after a step."""
        return step % self.look_every == 0 or self.probes(step)

    def probes(self, step: int) -> bool:
        """Whether that look probes."""
        return self.probe_every > 0 and step % self.probe_every == 0

    def saves(self, step: int) -> bool:
        """Whether to save the state after a step."""
        return self.checkpoint_every > 0 and step % self.checkpoint_every == 0


class TimeBudget:
    """Ends a run when so many minutes are over, and says when to look at the network.

    Args:
        minutes: how long steps are taken, looks between them included.
        look_every: seconds from one look to the next.
    """

    def __init__(self, minutes: float, look_every: float) -> None:
        self._seconds = 60 * minutes
        self._look_every = look_every
        self.start()

    def start(self) -> None:
        """The minutes begin."""
        self._began = self._looked = time.perf_counter()

    def looked(self) -> None:
        """A look is over."""
        self._looked = time.perf_counter()

    @property
    def spent(self) -> float:
        """The share of the minutes that is used up; 1 and more when they are over."""
        return (time.perf_counter() - self._began) / self._seconds

    @property
    def look_is_due(self) -> bool:
        """Whether the last look is so long ago."""
        return time.perf_counter() - self._looked > self._look_every


@dataclass(frozen=True)
class TrainingResult:
    """``steps`` steps are done, ``finished`` if that is all; ``weights`` is the network.

    ``rank`` is the process's: the first one, 0, tells the user.
    """

    steps: int
    finished: bool
    weights: Path
    rank: int = 0


@dataclass
class Run:
    """One run, which leaves ``log.csv``, ``tensorboard/``, ``curves.png`` and ``checkpoint.pt``.

    Attributes:
        learner: what is trained.
        batches: makes the micro-batches of some steps, step by step.
        schedule: how long, and how often it looks up.
        folder: where to.
        identity: what a run cannot be continued without (``identity_of``).
        callback: measures and keeps the network.
        budget: ends the run by the clock.
        ranks: the processes that train together.
        patience: so many steps in a row that are not finite end the run.
        advice: what to do then.
        quiet: whether to show no progress.
        done: how many steps were taken.
    """

    learner: Learner
    batches: Callable[[range], Iterator[Sequence[Any]]]
    schedule: Schedule
    folder: Path
    identity: Mapping[str, str] = field(default_factory=dict)
    callback: Callback | None = None
    budget: TimeBudget | None = None
    ranks: Ranks = field(default_factory=Ranks)
    patience: int = 20
    advice: str = "Go on from its checkpoint, or start again, with a lower learning rate."
    quiet: bool = False
    done: int = field(default=0, init=False)
    _saved: int = field(default=0, init=False)
    _looked: int = field(default=-1, init=False)

    def run(
        self,
        *,
        resume: bool = False,
        stopping: Callable[[], bool] = lambda: False,
        until: int | None = None,
    ) -> int:
        """Take the steps that are left, or those up to ``until``.

        Args:
            resume: go on from the checkpoint in the folder.
            stopping: asked between steps whether to stop, with a checkpoint and the network kept,
                but without a last look at it.
            until: the last step of the schedule to take.

        Returns:
            How many steps are done.

        Raises:
            UserError: the folder holds a run already and it is not to be resumed, there is none to
                resume, or the run diverges.
        """
        if resume:
            self._resume()
        elif not self.done:
            check_new(self.folder)
        end = min(self.schedule.steps, until or sys.maxsize)
        with self._made_record(end) as record:
            try:
                self._take_steps(end, stopping, record)
            except DivergedError:
                raise  # and leave the last good checkpoint as it is
            except BaseException:
                if self.ranks.world == 1:  # the state of several is only known to all of them
                    self._save()
                raise
            self._save()
        if self.ranks.first:
            draw_curves(self.folder)
        return self.done

    @property
    def finished(self) -> bool:
        """Whether all steps are taken, or the minutes are over."""
        over = self.budget is not None and self.budget.spent >= 1
        return over or self.done >= self.schedule.steps

    @denormals_are_zero()
    def _take_steps(self, end: int, stopping: Callable[[], bool], record: _Record | None) -> None:
        start, budget = self.done, self.budget
        if self.schedule.look_first and not start:
            self._look(record, end)
        batches = self.batches(range(start, end))
        bad_steps = BadSteps(self.patience, self.advice)
        unread: list[Losses] = []
        if budget is not None:
            budget.start()
        while self.done < end and not self.ranks.any(self.finished or stopping()):
            unread.append(self.learner.step(next(batches)))
            self.done += 1
            look = self.done == end or (
                self.schedule.looks(self.done) if budget is None else budget.look_is_due
            )
            if look or len(unread) == _READ_TOGETHER or not _on_gpu(unread[-1]):
                self._read(unread, bad_steps, record)
            if look:
                self._look(record, end)
            if self.schedule.saves(self.done) and self.done < end:
                self._save()
        self._read(unread, bad_steps, record)
        if budget is not None and self.finished and self._looked < self.done:
            self._look(record, end)
        if max(start, self._looked) < self.done and record is not None and self.callback:
            with self.learner.averaged():
                self.callback.keep(self.done)

    def _look(self, record: _Record | None, end: int) -> None:
        self._looked = self.done
        probe = self.schedule.probes(self.done) or (
            self.schedule.probe_every > 0 and self.done == end
        )
        if record is not None and self.callback is not None:
            try:
                with self.learner.averaged():
                    values = self.callback.look(self.done, probe=probe)
                record.look(self.done, values)
            except UserError as error:
                _log.warning(
                    "The network was not looked at whole after step %s: %s", self.done, error
                )
        if self.budget is not None:
            self.budget.looked()

    def _read(self, unread: list[Losses], bad_steps: BadSteps, record: _Record | None) -> None:
        """Take the losses of the last steps from their device."""
        first = self.done - len(unread) + 1
        for step, losses in enumerate(unread, first):
            values = {name: float(value) for name, value in losses.items()}
            bad_steps.add(step, values.values())
            if record is not None:
                record.step(step, values, self.learner.learning_rate)
        unread.clear()

    def _resume(self) -> None:
        self.done, state = read_checkpoint(self.folder, self.identity)
        _take_over(self.learner, self.done, state, self.folder / CHECKPOINT)
        self._saved = self.done

    def _save(self) -> None:
        if self.done == self._saved or not self.schedule.checkpoint_every:
            return  # nothing has changed since, or nobody can go on from it
        state = self.learner.state()
        if self.ranks.first:
            try:
                write_checkpoint(self.folder, self.done, self.identity, state)
            except UserError as error:
                _log.warning("The checkpoint could not be written: %s", error)
        self._saved = self.done

    def _made_record(self, end: int) -> AbstractContextManager[_Record | None]:
        if not self.ranks.first:
            return nullcontext()
        make_folder(self.folder)
        return _Record(self.folder, self.done, end if self.budget is None else None, self.quiet)


class _Record:
    """Shows and writes down what a run reports; only the first process has one."""

    def __init__(self, folder: Path, start: int, total: int | None, quiet: bool) -> None:
        self._folder = folder
        self._metric_logger = MetricLogger(folder, start)
        self._bar = tqdm(total=total, initial=start, unit="step", disable=quiet, dynamic_ncols=True)
        self._smooth: dict[str, float] = {}
        self._timed, self._began = start, time.perf_counter()

    def __enter__(self) -> _Record:
        return self

    def __exit__(self, *error: object) -> None:
        self._bar.close()
        self._metric_logger.close()

    def step(self, step: int, losses: Mapping[str, float], learning_rate: float) -> None:
        """Show the losses of a step, and record those of every tenth."""
        for name, value in losses.items():
            if math.isfinite(value):  # one bad step must not spoil the display for good
                smooth = self._smooth.get(name, value)
                self._smooth[name] = _MEMORY * smooth + (1 - _MEMORY) * value
        if not all(map(math.isfinite, losses.values())):
            _log.warning("Step %s was left out: its loss or gradient was not finite.", step)
        self._bar.set_postfix({name: f"{value:.4g}" for name, value in self._smooth.items()})
        self._bar.update()
        if step % 10 == 0:
            seconds = (time.perf_counter() - self._began) / (step - self._timed)
            self._timed, self._began = step, time.perf_counter()
            named = {f"loss/{name}": value for name, value in losses.items()}
            rates = {"learning rate": learning_rate, "seconds per step": seconds}
            self._metric_logger.scalars(step, {**named, **rates})

    def look(self, step: int, found: Mapping[str, float | NDArray[np.uint8]]) -> None:
        """Record numbers and pictures; each picture's newest is a file of its name too."""
        values = {name: v for name, v in found.items() if not isinstance(v, np.ndarray)}
        self._metric_logger.scalars(step, values)
        for name, picture in found.items():
            if isinstance(picture, np.ndarray):
                self._metric_logger.picture(step, name, picture)
                write_picture(self._folder / f"{name}.png", picture)
        if values and not self._bar.disable:
            said = ", ".join(f"{name} {value:.3f}" for name, value in values.items())
            self._bar.write(f"step {step}: {said}")
        self._timed, self._began = step, time.perf_counter()  # a look is no step


def start_from(path: Path, learner: Learner) -> None:
    """Go on from another run's checkpoint, on other data; ``UserError`` if it does not fit."""
    step, _, state = open_checkpoint(path)
    _take_over(learner, step, state, path)


def _take_over(learner: Learner, step: int, state: dict[str, Any], path: Path) -> None:
    try:
        learner.load_state({"done": step, **state})
    except (KeyError, RuntimeError, ValueError, TypeError) as error:
        reason = str(error).splitlines()[-1].strip()  # PyTorch names every tensor on a line
        raise UserError(
            f"{path} does not belong to this network and its settings ({reason}). Go on with what "
            "it was started with, or start in another folder."
        ) from error


def _on_gpu(losses: Losses) -> bool:
    return any(isinstance(value, Tensor) and value.is_cuda for value in losses.values())
