"""The settings dialog, the forms it is made of, and which settings of learning are in use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, fields, replace
from typing import Any, Generic, Literal, TypeVar, get_args, get_origin, get_type_hints

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtGui import QColor, QPalette
from PyQt6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from app.gui.actions import OWN, Actions, ShortcutTable
from app.gui.language import in_own_words, tr
from app.gui.session import Session
from app.gui.theme import is_dark
from app.settings import AppSettings, Value
from model.adaptation import DEFAULT_PRESET, PRESETS, PersonalizationSettings, preset, preset_name
from model.core.errors import UserError

T = TypeVar("T")

_ERROR = {False: QColor("#A63A00"), True: QColor("#FFA368")}
_LABEL_WIDTH = 176


def title_of(name: str) -> str:
    """A field's name as a person reads it."""
    return tr(name.replace("_", " ").capitalize())


class _Knob:
    """The editor of one field, what it means, and why its value is refused."""

    def __init__(self, name: str, kind: Any, meaning: str) -> None:
        self.name = name
        self._kind = kind
        self.editor: QCheckBox | QComboBox | QLineEdit
        if kind is bool:
            self.editor = QCheckBox()
            self.changed = self.editor.toggled
        elif get_origin(kind) is Literal:
            self.editor = QComboBox()
            for choice in get_args(kind):
                self.editor.addItem(tr(choice), choice)
            self.changed = self.editor.currentTextChanged
        else:
            self.editor = QLineEdit()
            self.changed = self.editor.textChanged
        self.editor.setAccessibleName(title_of(name))
        self.editor.setAccessibleDescription(tr(meaning))
        self.editor.setToolTip(tr(meaning))
        self.error = QLabel()
        self.error.setWordWrap(True)
        self.error.hide()

    @property
    def value(self) -> object:
        """What was given; UserError where it is no number."""
        if isinstance(self.editor, QCheckBox):
            return self.editor.isChecked()
        if isinstance(self.editor, QComboBox):
            return self.editor.currentData()
        text = self.editor.text().strip()
        try:
            return self._kind(text)
        except ValueError:
            wrong = (
                'The setting {name} was "{text}"; it must be a whole number.'
                if self._kind is int
                else 'The setting {name} was "{text}"; it must be a number.'
            )
            raise UserError(tr(wrong, name=self.name, text=text)) from None

    def show(self, value: object) -> None:
        if isinstance(self.editor, QCheckBox):
            self.editor.setChecked(bool(value))
        elif isinstance(self.editor, QComboBox):
            self.editor.setCurrentIndex(self.editor.findData(value))
        else:
            self.editor.setText(text_of(value))


def text_of(value: object) -> str:
    """A value as it stands in the form."""
    if isinstance(value, bool):
        return tr("on") if value else tr("off")
    return f"{value:g}" if isinstance(value, float) else tr(str(value))


