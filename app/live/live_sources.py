"""Opens cameras, files and demo clips in a session, and knows the true joints of the demos."""

from __future__ import annotations

from app.capture.camera import CameraSource
from app.capture.cameras import list_cameras
from app.capture.images import ImageFolderSource
from app.capture.source import FrameSource
from app.capture.video import VideoSource
from app.demos import DEMOS, Demo, KnownJoints, demo
from app.live.live_session import LiveSession
from app.live.records import PoseResult
from model.skeleton import PENN13


class LiveSources:
    """Implements the window's ``Sources`` for one session; files play in a loop."""

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

    def has_known_joints(self) -> bool:
        return self._known is not None

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
        self._session.open(source, loop=True)
        self._title = source.info.name
        self._known = None
