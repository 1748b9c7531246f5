from __future__ import annotations

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QLabel, QToolButton
from pytestqt.qtbot import QtBot

from app.gui.offline import ChangeCard
from app.runtime.live.change import Change, ChangeReport


def _texts(card: ChangeCard) -> set[str]:
    return {label.text() for label in card.findChildren(QLabel)}


def test_every_number_has_its_name_and_meaning_until_the_table_is_closed(qtbot: QtBot) -> None:
    card = ChangeCard()
    qtbot.addWidget(card)
    assert not card.isVisible()
    changes = (
        Change("Error", "Distance to the true joints", 2.02, 1.5),
        Change("Jitter", "How much joints tremble", 0.5, 0.75),
        Change("Reconstruction", "Error of what is rebuilt", 100.0, 100.001),
    )
    card.show_change(ChangeReport(1, "24 frames", changes))
    assert card.isVisible()
    assert _texts(card) == {
        "As trained", "Personalized", "Change", "Error", "Jitter", "Reconstruction",
        "2.02 %", "1.50 %", "▼ 0.52", "0.50 %", "0.75 %", "▲ 0.25", "100.00 %", "same",
        "After 1 update, on 24 frames. Less is better.",
    }  # fmt: skip
    tips = {label.toolTip() for label in card.findChildren(QLabel)} - {""}
    assert tips == {change.meaning for change in changes}
    close = card.findChild(QToolButton)
    assert close is not None
    qtbot.mouseClick(close, Qt.MouseButton.LeftButton)
    assert not card.isVisible()


def test_another_report_takes_the_place_of_the_first(qtbot: QtBot) -> None:
    card = ChangeCard()
    qtbot.addWidget(card)
    for name in ("Error", "Jitter"):
        card.show_change(ChangeReport(2, "24 frames", (Change(name, name, 1.0, 2.0),)))
    qtbot.waitUntil(lambda: "Error" not in _texts(card))
    assert "Jitter" in _texts(card)
