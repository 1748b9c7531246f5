"""The picture without anything around it, and the way back."""

from __future__ import annotations

from PyQt6.QtCore import QByteArray
from PyQt6.QtWidgets import QDockWidget, QMainWindow, QToolBar, QWidget


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
