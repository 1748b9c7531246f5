"""Results for other programs: by OSC, or through a person's own class in a Python file.

A processor is any object with ``process(result)`` and, if it likes, ``close()``.
"""

from __future__ import annotations

import contextlib
import importlib.util
import logging
import math
import socket
import sys
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from pythonosc.osc_bundle_builder import IMMEDIATELY, OscBundleBuilder
from pythonosc.osc_message_builder import OscMessageBuilder
from pythonosc.udp_client import UDPClient

from app.runtime.capture.source import Frame
from app.runtime.lifecycle import ManagedThread
from app.runtime.live.results import PoseResult
from model.core.errors import UserError
from model.core.skeleton import ANGLES, joint_angles

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ProcessorResult:
    """What was predicted in one frame; the arrays are the processor's to read, not to change.

    Attributes:
        time: When the frame was taken, in seconds: since the recording's start, or live on the
            clock ``time.perf_counter``.
        frame: The frame's number in its file (it starts again when a clip loops) or since the
            camera was opened.
        size: Width and height of the frame in pixels.
        keypoints: (K, 2) float32, (x, y) in pixels, y down; (0, 2) where nobody was found.
        confidence: (K,) float32, 0..1.
        joint_names: The K joints' names, such as "left wrist".
        angles: Degrees by the joint's name, such as "left elbow"; NaN where one is not known.
        updates: Personalization updates behind the prediction.
    """

    time: float
    frame: int
    size: tuple[int, int]
    keypoints: NDArray[np.float32]
    confidence: NDArray[np.float32]
    joint_names: tuple[str, ...]
    angles: dict[str, float]
    updates: int

    @classmethod
    def of(cls, frame: Frame, result: PoseResult, joint_names: Sequence[str]) -> ProcessorResult:
        """What processors are told of ``result``, which is of ``frame``."""
        degrees = joint_angles(joint_names, result.keypoints, result.confidence).tolist()
        height, width = frame.image.shape[:2]
        return cls(
            time=result.timestamp,
            frame=result.media_index,
            size=(width, height),
            keypoints=result.keypoints,
            confidence=result.confidence,
            joint_names=tuple(joint_names),
            angles={angle.vertex: value for angle, value in zip(ANGLES, degrees, strict=True)},
            updates=result.updates,
        )


class Processor(Protocol):
    """What every processor has; ``close()`` is called in the end where there is one."""

    def process(self, result: ProcessorResult) -> object:
        """Take in the next result."""


def load_processor(path: Path) -> Processor:
    """Run the Python file and make one of its class ``Processor``, without arguments.

    Raises:
        UserError: There is no such file or class, or its own code fails.
    """
    if not path.is_file():
        raise UserError(f'There is no file "{path}". Give a Python file with a class Processor.')
    name = f"processor_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise UserError(f'"{path}" is no Python file. Its name must end in .py.')
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # data classes look their module up
    try:
        spec.loader.exec_module(module)
        kind = getattr(module, "Processor", None)
        processor = kind() if isinstance(kind, type) else None
    except Exception as error:
        _log.error("the processor %s cannot be made", path, exc_info=error)
        raise UserError(
            f'The processor "{path}" cannot be made ({type(error).__name__}: {error}). Mend it, or '
            "leave it out."
        ) from error
    if processor is None or not callable(getattr(processor, "process", None)):
        raise UserError(
            f'The file "{path}" has no class Processor with a method process(result). '
            "docs/processors.md has an example."
        )
    return processor


