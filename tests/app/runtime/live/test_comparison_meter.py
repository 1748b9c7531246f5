"""What is told of results that were predicted both ways."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from app.runtime.live.change import ComparisonMeter
from app.runtime.live.results import PoseResult
from model.core.crop import SquareBox

_NOBODY = np.zeros((0, 2), np.float32)


def _result(time_s: float, x: float, trained_x: float | None) -> PoseResult:
    def points(at: float) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        return np.full((2, 2), at, np.float32)

    return PoseResult(
        frame_index=0,
        media_index=0,
        timestamp=time_s,
        box=SquareBox(0, 0, 50),
        keypoints=points(x),
        confidence=np.ones(2, np.float32),
        self_keypoints=_NOBODY,
        affinity=np.zeros((0, 0), np.float32),
        contribution=np.zeros(0, np.float32),
        updates=0,
        latency=0.0,
        unpersonalized=None if trained_x is None else points(trained_x),
    )


def test_a_steady_movement_is_no_jitter_and_a_step_aside_is() -> None:
    meter = ComparisonMeter()
    assert meter.notes == ("", "") and meter.error is None
    # Frames were missed: the middle one is a fifth of the way.
    for time_s, x, trained_x in ((0.0, 0.0, 0.0), (0.1, 2.0, 3.0), (0.5, 10.0, 10.0)):
        meter.add(_result(time_s, x, trained_x), None)
    # One pixel aside in x and in y, of 50: 2.83 percent.
    assert meter.notes == ("jitter 2.83 %", "jitter 0.00 %")


def test_known_errors_go_before_jitter() -> None:
    meter = ComparisonMeter()
    meter.add(_result(0.0, 1, 1), (2.0, 3.0))
    meter.add(_result(0.1, 1, 1), (3.0, 5.0))
    assert meter.error == pytest.approx((4.0, 2.5))
    assert meter.notes == ("error 4.00 %", "error 2.50 %")
    meter.clear()
    assert meter.error is None


def test_a_cut_a_loop_and_nobody_are_no_jitter() -> None:
    meter = ComparisonMeter()
    meter.add(_result(0.0, 0, 0), None)
    meter.add(_result(0.1, 0, 0), None)
    meter.add(_result(9.0, 40, 40), None)  # a second and more later
    meter.add(_result(9.1, 40, 40), None)
    meter.add(replace(_result(9.2, 0, 0), box=None), None)
    meter.add(_result(9.3, 0, 0), None)
    meter.add(_result(9.4, 7, None), None)  # predicted in one way only
    assert meter.notes == ("", "")
