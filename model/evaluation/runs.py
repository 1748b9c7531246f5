"""Predicting whole data sets, person by person: in several processes, and resumable."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import torch
from torch import distributed

from model.adaptation import Personalizer
from model.adaptation.settings import configure
from model.core.device import ServingPrecision, prefers_bfloat16
from model.core.errors import UserError
from model.core.files import sha256_of, whole_file
from model.core.perceptual import load_perceptual_loss
from model.data.records import Clip, DataSet, check_common_joints
from model.engine.ranks import Ranks
from model.evaluation.accuracy import Predictions
from model.evaluation.personalized import (
    PersonFrames,
    PersonPredictions,
    Progress,
    Protocol,
    people_of,
    predict_person,
    together,
)
from model.tracking import PersonMasker
from model.ttp import onnx_int8
from model.ttp.trunk import exact_parts
from model.ttp.weights import load

# Pairs computed at a time on a CPU, where more take more memory and are hardly faster.
CPU_MICRO_BATCH = 4
# Files of another layout are not read.
_LAYOUT = 2


@dataclass(frozen=True)
class Machine:
    """Where runs compute: ``workers`` processes on a CPU, one on any other device.

    ``precision`` None is bfloat16 where the device is faster in it, as the app decides. In int8
    is only what can be personalized: a network that is not stays in float32.
    """

    device: torch.device
    workers: int = 1
    precision: ServingPrecision | None = None

    @property
    def autocast(self) -> bool:
        """Whether bfloat16 is computed with."""
        if self.precision is None:
            return prefers_bfloat16(self.device)
        return self.precision == "bfloat16"


class PeopleRunner:
    """Predicts the people of data sets with networks personalized to each.

    What is finished for a person is kept as a file in ``store``, whose name tells all that it
    depends on, and is read back instead of being computed again; None keeps nothing. Under
    ``torchrun`` the processes share the people out, and need a store that all of them see.
    ``perceptual`` is the file of the perceptual network, ``mask`` that of the person mask, which
    networks that are ``masked`` need.
    """

    def __init__(
        self,
        perceptual: Path,
        mask: Path,
        store: Path | None,
        machine: Machine,
        ranks: Ranks | None = None,
    ) -> None:
        self._perceptual = perceptual
        self._mask = mask
        self._store = store
        self._machine = machine
        self._ranks = ranks or Ranks()
        if self._ranks.world > 1 and store is None:
            raise UserError("Several processes need a folder to exchange results. Give --out.")

    def predict(
        self,
        weights: Path,
        data_set: DataSet,
        protocol: Protocol,
        progress: Progress | None = None,
    ) -> Predictions:
        """Predict every person of the data set; ``progress`` hears how many more frames are done.

        ``UserError`` if no frame can be used, or the network's joints and the data's have nothing
        in common. Frames that cannot be used are left out and named in ``skipped``.
        """
        network = load(weights)  # early, as this tells what is wrong with the file
        check_common_joints(data_set, network.spec.joint_set)
        if protocol.mode != "none":
            configure(network, protocol.settings.scope)
        tasks = list(people_of(data_set))
        key = _key(
            {
                "weights": sha256_of(weights),
                "protocol": asdict(protocol),
                "precision": self.precision,
            }
        )
        job = _Job(weights, self._perceptual, self._mask, protocol, self._machine)
        if protocol.mode != "none" and protocol.settings.running_means == "carried":
            found = self._one_after_another(key, job, tasks, progress)
            return together(data_set, tasks, found, network.spec.joint_set)
        found = {}
        for task in tasks:
            kept = self._read(key, task)
            if kept is not None:
                found[task.person] = kept
                if progress is not None:
                    progress(sum(map(len, task.clips)))
        missing = [task for task in tasks if task.person not in found]
        own = missing[self._ranks.rank :: self._ranks.world]
        for task, predictions in self._compute(job, own, progress):
            found[task.person] = predictions
            self._write(key, task, predictions)
        if self._ranks.world > 1:
            distributed.barrier()
            for task in missing:
                predictions_of = self._read(key, task)
                assert predictions_of is not None
                found[task.person] = predictions_of
        return together(data_set, tasks, found, network.spec.joint_set)

    @property
    def precision(self) -> ServingPrecision:
        """What is computed with."""
        if self._machine.precision == "int8":
            return "int8"
        return "bfloat16" if self._machine.autocast else "float32"

    def _one_after_another(
        self, key: str, job: _Job, tasks: Sequence[PersonFrames], progress: Progress | None
    ) -> dict[str, PersonPredictions]:
        """Each person with the running means that the one before left, in one process.

        What was kept of a person is read back if it began with these means.
        """
        if self._ranks.world > 1:
            raise UserError(
                "With running_means=carried each person's result depends on the one before, and "
                "several processes cannot share them. Start without torchrun, or leave it out."
            )
        worker: _Worker | None = None
        means: tuple[float, ...] = ()
        found: dict[str, PersonPredictions] = {}
        for task in tasks:
            own = _key({"key": key, "means": means})
            predictions = self._read(own, task)
            if predictions is None:
                worker = worker or _Worker(job)
                predictions = worker.run(task, progress, means)
                self._write(own, task, predictions)
            elif progress is not None:
                progress(sum(map(len, task.clips)))
            found[task.person] = predictions
            means = predictions.means
        return found

    def _compute(
        self, job: _Job, tasks: Sequence[PersonFrames], progress: Progress | None
    ) -> Iterator[tuple[PersonFrames, PersonPredictions]]:
        """The people as they are finished, in any order."""
        workers = min(self._machine.workers, len(tasks))
        if workers <= 1 or job.machine.device.type != "cpu":
            if tasks:
                worker = _Worker(job)
                for task in tasks:
                    yield task, worker.run(task, progress)
            return
        # Longest first, so that no process is left alone with a long one at the end.
        ordered = sorted(tasks, key=lambda task: -sum(map(len, task.clips)))
        with (
            _one_thread_each(),
            ProcessPoolExecutor(
                workers, multiprocessing.get_context("spawn"), _start_worker, (job,)
            ) as pool,
        ):
            futures = {pool.submit(_run_in_worker, task): task for task in ordered}
            try:
                for future in as_completed(futures):
                    task = futures[future]
                    yield task, future.result()
                    if progress is not None:
                        progress(sum(map(len, task.clips)))
            except BrokenProcessPool:
                raise UserError(
                    "A process that computed was ended from outside, as happens when memory runs "
                    "out. Start again with fewer --workers; people who were finished are kept if "
                    "there is an --out."
                ) from None
            finally:
                pool.shutdown(wait=True, cancel_futures=True)

    def _file(self, key: str, task: PersonFrames) -> Path | None:
        if self._store is None:
            return None
        clips = [(clip.name, len(clip), _digest(clip)) for clip in task.clips]
        return self._store / key / f"{_key({'first': task.first, 'clips': clips})}.npz"

    def _read(self, key: str, task: PersonFrames) -> PersonPredictions | None:
        path = self._file(key, task)
        if path is None or not path.is_file():
            return None
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as content:
                if int(content["layout"]) != _LAYOUT:
                    return None
                return PersonPredictions(
                    content["points"],
                    content["rows"],
                    content["order"],
                    tuple(map(str, content["skipped"])),
                    tuple(content["means"].tolist()),
                )
        except (OSError, ValueError, KeyError, BadZipFile, EOFError):
            return None  # computed again, and replaced

    def _write(self, key: str, task: PersonFrames, predictions: PersonPredictions) -> None:
        path = self._file(key, task)
        if path is None:
            return
        with whole_file(path) as part, part.open("wb") as file:
            np.savez(
                file,
                layout=_LAYOUT,
                points=predictions.points,
                rows=predictions.rows,
                order=predictions.order,
                skipped=np.array(predictions.skipped, dtype=np.str_),
                means=np.array(predictions.means, np.float64),
            )


@dataclass(frozen=True)
class _Job:
    """What every person of a run has in common."""

    weights: Path
    perceptual: Path
    mask: Path
    protocol: Protocol
    machine: Machine


class _Worker:
    """Holds the network of one process."""

    def __init__(self, job: _Job) -> None:
        self._protocol = job.protocol
        self._on_cpu = job.machine.device.type == "cpu"
        self._autocast = job.machine.autocast
        self._network = load(job.weights, job.machine.device)
        self._perceptual = load_perceptual_loss(job.perceptual)
        self._personalizer = None
        if job.protocol.mode != "none":
            trunk = trained_heads = None
            if not self._autocast:
                ranges = None
                if job.machine.precision == "int8":
                    ranges = onnx_int8.ranges_for(job.weights, "int8")
                threads = torch.get_num_threads()
                trunk, trained_heads = exact_parts(self._network, threads, ranges)
            self._personalizer = Personalizer(
                self._network,
                self._perceptual,
                job.protocol.settings,
                autocast=self._autocast,
                trunk=trunk,
                trained_heads=trained_heads,
                masker=PersonMasker(job.mask) if self._network.spec.masked else None,
            )

    def run(
        self,
        task: PersonFrames,
        progress: Progress | None = None,
        means: tuple[float, ...] = (),
    ) -> PersonPredictions:
        """Predict a person; ``means`` are the running means to begin with, if not the published."""
        if means:
            self._perceptual.means.copy_(self._perceptual.means.new_tensor(means))
        found = predict_person(
            self._network,
            self._personalizer,
            task.clips,
            self._protocol,
            first=task.first,
            autocast=self._autocast,
            micro_batch=CPU_MICRO_BATCH if self._on_cpu else None,
            progress=progress,
        )
        return replace(found, means=tuple(self._perceptual.means.tolist()))


_worker: _Worker | None = None


def _start_worker(job: _Job) -> None:
    global _worker
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl+C ends it without a word
    threading.Thread(target=_end_with_parent, daemon=True).start()
    torch.set_num_threads(1)
    _worker = _Worker(job)


def _end_with_parent() -> None:
    """A process whose parent was killed would compute on for nobody."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _run_in_worker(task: PersonFrames) -> PersonPredictions:
    assert _worker is not None
    return _worker.run(task)


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Processes started inside compute with one thread each, which the cores are shared among."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    former = {name: os.environ.get(name) for name in names}
    os.environ.update(dict.fromkeys(names, "1"))
    try:
        yield
    finally:
        for name, value in former.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _digest(clip: Clip) -> str:
    """Tells clips of the same name and length apart, which may hold other frames."""
    digest = hashlib.sha256()
    for array in (clip.boxes, clip.joints, clip.visible):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def _key(content: dict[str, Any]) -> str:
    text = json.dumps({"layout": _LAYOUT, **content}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:24]
