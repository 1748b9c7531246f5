"""What a person can look at: the menu, and opening what was chosen, dropped or had open last."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

from PyQt6.QtCore import QObject, Qt, pyqtSignal
from PyQt6.QtGui import QDropEvent
from PyQt6.QtWidgets import QApplication, QFileDialog, QMenu, QWidget

from app.assets import Demo
from app.gui.theme import icon
from app.runtime.capture.files import VIDEO_SUFFIXES
from app.runtime.live.results import PoseResult
from app.settings import CAMERA_MODES, MOST_RECENT, CameraMode, SourceChoice, SourceKind
from model.core.errors import UserError


class Sources(Protocol):
    """Opens sources for the running session. Every call may raise UserError.

    Opening a source that fails leaves the current one running.
    """

    def cameras(self) -> list[str]:
        """Names of the cameras found now; asking may take a moment."""

    def demos(self) -> list[Demo]: ...

    def open_camera(self, name: str) -> None: ...

    def set_camera_mode(self, mode: CameraMode) -> bool:
        """Ask cameras for this mode from now on; whether one was open, which begins anew."""

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


T = TypeVar("T")

_VIDEO_FILES = f"Videos ({' '.join(f'*{suffix}' for suffix in VIDEO_SUFFIXES)});;All files (*)"


class SourceMenu(QMenu):
    """Cameras by name, video files, folders of images, what was open lately, and the demo clips.

    The cameras are asked for when the menu opens, because that takes a moment and they come and
    go. ``say`` gets the sentence when they cannot be listed; ``recent`` is asked for what was
    open; cameras are asked for ``mode``.
    """

    chosen = pyqtSignal(object)
    """A SourceChoice."""
    mode_chosen = pyqtSignal(object)
    """A CameraMode."""

    def __init__(
        self,
        sources: Sources,
        say: Callable[[str], None],
        parent: QWidget,
        recent: Callable[[], Sequence[SourceChoice]] = tuple,
        mode: CameraMode | None = None,
    ) -> None:
        super().__init__("Source", parent)
        self._sources = sources
        self._say = say
        self._recent = recent
        self.mode = mode or CameraMode()
        self.setToolTipsVisible(True)
        self.aboutToShow.connect(self._fill)
        # macOS leaves out a menu that is empty before it opens.
        self._fill_files()

    def _fill(self) -> None:
        self.clear()
        for menu in self.findChildren(QMenu):
            menu.deleteLater()
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
        self._fill_modes()

    def _fill_modes(self) -> None:
        menu = self.addMenu(icon("camera"), f"Camera mode: {self.mode}")
        assert menu is not None
        menu.setToolTipsVisible(True)
        entry = menu.menuAction()
        assert entry is not None
        entry.setToolTip("What cameras are asked for; the status bar says what they deliver")
        for mode in CAMERA_MODES:
            choice = menu.addAction(f"{mode.width} × {mode.height}, {mode.fps} pictures/s")
            assert choice is not None
            choice.setToolTip(f"Ask cameras for {mode}")
            choice.setCheckable(True)
            choice.setChecked(mode == self.mode)
            choice.triggered.connect(lambda _checked, wanted=mode: self._choose_mode(wanted))

    def _choose_mode(self, mode: CameraMode) -> None:
        self.mode = mode
        self.mode_chosen.emit(mode)

    def _fill_files(self) -> None:
        self.addSection("Files")
        self._add("film", "Open video…", "Play a video file", self.ask_video)
        tip = "Play a folder of images in the order of their names"
        self._add("folder", "Open image folder…", tip, self._ask_images)
        for choice in self._recent():
            icon_name = "folder" if choice.kind is SourceKind.IMAGES else "film"
            name = Path(choice.value).name or choice.value
            self._add_choice(icon_name, name, choice.value, choice.kind, choice.value)

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

    def ask_video(self) -> None:
        """Let the user choose a video file."""
        path, _ = QFileDialog.getOpenFileName(self.parentWidget(), "Open video", "", _VIDEO_FILES)
        if path:
            self.chosen.emit(SourceChoice(SourceKind.VIDEO, path))

    def _ask_images(self) -> None:
        path = QFileDialog.getExistingDirectory(self.parentWidget(), "Open image folder")
        if path:
            self.chosen.emit(SourceChoice(SourceKind.IMAGES, path))


class SourceOpener(QObject):
    """Opens sources by choice; ``say`` gets the sentence when one cannot be opened.

    ``last_choice`` is what the user chose last with success, not what a program opened; ``recent``
    are the files and folders among such choices, the newest first.
    """

    opened = pyqtSignal()

    def __init__(
        self,
        sources: Sources,
        say: Callable[[str], None],
        last_choice: SourceChoice | None,
        recent: tuple[SourceChoice, ...] = (),
    ) -> None:
        super().__init__()
        self._say = say
        self._sources = sources
        self.last_choice = last_choice
        self.recent = recent

    def choose(self, choice: SourceChoice) -> None:
        """Open what the user chose, and remember it for the next start."""
        if self.open(choice):
            self.last_choice = choice
            if choice.kind in (SourceKind.VIDEO, SourceKind.IMAGES):
                others = (known for known in self.recent if known != choice)
                self.recent = (choice, *others)[:MOST_RECENT]

    def open(self, choice: SourceChoice) -> bool:
        """Open ``choice``; False, and the current source goes on, when it cannot be opened."""

        def opening() -> bool:
            open_choice(self._sources, choice)
            return True

        return self._try(opening)

    def set_camera_mode(self, mode: CameraMode) -> None:
        """Ask cameras for ``mode``; a camera that is open begins anew."""
        self._try(lambda: self._sources.set_camera_mode(mode))

    def _try(self, opening: Callable[[], bool]) -> bool:
        """Tell of what was opened; False, with a sentence, where it could not be."""
        QApplication.setOverrideCursor(Qt.CursorShape.WaitCursor)
        try:
            began = opening()
        except UserError as error:
            self._say(str(error))
            return False
        finally:
            QApplication.restoreOverrideCursor()
        if began:
            self.opened.emit()
        return True


def dropped_choice(event: QDropEvent | None) -> SourceChoice | None:
    """The file or folder that a drag carries; None when it carries something else."""
    data = event.mimeData() if event is not None else None
    files = [url.toLocalFile() for url in data.urls() if url.isLocalFile()] if data else []
    if not files:
        return None
    kind = SourceKind.IMAGES if Path(files[0]).is_dir() else SourceKind.VIDEO
    return SourceChoice(kind, files[0])
