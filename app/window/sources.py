"""What the window may ask of the part that opens cameras, files and demo clips."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from app.demos import Demo
from app.live.records import PoseResult
from app.settings import SourceChoice, SourceKind


class Sources(Protocol):
    """Opens sources for the running session. Every call may raise UserError.

    Opening a source that fails leaves the current one running.
    """

    def cameras(self) -> list[str]:
        """Names of the cameras found now; asking may take a moment."""

    def demos(self) -> list[Demo]: ...

    def open_camera(self, name: str) -> None: ...

    def open_video(self, path: str) -> None: ...

    def open_images(self, path: str) -> None: ...

    def open_demo(self, name: str) -> None: ...

    def title(self) -> str:
        """What is open now, for the title bar; empty when nothing is."""

    def mode(self) -> str:
        """The mode really obtained, such as ``FaceTime HD 1280×720@30``."""

    def has_known_joints(self) -> bool:
        """Whether the open clip comes with its true joints."""

    def known_error(self, result: PoseResult) -> tuple[float, float] | None:
        """Mean joint error (personalized, unpersonalized) in percent of the box's side.

        None when the clip has no known joints or the result has no prediction to compare.
        """


def open_choice(sources: Sources, choice: SourceChoice) -> None:
    """Open what a person named. May raise UserError."""
    opening: dict[SourceKind, Callable[[str], None]] = {
        SourceKind.CAMERA: sources.open_camera,
        SourceKind.VIDEO: sources.open_video,
        SourceKind.IMAGES: sources.open_images,
        SourceKind.DEMO: sources.open_demo,
    }
    opening[choice.kind](choice.value)
