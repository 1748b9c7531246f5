"""The window for hours: a user's actions at random, injected faults, and what they leave behind."""

from __future__ import annotations

import logging
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import psutil
from numpy.typing import NDArray
from PyQt6.QtCore import QEventLoop, QTimer

from app.assets import DEMOS
from app.benchmarks.faults import Fault, FaultySource, Tripwire
from app.gui.launch import Launch, Running, open_window
from app.gui.offline import OfflineDialog
from app.runtime.live.engine import Engine
from app.runtime.live.results import Phase
from app.runtime.live.session import LiveSession
from app.settings import SourceChoice, SourceKind
from model.adaptation import DEFAULT_PRESET
from model.core.errors import UserError
from model.experiments.plots import COLOURS, MUTED, new_figure, save_figure

_PATIENCE_SECONDS = 120.0
_LOOK_SECONDS = 0.25
_SAMPLE_SECONDS = 5.0
_FEWEST_SAMPLES = 60
# After a fault so long is waited before the user reacts, and between two faults.
_FAULT_SECONDS = 4.0
_BETWEEN_FAULTS = 45.0
_FEWEST_FAULTS = 6
_BETWEEN_ACTIONS = (0.5, 6.0)
_REFERENCE_SECONDS = 300.0
# What is compared is the middle of so much of the run, in which nobody does anything.
_CALM = 0.1
_LARGEST_GROWTH = 3.0
_LARGEST_GROWTH_MB = 50.0
# Memory of what was seen fills in the first minutes: shorter runs grow by that.
_JUDGED_HOURS = 0.5
_JUDGED_MB_HOURS = 1 / 6

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Sample:
    """The process at one moment, ``seconds`` after the start; memory in 10^6 bytes."""

    seconds: float
    memory: float
    threads: int
    handles: int
    latency_ms: float
    updates: int
    predictions: int


@dataclass(frozen=True)
class SoakFigures:
    """What was found; ``first`` is minute five, or of a shorter run its second twentieth.

    Of ten minutes that is minute one, from 60 to 90 seconds.

    ``lost_frames`` were captured and never predicted. ``broken`` has a sentence for everything that
    did not hold.
    """

    hours: float
    memory_first: float
    memory_last: float
    threads_first: int
    threads_last: int
    handles_first: int
    handles_last: int
    lost_frames: int
    predictions: int
    updates: int
    actions: int
    takes: int
    lost_in_takes: int
    offline_runs: int
    faults_injected: int
    faults_survived: int
    broken: tuple[str, ...]
    plot: Path

    @property
    def memory_growth(self) -> float:
        """In 10^6 bytes."""
        return self.memory_last - self.memory_first

    @property
    def memory_growth_percent(self) -> float:
        return 100 * (self.memory_last / self.memory_first - 1)

    def rounded(self) -> dict[str, float | int | str]:
        """For ``--json``."""
        return {
            "verdict": " ".join(self.broken) or "everything held",
            "hours": round(self.hours, 3),
            "memory_growth_percent": round(self.memory_growth_percent, 2),
            "memory_growth_mb": round(self.memory_growth, 1),
            "memory_mb_first": round(self.memory_first),
            "memory_mb_last": round(self.memory_last),
            "threads_first": self.threads_first,
            "threads_last": self.threads_last,
            "handles_first": self.handles_first,
            "handles_last": self.handles_last,
            "lost_frames": self.lost_frames,
            "predictions": self.predictions,
            "updates": self.updates,
            "actions": self.actions,
            "takes": self.takes,
            "frames_lost_in_takes": self.lost_in_takes,
            "offline_runs": self.offline_runs,
            "faults_injected": self.faults_injected,
            "faults_survived": self.faults_survived,
            "plot": str(self.plot),
        }


