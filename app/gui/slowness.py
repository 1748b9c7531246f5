"""Notices that the machine is too slow for the picture, and says once what would help."""

from __future__ import annotations

from app.gui.language import tr
from app.runtime.live.results import Phase, WorkerStatus

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
