"""The main window: puts the live view, panels, bars and timer together around a session."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from PyQt6.QtCore import QByteArray, QTimer
from PyQt6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent
from PyQt6.QtWidgets import QMainWindow, QVBoxLayout, QWidget

from app.gui.actions import Actions, Handlers, Preset, apply_keys, changed_keys
from app.gui.application import APP_NAME, show_about
from app.gui.bars import Transport, build_menus, build_toolbar
from app.gui.camera_previews import CameraPreviews
from app.gui.export import Diagnostics, ExportMenu
from app.gui.feed import Feed, StatusFeed, WindowTimer
from app.gui.guidance import Guide
from app.gui.language import tr
from app.gui.layout import Docks, PictureAlone, Views
from app.gui.offline import OfflineVideos, Playing
from app.gui.panels import build_panels
from app.gui.panels.keypointgan import KeypointGanChoice
from app.gui.preferences import LearningChoice, SettingsDialog
from app.gui.profiles import ProfileMenu, Profiles
from app.gui.session import Session
from app.gui.sources import SourceMenu, SourceOpener, Sources, dropped_choice
from app.gui.widgets import MessageBar, StatusBar
from app.runtime.live.results import Comparison, Phase
from app.runtime.profiles import ProfileFolder
from app.settings import (
    AppSettings,
    Overlays,
    SourceChoice,
    SourceKind,
    profiles_folder,
    takes_folder,
)
from model.adaptation import PersonalizationSettings
from model.core.errors import UserError
from model.core.files import whole_file

_SIZE = (1280, 800)
_SMALLEST_WIDTH = 800

logger = logging.getLogger(__name__)


class MainWindow(QMainWindow):
    """The live view in the middle, everything else around it.

    ``session`` does the work and is closed with the window; ``sources`` opens what it looks at;
    ``presets`` (at least one, the default first) are the personalization presets to choose from;
    ``save`` gets the settings when the window closes and may raise UserError. ``keypointgan`` says
    which KeypointGAN there is, ``profiles`` where profiles are kept, by default with this user's.
    """

    def __init__(
        self,
        session: Session,
        sources: Sources,
        presets: Sequence[Preset],
        settings: AppSettings,
        save: Callable[[AppSettings], None],
        keypointgan: KeypointGanChoice | None = None,
        profiles: ProfileFolder | None = None,
    ) -> None:
        super().__init__()
        self._session = session
        self._sources = sources
        self._save = save
        self._playing = True
        self._known_joints = False
        self._language = settings.language
        self.panels = build_panels(session.network, keypointgan, settings.keypoint_gan)
        self.messages = MessageBar()
        self.opener = SourceOpener(sources, settings.source, settings.recent)
        self.opener.opened.connect(self.show_source)
        self.opener.failed.connect(self.show_source_problem)
        self._source_menu = SourceMenu(
            sources, self.show_message, self, lambda: self.opener.recent, settings.camera
        )
        self._profile_folder = profiles or ProfileFolder(profiles_folder())
        self._profiles = Profiles(self, session, self._profile_folder, self.show_message)
        self._diagnostics = Diagnostics(self, self.show_message)
        self.commands = Actions(self, self._handlers(), presets, settings.people.overlays)
        self._learning = LearningChoice(session, self.commands, settings, self.show_message)
        self.transport = Transport(session, self, looping=settings.looping)
        self.transport.stepped.connect(lambda: self._set_playing(False))
        session.set_looping(settings.looping)
        self.timer = WindowTimer(self)
        self._feed = Feed(session, sources, self.panels, self.show_message)
        self.offline = OfflineVideos(
            self,
            session,
            sources,
            self.panels,
            self.show_message,
            Playing(lambda: self._playing, self._set_playing),
            lambda: self._feed.meter.error,
            lambda: self._set_split(True),
        )
        self.docks = self._assemble(keypointgan is not None and keypointgan.weights is not None)
        self._picture_alone = PictureAlone(self)
        self._guide = Guide(
            self,
            session,
            sources,
            self.panels.live,
            self.messages,
            self._source_menu,
            self._choose_source,
            lambda: self._set_picture_alone(False),
        )
        self._views = Views(self, self.docks.reset_layout, settings)
        status_bar = StatusBar()
        self.setStatusBar(status_bar)
        self.transport.jumped.connect(self._feed.smoother.reset)
        self.commands.smoothing.setChecked(settings.smoothing)
        self._feed.smoother.set_on(settings.smoothing)
        self.commands.mirrored.setChecked(settings.mirrored)
        self.panels.live.set_mirrored(settings.mirrored)
        self._status_feed = StatusFeed(session, sources, self.panels, status_bar, self.commands)
        self.panels.live.person_chosen.connect(session.choose_person)
        self.panels.keypoint_gan.said.connect(self.show_message)
        self.docks.keypoint_gan.visibilityChanged.connect(self.commands.keypoint_gan.setChecked)
        self._restore(settings)
        apply_keys(self, settings.shortcuts)
        if not settings.welcomed:
            self._guide.welcome(self.commands.tour)
        self.show_source()
        self.timer.tick.connect(self._pull)
        self.timer.start()

    def open_source(self, choice: SourceChoice) -> None:
        """Open ``choice``, beside the window; a message says if it cannot be opened."""
        self.opener.open(choice)

    def show_source(self) -> None:
        """Start afresh with the source that is open now."""
        self._feed.start_afresh()
        self.panels.reconstruction.show_update(None)
        self.panels.plots.clear()
        self.panels.keypoint_gan.start_afresh()
        try:
            self.setWindowTitle(tr(self._sources.title()) or APP_NAME)
            self._known_joints = self._sources.has_known_joints()
        except UserError as error:
            self.show_message(str(error))
        self.panels.plots.set_known_joints(self._known_joints)
        self._set_overlays(self.commands.chosen_overlays())
        self._set_playing(True)

    def set_personalizing(self, personalizing: bool) -> None:
        """Switch personalization on or off, as its button does."""
        self.commands.personalize.setChecked(personalizing)
        self._session.set_personalizing(personalizing)

    def set_explaining(self, explaining: bool) -> None:
        """Show the view that explains, or the one for people; each as it was left."""
        self._set_picture_alone(False)
        if explaining != self._views.explaining:
            overlays = self._views.switch(explaining, self.commands.chosen_overlays())
            self._show_view(overlays)

    def show_keypoint_gan(self) -> None:
        """Open KeypointGAN's panel."""
        self.docks.show_keypoint_gan(True)

    def show_message(self, sentence: str) -> None:
        """Show a sentence to the user."""
        self.messages.say(sentence)

    def show_source_problem(self, sentence: str) -> None:
        """Say why there is no picture, with buttons that bring one."""
        self.messages.say(sentence)
        self._guide.offer_fixes()

    def screenshot(self, path: Path) -> None:
        """Write a picture of the whole window to ``path`` as PNG.

        Raises UserError when the file cannot be written.
        """
        complaint = UserError(
            f"The picture of the window cannot be written to {path}. "
            "Give a file in a folder that exists and can be written."
        )
        if not path.resolve().parent.is_dir():  # which whole_file would make
            raise complaint
        with whole_file(path) as temporary:
            if not self.grab().save(str(temporary), "PNG"):
                raise complaint

    def quit_after(self, seconds: float, picture: Path | None = None) -> None:
        """Close the window by itself after that many seconds, and before save a ``picture``."""

        def end() -> None:
            if picture is not None:
                self.screenshot(picture)
            self.close()

        QTimer.singleShot(round(seconds * 1000), end)

    def dragEnterEvent(self, event: QDragEnterEvent | None) -> None:
        if event is not None and dropped_choice(event):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent | None) -> None:
        choice = dropped_choice(event)
        if event is not None and choice is not None:
            event.acceptProposedAction()
            self._choose_source(choice)

    def closeEvent(self, event: QCloseEvent | None) -> None:
        self.timer.stop()
        for previews in self.findChildren(CameraPreviews):
            previews.reject()
        self.opener.close()
        self._set_picture_alone(False)
        try:
            self._save(self._settings())
        except UserError as error:
            logger.warning("%s", error)
        self.panels.keypoint_gan.close_threads()
        self._session.close()
        super().closeEvent(event)

    def _handlers(self) -> Handlers:
        return Handlers(
            toggle_playing=lambda: self._set_playing(not self._playing),
            set_personalizing=self.set_personalizing,
            toggle_offline=lambda: self.offline.toggle(),
            reset=self._reset,
            toggle_recording=self._toggle_recording,
            undo_reset=self._session.undo_reset,
            save_profile=self._profiles.ask_save,
            rename_profile=self._profiles.ask_rename,
            delete_profile=self._profiles.ask_delete,
            export_profile=self._profiles.ask_export,
            import_profile=self._profiles.ask_import,
            set_preset=self._set_preset,
            set_overlays=self._set_overlays,
            set_explaining=self.set_explaining,
            set_mirrored=self.panels.live.set_mirrored,
            set_split=self._set_split,
            set_smoothing=lambda on: self._feed.smoother.set_on(on),
            set_picture_alone=self._set_picture_alone,
            show_keypoint_gan=lambda shown: self.docks.show_keypoint_gan(shown),
            go_back=self._go_back,
            reset_layout=self._reset_layout,
            show_settings=self._show_settings,
            show_tour=lambda: self._guide.start_tour(self.transport),
            show_about=lambda: show_about(self, APP_NAME),
            copy_diagnostics=self._diagnostics.copy,
            close=self.close,
        )

    def _assemble(self, keypoint_gan_installed: bool) -> Docks:
        self.resize(*_SIZE)
        self.setMinimumWidth(_SMALLEST_WIDTH)
        self.setAcceptDrops(True)
        centre = QWidget()
        column = QVBoxLayout(centre)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.messages)
        column.addWidget(self.offline.bar)
        column.addWidget(self.offline.card)
        column.addWidget(self.panels.live, 1)
        column.addWidget(self.transport)
        self.setCentralWidget(centre)
        docks = Docks(self, self.panels, installed=keypoint_gan_installed)
        menu = self._source_menu
        menu.chosen.connect(self._choose_source)
        menu.mode_chosen.connect(self.opener.set_camera_mode)
        menu.previews_wanted.connect(self._show_cameras)
        export = ExportMenu(
            self,
            self._session,
            self._sources,
            self.panels,
            self._feed.trajectory,
            self.show_message,
        )
        build_toolbar(self, self.commands, menu, export)
        profiles = ProfileMenu(self._profile_folder, self.commands, self.show_message, self)
        profiles.chosen.connect(self._profiles.load)
        build_menus(
            self,
            self.commands,
            menu,
            export,
            profiles,
            [*docks.toggles(), self.commands.keypoint_gan],
            self.transport.actions_for_menu,
        )
        return docks

    def _restore(self, settings: AppSettings) -> None:
        self.restoreGeometry(QByteArray(settings.geometry))
        self._show_view(self._views.show())

    def _show_view(self, overlays: Overlays) -> None:
        """Let toolbar and picture follow the view, whose panels lie in their places already."""
        self.commands.explain.setChecked(self._views.explaining)
        self.commands.choose_overlays(overlays)
        self._set_overlays(overlays)
        self.panels.live.set_explaining(self._views.explaining)

    def _show_settings(self) -> None:
        self._set_picture_alone(False)
        dialog = SettingsDialog(self, self._learning.current, self._settings())
        dialog.saved.connect(self._use_settings)
        dialog.open()

    def _use_settings(self, learning: PersonalizationSettings, settings: AppSettings) -> None:
        if self._learning.use(learning):
            self._reset()
        self.set_explaining(settings.explaining)
        for action, wanted in (
            (self.commands.smoothing, settings.smoothing),
            (self.commands.mirrored, settings.mirrored),
            (self.transport.loop, settings.looping),
        ):
            if action.isChecked() != wanted:
                action.trigger()
        apply_keys(self, settings.shortcuts)
        self._language = settings.language
        try:
            self._save(self._settings())
        except UserError as error:
            self.show_message(str(error))

    def _settings(self) -> AppSettings:
        self._views.keep(self.commands.chosen_overlays())
        return AppSettings(
            source=self.opener.last_choice,
            recent=self.opener.recent,
            camera=self._source_menu.mode,
            explaining=self._views.explaining,
            people=self._views.people,
            explain=self._views.explain,
            preset=self.commands.chosen_preset(),
            personalization=self._learning.remembered,
            keypoint_gan=self.panels.keypoint_gan.remembered,
            shortcuts=changed_keys(self),
            welcomed=True,
            language=self._language,
            smoothing=self.commands.smoothing.isChecked(),
            looping=self.transport.loop.isChecked(),
            mirrored=self.commands.mirrored.isChecked(),
            geometry=self.saveGeometry().data(),
        )

    def _pull(self) -> None:
        try:
            self._feed.collect()
            if not self.isMinimized():
                self._feed.paint()
            self._status_feed.refresh()
            self.offline.refresh()
            self._follow_file()
            self._guide.refresh(time.perf_counter(), self._session.status())
        except UserError as error:
            self.show_message(str(error))

    def _follow_file(self) -> None:
        playback = self._session.playback()
        self.transport.show_playback(playback, alone=self._picture_alone.active)
        if playback is not None and playback.ended and self._playing:
            self._set_playing(False)

    def _choose_source(self, choice: SourceChoice) -> None:
        self.messages.clear()
        self.opener.choose(choice)

    def _show_cameras(self, names: list[str]) -> None:
        previews = CameraPreviews(self, names, self._sources.preview)
        previews.chosen.connect(
            lambda name: self._choose_source(SourceChoice(SourceKind.CAMERA, name))
        )
        previews.show()

    def _set_playing(self, playing: bool) -> None:
        self._playing = playing
        self._session.set_playing(playing)
        self.commands.show_playing(playing)

    def _toggle_recording(self) -> None:
        if self._session.recording() is not None:
            self._session.stop_recording()
            return
        try:
            self._session.start_recording(takes_folder())
        except UserError as error:
            self.show_message(str(error))

    def _reset(self) -> None:
        self._session.reset()
        self._feed.smoother.reset()
        self.panels.reconstruction.show_update(None)

    def _set_preset(self, name: str) -> None:
        self._learning.choose(name)
        self._reset()

    def _set_overlays(self, overlays: Overlays) -> None:
        self.panels.live.set_overlays(overlays)
        self._set_comparison()

    def _set_split(self, on: bool) -> None:
        self.commands.compare.setChecked(on)
        self.panels.live.set_split(on)
        self._set_comparison()

    def _set_comparison(self) -> None:
        """Have the trained network predict beside the personalized one as often as is needed."""
        if self.commands.chosen_overlays().unpersonalized or self.commands.compare.isChecked():
            self._session.set_comparison(Comparison.ALWAYS)
        else:
            plotted = Comparison.SAMPLED if self._known_joints else Comparison.NEVER
            self._session.set_comparison(plotted)

    def _set_picture_alone(self, alone: bool) -> None:
        self.commands.picture_alone.setChecked(alone)
        self._picture_alone.set(alone)

    def _reset_layout(self) -> None:
        self._set_picture_alone(False)
        self.docks.reset_layout(self._views.explaining)

    def _go_back(self) -> None:
        if self._picture_alone.active:
            self._set_picture_alone(False)
        elif self._session.status().phase is Phase.OFFLINE:
            self.offline.cancel()
        elif self.messages.isVisible():
            self.messages.clear()
        else:
            self.offline.card.hide()
