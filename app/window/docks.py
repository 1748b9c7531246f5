"""The panels around the live view, as docks that can be closed, floated and put back."""

from __future__ import annotations

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QAction
from PyQt6.QtWidgets import QDockWidget, QMainWindow, QWidget

from app.window.panels import Panels

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
        self.reset_layout()

    def reset_layout(self) -> None:
        """Put every dock in its place and size, and show it."""
        for dock in self.all:
            dock.setFloating(False)
        self._window.addDockWidget(_RIGHT, self.reconstruction)
        self._window.addDockWidget(_RIGHT, self.affinity)
        self._window.splitDockWidget(self.reconstruction, self.affinity, Qt.Orientation.Vertical)
        self._window.tabifyDockWidget(self.affinity, self.keypoint_gan)
        self._window.addDockWidget(_BOTTOM, self.plots)
        for dock in self.all:
            dock.setVisible(dock is not self.keypoint_gan or self._installed)
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
