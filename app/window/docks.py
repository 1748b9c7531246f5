"""The panels around the live view, as docks that can be closed, floated and put back."""

from __future__ import annotations

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QAction
from PyQt6.QtWidgets import QDockWidget, QMainWindow, QWidget

_RIGHT = Qt.DockWidgetArea.RightDockWidgetArea
_BOTTOM = Qt.DockWidgetArea.BottomDockWidgetArea
_SIDE_WIDTH = 352
_SIDE_SHARE = 0.3
_PLOTS_HEIGHT = 160


class Docks:
    """Reconstruction above affinity on the right, plots along the bottom."""

    def __init__(
        self, window: QMainWindow, reconstruction: QWidget, affinity: QWidget, plots: QWidget
    ) -> None:
        self._window = window
        self.reconstruction = self._dock("Reconstruction", reconstruction)
        self.affinity = self._dock("Affinity", affinity)
        self.plots = self._dock("Plots", plots)
        self.all = (self.reconstruction, self.affinity, self.plots)
        self.reset_layout()

    def reset_layout(self) -> None:
        """Show every dock, in its place and size."""
        for dock in self.all:
            dock.setFloating(False)
        self._window.addDockWidget(_RIGHT, self.reconstruction)
        self._window.addDockWidget(_RIGHT, self.affinity)
        self._window.splitDockWidget(self.reconstruction, self.affinity, Qt.Orientation.Vertical)
        self._window.addDockWidget(_BOTTOM, self.plots)
        for dock in self.all:
            dock.show()
        side = min(_SIDE_WIDTH, round(_SIDE_SHARE * self._window.width()))
        self._window.resizeDocks([self.reconstruction], [side], Qt.Orientation.Horizontal)
        self._window.resizeDocks([self.plots], [_PLOTS_HEIGHT], Qt.Orientation.Vertical)

    def toggles(self) -> list[QAction]:
        """One checkable action per dock, for the View menu."""
        return [action for dock in self.all if (action := dock.toggleViewAction())]

    def _dock(self, title: str, panel: QWidget) -> QDockWidget:
        dock = QDockWidget(title, self._window)
        # Qt finds a dock by this name when it restores a saved layout.
        dock.setObjectName(title)
        dock.setWidget(panel)
        dock.setAccessibleName(title)
        if toggle := dock.toggleViewAction():
            toggle.setToolTip(f"Show or hide the {title.lower()} panel")
        return dock