class GuardedProcessor:
    """A processor whose errors are said in one sentence and switch it off, and end nothing else."""

    def __init__(self, title: str, processor: Processor, say: Callable[[str], object]) -> None:
        self.title = title
        #: The error that switched it off; None while it is on.
        self.error: str | None = None
        self._processor = processor
        self._say = say

    def process(self, result: ProcessorResult) -> None:
        """Hand the result over, if the processor is on."""
        if self.error is None:
            self._call(lambda: self._processor.process(result), "was switched off")

    def close(self) -> None:
        """Let the processor end what it began."""
        close = getattr(self._processor, "close", None)
        if close is not None:
            self._call(close, "was not closed")

    def _call(self, action: Callable[[], object], consequence: str) -> None:
        try:
            action()
        except Exception as error:  # noqa: BLE001 - it is another's code
            self.error = f"{type(error).__name__}: {error}"
            _log.error("the processor %s failed", self.title, exc_info=error)
            self._say(f"The processor {self.title} failed ({self.error}) and {consequence}.")


# A processor that is slower than the frames for long misses the oldest.
_WAITING = 32


class ProcessorThread(ManagedThread):
    """Runs one processor beside everything else; ``add`` never waits."""

    def __init__(self, processor: GuardedProcessor) -> None:
        super().__init__(f"app-processor-{processor.title}")
        self._processor = processor
        self._results: deque[ProcessorResult] = deque(maxlen=_WAITING)

    @property
    def title(self) -> str:
        """The processor's name, empty once it is off."""
        return self._processor.title if self._processor.error is None else ""

    def add(self, result: ProcessorResult) -> None:
        """Let the processor have this result; the oldest one is lost where too many wait."""
        with self._condition:
            self._results.append(result)
            self._condition.notify_all()

    def work(self) -> None:
        while self._processor.error is None:
            with self._condition:
                self._condition.wait_for(lambda: self._results or self._stopping)
                if self._stopping:
                    return
                result = self._results.popleft()
            self._processor.process(result)

    def finish(self) -> None:
        self._processor.close()


DEFAULT_ADDRESS = "127.0.0.1:9000"


class OscProcessor:
    """Sends each result as one bundle over UDP, which nobody needs to receive.

    ``/pose/frame`` has the frame's number, seconds since the first one, and 1 or 0 for whether
    somebody was found; ``/pose/keypoint/left_wrist`` x and y in 0..1 of the picture's width and
    height, and confidence; ``/pose/angle/left_elbow`` degrees, where they are known.

    Args:
        address: HOST:PORT.

    Raises:
        UserError: It is no address, or its host is not known.
    """

    def __init__(self, address: str = DEFAULT_ADDRESS) -> None:
        host, _, port = address.rpartition(":")
        if not host or not port.isdecimal() or not 0 < int(port) < 65536:
            raise UserError(f"--osc was {address!r}; it is HOST:PORT, such as {DEFAULT_ADDRESS}.")
        try:
            # Asked for once: sending must not wait for the name of a host.
            found = socket.getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_DGRAM)
            self._client = UDPClient(str(found[0][4][0]), int(port))
        except OSError as error:
            raise UserError(
                f"The OSC address {address} is not known ({error.strerror}). Give one that is."
            ) from error
        self._start: float | None = None

    def process(self, result: ProcessorResult) -> None:
        if self._start is None:
            self._start = result.time
        bundle = OscBundleBuilder(IMMEDIATELY)

        def add(address: str, *values: float) -> None:
            message = OscMessageBuilder(f"/pose/{address}".replace(" ", "_"))
            for value in values:
                message.add_arg(value)
            bundle.add_content(message.build())

        width, height = result.size
        found = len(result.keypoints) > 0
        add("frame", result.frame, float(result.time - self._start), int(found))
        if found:
            points = (result.keypoints / (width, height)).tolist()
            sure = result.confidence.tolist()
            for name, (x, y), confidence in zip(result.joint_names, points, sure, strict=True):
                add(f"keypoint/{name}", x, y, confidence)
            for name, degrees in result.angles.items():
                if not math.isnan(degrees):
                    add(f"angle/{name}", degrees)
        # A full buffer or nobody who listens loses one bundle, and the next may arrive.
        with contextlib.suppress(BlockingIOError, ConnectionError):
            self._client.send(bundle.build())

    def close(self) -> None:
        self._client.close()
