"""The main window: puts the live view, panels, bars and timer together around a session."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path

from PyQt6.QtCore import QByteArray, Qt, QTimer
from PyQt6.QtGui import QAction, QCloseEvent, QDragEnterEvent, QDropEvent
from PyQt6.QtWidgets import QDockWidget, QMainWindow, QToolBar, QVBoxLayout, QWidget

from app.gui.actions import Actions, Handlers, Preset, build_menus, build_toolbar
from app.gui.application import APP_NAME, show_about
from app.gui.diagnostics import Diagnostics
from app.gui.export import ExportMenu
from app.gui.feed import Feed, StatusFeed, WindowTimer
from app.gui.offline import OfflineVideos, Playing
from app.gui.panels import Panels, build_panels
from app.gui.panels.keypointgan import KeypointGanChoice
from app.gui.profiles import ProfileMenu, Profiles
from app.gui.sources import SourceMenu, SourceOpener, Sources, dropped_choice
from app.gui.views import Views
from app.gui.widgets import MessageBar, StatusBar
from app.runtime.live.results import Comparison, Phase
from app.runtime.live.session import Session
from app.runtime.profiles import ProfileFolder
from app.settings import AppSettings, Overlays, SourceChoice, profiles_folder, takes_folder
from model.core.errors import UserError
from model.core.files import whole_file

_RIGHT = Qt.DockWidgetArea.RightDockWidgetArea
_BOTTOM = Qt.DockWidgetArea.BottomDockWidgetArea
_SIDE_WIDTH = 352
_SIDE_SHARE = 0.3
_PLOTS_HEIGHT = 160


class Docks:
    """Reconstruction above affinity on the right, plots along the bottom.

    KeypointGAN is a tab behind affinity, or closed where it is not ``installed``.
    """

    def __init__(self, window: QMainWindow, panels: Panels, *, installed: bool) -> None:
        self._window = window
        self._installed = installed
        self.reconstruction = self._dock("Reconstruction", panels.reconstruction)
        self.affinity = self._dock("Affinity", panels.affinity)
        self.plots = self._dock("Plots", panels.plots)
        self.keypoint_gan = self._dock("KeypointGAN", panels.keypoint_gan)
        self.all = (self.reconstruction, self.affinity, self.plots, self.keypoint_gan)
        self.reset_layout(explaining=True)

    def reset_layout(self, explaining: bool) -> None:
        """Put every dock in its place and size; show all, or none where nothing is explained."""
        for dock in self.all:
            dock.setFloating(False)
        self._window.addDockWidget(_RIGHT, self.reconstruction)
        self._window.addDockWidget(_RIGHT, self.affinity)
        self._window.splitDockWidget(self.reconstruction, self.affinity, Qt.Orientation.Vertical)
        self._window.tabifyDockWidget(self.affinity, self.keypoint_gan)
        self._window.addDockWidget(_BOTTOM, self.plots)
        for dock in self.all:
            wanted = dock is not self.keypoint_gan or self._installed
            dock.setVisible(explaining and wanted)
        self.affinity.raise_()
        side = min(_SIDE_WIDTH, round(_SIDE_SHARE * self._window.width()))
        self._window.resizeDocks([self.reconstruction], [side], Qt.Orientation.Horizontal)
        self._window.resizeDocks([self.plots], [_PLOTS_HEIGHT], Qt.Orientation.Vertical)

    def show_keypoint_gan(self, shown: bool) -> None:
        """Bring KeypointGAN to the front, or close it."""
        self.keypoint_gan.setVisible(shown)
        if shown:
            self.keypoint_gan.raise_()

    def toggles(self) -> list[QAction]:
        """One checkable action per dock for the View menu; KeypointGAN has its own."""
        docks = (self.reconstruction, self.affinity, self.plots)
        return [action for dock in docks if (action := dock.toggleViewAction())]

    def _dock(self, title: str, panel: QWidget) -> QDockWidget:
        dock = QDockWidget(title, self._window)
        # Qt finds a dock by this name when it restores a saved layout.
        dock.setObjectName(title)
        dock.setWidget(panel)
        dock.setAccessibleName(title)
        if toggle := dock.toggleViewAction():
            toggle.setToolTip(f"Show or hide the {title.lower()} panel")
        return dock


class PictureAlone:
    """Hides every dock, toolbar, menu and status bar of ``window``, and shows them again."""

    def __init__(self, window: QMainWindow) -> None:
        self._window = window
        self._layout: QByteArray | None = None

    @property
    def active(self) -> bool:
        """Whether the picture is alone now."""
        return self._layout is not None

    def set(self, alone: bool) -> None:
        """Leave the picture alone, or bring back what was there before."""
        if alone == self.active:
            return
        self._show_bars(not alone)
        if self._layout is None:
            self._layout = self._window.saveState()
            for part in self._window.findChildren((QDockWidget, QToolBar)):
                part.hide()
        else:
            self._window.restoreState(self._layout)
            self._layout = None

    def _show_bars(self, visible: bool) -> None:
        bars: tuple[QWidget | None, ...] = (self._window.menuBar(), self._window.statusBar())
        for bar in bars:
            if bar is not None:
                bar.setVisible(visible)


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
        self.panels = build_panels(session.network, keypointgan, settings.keypoint_gan)
        self.messages = MessageBar()
        self.opener = SourceOpener(sources, self.show_message, settings.source)
        self.opener.opened.connect(self.show_source)
        self._profile_folder = profiles or ProfileFolder(profiles_folder())
        self._profiles = Profiles(self, session, self._profile_folder, self.show_message)
        self._diagnostics = Diagnostics(self, self.show_message)
        self.commands = Actions(self, self._handlers(), presets, settings.people.overlays)
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
        self._views = Views(self, self.docks.reset_layout, settings)
        status_bar = StatusBar()
        self.setStatusBar(status_bar)
        self.commands.smoothing.setChecked(settings.smoothing)
        self._feed.smoother.set_on(settings.smoothing)
        self.commands.mirrored.setChecked(settings.mirrored)
        self.panels.live.set_mirrored(settings.mirrored)
        self._status_feed = StatusFeed(session, sources, self.panels, status_bar, self.commands)
        self.panels.live.person_chosen.connect(session.choose_person)
        self.panels.keypoint_gan.said.connect(self.show_message)
        self.docks.keypoint_gan.visibilityChanged.connect(self.commands.keypoint_gan.setChecked)
        self._restore(settings)
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
            self.setWindowTitle(self._sources.title() or APP_NAME)
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
        self.setCentralWidget(centre)
        docks = Docks(self, self.panels, installed=keypoint_gan_installed)
        menu = SourceMenu(self._sources, self.show_message, self)
        menu.chosen.connect(self._choose_source)
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
        )
        return docks

    def _restore(self, settings: AppSettings) -> None:
        self.restoreGeometry(QByteArray(settings.geometry))
        self._show_view(self._views.show())
        self._session.set_preset(self.commands.choose_preset(settings.preset))

    def _show_view(self, overlays: Overlays) -> None:
        """Let toolbar and picture follow the view, whose panels lie in their places already."""
        self.commands.explain.setChecked(self._views.explaining)
        self.commands.choose_overlays(overlays)
        self._set_overlays(overlays)
        self.panels.live.set_explaining(self._views.explaining)

    def _settings(self) -> AppSettings:
        self._views.keep(self.commands.chosen_overlays())
        return AppSettings(
            source=self.opener.last_choice,
            explaining=self._views.explaining,
            people=self._views.people,
            explain=self._views.explain,
            preset=self.commands.chosen_preset(),
            keypoint_gan=self.panels.keypoint_gan.remembered,
            smoothing=self.commands.smoothing.isChecked(),
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
        except UserError as error:
            self.show_message(str(error))

    def _choose_source(self, choice: SourceChoice) -> None:
        self.messages.clear()
        self.opener.choose(choice)

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
        self._session.set_preset(name)
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
        else:
            self.messages.clear()
