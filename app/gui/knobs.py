"""A form made from the fields of a settings object, which refuses wrong values where they stand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Generic, Literal, TypeVar, get_args, get_origin, get_type_hints

from PyQt6.QtCore import pyqtSignal
from PyQt6.QtGui import QColor, QPalette
from PyQt6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QGridLayout,
    QLabel,
    QLineEdit,
    QWidget,
)

from app.gui.language import tr
from app.gui.sentences import in_own_words
from app.gui.theme import is_dark
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
