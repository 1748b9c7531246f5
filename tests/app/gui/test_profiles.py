"""Profiles in the window: menu, dialogs, messages, and undoing a reset."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QFileDialog, QLabel
from pytestqt.qtbot import QtBot

from app.gui.main_window import MainWindow
from app.gui.profiles import PRIVACY, PickDialog, ProfileMenu, SaveDialog
from app.runtime.live.results import Phase, WorkerStatus
from app.runtime.profiles import ProfileFolder
from model.adaptation import Learnt
from model.adaptation.profile import ProfileBase
from tests.app.gui.window_fakes import BASE, FakeSession, make_window, tick

LEARNT = WorkerStatus(Phase.FROZEN, updates=12)
NAME = "Änne & <b>Co</b> / 🤸"


@pytest.fixture
def session() -> FakeSession:
    return FakeSession(worker=LEARNT)


@pytest.fixture
def folder(tmp_path: Path) -> ProfileFolder:
    return ProfileFolder(tmp_path / "profiles")


@pytest.fixture
def window(qtbot: QtBot, session: FakeSession, folder: ProfileFolder) -> MainWindow:
    return make_window(qtbot, session, profiles=folder)


def keep(folder: ProfileFolder, name: str, updates: int = 12, base: ProfileBase = BASE) -> None:
    folder.save(name, Learnt({"a": torch.ones(3)}, updates), base, "steady", replace=False)


def menu_of(window: MainWindow) -> ProfileMenu:
    menu = window.findChild(ProfileMenu)
    assert menu is not None
    menu.aboutToShow.emit()
    return menu


def texts(menu: ProfileMenu) -> list[str]:
    return [action.text() for action in menu.actions() if not action.isSeparator()]


def save_dialog(window: MainWindow) -> SaveDialog:
    window.commands.save_profile.trigger()
    return window.findChildren(SaveDialog)[-1]


def pick_dialog(window: MainWindow) -> PickDialog:
    return window.findChildren(PickDialog)[-1]


def names(folder: ProfileFolder) -> list[str]:
    return [profile.name for profile in folder.all()]


def test_the_menu_offers_what_can_be_done_and_every_profile(
    window: MainWindow, folder: ProfileFolder
) -> None:
    rest = ["Rename…", "Delete…", "Export…", "Import…"]
    assert texts(menu_of(window)) == ["Save as…", "No profile yet", *rest]
    keep(folder, NAME)
    keep(folder, "x" * 200)
    entries = texts(menu_of(window))
    assert [entry.replace("&&", "&") for entry in entries if "Co" in entry] == [NAME]
    assert len(entries) == 7 and max(map(len, entries)) < 80
    menu = menu_of(window)
    tips = [action.toolTip() for action in menu.actions() if "Co" in action.text()]
    assert "&lt;b&gt;Co" in tips[0] and "12 updates" in tips[0]


def test_a_profile_is_saved_under_the_name_that_is_typed(
    qtbot: QtBot, window: MainWindow, session: FakeSession, folder: ProfileFolder
) -> None:
    keep(folder, "Bert")
    dialog = save_dialog(window)
    assert dialog.isVisible() and not dialog.button.isEnabled()
    assert PRIVACY in [label.text() for label in dialog.findChildren(QLabel)]
    assert "Nothing leaves this machine, and no frame is stored" in PRIVACY
    qtbot.keyClicks(dialog.name, " Anna ")
    assert dialog.button.isEnabled() and dialog.button.text() == "Save"
    qtbot.keyClick(dialog, Qt.Key.Key_Return)
    assert session.calls == [("save_profile", " Anna ", False)]

    dialog = save_dialog(window)
    qtbot.keyClicks(dialog.name, "Bert")
    assert dialog.button.text() == "Replace" and "of this name" in dialog.note.text()
    dialog.button.click()
    assert session.calls[1:] == [("save_profile", "Bert", True)]

    dialog = save_dialog(window)
    qtbot.keyClicks(dialog.name, "Carla")
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert len(session.calls) == 2


def test_nothing_learnt_is_told_before_a_name_is_asked_for(
    window: MainWindow, session: FakeSession
) -> None:
    session.worker = WorkerStatus()
    window.commands.save_profile.trigger()
    assert "Nothing has been learnt yet" in window.messages.text()
    assert not window.findChildren(SaveDialog)


def test_a_profile_is_loaded_from_the_menu(
    window: MainWindow, session: FakeSession, folder: ProfileFolder
) -> None:
    keep(folder, "Anna", 124)
    next(action for action in menu_of(window).actions() if action.text() == "Anna").trigger()
    assert session.calls == [("load_profile", "Anna", 124)]
    assert window.messages.text() == 'The profile "Anna" is loaded: 124 updates.'


def test_a_profile_of_another_network_is_refused_in_the_message_bar(
    window: MainWindow, session: FakeSession, folder: ProfileFolder
) -> None:
    keep(folder, "Anna", base=ProfileBase("other", "2f" * 32, BASE.shapes))
    (folder.folder / "broken.safetensors").write_text("no")
    for name in ("Anna", "broken.safetensors"):
        next(a for a in menu_of(window).actions() if a.text() == name).trigger()
    assert "learnt with another network, other" in window.messages.text()
    assert "broken.safetensors is damaged" in window.messages.text()
    assert session.calls == []


def test_a_profile_is_renamed(window: MainWindow, folder: ProfileFolder) -> None:
    keep(folder, "Anna")
    keep(folder, "Bert")
    window.commands.rename_profile.trigger()
    dialog = pick_dialog(window)
    assert dialog.name is not None
    dialog.list.setCurrentRow(1)
    assert dialog.name.text() == "Bert" and not dialog.button.isEnabled()
    dialog.name.setText(NAME)
    dialog.button.click()
    assert names(folder) == ["Anna", NAME]

    window.commands.rename_profile.trigger()
    dialog = pick_dialog(window)
    assert dialog.name is not None
    dialog.name.setText(NAME)
    dialog.button.click()
    assert "already" in window.messages.text()
    assert names(folder) == ["Anna", NAME]


def test_a_profile_is_deleted(qtbot: QtBot, window: MainWindow, folder: ProfileFolder) -> None:
    keep(folder, "Anna")
    keep(folder, "Bert")
    window.commands.delete_profile.trigger()
    qtbot.keyClick(pick_dialog(window), Qt.Key.Key_Escape)
    assert names(folder) == ["Anna", "Bert"]
    window.commands.delete_profile.trigger()
    pick_dialog(window).list.setCurrentRow(1)
    pick_dialog(window).button.click()
    assert names(folder) == ["Anna"]
    # Another program was faster.
    window.commands.delete_profile.trigger()
    folder.delete(folder.get("Anna"))
    pick_dialog(window).button.click()
    assert "not there any more" in window.messages.text()


def test_a_profile_is_exported_and_imported(
    window: MainWindow, folder: ProfileFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(folder, NAME)
    target = tmp_path / "anne.safetensors"
    suggested: list[str] = []

    def choose(_parent: object, _title: str, start: str, _filter: str) -> tuple[str, str]:
        suggested.append(start)
        return str(target), ""

    monkeypatch.setattr(QFileDialog, "getSaveFileName", choose)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", choose)
    window.commands.export_profile.trigger()
    pick_dialog(window).button.click()
    assert suggested == ["anne-b-co-b.safetensors"] and target.is_file()
    folder.delete(folder.get(NAME))
    window.commands.import_profile.trigger()
    assert names(folder) == [NAME]
    target.write_text("no")
    window.commands.import_profile.trigger()
    assert "anne.safetensors is damaged" in window.messages.text()
    assert names(folder) == [NAME]


def test_without_profiles_there_is_nothing_to_pick(window: MainWindow) -> None:
    for action in (
        window.commands.rename_profile,
        window.commands.delete_profile,
        window.commands.export_profile,
    ):
        window.messages.clear()
        action.trigger()
        assert "There is no profile yet" in window.messages.text()
    assert not window.findChildren(PickDialog)


@pytest.mark.parametrize(
    "act",
    [
        lambda window: menu_of(window),
        lambda window: window.commands.save_profile.trigger(),
        lambda window: window.commands.rename_profile.trigger(),
    ],
)
def test_a_folder_that_cannot_be_read_is_told_in_the_message_bar(
    act: Callable[[MainWindow], object], window: MainWindow, folder: ProfileFolder
) -> None:
    folder.folder.write_text("a file is in the way")
    act(window)
    assert "cannot be listed" in window.messages.text()


def test_undo_is_there_when_a_reset_can_be_undone(
    qtbot: QtBot, window: MainWindow, session: FakeSession
) -> None:
    tick(window)
    assert not window.commands.undo_reset.isEnabled()
    qtbot.keyClick(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert session.calls == []
    session.worker = WorkerStatus(Phase.OFF, undo_steps=1)
    tick(window)
    qtbot.keyClick(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert session.calls == [("undo_reset",)]


def test_the_ticked_preset_is_the_one_in_use(window: MainWindow, session: FakeSession) -> None:
    phases = iter([Phase.OFF, Phase.FROZEN, Phase.OFF, Phase.FROZEN])  # a change is shown at once

    def use(preset: str) -> str:
        session.worker = WorkerStatus(next(phases), preset=preset)
        tick(window)
        return window.commands.chosen_preset()

    window.commands.choose_preset("paper")
    assert use("gentle") == "paper"  # not yet taken over
    assert use("paper") == "paper"
    assert use("gentle") == "gentle"  # by an undone reset
    assert use("") == "gentle"
