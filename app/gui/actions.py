"""Everything a person can do in the window, each action defined once, and the bars they are on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Protocol

from PyQt6.QtCore import QSize, Qt
from PyQt6.QtGui import QAction, QActionGroup
from PyQt6.QtWidgets import QMainWindow, QMenu, QToolBar, QToolButton, QWidget

from app.gui.shortcuts import beside_icon, make_action, name_action
from app.gui.sources import SourceMenu
from app.gui.theme import icon
from app.gui.widgets import clock
from app.settings import Overlays


class Preset(Protocol):
    """A personalization preset: the name a session knows it by and the words a person reads."""

    @property
    def name(self) -> str: ...

    @property
    def title(self) -> str: ...

    @property
    def description(self) -> str: ...


OWN = "own"
"""The name, among those of presets, of the person's own settings."""


@dataclass(frozen=True)
class Handlers:
    """What the actions do. A handler with a ``bool`` gets the action's new checked state."""

    toggle_playing: Callable[[], None]
    set_personalizing: Callable[[bool], None]
    toggle_offline: Callable[[], None]
    reset: Callable[[], None]
    toggle_recording: Callable[[], None]
    undo_reset: Callable[[], None]
    save_profile: Callable[[], None]
    rename_profile: Callable[[], None]
    delete_profile: Callable[[], None]
    export_profile: Callable[[], None]
    import_profile: Callable[[], None]
    set_preset: Callable[[str], None]
    set_overlays: Callable[[Overlays], None]
    set_explaining: Callable[[bool], None]
    set_smoothing: Callable[[bool], None]
    set_mirrored: Callable[[bool], None]
    set_picture_alone: Callable[[bool], None]
    show_keypoint_gan: Callable[[bool], None]
    go_back: Callable[[], None]
    reset_layout: Callable[[], None]
    show_settings: Callable[[], None]
    show_tour: Callable[[], None]
    show_about: Callable[[], None]
    close: Callable[[], object]


_OVERLAYS = {
    "skeleton": ("Skeleton", "Limbs between the predicted joints"),
    "keypoints": ("Keypoints", "The predicted joints; opacity is confidence"),
    "self_keypoints": ("Self-supervised keypoints", "Coloured by their contribution to the joints"),
    "arrows": ("Affinity arrows", "From self-supervised keypoints to the joints they inform"),
    "box": ("Person box", "The square that the network sees"),
    "unpersonalized": ("Without personalization", "What the unchanged network predicts, in grey"),
    "angles": ("Angles", "Degrees at elbows, knees, shoulders and hips, as the picture shows them"),
}


