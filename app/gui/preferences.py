"""The settings dialog: how it learns, what the window does, and which key does what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields, replace

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from app.gui.knobs import KnobForm
from app.gui.language import tr
from app.gui.shortcuts import ShortcutTable
from app.settings import AppSettings, Value
from model.adaptation import DEFAULT_PRESET, PRESETS, PersonalizationSettings, preset_name
from model.core.errors import UserError

LEARNING = {
    "learning_rate": "How far one update moves the weights; larger learns faster and forgets more.",
    "batch_size": "So many pairs of pictures are learnt from in one update.",
    "iterations": "So many steps are made on each batch.",
    "scope": "What is updated: all, features, the last layers (deconvolutions), or the last alone.",
    "targets": "Learn from the current frame, or from a random one seen so far.",
    "sources": "Pair it with any of all frames seen so far, or with recent ones only.",
    "source_box": "Cut the source out with the target's box, or with its own.",
    "views": "Keep whole frames, or compact ones around the person (live: always compact).",
    "augmentations": "Turn and scale pairs as published, or a third as much.",
    "independent_sources": "This share of the sources is turned apart from its targets (0 to 1).",
    "self_weight": "Weight of the paper's task, repainting one frame from another; 0: not done.",
    "consistency": "Weight of agreeing with the mirror image; 0: not done.",
    "teacher": "Agree with the running average of the weights, or with the network as trained.",
    "neighbours": "The teacher is asked of so many frames before and after too (0: none, up to 8).",
    "carry": "How much answers for frames before count, carried along by motion (0: not, below 1).",
    "warm_up": "The learning rate rises over so many updates.",
    "average": "How slowly the average of the weights follows them (0: none, below 1).",
    "whole_step_loss": "Where the loss is below this, steps are shorter in proportion (0: never).",
    "trained_share": "How much the network as trained counts beside what was learnt (0 to 1).",
    "anchor": "After each update weights go this share of the way back to the trained ones.",
    "guard": "Hold frames out, and undo updates that make them worse.",
    "reset_every": "Go back to the trained weights after so many frames; 0: never.",
    "reset_on_cut": "Go back to the trained weights where the picture cuts to another scene.",
    "offline_updates_per_frame": "Offline, so many updates are made per remembered frame.",
    "offline_rotation": "Offline, this share of the pairs is turned (0 to 1).",
    "rotations": "The rotation variant turns targets in four directions, or in one.",
    "running_means": "Begin the scales of the loss anew with each person, or carry them on.",
}
"""One sentence per setting of personalization."""

WINDOW = {
    "explaining": "Begin with the view that shows what the network sees and learns (E).",
    "smoothing": "Steady what is drawn; results and recordings stay as predicted (S).",
    "mirrored": "Show the picture as a mirror would (M).",
    "looping": "Files begin again at their end (L).",
    "language": "What the window speaks, from its next start on.",
}
"""One sentence per setting of the window."""

OWN = "Own settings"


def learning_values(settings: PersonalizationSettings) -> dict[str, Value]:
    """The settings as they are remembered; empty for those of a preset, which has a name."""
    return {} if preset_name(settings) else asdict(settings)


def learning_settings(values: Mapping[str, Value]) -> PersonalizationSettings:
    """The remembered settings; UserError if one of them is wrong. Unknown ones are left out."""
    standard = PersonalizationSettings()
    known: dict[str, Value] = {}
    for field in fields(standard):
        if field.name not in values:
            continue
        value, kind = values[field.name], type(getattr(standard, field.name))
        if kind is float and type(value) is int:
            value = float(value)
        if type(value) is not kind:
            raise UserError(
                f"The remembered setting {field.name} was {value!r}; it must be of the kind "
                f"{kind.__name__}. The standard settings are used."
            )
        known[field.name] = value
    return PersonalizationSettings(**known)  # type: ignore[arg-type]


class SettingsDialog(QDialog):
    """Everything that can be set, in three tabs; what is wrong is refused where it stands.

    ``saved`` is emitted when the user saves: the settings of personalization, those of the window
    (an ``AppSettings`` whose shortcuts are those of the table).
    """

    saved = pyqtSignal(object, object)

    def __init__(
        self, window: QWidget, learning: PersonalizationSettings, settings: AppSettings
    ) -> None:
        super().__init__(window)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(tr("Settings"))
        self.resize(640, 640)
        self.learning = KnobForm(learning, LEARNING, PersonalizationSettings())
        self.window_form = KnobForm(settings, WINDOW, None)
        self.shortcuts = ShortcutTable(window)
        self.preset = QComboBox()
        self.preset.setAccessibleName(tr("Preset"))
        self.preset.setToolTip(tr("Fill in the settings of a preset"))
        self.preset.addItems([tr(title) for title in (*(p.title for p in PRESETS), OWN)])
        self.preset.activated.connect(self._fill_in)
        self.tabs = QTabWidget()
        self.tabs.setAccessibleName(tr("Settings"))
        self.tabs.setToolTip(tr("What to set"))
        if (bar := self.tabs.tabBar()) is not None:
            bar.setAccessibleName(tr("What to set"))
        self.tabs.addTab(self._learning_page(), tr("Personalization"))
        self.tabs.addTab(_scrolling(self.window_form), tr("Window"))
        self.tabs.addTab(self.shortcuts, tr("Shortcuts"))
        self._note = QLabel()
        self._note.setWordWrap(True)
        self._note.setAccessibleName(tr("What is wrong"))
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 16, 16, 16)
        column.setSpacing(8)
        column.addWidget(self.tabs, 1)
        column.addWidget(self._note)
        column.addWidget(self._buttons())
        self.learning.changed.connect(self._follow)
        self._follow()

    def accept(self) -> None:
        learning, window = self.learning.settings, self.window_form.settings
        if learning is None or window is None:
            return
        self.saved.emit(learning, replace(window, shortcuts=self.shortcuts.keys))
        super().accept()

    def _learning_page(self) -> QWidget:
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        row = QHBoxLayout()
        row.setContentsMargins(16, 16, 16, 0)
        row.setSpacing(16)
        label = QLabel(tr("Preset"))
        label.setBuddy(self.preset)
        row.addWidget(label)
        row.addWidget(self.preset)
        self._words = QLabel()
        self._words.setWordWrap(True)
        row.addWidget(self._words, 1)
        column.addLayout(row)
        column.addWidget(_scrolling(self.learning), 1)
        return page

    def _buttons(self) -> QDialogButtonBox:
        buttons = QDialogButtonBox()
        self.reset_button = QPushButton(tr("Reset to defaults"))
        self.save_button = QPushButton(tr("Save"))
        cancel = QPushButton(tr("Cancel"))
        roles = QDialogButtonBox.ButtonRole
        for button, role, tip in (
            (self.reset_button, roles.ResetRole, "Fill in the program's own settings and keys"),
            (self.save_button, roles.AcceptRole, "Use and remember these settings"),
            (cancel, roles.RejectRole, "Leave everything as it was (Esc)"),
        ):
            button.setToolTip(tr(tip))
            button.setAccessibleName(button.text())
            button.setAutoDefault(button is self.save_button)
            buttons.addButton(button, role)
        self.save_button.setDefault(True)
        self.reset_button.clicked.connect(self._reset)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        return buttons

    def _fill_in(self, index: int) -> None:
        if index < len(PRESETS):
            self.learning.show_settings(PRESETS[index].settings)
        self._follow()

    def _reset(self) -> None:
        self.learning.show_settings(DEFAULT_PRESET.settings)
        self.window_form.show_settings(AppSettings())
        self.shortcuts.reset()

    def _follow(self) -> None:
        settings = self.learning.settings
        name = preset_name(settings) if settings is not None else ""
        index = next((i for i, preset in enumerate(PRESETS) if preset.name == name), len(PRESETS))
        self.preset.setCurrentIndex(index)
        own = "Different from every preset"
        self._words.setText(tr(PRESETS[index].description if index < len(PRESETS) else own))
        self._note.setText(self.learning.problem)
        self.save_button.setEnabled(settings is not None)


def _scrolling(form: QWidget) -> QScrollArea:
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setWidget(form)
    form.setAutoFillBackground(False)
    if viewport := area.viewport():
        viewport.setAutoFillBackground(False)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setAccessibleName(tr("Settings"))
    return area
