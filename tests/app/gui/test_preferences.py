"""The settings dialog: every knob with a sentence, wrong values refused, all of it remembered."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtGui import QKeySequence
from PyQt6.QtWidgets import QCheckBox, QComboBox, QLabel, QLineEdit
from pytestqt.qtbot import QtBot

from app.gui.actions import OWN, actions_with_keys
from app.gui.main_window import MainWindow
from app.gui.preferences import (
    LEARNING,
    WINDOW,
    SettingsDialog,
    learning_settings,
    learning_values,
    text_of,
)
from app.settings import AppSettings, Value
from model.adaptation import DEFAULT_PRESET, PRESETS, PersonalizationSettings, preset
from model.core.errors import UserError
from tests.app.gui.window_fakes import PRESETS as FAKE_PRESETS
from tests.app.gui.window_fakes import FakeSession, FakeSources, make_window


@pytest.fixture
def session() -> FakeSession:
    return FakeSession()


@pytest.fixture
def saved() -> list[AppSettings]:
    return []


@pytest.fixture
def window(qtbot: QtBot, session: FakeSession, saved: list[AppSettings]) -> MainWindow:
    return make_window(qtbot, session, save=saved.append)


def dialog_of(window: MainWindow) -> SettingsDialog:
    window.commands.settings.trigger()
    dialog = window.findChild(SettingsDialog)
    assert dialog is not None
    return dialog


def type_in(dialog: SettingsDialog, name: str, text: str) -> None:
    editor = dialog.learning.knobs[name].editor
    assert isinstance(editor, QLineEdit)
    editor.setText(text)


def test_every_setting_of_personalization_has_one_sentence() -> None:
    assert list(LEARNING) == [field.name for field in fields(PersonalizationSettings)]
    for sentence in (*LEARNING.values(), *WINDOW.values()):
        assert sentence[0].isupper()
        assert sentence.endswith(".")
        assert ". " not in sentence


def test_each_knob_shows_its_value_and_that_of_the_paper(window: MainWindow) -> None:
    dialog = dialog_of(window)
    paper = [label.text() for label in dialog.learning.findChildren(QLabel)]
    for name, knob in dialog.learning.knobs.items():
        assert f"paper: {text_of(getattr(PersonalizationSettings(), name))}" in paper
        assert knob.editor.toolTip() == LEARNING[name]
    assert isinstance(dialog.learning.knobs["guard"].editor, QCheckBox)
    assert isinstance(dialog.learning.knobs["scope"].editor, QComboBox)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("learning_rate", "5", "must be in (0, 1]"),
        ("learning_rate", "fast", "must be a number"),
        ("batch_size", "3.5", "must be a whole number"),
        ("batch_size", "", "must be a whole number"),
        ("average", "1", "must be in [0, 1)"),
        ("learning_rate", "nan", "must be in (0, 1]"),
    ],
)
def test_a_wrong_value_is_refused_where_it_stands(
    window: MainWindow, session: FakeSession, name: str, text: str, words: str
) -> None:
    dialog = dialog_of(window)
    knob = dialog.learning.knobs[name]
    before = text_of_line(knob.editor)
    type_in(dialog, name, text)
    assert words in knob.error.text()
    assert name in knob.error.text()
    assert not dialog.save_button.isEnabled()
    dialog.accept()
    assert session.calls == []
    type_in(dialog, name, before)
    assert knob.error.isHidden()
    assert dialog.save_button.isEnabled()


def text_of_line(editor: object) -> str:
    assert isinstance(editor, QLineEdit)
    return editor.text()


def test_values_that_are_wrong_only_together_are_refused_too(window: MainWindow) -> None:
    dialog = dialog_of(window)
    type_in(dialog, "self_weight", "0")
    type_in(dialog, "consistency", "0")
    assert "nothing would be learnt" in dialog.learning.problem
    assert not dialog.save_button.isEnabled()
    type_in(dialog, "self_weight", "1")
    assert dialog.save_button.isEnabled()


def test_a_preset_fills_the_form_and_a_change_makes_it_ones_own(window: MainWindow) -> None:
    dialog = dialog_of(window)
    for index, each in enumerate(PRESETS):
        dialog.preset.activated.emit(index)
        assert dialog.learning.settings == each.settings
        assert dialog.preset.currentText() == each.title
    type_in(dialog, "batch_size", "7")
    assert dialog.preset.currentText() == "Own settings"


def test_own_settings_are_used_and_remembered(
    qtbot: QtBot, window: MainWindow, session: FakeSession, saved: list[AppSettings]
) -> None:
    assert not window.commands.presets[OWN].isEnabled()
    own = replace(preset("gentle").settings, batch_size=7)
    dialog = dialog_of(window)
    dialog.preset.activated.emit(PRESETS.index(preset("gentle")))
    type_in(dialog, "batch_size", "7")
    dialog.accept()
    assert [call for call in session.calls if call[0] in ("configure", "reset")] == [
        ("configure", own),
        ("reset",),
    ]
    assert window.commands.chosen_preset() == OWN
    assert learning_settings(saved[-1].personalization) == own

    again = FakeSession()
    restarted = make_window(qtbot, again, settings=saved[-1])
    assert restarted.commands.chosen_preset() == OWN
    again.calls.clear()
    restarted.commands.presets["paper"].trigger()
    restarted.commands.presets[OWN].trigger()
    assert again.calls == [("set_preset", "paper"), ("reset",), ("configure", own), ("reset",)]


def test_a_session_begins_with_ones_own_settings(saved: list[AppSettings], qtbot: QtBot) -> None:
    own = replace(PersonalizationSettings(), batch_size=3)
    session = FakeSession()
    settings = AppSettings(preset=OWN, personalization=learning_values(own))
    window = MainWindow(session, FakeSources(), FAKE_PRESETS, settings, saved.append)
    qtbot.addWidget(window)
    assert ("configure", own) in session.calls


@pytest.mark.parametrize(
    "values",
    [{"batch_size": 0}, {"batch_size": "many"}, {"guard": 1}, {"scope": "nothing"}],
)
def test_remembered_settings_that_are_wrong_are_told_and_not_used(
    qtbot: QtBot, values: dict[str, Value]
) -> None:
    with pytest.raises(UserError):
        learning_settings(values)
    window = make_window(
        qtbot,
        FakeSession(),
        settings=AppSettings(preset=OWN, personalization=values, welcomed=True),
    )
    assert next(iter(values)) in window.messages.text()
    assert window.commands.chosen_preset() == "gentle"  # the first of the test's presets


def test_settings_of_a_newer_version_are_left_out() -> None:
    assert learning_settings({"telepathy": True, "learning_rate": 1}).learning_rate == 1.0


def test_nothing_changed_changes_nothing(window: MainWindow, session: FakeSession) -> None:
    dialog_of(window).accept()
    assert [call for call in session.calls if call[0] != "set_comparison"] == []


def test_settings_of_the_window_are_applied(
    window: MainWindow, session: FakeSession, saved: list[AppSettings]
) -> None:
    dialog = dialog_of(window)
    for name in WINDOW:
        editor = dialog.window_form.knobs[name].editor
        if isinstance(editor, QCheckBox):
            editor.toggle()
        else:
            assert isinstance(editor, QComboBox) and name == "language"
            editor.setCurrentText("中文")
    dialog.accept()
    assert window.commands.explain.isChecked()
    assert window.commands.smoothing.isChecked()
    assert window.commands.mirrored.isChecked()
    assert not window.transport.loop.isChecked()
    assert ("set_looping", False) in session.calls
    assert (saved[-1].explaining, saved[-1].looping) == (True, False)
    assert saved[-1].language == "中文"
    window.close()
    assert saved[-1].language == "中文"


def test_reset_fills_in_what_the_program_came_with(window: MainWindow) -> None:
    dialog = dialog_of(window)
    type_in(dialog, "batch_size", "none")
    dialog.shortcuts.editors["Personalize"].setKeySequence(QKeySequence("F5"))
    dialog.reset_button.click()
    assert dialog.learning.settings == DEFAULT_PRESET.settings
    assert dialog.window_form.settings == replace(
        AppSettings(), **{name: getattr(AppSettings(), name) for name in WINDOW}
    )
    assert dialog.shortcuts.keys == {}


def test_a_key_is_changed_and_remembered(
    qtbot: QtBot, window: MainWindow, session: FakeSession, saved: list[AppSettings]
) -> None:
    dialog = dialog_of(window)
    dialog.shortcuts.editors["Personalize"].setKeySequence(QKeySequence("F5"))
    dialog.shortcuts.editors["Record"].setKeySequence(QKeySequence(""))
    dialog.accept()
    assert saved[-1].shortcuts == {"Personalize": "F5", "Record": ""}
    assert window.commands.personalize.toolTip().endswith("(F5)")
    assert "(" not in window.commands.record.toolTip()
    session.calls.clear()
    window.activateWindow()
    qtbot.keyClick(window, Qt.Key.Key_P)
    qtbot.keyClick(window, Qt.Key.Key_F5)
    assert session.calls == [("set_personalizing", True)]
    again = make_window(qtbot, FakeSession(), settings=saved[-1])
    assert again.commands.personalize.shortcut() == QKeySequence("F5")
    assert dialog_of(again).shortcuts.keys == saved[-1].shortcuts


def test_a_key_that_is_taken_is_refused(qtbot: QtBot, window: MainWindow) -> None:
    table = dialog_of(window).shortcuts
    with qtbot.waitSignal(table.refused) as refused:
        table.editors["Personalize"].setKeySequence(QKeySequence("R"))
    assert refused.args == ["R belongs to Reset already. Give Reset another key first."]
    assert table.note.text() == refused.args[0]
    assert table.editors["Personalize"].keySequence() == QKeySequence("P")
    assert table.keys == {}
    table.editors["Reset"].setKeySequence(QKeySequence("F6"))
    table.editors["Personalize"].setKeySequence(QKeySequence("R"))
    assert table.keys == {"Reset": "F6", "Personalize": "R"}


def test_a_file_that_gives_one_key_to_two_actions_breaks_neither(qtbot: QtBot) -> None:
    settings = AppSettings(shortcuts={"Personalize": "R", "nothing": "X"}, welcomed=True)
    window = make_window(qtbot, FakeSession(), settings=settings)
    assert window.commands.personalize.shortcut() == QKeySequence("P")
    assert window.commands.reset.shortcut() == QKeySequence("R")


def test_every_action_is_in_the_table_by_a_name_of_its_own(window: MainWindow) -> None:
    actions = actions_with_keys(window)
    assert {"Pause", "Personalize", "Skeleton", "Explain", "Frame forward"} < set(actions)
    keyed = [a for a in window.findChildren(type(window.commands.play)) if a.property("tip")]
    assert len(keyed) == len(actions)
