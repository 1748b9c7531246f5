"""The toolbar, the menus and the keys: where actions are, and how they are called."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from PyQt6.QtCore import QSize, Qt, pyqtSignal
from PyQt6.QtGui import QAction, QKeySequence, QResizeEvent
from PyQt6.QtWidgets import (
    QHeaderView,
    QKeySequenceEdit,
    QLabel,
    QMainWindow,
    QMenu,
    QTableWidget,
    QTableWidgetItem,
    QToolBar,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.gui.actions import Actions
from app.gui.language import tr
from app.gui.sources import SourceMenu
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


_TOOLBAR_HEIGHT = 40
_ICON = QSize(16, 16)
_SPLIT_BUTTON = """
QToolButton { padding-right: 28px; }
QToolButton::menu-button { border: none; width: 24px; }
"""


class Toolbar(QToolBar):
    """Shows words beside icons where there is room, and leaves out some where there is not."""

    def __init__(self, title: str, window: QMainWindow) -> None:
        super().__init__(title, window)
        more = self.findChild(QToolButton, "qt_toolbar_ext_button")
        if more is not None:
            # Qt's own sign is dark on dark.
            more.setArrowType(Qt.ArrowType.DownArrow)
            more.setToolTip(tr("What has no room in the bar"))
            more.setAccessibleName(tr("More"))
        self._terse: list[tuple[QToolButton, int]] = []
        self._whole = 0

    def make_terse(self, buttons: Sequence[QToolButton]) -> None:
        """Leave out the words of these buttons, one by one, where the bar is too narrow."""
        self._whole = self.sizeHint().width()
        for button in buttons:
            with_words = button.sizeHint().width()
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
            self._terse.append((button, with_words - button.sizeHint().width()))
        self._fit()

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        too_much = self._whole - self.width()
        for button, words in self._terse:
            words_fit = too_much <= 0
            button.setToolButtonStyle(
                Qt.ToolButtonStyle.ToolButtonTextBesideIcon
                if words_fit
                else Qt.ToolButtonStyle.ToolButtonIconOnly
            )
            too_much -= words


def build_toolbar(
    window: QMainWindow, actions: Actions, sources: SourceMenu, export: QMenu
) -> QToolBar:
    """Add the toolbar to ``window``: source, play, personalization, overlays, export."""
    bar = Toolbar(tr("Toolbar"), window)
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
    bar.addAction(actions.compare)
    bar.addAction(actions.record)
    bar.addSeparator()
    bar.addAction(actions.explain)
    overlays = _overlay_menu(window, actions)
    overlay_button = _menu_button(
        "Overlays", "layers", "Choose what is drawn over the picture (1…8)", overlays
    )
    export_button = _menu_button(
        "Export", "download", "Write pictures, keypoints or the network", export
    )
    bar.addWidget(overlay_button)
    bar.addWidget(export_button)
    personalize = _button(bar, actions.personalize)
    personalize.setMenu(_menu("Preset", window, list(actions.presets.values())))
    personalize.setPopupMode(QToolButton.ToolButtonPopupMode.MenuButtonPopup)
    personalize.setStyleSheet(_SPLIT_BUTTON)
    _reserve(_button(bar, actions.play), ("Pause", "Play"))
    stop = tr("Stop {time}", time="0:00")
    _reserve(_button(bar, actions.offline), ("Offline…", stop))
    _reserve(_button(bar, actions.record), ("Record", stop))
    # Beside Reset one word is enough.
    actions.undo_reset.setIconText(beside_icon(tr("Undo")))
    for action in (
        actions.play,
        actions.personalize,
        actions.offline,
        actions.reset,
        actions.undo_reset,
        actions.compare,
        actions.record,
        actions.explain,
    ):
        _button(bar, action).setAccessibleName(action.text())
        _button(bar, action).setAccessibleDescription(action.toolTip())
    terse = [_button(bar, a) for a in (actions.reset, actions.undo_reset, actions.compare)]
    bar.make_terse([*terse, export_button, overlay_button])
    window.addToolBar(bar)
    return bar


def build_menus(
    window: QMainWindow,
    actions: Actions,
    sources: SourceMenu,
    export: QMenu,
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
    file.addMenu(export)
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
    view = _menu("&View", window, [actions.play, actions.compare, *playback])
    view.addSeparator()
    view.addAction(actions.explain)
    view.addMenu(_overlay_menu(window, actions))
    view.addAction(actions.mirrored)
    view.addSeparator()
    view.addActions(panels)
    view.addSeparator()
    view.addActions([actions.picture_alone, actions.reset_layout])
    help_menu = _menu("&Help", window, [actions.tour, actions.copy_diagnostics, actions.about])
    for menu in (file, personalization, profiles, view, help_menu):
        bar.addMenu(menu)


def _overlay_menu(window: QMainWindow, actions: Actions) -> QMenu:
    menu = _menu("Overlays", window, list(actions.overlays.values()))
    menu.addSeparator()
    menu.addAction(actions.smoothing)
    return menu


def _menu(title: str, parent: QWidget, actions: list[QAction]) -> QMenu:
    menu = QMenu(tr(title), parent)
    menu.setToolTipsVisible(True)
    menu.addActions(actions)
    return menu


def _menu_button(text: str, icon_name: str, tip: str, menu: QMenu) -> QToolButton:
    button = QToolButton()
    button.setText(beside_icon(tr(text)))
    button.setIcon(icon(icon_name))
    button.setToolTip(tr(tip))
    button.setAccessibleName(tr(text))
    button.setAccessibleDescription(tr(tip))
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
        action.setIconText(beside_icon(tr(text)))
        widths.append(button.sizeHint().width())
    action.setIconText(shown)
    button.setMinimumWidth(max(widths))