def measure_soak(
    *,
    hours: float,
    plot: Path,
    seed: int = 0,
    weights: Path | None = None,
    device: str | None = None,
    faults: bool = True,
) -> SoakFigures:
    """Run the window on the looped demo for so many ``hours`` (fractions are fine).

    Args:
        hours: how long.
        plot: a PNG file to write.
        seed: of actions and faults.
        weights: another network than that in the box.
        device: where it computes; None: the best there is.
        faults: whether they are injected.

    Raises:
        UserError: nothing is predicted at the start, or the plot cannot be written.
    """
    wires: list[Tripwire] = []

    def make_session(
        make_engine: Callable[[], Engine], *, on_cpu: Callable[[], Engine]
    ) -> LiveSession:
        wires.append(Tripwire(make_engine))
        return LiveSession(wires[0], on_cpu=on_cpu)

    seconds = 3600 * hours
    running = open_window(
        Launch(
            source=SourceChoice(SourceKind.DEMO, DEMOS[0].name),
            personalize=True,
            weights=weights,
            device=device,
            quit_after=10 * seconds + 10 * _PATIENCE_SECONDS,
        ),
        make_session,
    )
    with tempfile.TemporaryDirectory() as takes:
        try:
            rng = np.random.default_rng(seed)
            soak = _Soak(running, wires[0], rng, seconds, Path(takes), faults=faults)
            soak.run()
        finally:
            running.close()
    _plot(plot, soak.samples, soak.faults)
    return soak.figures(hours, plot)


