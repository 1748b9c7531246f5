"""Every action: what it is called, which key it has, and what it does."""

from __future__ import annotations

from dataclasses import fields

import pytest
from PyQt6.QtGui import QAction
from PyQt6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.gui.actions import Actions, Handlers
from app.settings import Overlays
from tests.app.gui.window_fakes import PRESETS


@pytest.fixture
def done() -> list[tuple[object, ...]]:
    return []


@pytest.fixture
def parent(qtbot: QtBot) -> QWidget:
    widget = QWidget()
    qtbot.addWidget(widget)
    return widget


@pytest.fixture
def actions(parent: QWidget, done: list[tuple[object, ...]]) -> Actions:
    handlers = Handlers(
        toggle_playing=lambda: done.append(("toggle_playing",)),
        set_personalizing=lambda on: done.append(("set_personalizing", on)),
        toggle_offline=lambda: done.append(("toggle_offline",)),
        reset=lambda: done.append(("reset",)),
        toggle_recording=lambda: done.append(("toggle_recording",)),
        undo_reset=lambda: done.append(("undo_reset",)),
        save_profile=lambda: done.append(("save_profile",)),
        rename_profile=lambda: done.append(("rename_profile",)),
        delete_profile=lambda: done.append(("delete_profile",)),
        export_profile=lambda: done.append(("export_profile",)),
        import_profile=lambda: done.append(("import_profile",)),
        set_preset=lambda name: done.append(("set_preset", name)),
        set_overlays=lambda overlays: done.append(("set_overlays", overlays)),
        set_explaining=lambda on: done.append(("set_explaining", on)),
        set_mirrored=lambda on: done.append(("set_mirrored", on)),
        set_split=lambda on: done.append(("set_split", on)),
        set_smoothing=lambda on: done.append(("set_smoothing", on)),
        set_picture_alone=lambda on: done.append(("set_picture_alone", on)),
        show_keypoint_gan=lambda on: done.append(("show_keypoint_gan", on)),
        go_back=lambda: done.append(("go_back",)),
        reset_layout=lambda: done.append(("reset_layout",)),
        show_settings=lambda: done.append(("show_settings",)),
        show_tour=lambda: done.append(("show_tour",)),
        show_about=lambda: done.append(("show_about",)),
        copy_diagnostics=lambda: done.append(("copy_diagnostics",)),
        close=lambda: done.append(("close",)),
    )
    return Actions(parent, handlers, PRESETS, Overlays(box=True))


def test_every_action_calls_its_handler(actions: Actions, done: list[tuple[object, ...]]) -> None:
    assert not actions.undo_reset.isEnabled()
    actions.undo_reset.setEnabled(True)
    for action in (
        actions.play,
        actions.personalize,
        actions.personalize,
        actions.offline,
        actions.reset,
        actions.record,
        actions.compare,
        actions.smoothing,
        actions.undo_reset,
        actions.save_profile,
        actions.rename_profile,
        actions.delete_profile,
        actions.export_profile,
        actions.import_profile,
        actions.picture_alone,
        actions.keypoint_gan,
        actions.go_back,
        actions.reset_layout,
        actions.about,
        actions.copy_diagnostics,
        actions.close,
        actions.presets["paper"],
    ):
        action.trigger()
    assert done == [
        ("toggle_playing",),
        ("set_personalizing", True),
        ("set_personalizing", False),
        ("toggle_offline",),
        ("reset",),
        ("toggle_recording",),
        ("set_split", True),
        ("set_smoothing", True),
        ("undo_reset",),
        ("save_profile",),
        ("rename_profile",),
        ("delete_profile",),
        ("export_profile",),
        ("import_profile",),
        ("set_picture_alone", True),
        ("show_keypoint_gan", True),
        ("go_back",),
        ("reset_layout",),
        ("show_about",),
        ("copy_diagnostics",),
        ("close",),
        ("set_preset", "paper"),
    ]


def test_keys(actions: Actions) -> None:
    keys = {
        actions.play: "Space",
        actions.personalize: "P",
        actions.reset: "R",
        actions.compare: "C",
        actions.record: "Ctrl+R",
        actions.undo_reset: "Ctrl+Z",
        actions.save_profile: "Ctrl+S",
        actions.picture_alone: "F11",
        actions.keypoint_gan: "K",
        actions.go_back: "Esc",
    }
    assert {a: a.shortcut().toString() for a in keys} == keys
    numbers = [a.shortcut().toString() for a in actions.overlays.values()]
    assert numbers == [str(number) for number in range(1, 9)]


@pytest.mark.usefixtures("actions")
def test_no_two_actions_share_a_key(parent: QWidget) -> None:
    keys = [a.shortcut().toString() for a in parent.actions() if not a.shortcut().isEmpty()]
    assert len(keys) > 10
    assert len(keys) == len(set(keys))


@pytest.mark.usefixtures("actions")
def test_every_tooltip_says_what_the_action_does_and_its_key(parent: QWidget) -> None:
    for action in parent.actions():
        key = action.shortcut().toString()
        assert action.toolTip() != action.text()
        assert not key or action.toolTip().endswith(f" ({key})")


def test_the_overlays_start_as_given_and_are_told_whole(
    actions: Actions, done: list[tuple[object, ...]]
) -> None:
    assert list(actions.overlays) == [f.name for f in fields(Overlays)]
    assert actions.chosen_overlays() == Overlays(box=True)
    actions.overlays["skeleton"].trigger()
    assert done == [("set_overlays", Overlays(skeleton=False, box=True))]


def test_one_preset_is_chosen_at_a_time(actions: Actions, done: list[tuple[object, ...]]) -> None:
    assert actions.choose_preset("paper") == "paper"
    assert actions.chosen_preset() == "paper"
    assert [a.isChecked() for a in actions.presets.values()] == [False, True, False]
    assert done == []


def test_a_preset_that_does_not_exist_any_more_gives_the_first(actions: Actions) -> None:
    assert actions.choose_preset("forgotten") == "gentle"
    assert actions.chosen_preset() == "gentle"


def test_play_offers_the_opposite(actions: Actions) -> None:
    actions.show_playing(False)
    assert actions.play.text() == "Play"
    actions.show_playing(True)
    assert actions.play.text() == "Pause"


def test_offline_offers_to_stop_and_tells_the_time_left(actions: Actions) -> None:
    def shown(action: QAction) -> str:
        return action.iconText().strip()

    actions.show_offline(True, "0:52")
    assert (actions.offline.text(), shown(actions.offline)) == ("Stop 0:52", "Stop 0:52")
    actions.show_offline(True, "")
    assert shown(actions.offline) == "Stop"
    actions.show_offline(False, "")
    assert shown(actions.offline) == "Offline…"
