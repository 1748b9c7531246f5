"""Everything a person can do in the window, each action defined once, and the bars they are on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from functools import partial
from typing import Protocol

from PyQt6.QtGui import QAction, QActionGroup
from PyQt6.QtWidgets import QWidget

from app.gui.bars import make_action, name_action
from app.gui.language import tr
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
    set_split: Callable[[bool], None]
    set_picture_alone: Callable[[bool], None]
    show_keypoint_gan: Callable[[bool], None]
    go_back: Callable[[], None]
    reset_layout: Callable[[], None]
    show_settings: Callable[[], None]
    show_tour: Callable[[], None]
    show_about: Callable[[], None]
    copy_diagnostics: Callable[[], None]
    close: Callable[[], object]


_OVERLAYS = {
    "skeleton": ("Skeleton", "Limbs between the predicted joints"),
    "keypoints": ("Keypoints", "The predicted joints; opacity is confidence"),
    "self_keypoints": ("Self-supervised keypoints", "Coloured by their contribution to the joints"),
    "arrows": ("Affinity arrows", "From self-supervised keypoints to the joints they inform"),
    "box": ("Person box", "The square that the network sees"),
    "unpersonalized": ("Without personalization", "What the unchanged network predicts, in grey"),
    "angles": ("Angles", "Degrees at elbows, knees, shoulders and hips, as the picture shows them"),
    "others": ("Other people", "Thin skeletons of whoever is not followed; click one to follow it"),
}


class Actions:
    """The window's actions, wired to their handlers and reachable by key from anywhere in it."""

    def __init__(
        self, parent: QWidget, handlers: Handlers, presets: Sequence[Preset], overlays: Overlays
    ) -> None:
        self._parent = parent
        self._make = partial(make_action, parent)
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
            "Learn from every frame of the video, or of what is remembered of the camera; click "
            "again to stop",
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
            "Bring back what the last reset, preset, source, profile or offline run took away",
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
        self.compare = self._make(
            "Compare",
            "Before and after side by side: as trained left of a line that you drag or move with "
            "the arrow keys, personalized right",
            handlers.set_split,
            "git-compare",
            "C",
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
        self.copy_diagnostics = self._make(
            "Copy diagnostics",
            "Versions, device, cameras and the newest errors, as text for a report; no pictures",
            handlers.copy_diagnostics,
        )
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
        text = tr("Record") if seconds is None else tr("Stop {time}", time=clock(seconds))
        if text != self.record.text():
            name_action(self.record, text)
            self.record.setIcon(icon("circle" if seconds is None else "x"))

    def show_offline(self, running: bool, left: str) -> None:
        """Let the offline action offer to stop a run, with the time ``left`` (may be empty)."""
        text = tr("Stop {time}", time=left).strip() if running else tr("Offline…")
        if text != self.offline.text():
            name_action(self.offline, text)
            self.offline.setIcon(icon("x" if running else "hourglass"))

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
