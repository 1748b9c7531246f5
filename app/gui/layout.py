"""Where the panels lie, how they make room for the picture, and the two views: Simple, Explain."""

from __future__ import annotations

from collections.abc import Callable

from PyQt6.QtCore import QByteArray, Qt
from PyQt6.QtGui import QAction
from PyQt6.QtWidgets import QDockWidget, QMainWindow, QToolBar, QWidget

from app.gui.language import tr
from app.gui.panels import Panels
from app.settings import AppSettings, Overlays, ViewSettings

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
        dock = QDockWidget(tr(title), self._window)
        # Qt finds a dock by this name when it restores a saved layout.
        dock.setObjectName(title)
        dock.setWidget(panel)
        dock.setAccessibleName(tr(title))
        if toggle := dock.toggleViewAction():
            toggle.setToolTip(tr("Show or hide the panel {name}", name=tr(title)))
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


_LAYOUT_VERSION = 3


class Views:
    """Switches between the views; each keeps its overlays and where its panels lie.

    ``arrange`` puts the panels of ``window`` where they belong at first, in the view that explains
    or else in the one for people.
    """

    def __init__(
        self, window: QMainWindow, arrange: Callable[[bool], None], settings: AppSettings
    ) -> None:
        self._window = window
        self._arrange = arrange
        self._views = {False: settings.people, True: settings.explain}
        self.explaining = settings.explaining

    def show(self) -> Overlays:
        """Lay the panels as the present view had them; returns its overlays."""
        view = self._views[self.explaining]
        if not self._window.restoreState(QByteArray(view.state), _LAYOUT_VERSION):
            self._arrange(self.explaining)
        return view.overlays

    def switch(self, explaining: bool, overlays: Overlays) -> Overlays:
        """Keep the present view, with its ``overlays``, and show the other one."""
        self.keep(overlays)
        self.explaining = explaining
        return self.show()

    def keep(self, overlays: Overlays) -> None:
        """Remember how the present view looks now."""
        state = self._window.saveState(_LAYOUT_VERSION).data()
        self._views[self.explaining] = ViewSettings(overlays, state)

    @property
    def people(self) -> ViewSettings:
        """The view for people as it was kept last."""
        return self._views[False]

    @property
    def explain(self) -> ViewSettings:
        """The view that explains as it was kept last."""
        return self._views[True]
