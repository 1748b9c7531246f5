"""The state of personalization in a few words and a tone, readable from two metres."""

from __future__ import annotations

import math
from typing import NamedTuple

from app.live.records import OfflineProgress, Phase, WorkerStatus
from app.window.theme import Tone


class Chip(NamedTuple):
    """What the chip over the live view says."""

    text: str
    tone: Tone


_TONES = {
    Phase.OFF: Tone.NEUTRAL,
    Phase.PERSONALIZING: Tone.ACTIVE,
    Phase.HELD_BACK: Tone.WARNING,
    Phase.UNDONE: Tone.WARNING,
    Phase.FROZEN: Tone.FROZEN,
    Phase.OFFLINE: Tone.PROGRESS,
    Phase.FAULTED: Tone.WARNING,
}


def chip(status: WorkerStatus) -> Chip:
    """The words and the tone for ``status``, such as ``personalizing · 124 updates``."""
    return Chip(_words(status), _TONES[status.phase])


def _words(status: WorkerStatus) -> str:
    if status.phase is Phase.OFFLINE:
        return _offline_words(status.offline)
    words = status.phase.value
    if status.detail:
        words += f" ({status.detail})"
    learnt = status.updates > 0 and status.phase in (Phase.OFF, Phase.FROZEN)
    if learnt or status.phase is Phase.PERSONALIZING:
        words += f" · {count(status.updates, 'update')}"
    return words


def _offline_words(progress: OfflineProgress | None) -> str:
    if progress is None or progress.total <= 0:
        return "offline · starting"
    words = f"offline {100 * progress.done // progress.total}%"
    left = time_left(progress)
    return f"{words} · {left} left" if left else words


def time_left(progress: OfflineProgress | None) -> str:
    """The time an offline run still needs, such as ``0:52``; empty while it is not known."""
    if progress is None or not math.isfinite(progress.seconds_left):
        return ""
    minutes, seconds = divmod(max(0, math.ceil(progress.seconds_left)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def count(number: int, noun: str) -> str:
    """``1 update``, ``124 updates``, ``12,400 updates``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
