from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.tracking.follower import (
    CHECK_PERIOD_S,
    DOUBT_PERIOD_S,
    MAX_DOUBTS,
    SEARCH_PERIOD_S,
    overlap,
    square_around,
)
from tests.model.tracking.people import (
    ADULT,
    CHILD,
    HEIGHT,
    SURE,
    WEAK,
    WIDTH,
    FakeDetector,
    Film,
    blank,
    detection,
    detection_of,
    frames_in,
    is_at,
    standing,
)


def test_nobody_there() -> None:
    film = Film()
    for _ in range(frames_in(1)):
        assert film.play(ADULT) is None
    assert not film.follower.found
    assert film.detector.calls <= 1 + 1 / SEARCH_PERIOD_S
    film.detector.people = [detection_of(ADULT)]
    assert is_at(film.play(ADULT, frames=frames_in(SEARCH_PERIOD_S)), ADULT)


def test_detector_rests_while_all_is_well() -> None:
    film = Film(FakeDetector([detection_of(ADULT)]))
    film.play(ADULT, frames=frames_in(10))
    assert film.detector.calls <= 1 + 10 / CHECK_PERIOD_S


def test_follows_the_joints() -> None:
    film = Film(FakeDetector([detection_of(standing(150, 240, 300))]))
    for step in range(60):
        joints = standing(150 + 5 * step, 240, 300 - step)
        film.detector.people = [detection_of(joints)]
        assert is_at(film.play(joints), joints)
    assert film.detector.calls <= 3


def test_squares_are_moved_down_as_the_networks_were() -> None:
    """The detector's first and the joints' later squares alike."""
    plain, moved = (Film(FakeDetector([detection_of(ADULT)]), crop_shift=s) for s in (0, 0.075))
    for _ in range(frames_in(3)):
        expected, box = plain.play(ADULT), moved.play(ADULT)
        assert expected is not None
        assert box is not None
        assert (box.x, box.side) == pytest.approx((expected.x, expected.side))
        assert box.y == pytest.approx(expected.y + 0.075 / 1.25 * box.side)


def test_stays_still_when_hidden_joints_flicker() -> None:
    seated = standing(320, 420, 500)  # knees and ankles are below the picture
    film = Film(FakeDetector([detection_of(seated[:9])]))
    first = film.play(seated, frames=30)
    rng = np.random.default_rng(0)
    for _ in range(100):
        confidence = SURE.copy()
        confidence[7:] = rng.uniform(0, 0.24, 6)  # hips at the edge come and go
        confidence[9:] = rng.uniform(0, 1, 4)
        box = film.play(seated + rng.normal(0, 3, seated.shape), confidence)
        assert first is not None
        assert box is not None
        assert overlap(box, first) > 0.7
        assert box.side > 0.8 * first.side


@pytest.mark.fault(
    "The person leaves and comes back",
    "They are lost, and found again without help.",
)
def test_person_who_left_is_lost_and_found_again() -> None:
    film = Film(FakeDetector([detection_of(ADULT)]))
    film.play(ADULT, frames=10)
    film.detector.people = []
    film.play(ADULT, WEAK, frames=frames_in(DOUBT_PERIOD_S * (MAX_DOUBTS + 1)))
    assert not film.follower.found
    film.detector.people = [detection_of(CHILD)]
    assert is_at(film.play(CHILD, frames=frames_in(SEARCH_PERIOD_S)), CHILD)


def test_brief_blindness_of_the_detector_loses_nobody() -> None:
    film = Film(FakeDetector([detection_of(ADULT)]))
    film.play(ADULT, frames=frames_in(CHECK_PERIOD_S) - 5)
    film.detector.people = []
    film.play(ADULT, frames=10)
    film.detector.people = [detection_of(ADULT)]
    for _ in range(frames_in(3)):
        assert is_at(film.play(ADULT), ADULT)


def test_weak_joints_do_not_drag_the_square_away() -> None:
    film = Film(FakeDetector([detection_of(ADULT)]))
    for _ in range(frames_in(3)):
        assert is_at(film.play(ADULT + np.array([150, 60]), WEAK), ADULT)