class Actions:
    """The window's actions, wired to their handlers and reachable by key from anywhere in it."""

    def __init__(
        self, parent: QWidget, handlers: Handlers, presets: Sequence[Preset], overlays: Overlays
    ) -> None:
        self._parent = parent
        self.play = self._make(
            "Pause", "Play or pause the source", handlers.toggle_playing, "pause", "Space"
        )
        self.personalize = self._make(
            "Personalize",
            "Learn from the person in the picture while predicting",
            handlers.set_personalizing,
            "circle-dot",
            "P",
            checkable=True,
        )
        self.offline = self._make(
            "Offline…",
            "Personalize over the frames held in memory; click again to stop",
            handlers.toggle_offline,
            "hourglass",
            "O",
        )
        self.reset = self._make(
            "Reset", "Forget what was learnt and start afresh", handlers.reset, "rotate-ccw", "R"
        )
        self.record = self._make(
            "Record",
            "Record the picture without loss, and the poses in it; click again to stop",
            handlers.toggle_recording,
            "circle",
            "Ctrl+R",
        )
        self.undo_reset = self._make(
            "Undo reset",
            "Bring back what the last reset, preset, source or profile took away",
            handlers.undo_reset,
            "undo-2",
            "Ctrl+Z",
        )
        self.undo_reset.setEnabled(False)
        self.save_profile = self._make(
            "Save as…",
            "Keep what was learnt from this person under a name",
            handlers.save_profile,
            "user",
            "Ctrl+S",
        )
        self.rename_profile = self._make(
            "Rename…", "Give a profile another name", handlers.rename_profile
        )
        self.delete_profile = self._make(
            "Delete…", "Remove a profile from this machine", handlers.delete_profile
        )
        self.export_profile = self._make(
            "Export…", "Write a copy of a profile to a file", handlers.export_profile
        )
        self.import_profile = self._make(
            "Import…", "Take in a profile from a file", handlers.import_profile
        )
        self.picture_alone = self._make(
            "Picture alone",
            "Hide everything around the picture; Esc brings it back",
            handlers.set_picture_alone,
            "maximize",
            "F11",
            checkable=True,
        )
        self.explain = self._make(
            "Explain",
            "Show what the network sees and learns, or the person alone",
            handlers.set_explaining,
            "lightbulb",
            "E",
            checkable=True,
        )
        self.mirrored = self._make(
            "Mirror",
            "Show the picture as a mirror would; results stay as they are",
            handlers.set_mirrored,
            "flip-horizontal-2",
            "M",
            checkable=True,
        )
        self.smoothing = self._make(
            "Smoothing",
            "Steady what is drawn over the picture; results and recordings stay as predicted",
            handlers.set_smoothing,
            "",
            "S",
            checkable=True,
        )
        self.keypoint_gan = self._make(
            "KeypointGAN",
            "Show or hide the panel that reads and redraws the person",
            handlers.show_keypoint_gan,
            "",
            "K",
            checkable=True,
        )
        self.go_back = self._make(
            "Back", "Leave the picture alone, stop an offline run", handlers.go_back, "", "Escape"
        )
        self.reset_layout = self._make(
            "Reset layout", "Put every panel back in its place", handlers.reset_layout
        )
        self.settings = self._make(
            "Settings…",
            "How it learns, what the window does, and which key does what",
            handlers.show_settings,
            "settings",
            "Ctrl+,",
        )
        self.settings.setMenuRole(QAction.MenuRole.PreferencesRole)
        self.tour = self._make(
            "Tour", "Five places of the window, on the demo clip", handlers.show_tour, "", "F1"
        )
        self.about = self._make(
            "About and licences", "What this program is made of", handlers.show_about
        )
        self.about.setMenuRole(QAction.MenuRole.AboutRole)
        self.close = self._make("Quit", "Close the window", handlers.close, "", "Ctrl+Q")
        self.close.setMenuRole(QAction.MenuRole.QuitRole)
        self.overlays = self._make_overlays(overlays, handlers.set_overlays)
        self.presets = self._make_presets(presets, handlers.set_preset)

    def chosen_overlays(self) -> Overlays:
        """The overlays as they are ticked now."""
        return replace(
            Overlays(), **{name: action.isChecked() for name, action in self.overlays.items()}
        )

    def choose_overlays(self, overlays: Overlays) -> None:
        """Tick these overlays and no others."""
        for name, action in self.overlays.items():
            action.setChecked(getattr(overlays, name))

    def chosen_preset(self) -> str:
        """The name of the preset that is ticked now."""
        return next(name for name, action in self.presets.items() if action.isChecked())

    def choose_preset(self, name: str) -> str:
        """Tick the preset called ``name``, or the first if there is none; the ticked one's name."""
        usable = name in self.presets and self.presets[name].isEnabled()
        known = name if usable else next(iter(self.presets))
        self.presets[known].setChecked(True)
        return known

    def show_playing(self, playing: bool) -> None:
        """Let the play action offer the opposite of what the source does now."""
        name_action(self.play, "Pause" if playing else "Play")
        self.play.setIcon(icon("pause" if playing else "play"))

    def show_recording(self, seconds: float | None) -> None:
        """Let the record action tell the length of the take; None: nothing is recorded."""
        text = "Record" if seconds is None else f"Stop {clock(seconds)}"
        if text != self.record.text():
            name_action(self.record, text)
            self.record.setIcon(icon("circle" if seconds is None else "x"))

    def show_offline(self, running: bool, left: str) -> None:
        """Let the offline action offer to stop a run, with the time ``left`` (may be empty)."""
        text = f"Stop {left}".strip() if running else "Offline…"
        if text != self.offline.text():
            name_action(self.offline, text)
            self.offline.setIcon(icon("x" if running else "hourglass"))

    def _make(
        self,
        text: str,
        tip: str,
        handler: Callable[[], object] | Callable[[bool], object],
        icon_name: str = "",
        shortcut: str = "",
        *,
        checkable: bool = False,
    ) -> QAction:
        return make_action(
            self._parent, text, tip, handler, icon_name, shortcut, checkable=checkable
        )

    def _make_overlays(
        self, overlays: Overlays, changed: Callable[[Overlays], None]
    ) -> dict[str, QAction]:
        actions = {}
        for number, field in enumerate(fields(Overlays), start=1):
            text, tip = _OVERLAYS[field.name]
            actions[field.name] = self._make(
                text,
                tip,
                lambda _checked: changed(self.chosen_overlays()),
                shortcut=str(number),
                checkable=True,
            )
            actions[field.name].setChecked(getattr(overlays, field.name))
        return actions

    def _make_presets(
        self, presets: Sequence[Preset], chosen: Callable[[str], None]
    ) -> dict[str, QAction]:
        group = QActionGroup(self._parent)
        actions = {}
        for preset in presets:
            action = self._make(
                preset.title,
                preset.description,
                lambda _checked, name=preset.name: chosen(name),
                checkable=True,
            )
            group.addAction(action)
            actions[preset.name] = action
        own = self._make(
            "Own settings",
            "Those of the dialog Settings, where they are no preset's",
            lambda _checked: chosen(OWN),
            checkable=True,
        )
        own.setEnabled(False)
        group.addAction(own)
        actions[OWN] = own
        return actions


