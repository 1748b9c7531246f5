"""A camera that is not there, and a video that is written here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import cv2_enumerate_cameras
import numpy as np
import pytest
from cv2_enumerate_cameras import CameraInfo

from app.runtime.capture import camera as camera_pump
from tests.app.runtime.capture.fake import FakeDriver, Image

Connect = Callable[..., None]


@pytest.fixture
def plug_in(monkeypatch: pytest.MonkeyPatch) -> Connect:
    """Decide which cameras the system lists: ``plug_in("name", ("name", vid, pid), ...)``."""

    def connect(*cameras: str | tuple[str, int, int]) -> None:
        found = []
        for index, entry in enumerate(cameras):
            name, vid, pid = (entry, None, None) if isinstance(entry, str) else entry
            found.append(CameraInfo(index, name, None, vid, pid, cv2.CAP_V4L2))
        # Most systems do not list them in order.
        monkeypatch.setattr(
            cv2_enumerate_cameras, "enumerate_cameras", lambda _backend: found[::-1]
        )

    return connect


@pytest.fixture
def driver(monkeypatch: pytest.MonkeyPatch, plug_in: Connect) -> Iterator[FakeDriver]:
    """One camera, "Fake HD", behind a fake ``cv2.VideoCapture``."""
    plug_in(("Fake HD", 0x046D, 0x0825))
    driver = FakeDriver()
    monkeypatch.setattr(camera_pump.cv2, "VideoCapture", driver.connect)
    yield driver
    if driver.hang is not None:
        driver.hang.set()


@pytest.fixture
def write_video(tmp_path: Path) -> Callable[..., Path]:
    """Write a lossless video and return its path: ``write_video(pictures_rgb, fps=25)``."""

    def write(pictures: list[Image], fps: float = 25.0) -> Path:
        path = tmp_path / "clip.avi"
        height, width = pictures[0].shape[:2]
        writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"HFYU"), fps, (width, height))
        assert writer.isOpened()
        for image in pictures:
            writer.write(np.ascontiguousarray(image[..., ::-1]))
        writer.release()
        return path

    return write
