"""Cameras: found and opened by name, their modes verified, their silence noticed, and previews."""

from __future__ import annotations

import sys
import time
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from app.runtime.capture.capture_thread import CaptureThread
from app.runtime.capture.ring import FrameRing
from app.runtime.capture.source import FrameSource, Grab, SourceInfo, SourceStalledError
from app.runtime.lifecycle import ManagedThread, ThreadState
from model.core.errors import UserError

# The one interface per system whose numbering the list below shares with OpenCV.
_BACKENDS = {"linux": cv2.CAP_V4L2, "darwin": cv2.CAP_AVFOUNDATION, "win32": cv2.CAP_MSMF}


@dataclass(frozen=True)
class Camera:
    """A camera that is connected now.

    ``index`` and ``backend`` are what ``cv2.VideoCapture`` opens; they change when others are
    plugged in. ``name`` is unique in the list (a second one of a kind ends in " #2").
    ``identity`` (maker, product and name) stays the same across sessions.
    """

    index: int
    backend: int
    name: str
    identity: str


def list_cameras() -> list[Camera]:
    """The cameras that can deliver pictures, in the system's order; none is opened for it."""
    # Here, because on macOS it loads the system's whole media framework.
    from cv2_enumerate_cameras import enumerate_cameras

    found = enumerate_cameras(_BACKENDS.get(sys.platform, cv2.CAP_ANY))
    found.sort(key=lambda camera: camera.index)
    names = _numbered(camera.name for camera in found)
    identities = _numbered(
        f"{camera.vid or 0:04x}:{camera.pid or 0:04x} {camera.name}" for camera in found
    )
    return [
        Camera(camera.index, camera.backend, name, identity)
        for camera, name, identity in zip(found, names, identities, strict=True)
    ]


def find_camera(wanted: str) -> Camera:
    """The camera with that identity, name or number; a part of the name will do if only one has it.

    Letter case does not matter. Raises UserError, with the names of those that are there.
    """
    cameras = list_cameras()
    if not cameras:
        raise UserError(
            f'The camera "{wanted}" was asked for, but no camera was found. '
            "Connect one, and check that it is switched on and not held back by privacy settings."
        )
    key = wanted.strip().casefold()
    for exact in (
        [camera for camera in cameras if camera.identity.casefold() == key],
        [camera for camera in cameras if camera.name.casefold() == key],
        [camera for camera in cameras if str(camera.index) == key],
    ):
        if exact:
            return exact[0]
    partly = [camera for camera in cameras if key and key in camera.name.casefold()]
    if len(partly) == 1:
        return partly[0]
    if partly:
        raise UserError(
            f'"{wanted}" fits several cameras: {_quoted(partly)}. Give more of the name.'
        )
    raise UserError(f'There is no camera "{wanted}". Choose one of: {_quoted(cameras)}.')


def _numbered(texts: Iterable[str]) -> list[str]:
    seen: Counter[str] = Counter()
    numbered = []
    for text in texts:
        seen[text] += 1
        numbered.append(text if seen[text] == 1 else f"{text} #{seen[text]}")
    return numbered


def _quoted(cameras: list[Camera]) -> str:
    return ", ".join(f'"{camera.name}"' for camera in cameras)


Image = NDArray[np.uint8]

# Some cameras fail to answer until their sensor has settled.
_FIRST_READS = 5


