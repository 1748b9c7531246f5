"""The chip's words for every state."""

from __future__ import annotations

import math

import pytest

from app.gui.theme import Tone
from app.gui.widgets import chip, count, time_left
from app.runtime.live.results import OfflineProgress, Phase, WorkerStatus


@pytest.mark.parametrize(
    ("status", "text", "tone"),
    [
        (WorkerStatus(), "off", Tone.NEUTRAL),
        (WorkerStatus(updates=124), "off · 124 updates", Tone.NEUTRAL),
        (WorkerStatus(Phase.PERSONALIZING), "personalizing · 0 updates", Tone.ACTIVE),
        (WorkerStatus(Phase.PERSONALIZING, updates=1), "personalizing · 1 update", Tone.ACTIVE),
        (WorkerStatus(Phase.PERSONALIZING, updates=12), "personalizing · 12 updates", Tone.ACTIVE),
        (WorkerStatus(Phase.HELD_BACK, "no person"), "held back (no person)", Tone.WARNING),
        (
            WorkerStatus(Phase.HELD_BACK, "too dark", updates=9),
            "held back (too dark)",
            Tone.WARNING,
        ),
        (WorkerStatus(Phase.HELD_BACK), "held back", Tone.WARNING),
        (WorkerStatus(Phase.UNDONE, updates=8), "undone by the guard", Tone.WARNING),
        (WorkerStatus(Phase.FAULTED, updates=3), "stopped by an error", Tone.WARNING),
        (WorkerStatus(Phase.FROZEN), "frozen", Tone.FROZEN),
        (WorkerStatus(Phase.FROZEN, updates=12400), "frozen · 12,400 updates", Tone.FROZEN),
        (
            WorkerStatus(Phase.OFFLINE, offline=OfflineProgress(43, 100, 51.2)),
            "offline 43% · 0:52 left",
            Tone.PROGRESS,
        ),
        (
            WorkerStatus(Phase.OFFLINE, offline=OfflineProgress(1, 3, math.inf)),
            "offline 33%",
            Tone.PROGRESS,
        ),
        (WorkerStatus(Phase.OFFLINE), "offline · starting", Tone.PROGRESS),
        (
            WorkerStatus(Phase.OFFLINE, offline=OfflineProgress(0, 0, 0)),
            "offline · starting",
            Tone.PROGRESS,
        ),
    ],
)
def test_words_and_tone(status: WorkerStatus, text: str, tone: Tone) -> None:
    assert chip(status) == (text, tone)


def test_only_what_needs_attention_shares_a_tone() -> None:
    tones = [chip(WorkerStatus(phase)).tone for phase in Phase]
    assert {tone for tone in tones if tones.count(tone) > 1} == {Tone.WARNING}


def test_a_run_is_whole_only_at_its_end() -> None:
    almost = WorkerStatus(Phase.OFFLINE, offline=OfflineProgress(999, 1000, 0.1))
    assert chip(almost).text == "offline 99% · 0:01 left"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0:00"), (-3, "0:00"), (59.5, "1:00"), (61, "1:01"), (3725, "1:02:05"), (math.nan, "")],
)
def test_time_left(seconds: float, text: str) -> None:
    assert time_left(OfflineProgress(1, 2, seconds)) == text


def test_no_progress_has_no_time() -> None:
    assert time_left(None) == ""


def test_counting() -> None:
    assert [count(n, "pair") for n in (0, 1, 2)] == ["0 pairs", "1 pair", "2 pairs"]
