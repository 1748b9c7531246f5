"""Measures the live application as a user runs it: the real window on a clip, personalizing."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from PyQt6.QtCore import QEventLoop, QTimer

from app.gui.launch import Launch, Running, open_window
from app.runtime.live.engine import Engine
from app.runtime.live.results import PoseResult
from app.runtime.live.session import LiveSession
from app.settings import SourceChoice, SourceKind
from model.core.device import ServingPrecision
from model.core.errors import UserError

_PATIENCE_SECONDS = 60.0


@dataclass(frozen=True)
class LiveFigures:
    """What was measured. Rates per second, times in milliseconds, 95th percentiles as ``p95``.

    ``latency`` runs from a frame's capture to its published result, ``timer_late`` is how much
    later than its interval the window's timer fired.
    """

    predictions_per_second: float
    pairs_per_second: float
    latency_ms_p95: float
    timer_late_ms_p95: float
    updates: int
    dropped_frames: int
    seconds: float
    schedule: str
    device: str

    def rounded(self) -> dict[str, float | int | str]:
        """For ``--json``: floats with two decimals."""
        values = asdict(self)
        return {k: round(v, 2) if isinstance(v, float) else v for k, v in values.items()}


class _ListeningSession(LiveSession):
    """A session that also remembers the latency of every result the window takes."""

    def __init__(self, make_engine: Callable[[], Engine], *, on_cpu: Callable[[], Engine]) -> None:
        self.latencies: list[float] = []
        super().__init__(make_engine, on_cpu=on_cpu)

    def take_results(self) -> list[PoseResult]:
        results = super().take_results()
        self.latencies += [result.latency for result in results if result.box is not None]
        return results


def measure_live(
    demo: str,
    *,
    warm_up: float,
    seconds: float,
    preset: str | None = None,
    weights: Path | None = None,
    device: str | None = None,
    precision: ServingPrecision | None = None,
    personalize: bool = True,
) -> LiveFigures:
    """Run the window on an embedded clip, personalizing or not, and measure ``seconds`` of it.

    Nothing of the first ``warm_up`` seconds after the first prediction counts. ``UserError`` if
    there is no prediction at all.
    """
    running = open_window(
        Launch(
            source=SourceChoice(SourceKind.DEMO, demo),
            personalize=personalize,
            preset=preset,
            weights=weights,
            device=device,
            precision=precision,
            quit_after=_PATIENCE_SECONDS + 2 * (warm_up + seconds),
        ),
        _ListeningSession,
    )
    try:
        _wait_for_prediction(running)
        _run(warm_up)
        session, window = running.session, running.window
        assert isinstance(session, _ListeningSession)
        before = session.status()
        session.latencies = []
        window.timer.forget_lateness()
        _run(seconds)
        after = session.status()
        return LiveFigures(
            predictions_per_second=(after.predictions - before.predictions) / seconds,
            pairs_per_second=(after.pairs - before.pairs) / seconds,
            latency_ms_p95=float(np.percentile(session.latencies or [0.0], 95)) * 1000,
            timer_late_ms_p95=window.timer.lateness_p95_ms(),
            updates=after.updates,
            dropped_frames=after.dropped - before.dropped,
            seconds=seconds,
            schedule=after.schedule.value if after.schedule else "",
            device=after.device,
        )
    finally:
        running.close()


def _wait_for_prediction(running: Running) -> None:
    deadline = time.perf_counter() + _PATIENCE_SECONDS
    while running.session.latest_result() is None:
        if time.perf_counter() > deadline:
            messages = " ".join(running.session.take_messages())
            raise UserError(f"No frame was predicted in {_PATIENCE_SECONDS:.0f} s. {messages}")
        _run(0.1)


def _run(seconds: float) -> None:
    loop = QEventLoop()
    QTimer.singleShot(round(seconds * 1000), loop.quit)
    loop.exec()
