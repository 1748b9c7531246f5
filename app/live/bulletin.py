"""What the worker has published: newest results, queues to be emptied, and its state in numbers."""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import replace

from app.live.rates import RecentValues
from app.live.records import (
    OfflineProgress,
    Phase,
    PoseResult,
    Schedule,
    UpdateResult,
    WorkerStatus,
)

_RECORDS_KEPT = 256
_UNDONE_SECONDS = 4.0


class Bulletin:
    """Written by the threads that predict and learn, read by the window; safe between threads."""

    def __init__(self, device: str) -> None:
        self._lock = threading.Lock()
        self._results: deque[PoseResult] = deque(maxlen=_RECORDS_KEPT)
        self._updates: deque[UpdateResult] = deque(maxlen=_RECORDS_KEPT)
        self._latest: PoseResult | None = None
        self._status = WorkerStatus(device=device)
        self._predicted = RecentValues()
        self._learnt = RecentValues()
        self._latencies = RecentValues()
        self._undone_at = float("-inf")

    def latest_result(self) -> PoseResult | None:
        with self._lock:
            return self._latest

    def take_results(self) -> list[PoseResult]:
        """The results since the last call, oldest first."""
        with self._lock:
            results = list(self._results)
            self._results.clear()
            return results

    def take_updates(self) -> list[UpdateResult]:
        """The updates since the last call, oldest first."""
        with self._lock:
            updates = list(self._updates)
            self._updates.clear()
            return updates

    def status(self) -> WorkerStatus:
        """The state now, with rates over the last seconds."""
        with self._lock:
            status = self._status
        return replace(
            status,
            predictions_per_second=self._predicted.per_second(),
            pairs_per_second=self._learnt.per_second(),
            latency_p95=self._latencies.percentile(95),
        )

    def set_schedule(self, schedule: Schedule, reason: str) -> None:
        with self._lock:
            self._status = replace(self._status, schedule=schedule, schedule_reason=reason)

    def set_state(self, phase: Phase, offline: OfflineProgress | None, dropped: int) -> None:
        with self._lock:
            self._status = replace(self._status, phase=phase, offline=offline, dropped=dropped)

    def add_result(self, result: PoseResult) -> None:
        """Publish the result for a frame; it counts as a prediction if a person was found."""
        found = result.box is not None
        if found:
            self._predicted.add()
            self._latencies.add(result.latency)
        with self._lock:
            self._latest = result
            self._results.append(result)
            self._status = replace(
                self._status,
                updates=result.updates,
                predictions=self._status.predictions + found,
            )

    def add_pairs(self, pairs: int) -> None:
        """Count pairs that were learnt from."""
        self._learnt.add(pairs)
        with self._lock:
            self._status = replace(self._status, pairs=self._status.pairs + pairs)

    def add_update(self, update: UpdateResult) -> None:
        with self._lock:
            self._updates.append(update)
            if update.undone:
                self._undone_at = time.perf_counter()

    def undone_lately(self) -> bool:
        """Whether the guard undid updates within the last seconds, for people to see it."""
        with self._lock:
            return time.perf_counter() - self._undone_at < _UNDONE_SECONDS

    def forget(self) -> None:
        """Drop results and updates: they belong to another person."""
        with self._lock:
            self._results.clear()
            self._updates.clear()
            self._latest = None
