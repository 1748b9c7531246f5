"""The menu from which a person chooses what to look at."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from PyQt6.QtCore import pyqtSignal
from PyQt6.QtWidgets import QFileDialog, QMenu, QWidget

from app.settings import SourceChoice, SourceKind
from app.window.icons import icon
from app.window.sources import Sources
from model.errors import UserError

T = TypeVar("T")

_VIDEO_FILES = "Videos (*.mp4 *.mov *.m4v *.mkv *.webm *.avi *.mpg *.mpeg *.wmv);;All files (*)"


class SourceMenu(QMenu):
    """Cameras by name, video files, folders of images, and the embedded clips.

    The cameras are asked for when the menu opens, because that takes a moment and they come and
    go. ``say`` gets the sentence when they cannot be listed.
    """

    chosen = pyqtSignal(object)
    """A SourceChoice."""

    def __init__(self, sources: Sources, say: Callable[[str], None], parent: QWidget) -> None:
        super().__init__("Source", parent)
        self._sources = sources
        self._say = say
        self.setToolTipsVisible(True)
        self.aboutToShow.connect(self._fill)
        # macOS leaves out a menu that is empty before it opens.
        self._fill_files()

    def _fill(self) -> None:
        self.clear()
        self._fill_cameras()
        self._fill_files()
        self._fill_demos()

    def _fill_cameras(self) -> None:
        self.addSection("Cameras")
        names = self._ask(self._sources.cameras)
        for name in names:
            self._add_choice("webcam", name, f"Look through {name}", SourceKind.CAMERA, name)
        if not names:
            self._add("webcam", "No camera found", "Connect one, then open this menu again")

    def _fill_files(self) -> None:
        self.addSection("Files")
        self._add("film", "Open video…", "Play a video file", self._ask_video)
        tip = "Play a folder of images in the order of their names"
        self._add("folder", "Open image folder…", tip, self._ask_images)

    def _fill_demos(self) -> None:
        self.addSection("Demo clips")
        demos = self._ask(self._sources.demos)
        for demo in demos:
            tip = f"Play the embedded clip {demo.name}"
            self._add_choice("clapperboard", demo.title, tip, SourceKind.DEMO, demo.name)
        if not demos:
            self._add("clapperboard", "No demo clip found", "Clips lie in assets/demo")

    def _ask(self, question: Callable[[], list[T]]) -> list[T]:
        try:
            return question()
        except UserError as error:
            self._say(str(error))
            return []

    def _add_choice(
        self, icon_name: str, text: str, tip: str, kind: SourceKind, value: str
    ) -> None:
        choice = SourceChoice(kind, value)
        # "&" would become a mnemonic and vanish from a camera's name.
        self._add(icon_name, text.replace("&", "&&"), tip, lambda: self.chosen.emit(choice))

    def _add(
        self, icon_name: str, text: str, tip: str, handler: Callable[[], None] | None = None
    ) -> None:
        """Add an entry; without a ``handler`` it only tells something."""
        entry = self.addAction(icon(icon_name), text)
        assert entry is not None
        entry.setToolTip(tip)
        entry.setEnabled(handler is not None)
        if handler is not None:
            entry.triggered.connect(handler)

    def _ask_video(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self.parentWidget(), "Open video", "", _VIDEO_FILES)
        if path:
            self.chosen.emit(SourceChoice(SourceKind.VIDEO, path))

    def _ask_images(self) -> None:
        path = QFileDialog.getExistingDirectory(self.parentWidget(), "Open image folder")
        if path:
            self.chosen.emit(SourceChoice(SourceKind.IMAGES, path))
