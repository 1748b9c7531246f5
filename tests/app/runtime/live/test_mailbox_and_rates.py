from __future__ import annotations

import threading

import pytest

from app.runtime.lifecycle import ChoosePerson, Command, CommandQueue, Reset, SetPersonalizing
from app.runtime.live.results import WINDOW_SECONDS, RecentValues


def test_commands_come_out_in_order_and_once() -> None:
    box = CommandQueue()
    posted: list[Command] = [SetPersonalizing(True), Reset(), ChoosePerson(1, 2)]
    for command in posted:
        box.post(command)
    assert box.take() == posted
    assert box.take() == []


def test_waiting_ends_with_a_command_or_with_closing() -> None:
    box = CommandQueue()
    for release in (lambda: box.post(Reset()), box.close):
        box.take()
        waiter = threading.Thread(target=box.wait, name="app-waiter")
        waiter.start()
        release()
        waiter.join(5)
        assert not waiter.is_alive()


class _Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_rates_look_at_the_last_seconds_only() -> None:
    clock = _Clock()
    values = RecentValues(clock)
    for _ in range(100):
        clock.now += 0.1
        values.add(2.0)
    assert values.per_second() == pytest.approx(20.0, rel=0.05)
    clock.now += WINDOW_SECONDS + 1
    assert values.per_second() == 0.0
    assert values.percentile(95) == 0.0
    assert len(values._values) == 0


def test_a_young_rate_is_not_diluted_by_time_that_was_not() -> None:
    clock = _Clock()
    values = RecentValues(clock)
    for _ in range(10):
        clock.now += 0.1
        values.add()
    assert values.per_second() == pytest.approx(10.0)


def test_percentiles() -> None:
    values = RecentValues(_Clock())
    for value in range(101):
        values.add(value)
    assert values.percentile(95) == 95
