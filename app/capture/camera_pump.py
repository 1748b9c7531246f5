"""The thread that owns an opened camera and keeps its newest picture."""

from __future__ import annotations

import time

import cv2
import numpy as np
from numpy.typing import NDArray

from app.capture.cameras import Camera
from app.lifecycle import ManagedThread, ThreadState
from model.errors import UserError

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
