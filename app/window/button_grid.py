"""Buttons that share the width of a panel."""

from __future__ import annotations

from collections.abc import Sequence

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QAction, QResizeEvent
from PyQt6.QtWidgets import QGridLayout, QSizePolicy, QToolButton, QWidget

_WIDE = 616


class ButtonGrid(QWidget):
    """One button per action: two beside two, or all in a row where there is room."""

    def __init__(self, actions: Sequence[QAction]) -> None:
        super().__init__()
        self._buttons = [_button(action) for action in actions]
        self._columns = 0
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(8)
        self._place(2)

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        super().resizeEvent(event)
        self._place(2 if self.width() < _WIDE else len(self._buttons))

    def _place(self, columns: int) -> None:
        if columns == self._columns:
            return
        self._columns = columns
        for place, button in enumerate(self._buttons):
            self._grid.addWidget(button, place // columns, place % columns)
            self._grid.setColumnStretch(place, int(place < columns))


def _button(action: QAction) -> QToolButton:
    button = QToolButton()
    button.setDefaultAction(action)
    button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
    button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    button.setAccessibleDescription(action.toolTip())
    return button
