"""Pacing against a clock that the test turns."""

from __future__ import annotations

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from app.runtime.capture.source import Pacer

INTERVAL = 0.04


def _play(pacer: Pacer, media_times: list[float], costs: list[float]) -> list[float | None]:
    """When each frame is shown (None: dropped), if reading frame i takes ``costs[i]`` seconds."""
    now = 100.0
    shown: list[float | None] = []
    for media_time, cost in zip(media_times, costs, strict=True):
        now += cost
        delay = pacer.delay(media_time, now)
        if delay is None:
            shown.append(None)
        else:
            now += delay
            shown.append(now)
    return shown


def _gaps(shown: list[float | None]) -> list[float]:
    moments = [moment for moment in shown if moment is not None]
    return [later - earlier for earlier, later in itertools.pairwise(moments)]


def _times(count: int) -> list[float]:
    return [i * INTERVAL for i in range(count)]


def test_frames_are_shown_at_their_own_times() -> None:
    times = [0.0, 0.1, 0.13, 0.5]
    shown = _play(Pacer(INTERVAL), times, [0.01] * 4)
    assert [round(moment - shown[0], 6) for moment in shown if moment and shown[0]] == times


def test_after_a_hiccup_frames_are_dropped_not_hurried() -> None:
    shown = _play(Pacer(INTERVAL), _times(20), [0.001] * 5 + [0.2] + [0.001] * 14)
    assert shown.count(None) in (3, 4)
    gaps = _gaps(shown)
    # One frame at most comes early after another; the clip is back on its own time at the end.
    assert sum(gap < INTERVAL - 1e-6 for gap in gaps) <= 1
    assert shown[0] is not None
    assert shown[-1] is not None
    assert round(shown[-1] - shown[0], 6) == round(19 * INTERVAL, 6)


def test_a_clip_that_cannot_be_read_fast_enough_still_moves() -> None:
    shown = _play(Pacer(INTERVAL), _times(50), [5 * INTERVAL] * 50)
    dropped_twice = [i for i in range(49) if shown[i] is None and shown[i + 1] is None]
    assert not dropped_twice


def test_after_a_long_sleep_the_clip_goes_on_where_it_was() -> None:
    shown = _play(Pacer(INTERVAL), _times(10), [0.001] * 5 + [3600.0] + [0.001] * 4)
    assert None not in shown


def test_a_clip_that_begins_again_keeps_its_rhythm() -> None:
    shown = _play(Pacer(INTERVAL), _times(5) * 3, [0.001] * 15)
    assert {round(gap, 6) for gap in _gaps(shown)} == {INTERVAL}


def test_restarting_makes_the_next_frame_due_at_once() -> None:
    pacer = Pacer(INTERVAL)
    assert pacer.delay(0.0, 100.0) == 0
    pacer.restart()
    assert pacer.delay(0.04, 160.0) == 0
    assert round(pacer.delay(0.08, 160.0) or 0, 6) == INTERVAL


def test_asking_twice_for_a_frame_gives_the_same_moment() -> None:
    pacer = Pacer(INTERVAL)
    pacer.delay(0.0, 100.0)
    first = pacer.delay(0.04, 100.01)
    second = pacer.delay(0.04, 100.02)
    assert first is not None
    assert second is not None
    assert round(first - second, 6) == 0.01


@given(st.lists(st.floats(0.0, 0.5), min_size=1, max_size=60))
@settings(deadline=None)
def test_frames_never_come_in_a_burst(costs: list[float]) -> None:
    """Never more than one frame ahead of the clip's own rate, over any stretch of time."""
    shown = _play(Pacer(INTERVAL), _times(len(costs)), costs)
    moments = [moment for moment in shown if moment is not None]
    for i, start in enumerate(moments):
        for j in range(i + 1, len(moments)):
            assert moments[j] - start >= (j - i - 1) * INTERVAL - 1e-6
