"""The two views of the window: one for people, one that explains what the network does."""

from __future__ import annotations

from collections.abc import Callable

from PyQt6.QtCore import QByteArray
from PyQt6.QtWidgets import QMainWindow

from app.settings import AppSettings, Overlays, ViewSettings

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
