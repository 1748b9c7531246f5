"""A camera as a source: opened by name, its mode verified, its silence noticed."""

from __future__ import annotations

from collections import deque
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from app.capture.camera_pump import CameraPump
from app.capture.cameras import find_camera
from app.capture.source import Grab, SourceInfo, SourceStalledError
from app.lifecycle import ThreadState
from model.errors import UserError

OPEN_TIMEOUT = 20.0
"""Seconds that a camera may take to open and send its first picture."""
SILENT_AFTER = 3.0
"""Seconds without a picture after which a camera counts as stalled."""
FROZEN_AFTER = 5.0
"""Seconds of the very same picture after which a camera counts as stalled."""

_CLOSE_TIMEOUT = 2.0
_RATE_WINDOW = 30


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
        self._watch = FrozenWatch(FROZEN_AFTER)

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


class FrozenWatch:
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
