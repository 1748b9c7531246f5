"""The KeypointGAN in use, and the one that is on its way to take its place."""

from __future__ import annotations

from pathlib import Path

from app.lifecycle import ThreadState
from app.live.puppet_worker import PuppetWorker
from app.live.records import PuppetInfo, PuppetRequest, PuppetResult
from model.errors import UserError

_STOPPING_SECONDS = 10.0


class PuppetStage:
    """Loads weight files and asks their networks. Every call but ``close`` returns at once.

    A file that cannot be used leaves the network in use as it is. ``device`` is as in
    ``PuppetWorker``.
    """

    def __init__(self, device: str | None = None) -> None:
        self._device = device
        self._worker: PuppetWorker | None = None
        self._coming: PuppetWorker | None = None
        self._gone: list[PuppetWorker] = []

    @property
    def info(self) -> PuppetInfo | None:
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
        self._coming = PuppetWorker(path, self._device)
        self._coming.start()

    def refresh(self) -> str | None:
        """Take over what has been loaded; a sentence for the user if something failed."""
        self._gone = [worker for worker in self._gone if worker.is_alive()]
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

    def ask(self, request: PuppetRequest) -> None:
        """Ask the network in use, if there is one; only the newest request is answered."""
        if self._worker is not None:
            self._worker.ask(request)

    def take_result(self) -> PuppetResult | None:
        """The newest result of the network in use, once."""
        return None if self._worker is None else self._worker.take_result()

    def close(self) -> None:
        """Stop every thread and join it."""
        for worker in (self._worker, self._coming):
            self._retire(worker)
        for worker in self._gone:
            worker.stop(_STOPPING_SECONDS)
        self._worker = self._coming = None

    def _retire(self, worker: PuppetWorker | None) -> None:
        if worker is not None:
            worker.stop(0.0)
            self._gone.append(worker)


def _sentence(worker: PuppetWorker) -> str:
    fault = worker.fault
    if isinstance(fault, UserError):
        return str(fault)
    return (
        f"KeypointGAN stopped with {worker.path.name} ({type(fault).__name__}: {fault}). "
        "Choose its weights again, or other ones."
    )
