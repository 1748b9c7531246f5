"""What is taken out of a live session: the keypoints of all frames, and the network as it is."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from app.runtime.capture.source import Frame
from app.runtime.lifecycle import ManagedThread, yield_to_other_threads
from app.runtime.live.engine import Engine
from app.runtime.live.results import NetworkInfo, PoseResult
from app.runtime.recordings.pipeline import ProcessedFrame
from app.runtime.recordings.writers import CocoJson, KeypointsCsv, ResultWriter, writing_to
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


# Twenty minutes of 30 frames per second take some 30 MB.
_KEPT = 36_000
_NO_POINTS = np.zeros((0, 2), np.float32)
_NO_AFFINITY = np.zeros((0, 0), np.float32)
_NONE = np.zeros(0, np.float32)


class Trajectory:
    """Results of one source in their order, without what only the window shows; the last 36,000."""

    def __init__(self, network: NetworkInfo) -> None:
        self._network = network
        self._results: deque[PoseResult] = deque(maxlen=_KEPT)

    def __len__(self) -> int:
        return len(self._results)

    def clear(self) -> None:
        """Forget all, as for another source."""
        self._results.clear()

    def add(self, result: PoseResult) -> None:
        """Take in the next result."""
        self._results.append(
            replace(
                result,
                self_keypoints=_NO_POINTS,
                affinity=_NO_AFFINITY,
                contribution=_NONE,
                unpersonalized=None,
                others=(),
            )
        )

    def write_csv(self, path: Path, size: tuple[int, int]) -> None:
        """Write a row per frame, as ``KeypointsCsv`` does; times count from the first one.

        Args:
            path: Where to.
            size: Width and height of the frames in pixels.

        Raises:
            UserError: Nothing was seen yet, or the file cannot be written.
        """
        self._write(path, size, lambda: KeypointsCsv(path, self._network.joint_names))

    def write_coco(self, path: Path, size: tuple[int, int], source: str) -> None:
        """Write COCO JSON of the ``source`` with that name; else as ``write_csv``."""
        description = f"Keypoints predicted in {source} by {self._network.name}"
        self._write(
            path,
            size,
            lambda: CocoJson(
                path, self._network, lambda index: f"{source}/{index:06d}", description
            ),
        )

    def _write(self, path: Path, size: tuple[int, int], make: Callable[[], ResultWriter]) -> None:
        results = list(self._results)
        if not results:
            raise UserError("No frame was predicted yet. Play the source for a while, then export.")
        width, height = size
        # Writers ask for the picture's size alone.
        image = np.broadcast_to(np.uint8(0), (height, width, 3))
        start = results[0].timestamp
        with writing_to(path.parent):
            writer = make()
            try:
                for result in results:
                    shifted = replace(result, timestamp=result.timestamp - start)
                    frame = Frame(result.frame_index, shifted.timestamp, image, result.media_index)
                    writer.add(ProcessedFrame(frame, shifted))
                writer.finish()
            finally:
                writer.close()