class KnobForm(QWidget, Generic[T]):
    """One row per entry of ``meanings``: the field's name, its editor, one sentence.

    ``published`` marks the paper's value beside each; None: there is no paper to compare with.
    """

    changed = pyqtSignal()

    def __init__(self, settings: T, meanings: Mapping[str, str], published: T | None) -> None:
        super().__init__()
        self._settings = settings
        hints = get_type_hints(type(settings))
        self.knobs = {name: _Knob(name, hints[name], text) for name, text in meanings.items()}
        self.problem = ""
        """Why the values cannot be used, as one sentence; empty when they can be."""
        grid = QGridLayout(self)
        grid.setContentsMargins(16, 16, 16, 16)
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(4)
        grid.setColumnMinimumWidth(0, _LABEL_WIDTH)
        grid.setColumnStretch(1, 1)
        for name, knob in self.knobs.items():
            self._add(grid, knob, meanings[name], published)
        grid.setRowStretch(grid.rowCount(), 1)
        self.show_settings(settings)
        for knob in self.knobs.values():
            knob.changed.connect(self._follow)

    @property
    def settings(self) -> T | None:
        """The settings as they are given; None while one of them is refused."""
        return None if self.problem else self._settings

    def show_settings(self, settings: T) -> None:
        """Fill the form with ``settings``."""
        for name, knob in self.knobs.items():
            knob.show(getattr(settings, name))
        self._settings = settings
        self._follow()

    def _add(self, grid: QGridLayout, knob: _Knob, meaning: str, published: T | None) -> None:
        row = grid.rowCount()
        label = QLabel(title_of(knob.name))
        label.setBuddy(knob.editor)
        grid.addWidget(label, row, 0)
        grid.addWidget(knob.editor, row, 1)
        if published is not None:
            paper = QLabel(tr("paper: {value}", value=text_of(getattr(published, knob.name))))
            paper.setToolTip(tr("The value of the paper and its released code"))
            paper.setForegroundRole(QPalette.ColorRole.PlaceholderText)
            grid.addWidget(paper, row, 2)
        words = QLabel(tr(meaning))
        words.setWordWrap(True)
        words.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        grid.addWidget(words, row + 1, 0, 1, 3)
        knob.error.setPalette(_error_palette(self.palette()))
        grid.addWidget(knob.error, row + 2, 0, 1, 3)
        grid.setRowMinimumHeight(row + 3, 8)

    def _follow(self) -> None:
        """Check each value by itself, and then all of them together."""
        values: dict[str, object] = {}
        problems: dict[str, str] = {}
        for name, knob in self.knobs.items():
            try:
                values[name] = knob.value
                replace(self._settings, **{name: values[name]})  # type: ignore[type-var]
            except UserError as error:
                problems[name] = in_own_words(str(error))
        self.problem = next(iter(problems.values()), "")
        if not problems:
            try:
                self._settings = replace(self._settings, **values)  # type: ignore[type-var]
            except UserError as error:
                self.problem = in_own_words(str(error))
        elif self._together_right(values):
            # One by one they fit not yet what was there before, but they fit each other.
            self.problem, problems = "", {}
        for name, knob in self.knobs.items():
            knob.error.setText(problems.get(name, ""))
            knob.error.setVisible(name in problems)
        self.changed.emit()

    def _together_right(self, values: dict[str, object]) -> bool:
        if len(values) < len(self.knobs):
            return False
        try:
            self._settings = replace(self._settings, **values)  # type: ignore[type-var]
        except UserError:
            return False
        return True


def _error_palette(palette: QPalette) -> QPalette:
    result = QPalette(palette)
    result.setColor(QPalette.ColorRole.WindowText, _ERROR[is_dark(palette)])
    return result


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

OWN_TITLE = "Own settings"


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
        self.preset.addItems([tr(title) for title in (*(p.title for p in PRESETS), OWN_TITLE)])
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


class LearningChoice:
    """Begins with what ``settings`` remember, and keeps the menu of presets in step.

    ``say`` gets the sentence when what was remembered cannot be used.
    """

    def __init__(
        self,
        session: Session,
        actions: Actions,
        settings: AppSettings,
        say: Callable[[str], None],
    ) -> None:
        self._session = session
        self._actions = actions
        self._own: PersonalizationSettings | None = None
        if settings.personalization:
            try:
                self._set_own(learning_settings(settings.personalization))
            except UserError as error:
                say(str(error))
        self.choose(actions.choose_preset(settings.preset))

    def choose(self, name: str) -> None:
        """Use the preset of that name, or the person's own settings."""
        if name != OWN:
            self._session.set_preset(name)
        elif self._own is not None:
            self._session.configure(self._own)

    def use(self, settings: PersonalizationSettings) -> bool:
        """Use these settings, which may be a preset's; False where they are in use already."""
        if settings == self.current:
            return False
        name = preset_name(settings)
        if not name:
            self._set_own(settings)
        self.choose(self._actions.choose_preset(name or OWN))
        return True

    @property
    def current(self) -> PersonalizationSettings:
        """The settings in use."""
        name = self._actions.chosen_preset()
        if name == OWN and self._own is not None:
            return self._own
        return preset(name).settings

    @property
    def remembered(self) -> dict[str, Value]:
        """The person's own settings; empty: there are none."""
        return {} if self._own is None else learning_values(self._own)

    def _set_own(self, settings: PersonalizationSettings) -> None:
        self._own = settings
        self._actions.presets[OWN].setEnabled(True)
