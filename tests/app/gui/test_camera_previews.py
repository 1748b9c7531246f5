"""All cameras side by side: what each sees, or why it does not, and a click that chooses one."""

from __future__ import annotations

import numpy as np
import pytest
from PyQt6.QtGui import QColor
from pytestqt.qtbot import QtBot

from app.gui.camera_previews import CameraPreviews
from app.gui.main_window import MainWindow
from app.gui.sources import SourceMenu
from tests.app.gui.window_fakes import FakeSession, FakeSources, make_window

_NAMES = ["FaceTime HD", "Cam & Co"]


@pytest.fixture
def sources() -> FakeSources:
    return FakeSources()


@pytest.fixture
def window(qtbot: QtBot, sources: FakeSources) -> MainWindow:
    return make_window(qtbot, FakeSession(), sources)


def _opened(qtbot: QtBot, window: MainWindow) -> CameraPreviews:
    """The dialog as the menu opens it."""
    menu = window.findChild(SourceMenu)
    assert menu is not None
    with qtbot.waitSignal(menu.search.over):
        menu.aboutToShow.emit()
    next(entry for entry in menu.actions() if entry.text() == "See all cameras…").trigger()
    dialog = window.findChild(CameraPreviews)
    assert dialog is not None and dialog.isVisible()
    return dialog


def test_each_camera_shows_what_it_sees_or_why_it_does_not(
    qtbot: QtBot, window: MainWindow, sources: FakeSources
) -> None:
    dialog = _opened(qtbot, window)
    assert list(dialog.buttons) == list(sources.previews) == _NAMES
    sources.previews["FaceTime HD"].image = np.full((48, 64, 3), (200, 10, 10), np.uint8)
    sources.previews["Cam & Co"].problem = "The camera is there but does not open. Close others."
    dialog.refresh()
    seen, broken = dialog.buttons.values()
    middle = seen.icon().pixmap(288, 216).toImage().pixelColor(144, 108)
    assert middle == QColor(200, 10, 10) and seen.text() == "FaceTime HD"
    assert broken.text().startswith("The camera is there")
    assert broken.toolTip() == sources.previews["Cam & Co"].problem
    sources.previews["Cam & Co"].problem = ""
    dialog.refresh()
    assert broken.text() == "Cam && Co"
    assert broken.accessibleName() == "Cam & Co"
    dialog.reject()


def test_the_one_that_is_clicked_is_opened_when_all_are_free(
    qtbot: QtBot, window: MainWindow, sources: FakeSources
) -> None:
    dialog = _opened(qtbot, window)
    freed: list[bool] = []
    dialog.chosen.connect(lambda _: freed.extend(p.stopped for p in sources.previews.values()))
    with qtbot.waitSignal(window.opener.opened), qtbot.waitSignal(dialog.destroyed):
        dialog.buttons["Cam & Co"].click()
    assert sources.opened == [("camera", "Cam & Co")] and freed == [True, True]


@pytest.mark.parametrize("close", ["dialog", "window"])
def test_closing_frees_all_and_chooses_none(
    close: str, qtbot: QtBot, window: MainWindow, sources: FakeSources
) -> None:
    dialog = _opened(qtbot, window)
    with qtbot.waitSignal(dialog.destroyed):
        (dialog if close == "dialog" else window).close()
    assert all(preview.stopped for preview in sources.previews.values())
    assert sources.opened == []
