"""Opens cameras, files, folders and demo clips for a session, by what a person calls them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.assets import DEMOS, Demo, KnownJoints, demo
from app.runtime.capture.camera import (
    CameraPreview,
    CameraSource,
    Preview,
    find_camera,
    list_cameras,
)
from app.runtime.capture.files import ImageFolderSource, VideoSource
from app.runtime.capture.source import FrameSource
from app.runtime.live.results import PoseResult
from app.runtime.live.session import LiveSession
from app.settings import CameraMode
from model.core.skeleton import PENN13

# Small and few pictures, so that several cameras fit on one USB bus.
_PREVIEW = (320, 240, 15)


class _SessionPreview:
    """The camera that is open sends its pictures to the session alone."""

    problem = ""

    def __init__(self, session: LiveSession) -> None:
        self._session = session

    def picture(self) -> NDArray[np.uint8] | None:
        frame = self._session.latest_frame()
        return None if frame is None else frame.image

    def stop(self) -> None:
        """The session goes on."""


class LiveSources:
    """Implements the window's ``Sources`` for one session."""

    def __init__(self, session: LiveSession) -> None:
        self._session = session
        self._title = ""
        self._known: KnownJoints | None = None
        self._camera_mode = CameraMode()

    def cameras(self) -> list[str]:
        return [camera.name for camera in list_cameras()]

    def preview(self, name: str) -> Preview:
        """What the camera of that name sees; of the one that is open, the session's pictures."""
        info = self._session.source_info
        if info is not None and info.live and info.name == name:
            return _SessionPreview(self._session)
        return CameraPreview(CameraSource(name, *_PREVIEW))

    def demos(self) -> list[Demo]:
        return list(DEMOS)

    def open_camera(self, name: str) -> None:
        camera, mode = find_camera(name), self._camera_mode
        info = self._session.source_info
        if info is not None and info.identity == camera.identity:
            # A camera sends its pictures to one at a time.
            self._session.close_source()
        self._open(CameraSource(camera.identity, mode.width, mode.height, mode.fps))

    def set_camera_mode(self, mode: CameraMode) -> bool:
        """Ask cameras for this mode from now on; whether one was open, which begins anew."""
        self._camera_mode = mode
        info = self._session.source_info
        if info is None or not info.live:
            return False
        self.open_camera(info.identity)
        return True

    def open_video(self, path: str) -> None:
        self._open(VideoSource(path))

    def open_images(self, path: str) -> None:
        self._open(ImageFolderSource(path))

    def open_demo(self, name: str) -> None:
        chosen = demo(name)
        self._open(VideoSource(chosen.video))
        self._title = chosen.title
        if chosen.joints and self._session.network.joint_names == PENN13.names:
            self._known = KnownJoints.load(chosen.joints)

    def title(self) -> str:
        """What is open now; empty when nothing is."""
        return self._title

    def mode(self) -> str:
        """The mode really obtained, such as ``FaceTime HD 1280×720@30``."""
        info = self._session.source_info
        return info.mode if info else ""

    def recording(self) -> Path | None:
        """The file or folder that is open; None for a camera, or when nothing is."""
        info = self._session.source_info
        return None if info is None or info.live else Path(info.identity)

    def has_known_joints(self) -> bool:
        return self._known is not None

    def known_joints(self) -> KnownJoints | None:
        """The true joints of the clip that is open, if they are known."""
        return self._known

    def known_error(self, result: PoseResult) -> tuple[float, float] | None:
        """Mean joint error (personalized, unpersonalized) in percent of the box's side."""
        if self._known is None or result.box is None or result.unpersonalized is None:
            return None
        with_it = self._known.error(result.media_index, result.keypoints)
        without = self._known.error(result.media_index, result.unpersonalized)
        if with_it is None or without is None:
            return None
        percent = 100 / result.box.side
        return with_it * percent, without * percent

    def _open(self, source: FrameSource) -> None:
        self._session.open(source, loop=self._session.looping)
        self._title = source.info.name
        self._known = None
