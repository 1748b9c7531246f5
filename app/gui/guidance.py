"""What to do when there is nothing to see, or for the first time: buttons, and the tour."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from PyQt6.QtCore import QEvent, QObject
from PyQt6.QtGui import QAction
from PyQt6.QtWidgets import QHBoxLayout, QMainWindow, QPushButton, QToolButton, QWidget

from app.gui.language import tr
from app.gui.live_view import LiveView
from app.gui.session import Session
from app.gui.shortcuts import make_action
from app.gui.slowness import SlownessNotice
from app.gui.sources import SourceMenu, Sources
from app.gui.tour import Stop, Tour
from app.gui.widgets import MessageBar
from app.runtime.live.results import WorkerStatus
from app.settings import SourceChoice, SourceKind

_BELOW_TEXT = 64


@dataclass(frozen=True)
class Fixes:
    """The three ways to a picture."""

    camera: QAction
    file: QAction
    demo: QAction

    @classmethod
    def of(
        cls,
        window: QWidget,
        camera: Callable[[], None],
        file: Callable[[], None],
        demo: Callable[[], None],
    ) -> Fixes:
        """Actions of ``window`` that call these handlers."""
        return cls(
            make_action(window, "Choose a source", "Open the menu of cameras and files", camera),
            make_action(window, "Open a video…", "Play a video file", file, "", "Ctrl+O"),
            make_action(window, "Play the demo", "Play the embedded clip", demo),
        )

    def __iter__(self) -> Iterator[QAction]:
        return iter((self.camera, self.file, self.demo))


def fix_buttons(actions: Iterable[QAction]) -> QWidget:
    """The actions as buttons in a row."""
    box = QWidget()
    row = QHBoxLayout(box)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(8)
    for action in actions:
        button = QPushButton(action.text())
        button.setToolTip(action.toolTip())
        button.setAccessibleName(action.text())
        button.setAccessibleDescription(action.toolTip())
        button.clicked.connect(action.trigger)
        row.addWidget(button)
    return box


def tour_stops(window: QWidget, live: QWidget, seek_bar: QWidget) -> list[Stop]:
    """The five places; buttons of the toolbar are found by the names that are read out."""

    def button(name: str) -> QWidget:
        return next(b for b in window.findChildren(QToolButton) if b.accessibleName() == tr(name))

    return [
        Stop(
            button("Source"),
            "Choose what to look at",
            "A camera by its name, a video, a folder of pictures, or a demo clip. You can also "
            "drop a file on the window.",
        ),
        Stop(
            live,
            "The pose, live",
            "Left limbs are warm, right limbs cool; pale means unsure. Several people? Click the "
            "one to follow. The chip at the lower left tells what is going on.",
        ),
        Stop(
            button("Personalize"),
            "Let it learn this person",
            "It learns from what it sees, without labels, and keeps predicting. Reset forgets, "
            "Undo brings back, Profiles keep it for next time.",
        ),
        Stop(
            seek_bar,
            "Find your place",
            "Drag or click to another place of a file. Comma and full stop step by frames, square "
            "brackets change the speed.",
        ),
        Stop(
            button("Explain"),
            "See what it sees",
            "Shows the points that the network found itself, how they make up the joints, and "
            "the pictures that it learns from. E comes back to this view.",
        ),
    ]


class EmptyState(QObject):
    """The words and buttons on ``view`` while it has no picture."""

    def __init__(self, view: LiveView, fixes: Fixes) -> None:
        super().__init__(view)
        self._view = view
        self.buttons = fix_buttons(fixes)
        self.buttons.setParent(view)
        self.buttons.hide()
        view.installEventFilter(self)

    def show_state(self, *, is_open: bool, silent: bool) -> None:
        """Say whether a picture is on its way, and what to do when it is not."""
        if is_open and not silent:
            self._view.set_empty_text(tr("One moment"), tr("The first picture is on its way."))
        elif silent:
            self._view.set_empty_text(
                tr("No picture comes"), tr("The source does not answer. Choose another one.")
            )
        else:
            self._view.set_empty_text(
                tr("Nothing to look at yet"),
                tr("Choose a source, or drop a video or a folder here."),
            )
        wanted = (silent or not is_open) and self._view.picture_rect().isEmpty()
        if wanted != self.buttons.isVisibleTo(self._view):
            self.buttons.setVisible(wanted)
            self._place()

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        if event is not None and event.type() == QEvent.Type.Resize:
            self._place()
        return False

    def _place(self) -> None:
        self.buttons.adjustSize()
        room, size = self._view.rect(), self.buttons.size()
        left = room.center().x() - size.width() // 2
        self.buttons.move(left, room.center().y() + _BELOW_TEXT - size.height() // 2)


_WELCOME = "New here? A tour shows five places of the window."


class Guide:
    """Helps along: when nothing is to be seen, when the machine is slow, and the first time.

    ``choose`` opens a source, ``prepare`` makes the window ready for the tour.
    """

    def __init__(
        self,
        window: QMainWindow,
        session: Session,
        sources: Sources,
        live: LiveView,
        messages: MessageBar,
        menu: SourceMenu,
        choose: Callable[[SourceChoice], None],
        prepare: Callable[[], None],
    ) -> None:
        self._window = window
        self._session = session
        self._sources = sources
        self._live = live
        self._messages = messages
        self._prepare = prepare
        self._choose = choose
        self._slowness = SlownessNotice()
        self._silent = False
        self.tour: Tour | None = None

        def open_menu() -> None:
            menu.popup(window.mapToGlobal(live.mapTo(window, live.rect().topLeft())))

        self.fixes = Fixes.of(window, open_menu, menu.ask_video, self._play_demo)
        self._empty = EmptyState(live, self.fixes)
        self._fix_buttons = fix_buttons(self.fixes)

    def offer_fixes(self) -> None:
        """Put the buttons that bring a picture beside what the message bar says."""
        self._messages.offer(self._fix_buttons)

    def welcome(self, tour: QAction) -> None:
        """Offer the tour to somebody who is here for the first time."""
        self._messages.say(_WELCOME)
        self._messages.offer(fix_buttons([tour]))

    def refresh(self, now: float, status: WorkerStatus) -> None:
        """Look at how things are; ``now`` in seconds."""
        silent = self._session.source_is_silent()
        self._empty.show_state(is_open=bool(self._sources.title()), silent=silent)
        if silent != self._silent:
            self._silent = silent
            self._messages.offer(self._fix_buttons if silent else None)
        if sentence := self._slowness.check(now, status):
            self._messages.say(sentence)

    def start_tour(self, seek_bar: QWidget) -> None:
        """Play the demo and point at five places; a tour that is under way goes on."""
        if self.tour is not None:
            return
        self._prepare()
        self._play_demo()
        self.tour = Tour(self._window, tour_stops(self._window, self._live, seek_bar))
        self.tour.ended.connect(self._forget_tour)

    def _forget_tour(self) -> None:
        self.tour = None

    def _play_demo(self) -> None:
        self._choose(SourceChoice(SourceKind.DEMO, self._sources.demos()[0].name))