def test_detector_leads_while_joints_are_weak() -> None:
    film = Film(FakeDetector([detection_of(ADULT)]))
    film.play(ADULT, WEAK)
    for step in range(75):
        moving = ADULT + np.array([2 * step, 0])
        film.detector.people = [detection_of(moving)]
        box = film.play(moving, WEAK)
        assert box is not None
        assert overlap(box, square_around(moving, 0)) > 0.6


def test_drift_with_sure_joints_is_corrected() -> None:
    film = Film(FakeDetector([detection_of(ADULT)]))
    film.play(ADULT)
    wrong = standing(500, 120, 100)
    film.play(wrong, frames=20)
    assert not is_at(film.play(wrong), ADULT)
    located = [film.play(wrong) for _ in range(frames_in(CHECK_PERIOD_S + 1))]
    assert any(is_at(box, ADULT) for box in located)


@pytest.mark.fault("The scene is cut")
def test_cut_is_answered_at_once() -> None:
    film = Film(FakeDetector([detection_of(ADULT)]))
    film.play(ADULT, frames=5)
    film.detector.people = [detection_of(CHILD)]
    assert is_at(film.play(CHILD, image=blank(200)), CHILD)


def test_square_after_a_cut_is_the_detectors_even_if_it_was_nearly_right() -> None:
    film = Film(FakeDetector([detection_of(ADULT)]))
    film.play(ADULT, frames=5)
    larger = standing(210, 240, 370)
    film.detector.people = [detection_of(larger)]
    box = film.play(larger, image=blank(200))
    assert box is not None
    assert overlap(box, square_around(larger, 0)) > 0.99


def test_clip_that_starts_again() -> None:
    film = Film(FakeDetector([detection_of(ADULT)]))
    film.play(ADULT, frames=5)
    film.detector.people = [detection_of(CHILD)]
    film.time_s = 0.0
    assert is_at(film.play(CHILD), CHILD)


def test_reset_forgets_the_person() -> None:
    film = Film(FakeDetector([detection_of(CHILD)]))
    film.play(CHILD, frames=5)
    film.follower.choose(480, 260)
    film.follower.reset()
    assert not film.follower.found
    film.detector.people = [detection_of(CHILD), detection_of(ADULT)]
    assert is_at(film.play(ADULT), ADULT)


@given(
    x=st.floats(0, WIDTH),
    y=st.floats(0, HEIGHT),
    height=st.floats(60, 700),
    start=st.floats(0.75, 1.3),
)
def test_settled_square_holds_the_sure_joints(
    x: float, y: float, height: float, start: float
) -> None:
    joints = standing(x, y, height)
    inside = np.all((joints >= 0) & (joints < (WIDTH, HEIGHT)), axis=1)
    film = Film(FakeDetector([detection(x, y, 0.5 * height * start, 1.24 * height * start)]))
    film.play(joints, frames=40)
    box = film.play(joints)
    assert box is not None
    assert np.isfinite([box.x, box.y, box.side]).all()
    assert box.side > 0
    if inside.sum() >= 4:
        assert np.abs(joints[inside] - (box.x, box.y)).max() <= box.side / 2


@settings(max_examples=50)
@given(st.integers(0, 2**32 - 1))
def test_nonsense_predictions_never_break_the_square(seed: int) -> None:
    rng = np.random.default_rng(seed)
    film = Film(FakeDetector([detection_of(ADULT)]))
    for _ in range(60):
        joints = rng.uniform(-1000, 2000, (13, 2))
        joints[rng.random(13) < 0.1] = np.nan
        confidence = rng.uniform(0, 1, 13)
        confidence[rng.random(13) < 0.02] = np.nan
        box = film.play(joints, confidence)
        if box is not None:
            assert np.isfinite([box.x, box.y, box.side]).all()
            assert 0 < box.side <= 2 * max(WIDTH, HEIGHT)
