"""What a person can look at: the menu, and opening what was chosen, dropped or had open last."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Protocol

from PyQt6.QtCore import QObject, Qt, pyqtSignal
from PyQt6.QtGui import QAction, QDropEvent
from PyQt6.QtWidgets import QApplication, QFileDialog, QMenu, QWidget

from app.assets import Demo, KnownJoints
from app.gui.language import tr
from app.gui.theme import icon
from app.runtime.capture.camera import Preview
from app.runtime.capture.files import VIDEO_SUFFIXES
from app.runtime.lifecycle import Task
from app.runtime.live.results import PoseResult
from app.settings import CAMERA_MODES, MOST_RECENT, CameraMode, SourceChoice, SourceKind
from model.core.errors import UserError


class Sources(Protocol):
    """Opens sources for the running session. Every call may raise UserError.

    Opening a source that fails leaves the current one running.
    """

    def cameras(self) -> list[str]:
        """Names of the cameras found now; asking may take seconds, and is done in any thread."""

    def preview(self, name: str) -> Preview:
        """Begin to look through that camera, for a small picture."""

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

    def known_joints(self) -> KnownJoints | None:
        """The true joints of the clip that is open, if they are known."""

    def recording(self) -> Path | None:
        """The file or folder that is open; None for a camera, or when nothing is."""

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


def video_files() -> str:
    """The kinds of files for a dialog that asks for videos."""
    endings = " ".join(f"*{suffix}" for suffix in VIDEO_SUFFIXES)
    return tr("Videos ({endings});;All files (*)", endings=endings)


class CameraSearch(QObject):
    """Lists cameras beside the window, since a system may take seconds for it."""

    over = pyqtSignal(list, str)
    """Names of cameras, and a sentence if they cannot be listed."""

    def __init__(self, find: Callable[[], list[str]]) -> None:
        super().__init__()
        self._find = find
        self._busy = False
        self.over.connect(self._rest)

    def begin(self) -> None:
        """Look for them, unless a search is under way: its answer is as good."""
        if not self._busy:
            self._busy = True
            Task("app-cameras", lambda: self.over.emit(self._find(), ""), self._fail).start()

    def _fail(self, error: Exception) -> None:
        told = isinstance(error, UserError)
        self.over.emit(
            [], str(error) if told else tr("The cameras cannot be listed ({error}).", error=error)
        )

    def _rest(self) -> None:
        self._busy = False


class SourceMenu(QMenu):
    """Cameras by name, video files, folders of images, what was open lately, and the demo clips.

    The cameras are looked for when the menu opens, because they come and go, and come into it as
    soon as they are found. ``say`` gets the sentence when they cannot be listed; ``recent`` is
    asked for what was open; cameras are asked for ``mode``.
    """

    chosen = pyqtSignal(object)
    """A SourceChoice."""
    mode_chosen = pyqtSignal(object)
    """A CameraMode."""
    previews_wanted = pyqtSignal(list)
    """The names of all cameras."""

    def __init__(
        self,
        sources: Sources,
        say: Callable[[str], None],
        parent: QWidget,
        recent: Callable[[], Sequence[SourceChoice]] = tuple,
        mode: CameraMode | None = None,
    ) -> None:
        super().__init__(tr("Source"), parent)
        self._sources = sources
        self._say = say
        self._recent = recent
        self.mode = mode or CameraMode()
        self.setToolTipsVisible(True)
        self._looking: QAction | None = None
        self.search = CameraSearch(sources.cameras)
        self.search.over.connect(self._show_cameras)
        self.aboutToShow.connect(self._fill)
        # macOS leaves out a menu that is empty before it opens.
        self._fill_files()

    def _fill(self) -> None:
        self.clear()
        for menu in self.findChildren(QMenu):
            menu.deleteLater()
        self.addSection(tr("Cameras"))
        self._looking = self._add(
            "webcam", tr("Looking for cameras…"), tr("They are listed in a moment")
        )
        self._fill_modes()
        self._fill_files()
        self._fill_demos()
        self.search.begin()

    def _show_cameras(self, names: list[str], complaint: str) -> None:
        """Put them in the place of the entry that says that they are looked for."""
        if complaint:
            self._say(complaint)
        looking, self._looking = self._looking, None
        if looking is None:
            return
        for name in names:
            tip = tr("Look through {name}", name=name)
            entry = self._add_choice("webcam", name, tip, SourceKind.CAMERA, name)
            self.insertAction(looking, entry)
        if len(names) > 1:
            tip = tr("Live pictures of all, to choose one by what it sees")
            entry = self._add(
                "webcam",
                tr("See all cameras…"),
                tip,
                lambda: self.previews_wanted.emit(names),
            )
            self.insertAction(looking, entry)
        if names:
            self.removeAction(looking)
        else:
            looking.setText(tr("No camera found"))
            looking.setToolTip(tr("Connect one, then open this menu again"))

    def _fill_modes(self) -> None:
        menu = self.addMenu(icon("camera"), tr("Camera mode: {mode}", mode=self.mode))
        assert menu is not None
        menu.setToolTipsVisible(True)
        entry = menu.menuAction()
        assert entry is not None
        tip = tr("What cameras are asked for; the status bar says what they deliver")
        entry.setToolTip(tip)
        for mode in CAMERA_MODES:
            choice = menu.addAction(tr("{width} × {height}, {fps} pictures/s", **asdict(mode)))
            assert choice is not None
            choice.setToolTip(tr("Ask cameras for {mode}", mode=mode))
            choice.setCheckable(True)
            choice.setChecked(mode == self.mode)
            choice.triggered.connect(lambda _checked, wanted=mode: self._choose_mode(wanted))

    def _choose_mode(self, mode: CameraMode) -> None:
        self.mode = mode
        self.mode_chosen.emit(mode)

    def _fill_files(self) -> None:
        self.addSection(tr("Files"))
        self._add("film", tr("Open video…"), tr("Play a video file"), self.ask_video)
        tip = tr("Play a folder of images in the order of their names")
        self._add("folder", tr("Open image folder…"), tip, self._ask_images)
        for choice in self._recent():
            icon_name = "folder" if choice.kind is SourceKind.IMAGES else "film"
            name = Path(choice.value).name or choice.value
            self._add_choice(icon_name, name, choice.value, choice.kind, choice.value)

    def _fill_demos(self) -> None:
        self.addSection(tr("Demo clips"))
        demos = self._sources.demos()
        for demo in demos:
            tip = tr("Play the embedded clip {name}", name=demo.name)
            self._add_choice("clapperboard", tr(demo.title), tip, SourceKind.DEMO, demo.name)
        if not demos:
            self._add("clapperboard", tr("No demo clip found"), tr("Clips lie in assets/demo"))

    def _add_choice(
        self, icon_name: str, text: str, tip: str, kind: SourceKind, value: str
    ) -> QAction:
        choice = SourceChoice(kind, value)
        # "&" would become a mnemonic and vanish from a camera's name.
        return self._add(icon_name, text.replace("&", "&&"), tip, lambda: self.chosen.emit(choice))

    def _add(
        self, icon_name: str, text: str, tip: str, handler: Callable[[], None] | None = None
    ) -> QAction:
        """Add an entry; without a ``handler`` it only tells something."""
        entry = self.addAction(icon(icon_name), text)
        assert entry is not None
        entry.setToolTip(tip)
        entry.setEnabled(handler is not None)
        if handler is not None:
            entry.triggered.connect(handler)
        return entry

    def ask_video(self) -> None:
        """Let the user choose a video file."""
        path, _ = QFileDialog.getOpenFileName(
            self.parentWidget(), tr("Open video"), "", video_files()
        )
        if path:
            self.chosen.emit(SourceChoice(SourceKind.VIDEO, path))

    def _ask_images(self) -> None:
        path = QFileDialog.getExistingDirectory(self.parentWidget(), tr("Open image folder"))
        if path:
            self.chosen.emit(SourceChoice(SourceKind.IMAGES, path))


@dataclass(frozen=True)
class _Opening:
    """How an attempt ended: whether a source is shown now, and what there is to say."""

    shown: bool
    sentence: str = ""
    remembered: SourceChoice | None = None


class SourceOpener(QObject):
    """Opens sources by choice, beside the window.

    A source may take seconds, or for ever: what is chosen meanwhile takes its place, and nothing
    is heard of it any more. ``last_choice`` is what the user chose last with success, not what a
    program opened; ``recent`` are the files and folders among such choices, the newest first.
    """

    opened = pyqtSignal()
    failed = pyqtSignal(str)
    """What was wanted could not be opened, and why; the current source goes on, or another one."""
    _over = pyqtSignal(int, object)

    def __init__(
        self,
        sources: Sources,
        last_choice: SourceChoice | None,
        recent: tuple[SourceChoice, ...] = (),
    ) -> None:
        super().__init__()
        self._sources = sources
        self._newest = 0
        self.busy = False
        """Whether something is on its way."""
        self.last_choice = last_choice
        self.recent = recent
        self._over.connect(self._finish)

    def choose(self, choice: SourceChoice) -> None:
        """Open what the user chose, and remember it for the next start."""
        self._begin(lambda _current: self._attempt(choice, remembered=choice))

    def open(self, choice: SourceChoice) -> None:
        """Open ``choice``; the current source goes on when it cannot be opened."""
        self._begin(lambda _current: self._attempt(choice))

    def open_first(
        self, find: Callable[[], list[SourceChoice]], otherwise: SourceChoice, notice: str
    ) -> None:
        """Open the first that answers of those found, or else another one, with a ``notice``."""

        def work(current: Callable[[], bool]) -> _Opening:
            for choice in find():
                attempt = self._attempt(choice)
                if attempt.shown or not current():
                    return attempt
            return replace(self._attempt(otherwise), sentence=notice)

        self._begin(work)

    def set_camera_mode(self, mode: CameraMode) -> None:
        """Ask cameras for ``mode``; a camera that is open begins anew."""

        def work(_current: Callable[[], bool]) -> _Opening:
            try:
                return _Opening(self._sources.set_camera_mode(mode))
            except UserError as error:
                return _Opening(False, str(error))

        self._begin(work)

    def close(self) -> None:
        """Whatever is on its way is not heard of any more."""
        self._newest += 1
        self._set_busy(False)

    def _attempt(self, choice: SourceChoice, remembered: SourceChoice | None = None) -> _Opening:
        try:
            open_choice(self._sources, choice)
        except UserError as error:
            return _Opening(False, str(error))
        return _Opening(True, remembered=remembered)

    def _begin(self, work: Callable[[Callable[[], bool]], _Opening]) -> None:
        self._newest += 1
        number = self._newest
        self._set_busy(True)

        def task() -> None:
            self._over.emit(number, work(lambda: number == self._newest))

        def failed(error: Exception) -> None:
            self._over.emit(
                number, _Opening(False, tr("The source cannot be opened ({error}).", error=error))
            )

        Task("app-opening", task, failed).start()

    def _finish(self, number: int, opening: _Opening) -> None:
        if number != self._newest:
            return
        self._set_busy(False)
        if opening.sentence:
            self.failed.emit(opening.sentence)
        if opening.shown:
            self._remember(opening.remembered)
            self.opened.emit()

    def _remember(self, choice: SourceChoice | None) -> None:
        if choice is None:
            return
        self.last_choice = choice
        if choice.kind in (SourceKind.VIDEO, SourceKind.IMAGES):
            others = (known for known in self.recent if known != choice)
            self.recent = (choice, *others)[:MOST_RECENT]

    def _set_busy(self, busy: bool) -> None:
        if busy and not self.busy:
            QApplication.setOverrideCursor(Qt.CursorShape.BusyCursor)
        elif self.busy and not busy:
            QApplication.restoreOverrideCursor()
        self.busy = busy


def dropped_choice(event: QDropEvent | None) -> SourceChoice | None:
    """The file or folder that a drag carries; None when it carries something else."""
    data = event.mimeData() if event is not None else None
    files = [url.toLocalFile() for url in data.urls() if url.isLocalFile()] if data else []
    if not files:
        return None
    kind = SourceKind.IMAGES if Path(files[0]).is_dir() else SourceKind.VIDEO
    return SourceChoice(kind, files[0])
