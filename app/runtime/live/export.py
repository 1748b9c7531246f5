"""The network as it is personalized now, for other programs, written in a thread of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from app.runtime.lifecycle import ManagedThread, yield_to_other_threads
from app.runtime.live.engine import Engine
from model.adaptation import Learnt
from model.adaptation.personalizer import apply
from model.core.errors import UserError
from model.ttp.onnx_export import export_onnx


class OnnxExport(ManagedThread):
    """Writes a trained network with what was ``learnt`` to an ONNX file, checked before it stays.

    Args:
        path: Where to, ``NAME.onnx``; a description goes to ``NAME.json``.
        learnt: What the network has learnt.
        make_engine: Loads a network of its own, in this thread.
        say: Gets the sentence at the end, good or bad, in this thread.
    """

    def __init__(
        self,
        path: Path,
        learnt: Learnt,
        make_engine: Callable[[], Engine],
        say: Callable[[str], None],
    ) -> None:
        super().__init__("app-export", self._failed)
        self._path = path
        self._learnt = learnt
        self._make_engine = make_engine
        self._say = say

    def work(self) -> None:
        yield_to_other_threads()
        engine = self._make_engine()
        apply(engine.network, self._learnt)
        updates = self._learnt.updates
        export_onnx(
            engine.network,
            self._path,
            {**engine.weights_metadata, "personalization_updates": str(updates)},
        )
        which = f"personalized by {updates} updates" if updates else "as trained"
        self._say(f"The network, {which}, is written to {self._path}")

    def _failed(self, error: Exception) -> None:
        if isinstance(error, UserError):
            self._say(str(error))
        else:
            self._say(f"The network was not written ({type(error).__name__}: {error}). Try again.")
