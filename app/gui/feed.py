"""Carries what the session publishes to the widgets, a tick at a time; notices slowness."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PyQt6.QtCore import QObject, Qt, QTimer, pyqtSignal

from app.gui.actions import Actions
from app.gui.language import in_own_words, tr
from app.gui.panels import Panels
from app.gui.session import Session
from app.gui.sources import Sources
from app.gui.widgets import StatusBar, chip, time_left
from app.runtime.capture.source import Frame
from app.runtime.live.change import ComparisonMeter
from app.runtime.live.export import Trajectory
from app.runtime.live.results import Array, Phase, PoseResult, WorkerStatus
from model.core.crop import SquareBox
from model.core.motion import OneEuroFilter

INTERVAL_MS = 33
_REMEMBERED = 4096


class WindowTimer(QObject):
    """Fires ``tick`` about 30 times a second.

    How late it fires is what a person feels as stutter: it grows when anything keeps the window's
    thread, or the cores it needs, busy.
    """

    tick = pyqtSignal()

    def __init__(
        self, parent: QObject | None = None, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        super().__init__(parent)
        self._clock = clock
        self._last: float | None = None
        self._lateness_ms: deque[float] = deque(maxlen=_REMEMBERED)
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(INTERVAL_MS)
        self._timer.timeout.connect(self._fire)

    def start(self) -> None:
        """Begin to fire; lateness is counted from the second firing on."""
        self._last = None
        self._timer.start()

    def stop(self) -> None:
        self._timer.stop()

    def forget_lateness(self) -> None:
        """Count lateness afresh from now on."""
        self._lateness_ms.clear()

    def lateness_p95_ms(self) -> float:
        """95th percentile of how late the timer fired, in milliseconds, over the last minutes.

        0 while it has fired less than twice.
        """
        return float(np.percentile(self._lateness_ms, 95)) if self._lateness_ms else 0.0

    def _fire(self) -> None:
        now = self._clock()
        if self._last is not None:
            self._lateness_ms.append(max(0.0, (now - self._last) * 1000 - INTERVAL_MS))
        self._last = now
        self.tick.emit()


_STALE_SECONDS = 0.5
_STATUS_SECONDS = 0.5
_LEARNING = {Phase.PERSONALIZING, Phase.HELD_BACK, Phase.UNDONE}
_NOT_LEARNING = {Phase.OFF, Phase.FROZEN}


_JUMP = 0.5  # of the box's side, between two results


class Smoother:
    """Steadies results for the eye, if it is on; speeds are in sides of the person's box.

    It begins anew where nobody was found and where the box jumps: another person, a cut, a loop.
    """

    def __init__(self) -> None:
        self._on = False
        self._joints = OneEuroFilter()
        self._self_keypoints = OneEuroFilter()
        self._unpersonalized = OneEuroFilter()
        self._box: SquareBox | None = None

    def set_on(self, on: bool) -> None:
        """Begin or stop."""
        self._on = on
        self.reset()

    def reset(self) -> None:
        """What comes next has nothing to do with what came before."""
        self._box = None

    def __call__(self, result: PoseResult | None) -> PoseResult | None:
        """The result to draw; the given one itself when it is off or there is nobody."""
        box, before = (result.box if result else None), self._box
        self._box = box
        if not self._on or result is None or box is None:
            return result
        if before is None or math.hypot(box.x - before.x, box.y - before.y) > _JUMP * before.side:
            for each in (self._joints, self._self_keypoints, self._unpersonalized):
                each.reset()

        def steady(each: OneEuroFilter, points: Array) -> Array:
            return each(points, result.timestamp, box.side).astype(np.float32)

        plain = result.unpersonalized
        return replace(
            result,
            keypoints=steady(self._joints, result.keypoints),
            self_keypoints=steady(self._self_keypoints, result.self_keypoints),
            unpersonalized=None if plain is None else steady(self._unpersonalized, plain),
        )


class Feed:
    """Pictures, predictions, updates and messages, from the session to the panels."""

    def __init__(
        self,
        session: Session,
        sources: Sources,
        panels: Panels,
        say: Callable[[str], None],
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._session = session
        self._sources = sources
        self._panels = panels
        self._say = say
        self._clock = clock
        self.smoother = Smoother()
        self.meter = ComparisonMeter()
        self.trajectory = Trajectory(session.network)
        self._noted = float("-inf")
        self.start_afresh()

    def start_afresh(self) -> None:
        """Forget the last source: its results are not shown any more."""
        self._session.take_results()
        self.smoother.reset()
        self.meter.clear()
        self.trajectory.clear()
        self._result = self._session.latest_result()
        self._result_came = float("-inf")
        self._shown_index = -1
        self._shown: tuple[NDArray[np.uint8] | None, PoseResult | None] = (None, None)

    def collect(self) -> None:
        """Take everything that must not be missed: messages, updates, errors to plot."""
        for message in self._session.take_messages():
            self._say(message)
        updates = self._session.take_updates()
        for update in updates:
            self._panels.plots.add_update(update)
        if updates:
            self._panels.reconstruction.show_update(updates[-1])
        for result in self._session.take_results():
            error = self._sources.known_error(result)
            self.meter.add(result, error)
            self.trajectory.add(result)
            if error is not None:
                self._panels.plots.add_error(result.timestamp, *error)

        now = self._clock()
        if now - self._noted >= _STATUS_SECONDS:
            self._noted = now
            self._panels.live.set_split_notes(*map(in_own_words, self.meter.notes))

    def paint(self) -> None:
        """Show the newest result on the frame it belongs to, or else the newest frame alone."""
        self._paint_newest()
        self._panels.keypoint_gan.tick(*self._shown)

    def _paint_newest(self) -> None:
        result = self._session.latest_result()
        now = self._clock()
        if result is not None and result is not self._result:
            self._result, self._result_came = result, now
            frame = self._session.frame(result.frame_index)
            if frame is not None:
                self._show(frame, result)
                self._panels.affinity.show_result(result)
        elif now - self._result_came > _STALE_SECONDS:
            self._paint_alone()

    def _paint_alone(self) -> None:
        frame = self._session.latest_frame()
        if frame is None or frame.index == self._shown_index:
            return
        result = self._result
        on_show = result is not None and result.frame_index == self._shown_index
        # A paused source keeps its last prediction on show, although no newer one comes.
        if on_show and result and frame.timestamp - result.timestamp <= _STALE_SECONDS:
            return
        self._show(frame, None)

    def _show(self, frame: Frame, result: PoseResult | None) -> None:
        self._shown = frame.image, result
        self._shown_index = frame.index
        self._panels.live.show_frame(frame.image, self.smoother(result))


class StatusFeed:
    """The worker's state, from the session to chip, status bar, plots and actions.

    Twice a second, so that numbers can be read, and at once when the phase changes.
    """

    def __init__(
        self,
        session: Session,
        sources: Sources,
        panels: Panels,
        status_bar: StatusBar,
        actions: Actions,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._session = session
        self._sources = sources
        self._panels = panels
        self._status_bar = status_bar
        self._actions = actions
        self._clock = clock
        self._phase: Phase | None = None
        self._preset = ""
        self._learning = False
        self._due = float("-inf")

    def refresh(self) -> None:
        """Show the state if it is time to."""
        status, now = self._session.status(), self._clock()
        take = self._session.recording()
        self._actions.show_recording(None if take is None else take.seconds)
        changed = status.phase is not self._phase
        if not changed and now < self._due:
            return
        self._due = now + _STATUS_SECONDS
        self._phase = status.phase
        self._panels.live.set_chip(*chip(status))
        self._panels.plots.add_status(now, status)
        self._status_bar.show_status(status, self._sources.mode(), self._session.processors())
        self._actions.show_offline(status.phase is Phase.OFFLINE, time_left(status.offline))
        self._actions.undo_reset.setEnabled(status.undo_steps > 0)
        self._follow(status.phase)
        self._follow_preset(status.preset)

    def _follow(self, phase: Phase) -> None:
        """Let the personalize button say what the worker does, whoever asked for it.

        Only a change moves the button: the worker may need a while to do what the button asked.
        """
        learning = phase in _LEARNING
        if learning != self._learning and phase in _LEARNING | _NOT_LEARNING:
            self._learning = learning
            self._actions.personalize.setChecked(learning)

    def _follow_preset(self, preset: str) -> None:
        """Let the menu tick the preset in use when a profile, or an undone reset, brings another.

        Only a change moves the tick, as above.
        """
        if preset and self._preset and preset != self._preset:
            self._actions.choose_preset(preset)
        self._preset = preset or self._preset


ENOUGH = 12.0
"""Predictions per second below which a skeleton visibly lags."""

PATIENCE = 10.0
"""So many seconds it must be slow before anybody is told."""

_EVERY = 1.0  # seconds


class SlownessNotice:
    """Given the worker's state now and then, says once that predictions are too few.

    Few predictions alone tell nothing: nobody may be there, or the source may be slow. So frames
    must be dropped meanwhile, which only happens to frames that came and waited.
    """

    def __init__(self) -> None:
        self._said = False
        self._since: float | None = None
        self._dropped = 0
        self._due = float("-inf")

    def check(self, now: float, status: WorkerStatus) -> str:
        """The sentence to say at the time ``now`` (seconds); empty when there is none."""
        if now < self._due:
            return ""
        # Predictions, and with them the frames dropped, come in bursts.
        self._due = now + _EVERY
        slow = 0 < status.predictions_per_second < ENOUGH and status.phase is not Phase.OFFLINE
        falls_behind = status.dropped > self._dropped
        self._dropped = status.dropped
        if self._said or not (slow and falls_behind):
            self._since = None
            return ""
        if self._since is None:
            self._since = now
        if now - self._since < PATIENCE:
            return ""
        self._said = True
        return _sentence(status)


def _sentence(status: WorkerStatus) -> str:
    rate = f"{status.predictions_per_second:.0f}"
    if status.phase in (Phase.PERSONALIZING, Phase.HELD_BACK, Phase.UNDONE):
        return tr(
            "This machine manages {rate} predictions a second while it learns: switch Personalize "
            "off once the pose fits, or choose a smaller batch size in Settings.",
            rate=rate,
        )
    return tr(
        "This machine manages {rate} predictions a second: close other programs, play files "
        "slower, or start with --weights of a lighter network.",
        rate=rate,
    )
