"""Offline personalization in the window: what from, how far it is, and what it changed.

The last is a small table, above the picture until it is closed.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from PyQt6.QtCore import QObject, QSize, Qt
from PyQt6.QtGui import QPalette
from PyQt6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QFormLayout,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QProgressBar,
    QPushButton,
    QToolButton,
    QWidget,
)

from app.gui.language import in_own_words, tr
from app.gui.panels import Panels
from app.gui.session import Session
from app.gui.sources import Sources, video_files
from app.gui.theme import icon
from app.gui.widgets import AskingDialog, ElidedLabel, count, time_left
from app.runtime.live.change import ChangeReport
from app.runtime.live.results import OfflineProgress, Phase
from app.runtime.recordings.offline_run import OfflineOutcome, OfflineWish, whole_wish
from model.core.errors import UserError

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


_WHAT = (
    "First the person is looked for in every frame, then all frames are learnt from in random "
    "order, and then the video plays again from its start, before and after side by side."
)
_UNDO = (
    "It starts from the trained weights. What was learnt before comes back with Undo (Ctrl+Z), "
    "and if you cancel, nothing has happened."
)
_REMEMBERED = (
    "Learning from the frames that are remembered of the camera. Open a video file to learn from "
    "every frame of it."
)
_PASSES = {"A quarter": 0.25, "Half": 0.5, "1 (as published)": 1.0, "2": 2.0, "4": 4.0}
_PATH = Qt.ItemDataRole.UserRole
_LIST_HEIGHT = 88
_LEARNING = (Phase.PERSONALIZING, Phase.HELD_BACK, Phase.UNDONE)


class OfflineDialog(AskingDialog):
    """Asks what to learn from beside the recording that is open, and how often."""

    def __init__(self, parent: QWidget, recording: Path) -> None:
        super().__init__(parent, "Learn from the whole video", "Start")
        self._recording = recording
        self.add_text(_WHAT)
        self.list = QListWidget()
        self.list.setAccessibleName(tr("What is learnt from"))
        self.list.setToolTip(tr("Videos of one person; each is learnt from once"))
        self.list.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.list.setFixedHeight(_LIST_HEIGHT)
        self.add(self.list)
        self.add(self._buttons())
        self.passes = QComboBox()
        for text, passes in _PASSES.items():
            self.passes.addItem(tr(text), passes)
        self.passes.setCurrentIndex(self.passes.findData(1.0))
        self.passes.setToolTip(tr("How often each frame with the person is learnt from"))
        self.passes.setAccessibleName(tr("Passes"))
        row = QWidget()
        form = QFormLayout(row)
        form.setContentsMargins(0, 0, 0, 0)
        form.addRow(tr("Passes"), self.passes)
        self.add(row)
        self.add_text(_UNDO)
        self._add_path(recording)

    @property
    def others(self) -> list[Path]:
        """What was added to the recording that is open."""
        items = [self.list.item(row) for row in range(1, self.list.count())]
        return [Path(item.data(_PATH)) for item in items if item is not None]

    @property
    def chosen_passes(self) -> float:
        """Updates for each frame."""
        return float(self.passes.currentData())

    def add_paths(self, paths: list[Path]) -> None:
        """Learn from these videos, or folders of videos, too."""
        known = {self._recording, *self.others}
        for path in dict.fromkeys(paths):
            if path not in known:
                self._add_path(path)

    def _buttons(self) -> QWidget:
        row = QWidget()
        layout = QHBoxLayout(row)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        videos = QPushButton(icon("film"), tr("Add videos…"))
        videos.setToolTip(tr("Further videos of the same person"))
        videos.clicked.connect(self._ask_videos)
        folder = QPushButton(icon("folder"), tr("Add folder…"))
        folder.setToolTip(tr("All videos in a folder, of the same person"))
        folder.clicked.connect(self._ask_folder)
        self.remove = QPushButton(tr("Remove"))
        self.remove.setToolTip(tr("Leave the chosen one out; the video that is open stays"))
        self.remove.clicked.connect(self._remove)
        self.remove.setEnabled(False)
        self.list.currentRowChanged.connect(lambda row: self.remove.setEnabled(row > 0))
        for button in (videos, folder, self.remove):
            button.setAutoDefault(False)
            layout.addWidget(button)
        layout.addStretch(1)
        return row

    def _add_path(self, path: Path) -> None:
        item = QListWidgetItem(icon("folder" if path.is_dir() else "film"), path.name)
        item.setToolTip(str(path))
        item.setData(_PATH, str(path))
        self.list.addItem(item)

    def _ask_videos(self) -> None:
        paths, _ = QFileDialog.getOpenFileNames(self, tr("Add videos"), "", video_files())
        self.add_paths([Path(path) for path in paths])

    def _ask_folder(self) -> None:
        path = QFileDialog.getExistingDirectory(self, tr("Add a folder of videos"))
        if path:
            self.add_paths([Path(path)])

    def _remove(self) -> None:
        self.list.takeItem(self.list.currentRow())


class OfflineBar(QFrame):
    """How far a run over whole videos is, with buttons to hold it and to give it up."""

    def __init__(self, pause: Callable[[bool], None], cancel: Callable[[], None]) -> None:
        super().__init__()
        self.setAutoFillBackground(True)
        self.setBackgroundRole(QPalette.ColorRole.Midlight)
        self.setAccessibleName(tr("Offline personalization"))
        self.label = ElidedLabel()
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(8)
        self.bar.setAccessibleName(tr("How far the run is"))
        self.pause = QPushButton(tr("Pause"))
        self.pause.setCheckable(True)
        self.pause.setToolTip(tr("Hold the run, and let it go on"))
        self.pause.toggled.connect(pause)
        self.pause.toggled.connect(
            lambda on: self.pause.setText(tr("Go on") if on else tr("Pause"))
        )
        cancel_button = QPushButton(tr("Cancel"))
        cancel_button.setToolTip(tr("Give the run up; everything is as it was before (Esc)"))
        cancel_button.clicked.connect(cancel)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 4, 8, 4)
        row.setSpacing(8)
        row.addWidget(self.label, 3)
        row.addWidget(self.bar, 1)
        row.addWidget(self.pause)
        row.addWidget(cancel_button)
        self.hide()

    def show_progress(self, progress: OfflineProgress | None, videos: int) -> None:
        """Show how far a run over so many videos is; None hides the bar."""
        self.setVisible(progress is not None)
        if progress is None:
            self.pause.setChecked(False)
            return
        doing = in_own_words(progress.doing) if progress.doing else tr("starting")
        words = [f"{doing[0].upper()}{doing[1:]} · {count(videos, 'video')}"]
        left = time_left(progress)
        if progress.paused:
            words.append(tr("paused"))
        elif left:
            words.append(tr("{time} left", time=left))
        self.label.setText(" · ".join(words))
        # A length that is not known: the bar runs to and fro.
        known = progress.done > 0 or bool(left) or not progress.doing
        self.bar.setRange(0, progress.total if known else 0)
        self.bar.setValue(progress.done)


class Playing(NamedTuple):
    """Whether the source plays, and how to change that."""

    get: Callable[[], bool]
    set: Callable[[bool], None]


class OfflineVideos(QObject):
    """Asks what to learn from, follows the run, and tells what it changed.

    Args:
        window: The parent of dialogs.
        session: What learns.
        sources: Tells what is open.
        panels: Their plots get the loss as it comes.
        say: Gets sentences.
        playing: Whether the source plays, and how to change that.
        known_error: The last mean error (trained, personalized), if true joints are known.
        show_split: Shows before and after side by side.
    """

    def __init__(
        self,
        window: QWidget,
        session: Session,
        sources: Sources,
        panels: Panels,
        say: Callable[[str], None],
        playing: Playing,
        known_error: Callable[[], tuple[float, float] | None],
        show_split: Callable[[], None],
    ) -> None:
        super().__init__(window)
        self._window = window
        self._session = session
        self._sources = sources
        self._panels = panels
        self._say = say
        self._playing = playing
        self._was_playing = True
        self._known_error = known_error
        self._show_split = show_split
        self._videos = 0
        self._phase: Phase | None = None
        self.bar = OfflineBar(session.offline.pause, self.cancel)
        self.card = ChangeCard()

    def toggle(self) -> None:
        """Ask what to learn from, or end the run that is under way."""
        if self._session.status().phase is Phase.OFFLINE:
            self.cancel()
            return
        recording = self._sources.recording()
        personalizable = self._session.network.personalizable
        if recording is None or not personalizable:
            if personalizable:
                self._say(tr(_REMEMBERED))
            self._session.run_offline()
            return
        dialog = OfflineDialog(self._window, recording)
        dialog.accepted.connect(lambda: self._start(recording, dialog.others, dialog.chosen_passes))
        dialog.open()

    def cancel(self) -> None:
        """End a run of either kind."""
        self._session.cancel_offline()
        self.refresh()

    def refresh(self) -> None:
        """Show what is new; called by the window's timer."""
        runs = self._session.offline
        for numbers in runs.take_updates():
            self._panels.plots.add_update(numbers)
        outcome = runs.take_outcome()
        self.bar.show_progress(runs.progress, self._videos)
        if outcome is not None:
            self._finish(outcome)
        elif self._videos and runs.progress is None:
            self._end()
            self._playing.set(self._was_playing)
        self._follow(self._session.status().phase)
        change = self._session.take_change()
        if change is not None:
            self.card.show_change(change.with_error(self._known_error()))

    def _start(self, recording: Path, others: list[Path], passes: float) -> None:
        try:
            wish = whole_wish(recording, others, passes, self._sources.known_joints())
        except UserError as error:
            self._say(str(error))
            return
        self._start_run(wish)

    def _start_run(self, wish: OfflineWish) -> None:
        self.card.hide()
        self._videos = len(wish.videos)
        # The run has the machine to itself.
        self._was_playing = self._playing.get()
        self._playing.set(False)
        self._session.learn_from_videos(wish)

    def _end(self) -> None:
        self._videos = 0
        self._phase = None  # a run over videos is no learning on live frames

    def _finish(self, outcome: OfflineOutcome) -> None:
        if outcome.change is not None:
            self.card.show_change(outcome.change)
        else:
            self._say(
                tr(
                    "Learnt: {updates} on {videos}. Undo (Ctrl+Z) takes it back.",
                    updates=count(outcome.learnt.updates, "update"),
                    videos=count(self._videos, "video"),
                )
            )
        self._end()
        self._session.replay()
        self._playing.set(True)
        self._show_split()

    def _follow(self, phase: Phase) -> None:
        """When learning on live frames ends, have before and after compared."""
        before, self._phase = self._phase, phase
        if self._videos or before is phase:
            return
        ended = before in _LEARNING and phase is Phase.FROZEN
        if ended or (before is Phase.OFFLINE and phase in (Phase.FROZEN, *_LEARNING)):
            self._session.ask_change()
