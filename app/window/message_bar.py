"""A quiet strip for sentences to the user: it can be closed, never asks and never blocks."""

from __future__ import annotations

from PyQt6.QtCore import QSize, Qt
from PyQt6.QtGui import QPalette
from PyQt6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QToolButton

from app.window.icons import icon

_MOST_LINES = 3


class MessageBar(QFrame):
    """Shows the newest sentences, one per line, until they are closed."""

    def __init__(self) -> None:
        super().__init__()
        self.setAutoFillBackground(True)
        self.setBackgroundRole(QPalette.ColorRole.Midlight)
        self._sentences: list[str] = []
        self._label = QLabel()
        self._label.setWordWrap(True)
        self._label.setTextFormat(Qt.TextFormat.PlainText)
        self._label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._label.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._close = QToolButton()
        self._close.setIcon(icon("x"))
        self._close.setAutoRaise(True)
        self._close.setIconSize(QSize(16, 16))
        self._close.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._close.setToolTip("Close the message (Esc)")
        self._close.setAccessibleName("Close the message")
        self._close.clicked.connect(self.clear)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 4, 8, 4)
        row.setSpacing(8)
        row.addWidget(self._label)
        row.addWidget(self._close, 0, Qt.AlignmentFlag.AlignTop)
        self.setMinimumHeight(32)
        self.hide()

    def say(self, sentence: str) -> None:
        """Show ``sentence``; one that is already there is not shown twice."""
        if sentence in self._sentences:
            return
        self._sentences = [*self._sentences, sentence][-_MOST_LINES:]
        self._label.setText("\n".join(self._sentences))
        self.setAccessibleName(f"Message: {sentence}")
        self.show()

    def text(self) -> str:
        """The sentences on show, one per line; empty when the bar is closed."""
        return "\n".join(self._sentences)

    def clear(self) -> None:
        """Close the bar."""
        self._sentences = []
        self.hide()
