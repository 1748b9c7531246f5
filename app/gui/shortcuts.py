"""Actions with keys: how they are made, which there are, and a table to change their keys in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtGui import QAction, QKeySequence
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
