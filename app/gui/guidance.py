"""For the first time, or when there is nothing to see: what to do, and a tour of the window."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from PyQt6.QtCore import QEvent, QObject, QRect, QRectF, Qt, pyqtSignal
from PyQt6.QtGui import QAction, QColor, QKeyEvent, QPainter, QPainterPath, QPaintEvent, QPen
from PyQt6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QMainWindow,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.gui.actions import make_action
from app.gui.feed import SlownessNotice
from app.gui.language import tr
from app.gui.live_view import LiveView
from app.gui.session import Session
from app.gui.sources import SourceMenu, Sources
from app.gui.widgets import MessageBar
from app.runtime.live.results import WorkerStatus
from app.settings import SourceChoice, SourceKind

_DIM = QColor(10, 12, 16, 170)
_RING = QColor("#FFFFFF")
_MARGIN = 6
_GAP = 16
_CARD_WIDTH = 320


@dataclass(frozen=True)
class Stop:
    """A place of the tour: the widget that is pointed at, and what to say of it."""

    widget: QWidget
    title: str
    text: str


class Tour(QWidget):
    """Lies over ``window`` and points at the ``stops``; Esc or Skip ends it.

    Keys go to the tour while it lasts: right and left, or the buttons.
    """

    ended = pyqtSignal()

    def __init__(self, window: QWidget, stops: Sequence[Stop]) -> None:
        super().__init__(window)
        self._stops = list(stops)
        self.place = 0
        self.setAccessibleName(tr("Tour"))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._card = QFrame(self)
        self._card.setAutoFillBackground(True)
        self._card.setFrameShape(QFrame.Shape.StyledPanel)
        self.title = QLabel()
        font = self.title.font()
        font.setBold(True)
        self.title.setFont(font)
        self.text = QLabel()
        self.text.setWordWrap(True)
        self._count = QLabel()
        self.skip = _button("Skip", "End the tour (Esc)")
        self.back = _button("Back", "The place before (left arrow)")
        self.next = _button("Next", "The next place (right arrow)")
        self.next.setDefault(True)
        column = QVBoxLayout(self._card)
        column.setContentsMargins(16, 16, 16, 12)
        column.setSpacing(8)
        column.addWidget(self.title)
        column.addWidget(self.text)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self._count)
        row.addStretch(1)
        self._buttons = (self.skip, self.back, self.next)
        for button in self._buttons:
            row.addWidget(button)
            button.installEventFilter(self)
        column.addLayout(row)
        self.skip.clicked.connect(self.end)
        self.back.clicked.connect(lambda: self.go(-1))
        self.next.clicked.connect(lambda: self.go(1))
        window.installEventFilter(self)
        self.setGeometry(window.rect())
        self.show()
        self.raise_()
        self._show_place()

    def go(self, steps: int) -> None:
        """Go on or back; behind the last place the tour ends."""
        if self.place + steps >= len(self._stops):
            self.end()
            return
        self.place = max(0, self.place + steps)
        self._show_place()

    def end(self) -> None:
        """Leave the window as it was."""
        self.hide()
        self.deleteLater()
        self.ended.emit()

    def target(self) -> QRect:
        """Where the present place lies in the window; empty while it is hidden."""
        widget, window = self._stops[self.place].widget, self.parentWidget()
        assert window is not None
        if not widget.isVisible():
            return QRect()
        place = QRect(widget.mapTo(window, widget.rect().topLeft()), widget.size())
        grown = place.adjusted(-_MARGIN, -_MARGIN, _MARGIN, _MARGIN)
        return grown.intersected(self.rect().adjusted(2, 2, -2, -2))

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        window = self.parentWidget()
        if watched is window and event is not None and event.type() == QEvent.Type.Resize:
            assert window is not None
            self.setGeometry(window.rect())
            self._place_card()
        if watched in self._buttons and isinstance(event, QKeyEvent):
            # Buttons would take the arrow keys for themselves.
            return event.type() == QEvent.Type.KeyPress and self._obey(event.key())
        return False

    def event(self, event: QEvent | None) -> bool:
        # Keys of the window's actions would act behind the tour.
        if event is not None and event.type() == QEvent.Type.ShortcutOverride:
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        assert event is not None
        self._obey(event.key())

    def _obey(self, key: int) -> bool:
        """Do what the key says; whether it says anything."""
        if key == Qt.Key.Key_Escape:
            self.end()
        elif key in (Qt.Key.Key_Right, Qt.Key.Key_Left):
            self.go(1 if key == Qt.Key.Key_Right else -1)
        else:
            return False
        return True

    def paintEvent(self, event: QPaintEvent | None) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        whole, hole = QPainterPath(), QPainterPath()
        whole.addRect(QRectF(self.rect()))
        hole.addRoundedRect(QRectF(self.target()), 8, 8)
        painter.fillPath(whole.subtracted(hole), _DIM)
        painter.setPen(QPen(_RING, 2))
        painter.drawPath(hole)
        painter.end()

    def _show_place(self) -> None:
        stop = self._stops[self.place]
        self.title.setText(tr(stop.title))
        self.text.setText(tr(stop.text))
        self._count.setText(tr("{place} of {count}", place=self.place + 1, count=len(self._stops)))
        self.back.setEnabled(self.place > 0)
        last = self.place == len(self._stops) - 1
        self.next.setText(tr("Done") if last else tr("Next"))
        self._place_card()
        self.next.setFocus()
        self.update()

    def _place_card(self) -> None:
        """Beside the place where there is room, else at its lower right."""
        layout = self._card.layout()
        assert layout is not None
        layout.activate()
        # Words of some languages need a wider row of buttons.
        width = max(_CARD_WIDTH, self._card.minimumSizeHint().width())
        self._card.setFixedSize(width, self._card.heightForWidth(width))
        size, target, room = self._card.size(), self.target(), self.rect()
        left = min(max(_GAP, target.left()), room.width() - size.width() - _GAP)
        below, above = target.bottom() + _GAP, target.top() - _GAP - size.height()
        if below + size.height() <= room.height():
            top = below
        elif above >= 0:
            top = above
        else:
            left = target.right() - _GAP - size.width()
            top = target.bottom() - _GAP - size.height()
        self._card.move(left, top)


def _button(text: str, tip: str) -> QPushButton:
    button = QPushButton(tr(text))
    button.setToolTip(tr(tip))
    button.setAccessibleName(tr(text))
    button.setAutoDefault(True)
    return button


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