_TOOLBAR_HEIGHT = 40
_ICON = QSize(16, 16)
_SPLIT_BUTTON = """
QToolButton { padding-right: 28px; }
QToolButton::menu-button { border: none; width: 24px; }
"""


def build_toolbar(window: QMainWindow, actions: Actions, sources: SourceMenu) -> QToolBar:
    """Add the toolbar to ``window``: source, play, personalization, overlays."""
    bar = QToolBar("Toolbar", window)
    bar.setObjectName("Toolbar")
    bar.setMovable(False)
    bar.setFixedHeight(_TOOLBAR_HEIGHT)
    bar.setIconSize(_ICON)
    bar.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    bar.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
    bar.addWidget(_menu_button("Source", "video", "Choose what to look at", sources))
    bar.addAction(actions.play)
    bar.addSeparator()
    bar.addAction(actions.personalize)
    bar.addAction(actions.offline)
    bar.addAction(actions.reset)
    bar.addAction(actions.undo_reset)
    bar.addSeparator()
    bar.addAction(actions.record)
    bar.addSeparator()
    bar.addAction(actions.explain)
    overlays = _overlay_menu(window, actions)
    bar.addWidget(
        _menu_button("Overlays", "layers", "Choose what is drawn over the picture (1…7)", overlays)
    )
    personalize = _button(bar, actions.personalize)
    personalize.setMenu(_menu("Preset", window, list(actions.presets.values())))
    personalize.setPopupMode(QToolButton.ToolButtonPopupMode.MenuButtonPopup)
    personalize.setStyleSheet(_SPLIT_BUTTON)
    _reserve(_button(bar, actions.play), ("Pause", "Play"))
    _reserve(_button(bar, actions.offline), ("Offline…", "Stop 0:00"))
    _reserve(_button(bar, actions.record), ("Record", "Stop 0:00"))
    # Beside Reset one word is enough.
    actions.undo_reset.setIconText(beside_icon("Undo"))
    for action in (
        actions.play,
        actions.personalize,
        actions.offline,
        actions.reset,
        actions.undo_reset,
        actions.record,
        actions.explain,
    ):
        _button(bar, action).setAccessibleName(action.text())
        _button(bar, action).setAccessibleDescription(action.toolTip())
    window.addToolBar(bar)
    return bar


def build_menus(
    window: QMainWindow,
    actions: Actions,
    sources: SourceMenu,
    profiles: QMenu,
    panels: list[QAction],
    playback: list[QAction],
) -> None:
    """Fill the menu bar of ``window``; ``panels`` show and hide the docks."""
    bar = window.menuBar()
    assert bar is not None
    file = _menu("&File", window, [])
    file.addMenu(sources)
    file.addAction(actions.record)
    file.addSeparator()
    file.addAction(actions.settings)
    file.addSeparator()
    file.addAction(actions.close)
    personalization = _menu(
        "&Personalization",
        window,
        [actions.personalize, actions.offline, actions.reset, actions.undo_reset],
    )
    personalization.addMenu(_menu("Preset", window, list(actions.presets.values())))
    view = _menu("&View", window, [actions.play, *playback])
    view.addSeparator()
    view.addAction(actions.explain)
    view.addMenu(_overlay_menu(window, actions))
    view.addAction(actions.mirrored)
    view.addSeparator()
    view.addActions(panels)
    view.addSeparator()
    view.addActions([actions.picture_alone, actions.reset_layout])
    for menu in (
        file,
        personalization,
        profiles,
        view,
        _menu("&Help", window, [actions.tour, actions.about]),
    ):
        bar.addMenu(menu)


def _overlay_menu(window: QMainWindow, actions: Actions) -> QMenu:
    menu = _menu("Overlays", window, list(actions.overlays.values()))
    menu.addSeparator()
    menu.addAction(actions.smoothing)
    return menu


def _menu(title: str, parent: QWidget, actions: list[QAction]) -> QMenu:
    menu = QMenu(title, parent)
    menu.setToolTipsVisible(True)
    menu.addActions(actions)
    return menu


def _menu_button(text: str, icon_name: str, tip: str, menu: QMenu) -> QToolButton:
    button = QToolButton()
    button.setText(beside_icon(text))
    button.setIcon(icon(icon_name))
    button.setToolTip(tip)
    button.setAccessibleName(text)
    button.setAccessibleDescription(tip)
    button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
    button.setMenu(menu)
    return button


def _button(bar: QToolBar, action: QAction) -> QToolButton:
    button = bar.widgetForAction(action)
    assert isinstance(button, QToolButton)
    return button


def _reserve(button: QToolButton, texts: tuple[str, ...]) -> None:
    """Make room for the longest of the ``texts``, so that a change moves no other control."""
    action = button.defaultAction()
    assert action is not None
    shown, widths = action.iconText(), []
    for text in texts:
        action.setIconText(beside_icon(text))
        widths.append(button.sizeHint().width())
    action.setIconText(shown)
    button.setMinimumWidth(max(widths))
