"""What dialogs of the window have in common."""

from __future__ import annotations

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.gui.language import tr

_WIDTH = 400


class AskingDialog(QDialog):
    """A column of widgets above a button that does what is asked, and Cancel.

    All texts are translated.
    """

    def __init__(self, parent: QWidget, title: str, verb: str) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(tr(title))
        self.setMinimumWidth(_WIDTH)
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(16, 16, 16, 16)
        self.column.setSpacing(8)
        self._box = buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        if cancel := buttons.button(QDialogButtonBox.StandardButton.Cancel):
            cancel.setToolTip(tr("Leave everything as it was (Esc)"))
        self.button = QPushButton(tr(verb))
        self.button.setToolTip(tr(title))
        buttons.addButton(self.button, QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)

    def open(self) -> None:
        # Now, so that Tab comes to what is asked before it comes to the buttons.
        self.column.addWidget(self._box)
        self.button.setDefault(True)
        super().open()

    def add(self, widget: QWidget) -> None:
        """Put a widget below those before it."""
        self.column.addWidget(widget)

    def add_text(self, text: str = "") -> QLabel:
        """Put a sentence there."""
        label = QLabel(tr(text))
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setWordWrap(True)
        self.add(label)
        return label