class CameraPump(ManagedThread):
    """Opens ``camera`` and takes picture after picture; only the newest is kept.

    A driver may block in opening or reading, for seconds or for ever. Here it blocks nobody else:
    whoever takes pictures waits with a bound, and can tell that the camera is silent. The thread
    ends by itself when the camera refuses to deliver.
    """

    def __init__(self, camera: Camera, width: int, height: int, fps: float) -> None:
        super().__init__("app-camera")
        self._camera = camera
        self._wish = (width, height, fps)
        self._device: cv2.VideoCapture | None = None
        self._fresh: tuple[Image, float] | None = None
        self.shape = (0, 0)
        """(height, width) of the first picture, in pixels; known once RUNNING."""
        self.fps = 0.0
        """What the driver says its rate is (0 when it does not know); known once RUNNING."""

    def take(self, timeout: float) -> tuple[Image, float] | None:
        """The newest picture not taken yet, waiting for it at most ``timeout`` seconds.

        Returns it as height x width x 3 uint8 **BGR** with the ``time.perf_counter`` of its
        arrival, or None when none came.
        """
        with self._condition:
            self._condition.wait_for(
                lambda: self._fresh is not None or self._life is not ThreadState.RUNNING, timeout
            )
            fresh, self._fresh = self._fresh, None
            return fresh

    def prepare(self) -> None:
        self._device = device = cv2.VideoCapture(self._camera.index, self._camera.backend)
        if not device.isOpened():
            raise UserError(
                f'The camera "{self._camera.name}" is there but does not open. Close other '
                "programs that use it and check that this one may use the camera, "
                "or choose another one."
            )
        self._ask_for_mode(device)
        for _ in range(_FIRST_READS):
            self._grab(device)
            if self._fresh is not None:
                break
        first = self._fresh
        if first is None:
            raise UserError(
                f'The camera "{self._camera.name}" opens but sends no picture. '
                "Unplug it and plug it in again, or choose another one."
            )
        self.shape = first[0].shape[:2]
        self.fps = device.get(cv2.CAP_PROP_FPS)

    def work(self) -> None:
        device = self._device
        assert device is not None
        while not self.stopping and self._grab(device):
            pass

    def finish(self) -> None:
        if self._device is not None:
            self._device.release()

    def _ask_for_mode(self, device: cv2.VideoCapture) -> None:
        if self._camera.backend == cv2.CAP_V4L2:
            # Uncompressed, a USB 2 camera manages 720p at 10 pictures per second only. The format
            # comes first, since it decides which sizes and rates there are.
            device.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
        width, height, fps = self._wish
        device.set(cv2.CAP_PROP_FRAME_WIDTH, width)
        device.set(cv2.CAP_PROP_FRAME_HEIGHT, height)
        device.set(cv2.CAP_PROP_FPS, fps)

    def _grab(self, device: cv2.VideoCapture) -> bool:
        """Take one picture; False when the camera gives up, True also for a garbled one."""
        if not device.grab():
            return False
        moment = time.perf_counter()  # before decoding, which is part of the latency
        decoded, bgr = device.retrieve()
        if decoded:
            with self._condition:
                self._fresh = (np.asarray(bgr, np.uint8), moment)
                self._condition.notify_all()
        return True


OPEN_TIMEOUT = 20.0
"""Seconds that a camera may take to open and send its first picture."""
SILENT_AFTER = 3.0
"""Seconds without a picture after which a camera counts as stalled."""
FROZEN_AFTER = 5.0
"""Seconds of the very same picture after which a camera counts as stalled."""

_CLOSE_TIMEOUT = 2.0
_RATE_WINDOW = 30
_ALMOST = 0.9  # of the rate asked for: the clocks of cameras differ a little