class _Soak:
    """One run: ``samples`` and ``faults`` (when, which, whether survived) grow with it."""

    def __init__(
        self,
        running: Running,
        wire: Tripwire,
        rng: np.random.Generator,
        seconds: float,
        takes: Path,
        *,
        faults: bool,
    ) -> None:
        self._running = running
        self._folder = takes
        self._inject_faults = faults
        self._takes = self._lost_in_takes = self._offline_runs = 0
        self._wire = wire
        self._rng = rng
        self._seconds = seconds
        self._process = psutil.Process()
        self._reference = min(_REFERENCE_SECONDS, 1.5 * _CALM * seconds)
        self._totals = _Totals()
        self._start = time.perf_counter()
        self._actions = 0
        overlays = running.window.commands.overlays.values()
        self._drawn = [(overlay, overlay.isChecked()) for overlay in overlays]
        self.samples: list[Sample] = []
        self.faults: list[tuple[float, Fault, bool]] = []

    def run(self) -> None:
        """Until the time is over."""
        if not self._predicts_again():
            messages = " ".join(self._running.session.take_messages())
            raise UserError(f"Nothing was predicted in {_PATIENCE_SECONDS:.0f} s. {messages}")
        self._start = time.perf_counter()
        between = min(_BETWEEN_FAULTS, self._seconds / (_FEWEST_FAULTS + 4))
        next_fault, next_action = between, 0.0
        calm = False
        kinds: list[Fault] = []
        while (now := self._now()) < self._seconds:
            if self._calm(now):
                if not calm:
                    self._restore()
                calm = True
            elif self._inject_faults and now >= next_fault:
                calm = False
                kinds = kinds or list(self._rng.permutation(np.array(list(Fault), object)))
                self._inject(kinds.pop())
                next_fault = self._now() + between
            elif now >= next_action:
                calm = False
                self._act()
                next_action = now + self._rng.uniform(*_BETWEEN_ACTIONS)
            self._wait(_LOOK_SECONDS)

    def figures(self, hours: float, plot: Path) -> SoakFigures:
        """What was found."""
        first = self._window(self._reference - 0.5 * _CALM * self._seconds, self._reference)
        last = self._window((1 - 0.5 * _CALM) * self._seconds, np.inf)
        figures = SoakFigures(
            hours=hours,
            memory_first=float(np.median([sample.memory for sample in first])),
            memory_last=float(np.median([sample.memory for sample in last])),
            threads_first=round(float(np.median([sample.threads for sample in first]))),
            threads_last=round(float(np.median([sample.threads for sample in last]))),
            handles_first=round(float(np.median([sample.handles for sample in first]))),
            handles_last=round(float(np.median([sample.handles for sample in last]))),
            lost_frames=self._totals.lost,
            predictions=self._totals.predictions,
            updates=self._totals.updates,
            actions=self._actions,
            takes=self._takes,
            lost_in_takes=self._lost_in_takes,
            offline_runs=self._offline_runs,
            faults_injected=len(self.faults),
            faults_survived=sum(survived for _, _, survived in self.faults),
            broken=(),
            plot=plot,
        )
        return _judged(figures, [fault for _, fault, survived in self.faults if not survived])

    def _now(self) -> float:
        return time.perf_counter() - self._start

    def _calm(self, now: float) -> bool:
        """Whether samples are compared here or soon: the window is left to itself."""
        length = _CALM * self._seconds
        return abs(now - self._reference + length / 2) < length / 2 or now > self._seconds - length

    def _window(self, start: float, end: float) -> list[Sample]:
        return [s for s in self.samples if start <= s.seconds <= end] or self.samples[-1:]

    def _restore(self) -> None:
        """The demo plays and is learnt from, as at the start, and the same is on show."""
        window = self._running.window
        self._stop_recording()
        for overlay, checked in self._drawn:
            if overlay.isChecked() != checked:
                overlay.trigger()
        window.commands.go_back.trigger()
        if window.commands.picture_alone.isChecked():
            window.commands.picture_alone.trigger()
        window.commands.reset_layout.trigger()
        window.commands.presets[DEFAULT_PRESET.name].trigger()
        window.open_source(SourceChoice(SourceKind.DEMO, DEMOS[0].name))
        window.set_personalizing(True)

    def _act(self) -> None:
        """Do one thing that a user may do."""
        commands = self._running.window.commands
        overlays, presets = list(commands.overlays.values()), list(commands.presets.values())
        actions: list[Callable[[], object]] = [
            commands.play.trigger,
            commands.personalize.trigger,
            commands.reset.trigger,
            self._record,
            self._learn_offline,
            commands.picture_alone.trigger,
            commands.reset_layout.trigger,
            commands.keypoint_gan.trigger,
            commands.go_back.trigger,
            overlays[self._rng.integers(len(overlays))].trigger,
            presets[self._rng.integers(len(presets))].trigger,
            self._choose_demo,
            self._choose_person,
        ]
        actions[self._rng.integers(len(actions))]()
        self._actions += 1

    def _record(self) -> None:
        """Begin a take, or end it."""
        if self._running.session.recording() is None:
            self._running.session.start_recording(self._folder)
            self._takes += 1
        else:
            self._stop_recording()

    def _stop_recording(self) -> None:
        take = self._running.session.recording()
        if take is not None:
            self._running.session.stop_recording()
            self._lost_in_takes += take.lost

    def _learn_offline(self) -> None:
        """Learn from the whole video, as its dialog offers, or stop that."""
        window = self._running.window
        window.commands.offline.trigger()
        for dialog in window.findChildren(OfflineDialog):
            dialog.passes.setCurrentIndex(0)
            dialog.accept()
            self._offline_runs += 1

    def _choose_demo(self) -> None:
        name = DEMOS[self._rng.integers(len(DEMOS))].name
        self._running.window.open_source(SourceChoice(SourceKind.DEMO, name))

    def _choose_person(self) -> None:
        x, y = self._rng.uniform(0, 400, 2)
        self._running.session.choose_person(float(x), float(y))

    def _inject(self, fault: Fault) -> None:
        """Let something go wrong, wait, react as a user would, and see whether all is well."""
        begun = self._now()
        window, session = self._running.window, self._running.session
        window.open_source(SourceChoice(SourceKind.DEMO, DEMOS[0].name))
        # It plays then: of a source that cannot be opened, one that was paused would go on so.
        self._comes(lambda: not window.opener.busy)
        if fault is Fault.WORKER_RAISES:
            self._wire.set = True
        elif fault is Fault.NO_SOURCE:
            window.open_source(SourceChoice(SourceKind.VIDEO, "/no/such/video.mp4"))
        else:
            session.open(FaultySource(fault), loop=True)
            window.show_source()
        self._wait(_FAULT_SECONDS)
        survived = fault.interrupts or self._predicts_again()
        if fault is Fault.WORKER_RAISES:
            survived = self._comes(lambda: session.status().phase is Phase.FAULTED)
            window.commands.reset.trigger()
        window.open_source(SourceChoice(SourceKind.DEMO, DEMOS[0].name))
        survived &= self._predicts_again()
        self.faults.append((begun, fault, survived))
        if not survived:
            _log.warning("not survived: %s", fault.value)

    def _predicts_again(self) -> bool:
        """Whether a frame captured from now on is predicted, before patience is over."""
        now = time.perf_counter()

        def predicted() -> bool:
            result = self._running.session.latest_result()
            return result is not None and result.timestamp > now

        return self._comes(predicted)

    def _comes(self, condition: Callable[[], bool]) -> bool:
        """Whether it becomes true before patience is over."""
        end = time.perf_counter() + _PATIENCE_SECONDS
        while not condition():
            if time.perf_counter() > end:
                return False
            self._wait(_LOOK_SECONDS)
        return True

    def _wait(self, seconds: float) -> None:
        """Let the window live, and sample when it is time to."""
        loop = QEventLoop()
        QTimer.singleShot(round(seconds * 1000), loop.quit)
        loop.exec()
        status = self._running.session.status()
        self._totals.see(status.dropped, status.predictions, status.updates)
        every = min(_SAMPLE_SECONDS, self._seconds / _FEWEST_SAMPLES)
        if not self.samples or self._now() - self.samples[-1].seconds >= every:
            self.samples.append(
                Sample(
                    seconds=self._now(),
                    memory=self._process.memory_info().rss / 1e6,
                    threads=self._process.num_threads(),
                    handles=_handles(self._process),
                    latency_ms=1000 * status.latency_p95,
                    updates=self._totals.updates,
                    predictions=self._totals.predictions,
                )
            )


