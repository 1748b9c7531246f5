"""A small table of what personalization changed, above the picture until it is closed."""

from __future__ import annotations

from PyQt6.QtCore import QSize, Qt
from PyQt6.QtGui import QPalette
from PyQt6.QtWidgets import QFrame, QGridLayout, QLabel, QToolButton, QWidget

from app.gui.language import in_own_words, tr
from app.gui.theme import icon
from app.gui.widgets import count
from app.runtime.live.change import ChangeReport

# Smaller differences are told apart by nobody.
_SAME = 0.005


class ChangeCard(QFrame):
    """One row as trained, one personalized, one for the change; a column for each number."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAutoFillBackground(True)
        self.setBackgroundRole(QPalette.ColorRole.Midlight)
        self.setAccessibleName(tr("Before and after"))
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(16, 8, 8, 8)
        self._grid.setHorizontalSpacing(16)
        self._grid.setVerticalSpacing(4)
        self.hide()

    def show_change(self, report: ChangeReport) -> None:
        """Show a report in place of the one before."""
        while (item := self._grid.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.deleteLater()
        for row, text in enumerate(("As trained", "Personalized", "Change"), start=1):
            self._put(tr(text), row, 0, bold=row == 2)
        for column, change in enumerate(report.changes, start=1):
            tip = tr(change.meaning)
            self._put(tr(change.name), 0, column, right=True, tip=tip)
            self._put(f"{change.trained:.2f} %", 1, column, right=True, tip=tip)
            self._put(f"{change.personalized:.2f} %", 2, column, right=True, bold=True, tip=tip)
            self._put(_difference(change.trained, change.personalized), 3, column, right=True)
        last = len(report.changes) + 1
        note = QLabel(
            tr(
                "After {updates}, on {frames}. Less is better.",
                updates=count(report.updates, "update"),
                frames=in_own_words(report.frames),
            )
        )
        note.setWordWrap(True)
        note.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self._grid.addWidget(note, 4, 0, 1, last + 1)
        self._grid.setColumnStretch(last, 1)
        close = QToolButton()
        close.setIcon(icon("x"))
        close.setAutoRaise(True)
        close.setIconSize(QSize(16, 16))
        close.setToolTip(tr("Close the table (Esc)"))
        close.setAccessibleName(tr("Close the table"))
        close.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        close.clicked.connect(self.hide)
        self._grid.addWidget(close, 0, last, Qt.AlignmentFlag.AlignRight)
        self.setAccessibleDescription(
            "; ".join(
                tr(
                    "{name}: {before} %, then {after} %",
                    name=tr(change.name),
                    before=f"{change.trained:.2f}",
                    after=f"{change.personalized:.2f}",
                )
                for change in report.changes
            )
        )
        self.show()

    def _put(
        self,
        text: str,
        row: int,
        column: int,
        *,
        right: bool = False,
        bold: bool = False,
        tip: str = "",
    ) -> None:
        label = QLabel(text)
        side = Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft
        label.setAlignment(side | Qt.AlignmentFlag.AlignVCenter)
        font = label.font()
        font.setBold(bold)
        label.setFont(font)
        label.setToolTip(tip)
        if row in (0, 3) or not right:
            label.setForegroundRole(QPalette.ColorRole.WindowText)
        self._grid.addWidget(label, row, column)


def _difference(before: float, after: float) -> str:
    """The change in words that need no sign to be read."""
    if abs(after - before) < _SAME:
        return tr("same")
    arrow = "▼" if after < before else "▲"
    return f"{arrow} {abs(after - before):.2f}"