class CameraSource:
    """The camera that ``find_camera`` finds, asked for ``width`` x ``height`` pixels at ``fps``.

    It is looked for each time it is opened, so it is found again after it was unplugged, whatever
    number it has then. The mode is a wish; ``info`` tells what the pictures really are.
    """

    def __init__(
        self, wanted: str, width: int = 1280, height: int = 720, fps: float = 30.0
    ) -> None:
        self._wanted = wanted
        self._wish = (width, height, fps)
        self._pump: CameraPump | None = None
        self._info: SourceInfo | None = None
        self._index = 0
        self._times: deque[float] = deque(maxlen=_RATE_WINDOW)
        self._watch = FreezeDetector(FROZEN_AFTER)

    @property
    def info(self) -> SourceInfo:
        if self._info is None:
            raise RuntimeError("a source must be opened before its info is known")
        return self._info

    def open(self) -> None:
        self.close()
        camera = find_camera(self._wanted)
        pump = CameraPump(camera, *self._wish)
        pump.start()
        if pump.wait_started(OPEN_TIMEOUT) is ThreadState.STARTING:
            pump.stop(timeout=0)
            raise UserError(
                f'The camera "{camera.name}" does not answer. '
                "Unplug it and plug it in again, or choose another one."
            )
        if pump.fault is not None:
            raise pump.fault
        self._pump = pump
        # From now on this very camera: a part of its name may fit another one later.
        self._wanted = camera.identity
        height, width = pump.shape
        self._info = SourceInfo(
            name=camera.name,
            identity=camera.identity,
            width=width,
            height=height,
            fps=pump.fps or self._wish[2],
            live=True,
            frame_count=None,
        )
        self._compare_with_wish()
        self._index = 0
        self._times.clear()

    def read(self) -> Grab | None:
        if self._pump is None:
            raise RuntimeError("the camera is not open")
        taken = self._pump.take(SILENT_AFTER)
        if taken is None:
            raise SourceStalledError(f"{self.info.name} has stopped sending pictures.")
        bgr, moment = taken
        if self._watch.is_frozen(bgr, moment):
            raise SourceStalledError(
                f"{self.info.name} has sent the very same picture for {FROZEN_AFTER:.0f} seconds."
            )
        self._measure_rate(moment)
        grab = Grab(np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8), self._index, moment)
        self._index += 1
        return grab

    def rewind(self) -> None:
        if self._pump is None:
            raise RuntimeError("the camera is not open")

    def seek(self, index: int) -> None:
        self.rewind()

    def close(self) -> None:
        if self._pump is not None:
            # One that hangs in its driver lets go of the device by itself, later.
            self._pump.stop(_CLOSE_TIMEOUT)
            self._pump = None

    def _measure_rate(self, moment: float) -> None:
        """Drivers claim a rate and halve it in dim light, so count the pictures instead."""
        self._times.append(moment)
        span = moment - self._times[0]
        if len(self._times) == _RATE_WINDOW and span > 0:
            self._info = replace(self.info, fps=(_RATE_WINDOW - 1) / span)
            self._compare_with_wish()

    def _compare_with_wish(self) -> None:
        """Say in ``info`` what was asked for, if the pictures are of another size or too few."""
        (width, height, fps), info = self._wish, self.info
        met = (info.width, info.height) == (width, height) and info.fps >= _ALMOST * fps
        self._info = replace(info, missed="" if met else f"{width}×{height}@{fps:.0f}")


class FreezeDetector:
    """Notices a driver that keeps handing out its last picture after the camera is gone.

    No sensor sends the same picture twice, its noise sees to that; but a virtual camera may show a
    still scene. So each still picture is reported once: if it is there again after reconnecting,
    it is taken as it is.
    """

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._sample: NDArray[np.uint8] | None = None
        self._since = 0.0
        self._reported = False

    def is_frozen(self, image: NDArray[np.uint8], moment: float) -> bool:
        """Whether ``image``, taken at ``moment``, has been the same for too long (said once)."""
        sample = image[::8, ::8]
        if self._sample is None or not np.array_equal(sample, self._sample):
            self._sample = sample.copy()
            self._since = moment
            self._reported = False
            return False
        if self._reported or moment - self._since < self._patience:
            return False
        self._reported = True
        return True


class Preview(Protocol):
    """What one camera sees now."""

    def picture(self) -> NDArray[np.uint8] | None:
        """The newest picture (height x width x 3, uint8, RGB); None while there is none."""

    @property
    def problem(self) -> str:
        """Why no picture comes, as one sentence; empty while nothing is wrong."""

    def stop(self) -> None:
        """Let the camera go; takes as long as its driver does, some seconds at most."""


class CameraPreview:
    """Opens ``source`` beside the caller, and keeps its newest picture."""

    def __init__(self, source: FrameSource) -> None:
        self._ring = FrameRing(capacity_bytes=1, max_frames=2)
        self._problem = ""
        self._capture = CaptureThread(source, self._ring, self._note, on_fault=self._fail)
        self._capture.start()

    def picture(self) -> NDArray[np.uint8] | None:
        frame = self._ring.latest()
        return None if frame is None else frame.image

    @property
    def problem(self) -> str:
        return self._problem

    def stop(self) -> None:
        self._capture.stop()
        self._ring.close()

    def _note(self, sentence: str) -> None:
        self._problem = sentence if self._capture.silent else ""

    def _fail(self, error: Exception) -> None:
        self._problem = str(error)
