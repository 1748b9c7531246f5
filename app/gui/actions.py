"""Everything a person can do in the window, each action defined once, and the keys for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import partial
from typing import Protocol

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtGui import QAction, QActionGroup, QKeySequence
from PyQt6.QtWidgets import (
    QHeaderView,
    QKeySequenceEdit,
    QLabel,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

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


DEFAULT_KEY = "default key"
"""The property of an action that holds the program's own key for it; empty: none."""
_TIP = "tip"


def make_action(
    parent: QWidget,
    text: str,
    tip: str,
    handler: Callable[[], object] | Callable[[bool], object],
    icon_name: str = "",
    shortcut: str = "",
    *,
    checkable: bool = False,
) -> QAction:
    """An action whose tooltip tells its key, which works while ``parent`` is to be seen.

    ``text`` and ``tip`` are translated; its object name stays ``text``.
    """
    action = QAction(parent)
    action.setCheckable(checkable)
    action.setObjectName(text)
    action.setProperty(DEFAULT_KEY, shortcut)
    action.setProperty(_TIP, tr(tip))
    set_key(action, shortcut)
    if icon_name:
        action.setIcon(icon(icon_name))
    name_action(action, text)
    action.triggered.connect(handler)
    # An action that only a hidden menu bar holds would lose its key.
    parent.addAction(action)
    return action


def set_key(action: QAction, key: str) -> None:
    """Let ``action`` be reached by ``key``, or by none, and let its tooltip say so."""
    keys, tip = QKeySequence(key), action.property(_TIP)
    native = keys.toString(QKeySequence.SequenceFormat.NativeText)
    action.setShortcut(keys)
    action.setToolTip(f"{tip} ({native})" if native else tip)


def name_action(action: QAction, text: str) -> None:
    """Call ``action`` by another name, translated, on buttons too."""
    shown = tr(text)
    action.setText(shown)
    action.setIconText(shown if action.icon().isNull() else beside_icon(shown))


def beside_icon(text: str) -> str:
    """``text`` as a tool button shows it: Qt alone would put it too close to the icon."""
    return f"\N{THIN SPACE}{text}"


def actions_with_keys(window: QWidget) -> dict[str, QAction]:
    """The actions of ``window`` whose keys can be chosen, by their names."""
    return {
        action.objectName(): action
        for action in window.findChildren(QAction)
        if action.property(DEFAULT_KEY) is not None
    }


def changed_keys(window: QWidget) -> dict[str, str]:
    """The keys that are not those of the program, by name of action; empty: no key."""
    return {
        name: action.shortcut().toString()
        for name, action in actions_with_keys(window).items()
        if action.shortcut() != QKeySequence(action.property(DEFAULT_KEY))
    }


def apply_keys(window: QWidget, keys: Mapping[str, str]) -> None:
    """Give the actions in ``keys`` those keys, and all others the program's own.

    A key that two would share goes to none of those that were changed.
    """
    actions = actions_with_keys(window)
    own = {
        name: QKeySequence(action.property(DEFAULT_KEY)).toString()
        for name, action in actions.items()
    }
    wanted = {**own, **{name: key for name, key in keys.items() if name in own}}
    for name, action in actions.items():
        shared = [other for other, key in wanted.items() if key and key == wanted[name]]
        set_key(action, own[name] if len(shared) > 1 else wanted[name])


class ShortcutTable(QWidget):
    """One row per action, with its key to be typed over; a key that is taken is refused."""

    refused = pyqtSignal(str)
    """The sentence that says why."""

    def __init__(self, window: QWidget) -> None:
        super().__init__()
        actions = actions_with_keys(window)
        self._own = {
            name: QKeySequence(action.property(DEFAULT_KEY)).toString()
            for name, action in actions.items()
        }
        self._keys = {name: action.shortcut().toString() for name, action in actions.items()}
        self._table = QTableWidget(len(actions), 2)
        self._table.setAccessibleName(tr("Shortcuts"))
        tip = tr("Click into a key and press another one; the cross takes it away")
        self._table.setToolTip(tip)
        self._table.setHorizontalHeaderLabels([tr("Action"), tr("Key")])
        self._table.setSelectionMode(QTableWidget.SelectionMode.NoSelection)
        self._table.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        rows, columns = self._table.verticalHeader(), self._table.horizontalHeader()
        assert rows is not None
        assert columns is not None
        rows.hide()
        columns.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        columns.resizeSection(1, 240)
        self.editors: dict[str, QKeySequenceEdit] = {}
        for row, name in enumerate(sorted(actions)):
            item = QTableWidgetItem(tr(name))
            item.setFlags(Qt.ItemFlag.ItemIsEnabled)
            item.setToolTip(actions[name].toolTip())
            self._table.setItem(row, 0, item)
            self._table.setCellWidget(row, 1, self._editor(name))
        self.note = QLabel()
        self.note.setAccessibleName(tr("Why a key was refused"))
        self.note.setWordWrap(True)
        self.note.setMinimumHeight(2 * self.note.fontMetrics().height())
        column = QVBoxLayout(self)
        column.addWidget(self._table, 1)
        column.addWidget(self.note)

    @property
    def keys(self) -> dict[str, str]:
        """The keys that are not those of the program."""
        return {name: key for name, key in self._keys.items() if key != self._own[name]}

    def reset(self) -> None:
        """Show the program's own keys."""
        self.note.clear()
        self._keys = dict(self._own)
        for name, editor in self.editors.items():
            editor.setKeySequence(QKeySequence(self._own[name]))

    def _editor(self, name: str) -> QKeySequenceEdit:
        editor = QKeySequenceEdit(QKeySequence(self._keys[name]))
        editor.setMaximumSequenceLength(1)
        editor.setClearButtonEnabled(True)
        editor.setAccessibleName(tr("Key for {name}", name=tr(name)))
        editor.setToolTip(tr("Press a key for {name}", name=tr(name)))
        editor.keySequenceChanged.connect(partial(self._choose, name))
        self.editors[name] = editor
        return editor

    def _choose(self, name: str, keys: QKeySequence) -> None:
        key = keys.toString()
        if key == self._keys[name]:
            return
        owner = next((other for other, its in self._keys.items() if key and its == key), None)
        if owner is None:
            self.note.clear()
            self._keys[name] = key
            return
        sentence = tr(
            "{key} belongs to {owner} already. Give {owner} another key first.",
            key=key,
            owner=tr(owner),
        )
        self.note.setText(sentence)
        self.editors[name].setKeySequence(QKeySequence(self._keys[name]))
        self.refused.emit(sentence)
