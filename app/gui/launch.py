"""Starts the desktop application: engine, session, window, first source.

At the start it offers what the last run could not finish: recordings without an end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Protocol

# PyTorch before Qt: on Windows its libraries do not load after Qt's.
import torch  # noqa: F401
from PyQt6.QtCore import QObject, pyqtSignal
from PyQt6.QtWidgets import QAbstractButton, QApplication, QMessageBox, QWidget

from app.assets import DEMOS, KEYPOINT_GAN_WEIGHTS
from app.diagnosis import require_screen
from app.gui.application import Problems, create_application
from app.gui.language import tr, use_language
from app.gui.main_window import MainWindow
from app.gui.panels.keypointgan import KeypointGanChoice
from app.gui.sources import SourceOpener, open_choice
from app.gui.widgets import clock
from app.runtime.capture.camera import list_cameras
from app.runtime.lifecycle import Task
from app.runtime.live.engine import Engine, load_engine
from app.runtime.live.session import LiveSession
from app.runtime.live.sources import LiveSources
from app.runtime.processors import OscProcessor, Processor, load_processor
from app.runtime.recordings.take import UnfinishedTake, delete, find_unfinished, keep, recover
from app.settings import (
    AppSettings,
    SourceChoice,
    SourceKind,
    load_settings,
    save_settings,
    settings_path,
    takes_folder,
)
from model.adaptation import PRESETS, preset
from model.core.device import ServingPrecision, return_freed_memory
from model.core.errors import UserError
from model.keypointgan.weights import read_metadata

_PICTURE_AFTER_SECONDS = 10.0
_UNSEEN = ("offscreen", "minimal")  # platforms of Qt without a screen
_NO_CAMERA = "No camera answers. Playing the demo instead. Choose a source."


@dataclass(frozen=True)
class Launch:
    """What the command line asks of the window.

    ``screenshot`` and ``quit_after`` make it an automatic run, which neither uses nor changes
    what the user's last run left in the settings.
    """

    source: SourceChoice | None = None
    personalize: bool = False
    preset: str | None = None
    weights: Path | None = None
    keypoint_gan: Path | None = None
    device: str | None = None
    processor: Path | None = None
    osc: str | None = None
    precision: ServingPrecision | None = None
    explain: bool = False
    screenshot: Path | None = None
    quit_after: float | None = None

    @property
    def automatic(self) -> bool:
        return self.screenshot is not None or self.quit_after is not None

    def check(self) -> None:
        """Raise ``UserError`` for a preset, KeypointGAN weights or a folder that is not there."""
        if self.preset is not None:
            preset(self.preset)
        if self.keypoint_gan is not None:
            read_metadata(self.keypoint_gan)
        if self.screenshot is not None and not self.screenshot.resolve().parent.is_dir():
            raise UserError(
                f"The picture cannot be written to {self.screenshot}: there is no such folder. "
                "Give a file in a folder that exists."
            )


@dataclass
class Running:
    """A window with all that is behind it; the caller runs the event loop and then ``close``."""

    app: QApplication
    problems: Problems
    session: LiveSession
    window: MainWindow

    def close(self) -> None:
        self.window.close()
        self.session.close()


def launch(wanted: Launch) -> int:
    """Open the window, run it until it is closed, and return its exit code."""
    running = open_window(wanted)
    try:
        return running.app.exec()
    finally:
        running.close()


class MakeSession(Protocol):
    """Makes the session of a window; see ``LiveSession``."""

    def __call__(
        self, make_engine: Callable[[], Engine], *, on_cpu: Callable[[], Engine]
    ) -> LiveSession: ...


def open_window(wanted: Launch, make_session: MakeSession = LiveSession) -> Running:
    """Everything that ``launch`` does before the event loop. Raises ``UserError``."""
    return_freed_memory()
    wanted.check()
    require_screen()
    app, problems = create_application()
    settings, complaint = AppSettings(welcomed=True), None
    if not wanted.automatic:
        settings, complaint = load_settings(settings_path())
    use_language(app, settings.language)
    load = partial(load_engine, wanted.weights, precision=wanted.precision)
    session = make_session(partial(load, wanted.device), on_cpu=partial(load, "cpu"))
    try:
        if wanted.personalize and not session.network.personalizable:
            raise UserError(
                f"{wanted.weights} holds the variant {session.network.variant!r}, which cannot be "
                "personalized. Choose weights of another variant, or leave out --mode."
            )
        for title, processor in _processors(wanted):
            session.add_processor(title, processor)
        sources = LiveSources(session)
        sources.set_camera_mode(settings.camera)
        # Nobody is there to choose another one: a wrong one ends the program.
        if wanted.source is not None and _unattended(wanted, app):
            open_choice(sources, wanted.source)
        window = MainWindow(
            session,
            sources,
            PRESETS,
            _with_preset(settings, wanted.preset),
            _saver(wanted),
            KeypointGanChoice(
                _keypoint_gan(wanted.keypoint_gan, settings.keypoint_gan), wanted.device
            ),
        )
    except Exception:
        session.close()
        raise
    problems.happened.connect(window.show_message)
    if complaint is not None:
        window.show_message(complaint)
    if wanted.source is None:
        _open_first(window.opener, settings.source)
    elif not sources.title():
        window.open_source(wanted.source)
    if not wanted.automatic:
        UnfinishedTakes(window, window.show_message).offer(takes_folder())
    window.set_personalizing(wanted.personalize)
    if wanted.explain:
        window.set_explaining(True)
    window.show()
    if wanted.keypoint_gan is not None:
        window.show_keypoint_gan()  # Qt brings a tab to the front only where it is to be seen
    if wanted.automatic:
        window.quit_after(wanted.quit_after or _PICTURE_AFTER_SECONDS, wanted.screenshot)
    return Running(app, problems, session, window)


def _unattended(wanted: Launch, app: QApplication) -> bool:
    return wanted.automatic or app.platformName() in _UNSEEN


def _open_first(opener: SourceOpener, last: SourceChoice | None) -> None:
    """Open the last source, or else a camera that answers, or else the demo, with a notice."""

    def find() -> list[SourceChoice]:
        cameras = [SourceChoice(SourceKind.CAMERA, camera.name) for camera in list_cameras()]
        return [last, *cameras] if last else cameras

    opener.open_first(find, SourceChoice(SourceKind.DEMO, DEMOS[0].name), _NO_CAMERA)


def _processors(wanted: Launch) -> Iterator[tuple[str, Processor]]:
    """Who is to get the results, with titles."""
    if wanted.processor is not None:
        yield wanted.processor.name, load_processor(wanted.processor)
    if wanted.osc is not None:
        yield f"OSC {wanted.osc}", OscProcessor(wanted.osc)


def _keypoint_gan(wanted: Path | None, remembered: str) -> Path | None:
    """The weights that were asked for, or those used last, or those in the box, if they exist."""
    candidates = [Path(remembered)] if remembered else []
    candidates.append(KEYPOINT_GAN_WEIGHTS)
    return wanted or next((path for path in candidates if path.is_file()), None)


def _with_preset(settings: AppSettings, name: str | None) -> AppSettings:
    """The settings with the preset that the command line names, if it names one."""
    return settings if name is None else replace(settings, preset=name)


def _saver(wanted: Launch) -> Callable[[AppSettings], None]:
    if wanted.automatic:
        return lambda settings: None
    return lambda settings: save_settings(settings, settings_path())


_NAMED = 3


class UnfinishedTakes(QObject):
    """Looks for them beside the window, asks once about all of them, and does what is answered.

    ``say`` gets what became of each.
    """

    asked = pyqtSignal(object)
    """The question, a QMessageBox, when there is one."""
    _found = pyqtSignal(object)
    _said = pyqtSignal(str)

    def __init__(self, parent: QWidget, say: Callable[[str], None]) -> None:
        super().__init__(parent)
        self._parent = parent
        self._found.connect(self._ask)
        self._said.connect(say)

    def offer(self, folder: Path) -> None:
        """Look in a folder of takes; returns at once."""

        def look() -> None:
            takes = [take for take in find_unfinished(folder) if take.frames]
            if takes:
                self._found.emit(takes)

        Task("app-unfinished", look).start()

    def _ask(self, takes: list[UnfinishedTake]) -> None:
        box = QMessageBox(self._parent)
        box.setIcon(QMessageBox.Icon.Question)
        many = len(takes) > 1
        box.setWindowTitle(tr("Unfinished recordings") if many else tr("Unfinished recording"))
        box.setText(_question(takes))
        box.setInformativeText(
            tr(
                "The video can be played as it is. Recover adds the files of poses that a finished "
                "recording has; Keep changes nothing and does not ask again."
            )
        )
        roles = QMessageBox.ButtonRole
        answers: dict[QAbstractButton | None, Callable[[UnfinishedTake], str]] = {
            box.addButton(tr("Recover"), roles.AcceptRole): _recover,
            box.addButton(tr("Keep"), roles.ActionRole): _keep,
            box.addButton(tr("Delete"), roles.DestructiveRole): _delete,
        }
        # The next start asks again.
        box.addButton(tr("Later"), roles.RejectRole)
        box.finished.connect(lambda _: self._do(answers.get(box.clickedButton()), takes))
        box.finished.connect(box.deleteLater)
        box.open()
        self.asked.emit(box)

    def _do(self, do: Callable[[UnfinishedTake], str] | None, takes: list[UnfinishedTake]) -> None:
        if do is None:
            return

        def task() -> None:
            for take in takes:
                try:
                    self._said.emit(do(take))
                except UserError as error:
                    self._said.emit(str(error))

        Task("app-unfinished", task).start()


def _question(takes: list[UnfinishedTake]) -> str:
    named = [f"{take.folder.name} ({clock(take.seconds)})" for take in takes[:_NAMED]]
    names = ", ".join(named)
    if len(takes) == 1:
        return tr(
            "The program ended before a recording was finished: {names}. What shall become of it?",
            names=names,
        )
    if len(takes) > _NAMED:
        names = tr("{names} and {count} more", names=names, count=len(takes) - _NAMED)
    return tr(
        "The program ended before these recordings were finished: {names}. What shall become of "
        "them?",
        names=names,
    )


def _recover(take: UnfinishedTake) -> str:
    status = recover(take)
    return tr(
        "Recovered {seconds} s ({frames} frames) in {folder}.",
        seconds=f"{status.seconds:.0f}",
        frames=status.frames,
        folder=take.folder,
    )


def _keep(take: UnfinishedTake) -> str:
    keep(take)
    return tr("The unfinished recording stays in {folder}.", folder=take.folder)


def _delete(take: UnfinishedTake) -> str:
    delete(take)
    return tr("Deleted the unfinished recording {name}.", name=take.folder.name)
