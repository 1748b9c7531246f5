"""Reads and redraws people with KeypointGAN, in a thread of its own (methods 2.1 and 2.4)."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from app.assets import PERSON_MASK
from app.runtime.lifecycle import ManagedThread, ThreadState, yield_to_other_threads
from app.runtime.live.results import KeypointGanInfo, RedrawRequest, RedrawResult
from model.core.device import choose_device
from model.core.errors import UserError
from model.keypointgan import weights
from model.keypointgan.data import on_black
from model.keypointgan.evaluation import Factorization
from model.keypointgan.settings import KeypointGanSpec
from model.tracking import PersonMasker

_STOPPING_SECONDS = 10.0


class KeypointGanSlot:
    """Loads weight files and asks their networks. Every call but ``close`` returns at once.

    A file that cannot be used leaves the network in use as it is. ``device`` is as in
    ``KeypointGanWorker``.
    """

    def __init__(self, device: str | None = None) -> None:
        self._device = device
        self._worker: KeypointGanWorker | None = None
        self._coming: KeypointGanWorker | None = None
        self._gone: list[KeypointGanWorker] = []

    @property
    def info(self) -> KeypointGanInfo | None:
        """The network in use."""
        return None if self._worker is None else self._worker.info

    @property
    def path(self) -> Path | None:
        """The file of the network in use."""
        return None if self._worker is None else self._worker.path

    @property
    def loading(self) -> Path | None:
        """The file that is being loaded."""
        return None if self._coming is None else self._coming.path

    def open(self, path: Path) -> None:
        """Begin to load ``path``; ``refresh`` tells what became of it."""
        self._retire(self._coming)
        self._coming = KeypointGanWorker(path, self._device)
        self._coming.start()

    def rest(self) -> Path | None:
        """Give up the network in use and its thread, unless another is being loaded.

        Returns the file to ``open`` to go on, None if nothing was given up. Memory is free once
        the thread has ended and this is called again.
        """
        self._forget_the_gone()
        if self._worker is None or self._coming is not None:
            return None
        path = self._worker.path
        self._retire(self._worker)
        self._worker = None
        return path

    def refresh(self) -> str | None:
        """Take over what has been loaded; a sentence for the user if something failed."""
        self._forget_the_gone()
        coming = self._coming
        if coming is not None and coming.state is not ThreadState.STARTING:
            self._coming = None
            if coming.state is ThreadState.FAULTED:
                return _sentence(coming)
            self._retire(self._worker)
            self._worker = coming
        if self._worker is not None and self._worker.state is ThreadState.FAULTED:
            sentence, self._worker = _sentence(self._worker), None
            return sentence
        return None

    def ask(self, request: RedrawRequest) -> None:
        """Ask the network in use, if there is one; only the newest request is answered."""
        if self._worker is not None:
            self._worker.ask(request)

    def take_result(self) -> RedrawResult | None:
        """The newest result of the network in use, once."""
        return None if self._worker is None else self._worker.take_result()

    def close(self) -> None:
        """Stop every thread and join it."""
        for worker in (self._worker, self._coming):
            self._retire(worker)
        for worker in self._gone:
            worker.stop(_STOPPING_SECONDS)
        self._worker = self._coming = None

    def _forget_the_gone(self) -> None:
        self._gone = [worker for worker in self._gone if worker.is_alive()]

    def _retire(self, worker: KeypointGanWorker | None) -> None:
        if worker is not None:
            worker.stop(0.0)
            self._gone.append(worker)


def _sentence(worker: KeypointGanWorker) -> str:
    fault = worker.fault
    if isinstance(fault, UserError):
        return str(fault)
    return (
        f"KeypointGAN stopped with {worker.path.name} ({type(fault).__name__}: {fault}). "
        "Choose its weights again, or other ones."
    )


# The core that the live loop leaves to the window.
_THREADS = 1


class KeypointGanWorker(ManagedThread):
    """Owns the KeypointGAN of one weight file, which it loads while it is STARTING.

    Only the newest request counts: one that waits is replaced by the next. ``device`` None is the
    best one that works. A file that cannot be used ends the thread, ``fault`` being a UserError.
    """

    def __init__(self, path: Path, device: str | None = None) -> None:
        super().__init__("app-keypointgan")
        self.path = path
        self._device = device
        self._request: RedrawRequest | None = None
        self._result: RedrawResult | None = None
        self._info: KeypointGanInfo | None = None

    @property
    def info(self) -> KeypointGanInfo | None:
        """What was loaded; None until the thread is RUNNING."""
        with self._condition:
            return self._info

    def ask(self, request: RedrawRequest) -> None:
        """Compute this next, and nothing that was asked for before."""
        with self._condition:
            self._request = request
            self._condition.notify_all()

    def take_result(self) -> RedrawResult | None:
        """The newest result, once."""
        with self._condition:
            result, self._result = self._result, None
            return result

    def prepare(self) -> None:
        yield_to_other_threads()
        torch.set_num_threads(_THREADS)
        network = weights.load(self.path, choose_device(self._device).device)
        self._factorization = Factorization(network)
        self._masker = PersonMasker(PERSON_MASK) if network.spec.mask == "person" else None
        with self._condition:
            self._info = describe_keypointgan(network.spec, self.path.stem)

    def work(self) -> None:
        while (request := self._next()) is not None:
            result = self._compute(request)
            with self._condition:
                self._result = result

    def _next(self) -> RedrawRequest | None:
        with self._condition:
            self._condition.wait_for(lambda: self._stopping or self._request is not None)
            request, self._request = self._request, None
            return None if self._stopping else request

    def _compute(self, request: RedrawRequest) -> RedrawResult:
        look = self._seen(request.picture if request.appearance is None else request.appearance)
        if request.points is None:
            reading = self._factorization.read(self._seen(request.picture))
            points, skeleton_image = reading.points, reading.skeleton_image
        else:
            points, skeleton_image = request.points, self._factorization.skeleton(request.points)
        return RedrawResult(
            request, points, skeleton_image, self._factorization.redraw(points, look)
        )

    def _seen(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The picture as the network wants it: on black, if it was trained so."""
        if self._masker is None:
            return picture
        mask = cv2.resize(self._masker(picture), picture.shape[:2])
        return on_black(picture, np.asarray(mask, np.uint8))


def describe_keypointgan(spec: KeypointGanSpec, name: str) -> KeypointGanInfo:
    """What the window must know to draw the network's points."""
    joints = spec.skeleton.joint_set
    return KeypointGanInfo(
        name=name,
        size=spec.size,
        joint_names=joints.names,
        limbs=spec.skeleton.limbs,
        sides=tuple(joints.side(i) for i in range(len(joints))),
        conditional=spec.conditional,
    )