class _Totals:
    """Sums counters that begin again with a reset or another worker."""

    def __init__(self) -> None:
        self.lost = self.predictions = self.updates = 0
        self._seen = (0, 0, 0)

    def see(self, lost: int, predictions: int, updates: int) -> None:
        seen = (lost, predictions, updates)
        more = [
            now - before if now >= before else now
            for now, before in zip(seen, self._seen, strict=True)
        ]
        self.lost += more[0]
        self.predictions += more[1]
        self.updates += more[2]
        self._seen = seen


def _handles(process: psutil.Process) -> int:
    """Open files and sockets, or handles on Windows."""
    count: int = getattr(process, "num_handles" if psutil.WINDOWS else "num_fds")()
    return count


def _judged(figures: SoakFigures, not_survived: Sequence[Fault]) -> SoakFigures:
    broken = [f"Not survived: {fault.value}." for fault in not_survived]
    if figures.hours >= _JUDGED_HOURS and figures.memory_growth_percent > _LARGEST_GROWTH:
        broken.append(f"Memory grew by {figures.memory_growth_percent:.1f} %.")
    if figures.hours >= _JUDGED_MB_HOURS and figures.memory_growth > _LARGEST_GROWTH_MB:
        broken.append(f"Memory grew by {figures.memory_growth:.0f} MB.")
    for name in ("threads", "handles"):
        first, last = getattr(figures, f"{name}_first"), getattr(figures, f"{name}_last")
        if last > first:
            broken.append(f"There were {first} {name} and then {last}.")
    return replace(figures, broken=tuple(broken))


def _plot(
    path: Path, samples: Sequence[Sample], faults: Sequence[tuple[float, Fault, bool]]
) -> None:
    minutes = np.array([sample.seconds for sample in samples]) / 60
    curves: dict[str, NDArray[np.float64]] = {
        "memory, MB": np.array([sample.memory for sample in samples]),
        "threads": np.array([sample.threads for sample in samples], float),
        "open files": np.array([sample.handles for sample in samples], float),
        "latency p95, ms": np.array([sample.latency_ms for sample in samples]),
        "updates": np.array([sample.updates for sample in samples], float),
    }
    figure = new_figure(9, 1.5 * len(curves))
    all_axes = figure.subplots(len(curves), 1, sharex=True)
    for axes, (name, values) in zip(all_axes, curves.items(), strict=True):
        axes.plot(minutes, values, color=COLOURS[0], linewidth=1.2)
        axes.set_ylabel(name, fontsize="small")
        axes.set_ylim(bottom=0)
        axes.spines[["top", "right"]].set_visible(False)
        for begun, _, survived in faults:
            axes.axvline(
                begun / 60, color=MUTED if survived else COLOURS[1], linewidth=0.8, linestyle=":"
            )
    all_axes[0].set_title(
        "Dotted: an injected fault (grey: survived, orange: not)", loc="left", fontsize="medium"
    )
    all_axes[-1].set_xlabel("minutes", fontsize="small")
    save_figure(figure, path)
