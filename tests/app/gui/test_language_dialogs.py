"""Every dialog, opened in another language: nothing that can be read there stays English."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
import torch
from PyQt6.QtGui import QAction
from PyQt6.QtWidgets import (
    QApplication,
    QComboBox,
    QDialog,
    QLabel,
    QLineEdit,
    QListWidget,
    QMenu,
    QMessageBox,
    QTableWidget,
    QTabWidget,
    QWidget,
)
from pytestqt.qtbot import QtBot

import app.gui
from app.gui.camera_previews import CameraPreviews
from app.gui.language import use_language
from app.gui.launch import UnfinishedTakes
from app.gui.offline import OfflineDialog
from app.gui.preferences import SettingsDialog
from app.gui.profiles import PickDialog, SaveDialog
from app.runtime.live import change
from app.runtime.live.change import Change, ChangeReport
from app.runtime.live.results import OfflineProgress, Phase, Schedule, WorkerStatus
from app.runtime.profiles import ProfileFolder
from app.runtime.recordings.take import UnfinishedTake
from app.settings import AppSettings, Language
from model.adaptation import Learnt
from tests.app.gui.window_fakes import (
    BASE,
    PLACE,
    FakeRuns,
    FakeSession,
    FakeSources,
    make_frame,
    make_result,
    make_update,
    make_window,
    tick,
)

_SAME = {
    "Deutsch": {"Overlays", "Pause", "Offline…", "OK"},
    "中文": set[str](),
}
"""Words that are the same in English."""
_PROPER = {
    "KeypointGAN",
    "English",
    "Deutsch",
    "中文",
    "FaceTime HD",
    "Cam & Co",
    "Cam && Co",
    "anna.mp4",
    "Anna",
    "starter",
    "Pose Personalizer",
}
"""Names that no language changes."""
_PLOTTING = {"Export", "Export..."}
"""What pyqtgraph keeps for menus that are switched off."""
_OF_TESTS = {
    "Learns little from each picture",
    "The settings of the paper",
    "Person at a desk",
    "Gymnast, four cameras",
}
_NUMBER = re.compile(r"[\d.,:/× +-]*(e-\d+|ms|s|%|×)?")
_CHANGES = tuple(
    Change(*words, 0.5, 0.5)
    for words in (change._ERROR, change._MIRROR, change._JITTER, change._REBUILT)
)
_PROPERTIES = (
    "windowTitle",
    "title",
    "text",
    "iconText",
    "informativeText",
    "placeholderText",
    "toolTip",
    "accessibleName",
    "accessibleDescription",
)


@pytest.fixture
def speak(qapp: QApplication) -> Iterator[None]:
    yield
    use_language(qapp, "English")


def texts_of(root: QWidget) -> set[str]:
    """Everything to be read, or read out, in ``root`` and in what it holds."""
    found: list[str] = []
    for each in (root, *root.findChildren(QWidget), *root.findChildren(QAction)):
        values = [each.property(name) for name in _PROPERTIES]
        # What is typed in a field is nobody's words, and a key has its name from the system.
        typed = each.property("text") if isinstance(each, QLineEdit) else None
        found += [text.strip() for text in values if isinstance(text, str) and text != typed]
        found += _entries(each)
    return {
        text for text in found if len(re.findall(r"\w", text)) > 1 and not _NUMBER.fullmatch(text)
    }


def _entries(widget: object) -> Iterable[str]:
    if isinstance(widget, QComboBox):
        return [widget.itemText(i) for i in range(widget.count())]
    if isinstance(widget, QTabWidget):
        return [widget.tabText(i) for i in range(widget.count())]
    if isinstance(widget, QListWidget):
        items = [widget.item(i) for i in range(widget.count())]
    elif isinstance(widget, QTableWidget):
        rows = range(widget.rowCount())
        items = [widget.item(row, 0) for row in rows]  # type: ignore[misc]
        items += [widget.horizontalHeaderItem(i) for i in range(widget.columnCount())]  # type: ignore[misc]
    else:
        return []
    return [text for item in items if item for text in (item.text(), item.toolTip())]


class Walk:
    """Opens everything there is, one after the other, and reads it."""

    def __init__(self, qtbot: QtBot, folder: Path) -> None:
        self.texts: set[str] = set()
        self.kinds: set[type] = set()
        self._folder = folder
        self._qtbot = qtbot
        self._session = FakeSession(place=PLACE, worker=WorkerStatus(Phase.FROZEN, updates=12))
        profiles = ProfileFolder(folder / "profiles")
        if not profiles.all():
            profiles.save("Anna", Learnt({"a": torch.ones(3)}, 12), BASE, "steady", replace=False)
        sources = FakeSources(file=folder / "anna.mp4", known=True)
        self.window = make_window(
            qtbot,
            self._session,
            sources,
            AppSettings(welcomed=True, explaining=True),
            profiles=profiles,
        )

    def whole(self) -> None:
        self._states()
        self._menus()
        self._dialogs()
        self._offline()
        self._tour()
        self._boxes()

    def _read(self, root: QWidget) -> None:
        self.kinds.add(type(root))
        self.texts |= texts_of(root)

    def _states(self) -> None:
        """The window, as every phase and a picture leave it."""
        self._read(self.window)
        self._session.publish(make_frame(1), make_result(1))
        self._session.updates = [make_update(1)]
        for phase in Phase:
            self._session.worker = WorkerStatus(phase, schedule=Schedule.STRICT, updates=12)
            tick(self.window)
            self._read(self.window)
        self._session.worker = WorkerStatus(Phase.FROZEN, updates=12)
        tick(self.window)

    def _menus(self) -> None:
        for menu in self.window.findChildren(QMenu):
            if search := getattr(menu, "search", None):
                with self._qtbot.waitSignal(search.over):
                    menu.aboutToShow.emit()
            else:
                menu.aboutToShow.emit()
            self._read(menu)

    def _dialogs(self) -> None:
        commands = self.window.commands
        for action, kind in (
            (commands.offline, OfflineDialog),
            (commands.settings, SettingsDialog),
            (commands.save_profile, SaveDialog),
            (commands.rename_profile, PickDialog),
            (commands.delete_profile, PickDialog),
            (commands.export_profile, PickDialog),
        ):
            action.trigger()
            dialog = self.window.findChildren(kind)[-1]
            assert isinstance(dialog, QDialog)
            if isinstance(dialog, SaveDialog):
                dialog.name.setText("Anna")
            self._close(dialog)
        self.window._show_cameras(["FaceTime HD", "Cam & Co"])
        previews = self.window.findChildren(CameraPreviews)[-1]
        with self._qtbot.waitSignal(previews.destroyed):
            self._close(previews)

    def _close(self, dialog: QDialog) -> None:
        self._read(dialog)
        dialog.reject()
        dialog.setParent(None)

    def _offline(self) -> None:
        runs, offline = self._session.offline, self.window.offline
        assert isinstance(runs, FakeRuns)
        for doing in ("", "finding the person", "learning"):
            for paused in (False, True):
                offline.bar.show_progress(OfflineProgress(1, 9, 52.0, paused, doing), 2)
                offline.bar.pause.setChecked(paused)
                self._read(offline.bar)
        for frames in ("24 frames", "24 frames that were not learnt from"):
            offline.card.show_change(ChangeReport(12, frames, _CHANGES))
            self._read(offline.card)

    def _tour(self) -> None:
        self.window.commands.tour.trigger()
        tour = self.window._guide.tour
        assert tour is not None
        while self.window._guide.tour is not None:
            self._read(tour)
            tour.go(1)

    def _boxes(self) -> None:
        takes = [UnfinishedTake(self._folder / str(i), 2.0, 20) for i in range(5)]
        unfinished = UnfinishedTakes(self.window, self.window.show_message)
        for some in (takes[:1], takes):
            unfinished._ask(some)
            self._close(self.window.findChildren(QMessageBox)[-1])
        self.window.commands.about.trigger()
        self._close(self.window.findChildren(QMessageBox)[-1])


def _read_in(language: Language, qtbot: QtBot, qapp: QApplication, folder: Path) -> Walk:
    use_language(qapp, language)
    walk = Walk(qtbot, folder)
    walk.whole()
    walk.window.close()
    return walk


def _kinds_of_dialogs() -> set[type]:
    for module in pkgutil.walk_packages(app.gui.__path__, "app.gui."):
        importlib.import_module(module.name)
    found, new = set[type](), list[type](QDialog.__subclasses__())
    while new:
        kind = new.pop()
        new += kind.__subclasses__()
        found |= {kind} if kind.__module__.startswith("app.gui.") else set()
    return {kind for kind in found if not kind.__subclasses__()}


@pytest.mark.usefixtures("speak")
@pytest.mark.parametrize("language", list(_SAME))
def test_nothing_to_be_read_stays_english(
    language: Language, qtbot: QtBot, qapp: QApplication, tmp_path: Path
) -> None:
    english = _read_in("English", qtbot, qapp, tmp_path)
    other = _read_in(language, qtbot, qapp, tmp_path)
    assert len(english.texts) > 300
    assert _kinds_of_dialogs() <= english.kinds  # a new dialog is opened here too
    left = (english.texts & other.texts) - _SAME[language] - _PROPER - _PLOTTING - _OF_TESTS
    assert sorted(text for text in left if str(tmp_path) not in text) == []


@pytest.mark.usefixtures("speak")
@pytest.mark.parametrize("language", ["English", *_SAME])
def test_the_tour_has_room_for_its_words(
    language: Language, qtbot: QtBot, qapp: QApplication, tmp_path: Path
) -> None:
    use_language(qapp, language)
    window = Walk(qtbot, tmp_path).window
    window.commands.tour.trigger()
    while (tour := window._guide.tour) is not None:
        qapp.processEvents()
        for button in (tour.skip, tour.back, tour.next):
            assert button.width() >= button.sizeHint().width()
        assert tour.text.height() >= tour.text.heightForWidth(tour.text.width())
        tour.go(1)


@pytest.mark.usefixtures("speak")
@pytest.mark.parametrize("language", ["English", *_SAME])
def test_the_smallest_window_has_room_for_the_table_of_before_and_after(
    language: Language, qtbot: QtBot, qapp: QApplication, tmp_path: Path
) -> None:
    use_language(qapp, language)
    window = Walk(qtbot, tmp_path).window
    window.offline.card.show_change(ChangeReport(12, "24 frames", _CHANGES))
    assert window.minimumSizeHint().width() <= window.minimumWidth()


@pytest.mark.usefixtures("speak")
def test_a_text_that_is_not_translated_is_found(
    qtbot: QtBot, qapp: QApplication, tmp_path: Path
) -> None:
    dialog = QDialog()
    qtbot.addWidget(dialog)
    QLabel("Not translated", dialog)
    assert texts_of(dialog) == {"Not translated"}
