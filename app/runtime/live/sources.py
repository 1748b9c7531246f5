"""Opens cameras, files, folders and demo clips for a session, by what a person calls them."""

from __future__ import annotations

from pathlib import Path

from app.assets import DEMOS, Demo, KnownJoints, demo
from app.runtime.capture.camera import CameraSource, list_cameras
from app.runtime.capture.files import ImageFolderSource, VideoSource
from app.runtime.capture.source import FrameSource
from app.runtime.live.results import PoseResult
from app.runtime.live.session import LiveSession
from model.core.skeleton import PENN13


class LiveSources:
    """Implements the window's ``Sources`` for one session."""

    def __init__(self, session: LiveSession) -> None:
        self._session = session
        self._title = ""
        self._known: KnownJoints | None = None

    def cameras(self) -> list[str]:
        return [camera.name for camera in list_cameras()]

    def demos(self) -> list[Demo]:
        return list(DEMOS)

    def open_camera(self, name: str) -> None:
        self._open(CameraSource(name))

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
