from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.tracking.follower import CHECK_PERIOD_S, OTHERS_PERIOD_S
from tests.model.tracking.people import (
    ADULT,
    CHILD,
    HEIGHT,
    WEAK,
    WIDTH,
    FakeDetector,
    Film,
    blank,
    detection,
    detection_of,
    frames_in,
    is_at,
)


def test_finds_the_largest_person() -> None:
    film = Film(FakeDetector([detection_of(CHILD), detection_of(ADULT)]))
    assert not film.follower.found
    assert is_at(film.play(ADULT), ADULT)
    assert film.follower.found


@pytest.mark.fault("A larger person walks by", "The same person is followed.")
def test_follows_the_same_person_past_a_larger_one() -> None:
    film = Film(FakeDetector([detection_of(CHILD)]))
    film.play(CHILD)
    film.detector.people = [detection_of(CHILD), detection_of(ADULT)]
    for _ in range(frames_in(3 * CHECK_PERIOD_S)):
        assert is_at(film.play(CHILD), CHILD)
    for _ in range(frames_in(CHECK_PERIOD_S)):
        assert is_at(film.play(CHILD, WEAK), CHILD)


def test_correction_does_not_jump_to_a_larger_person() -> None:
    film = Film(FakeDetector([detection_of(CHILD)]))
    film.play(CHILD)
    film.detector.people = [detection_of(CHILD), detection_of(ADULT)]
    partly_off = CHILD + np.array([70, 40])
    located = [film.play(partly_off) for _ in range(frames_in(CHECK_PERIOD_S + 1))]
    assert any(not is_at(box, CHILD) for box in located)
    assert is_at(film.play(CHILD, frames=20), CHILD)
    assert not any(is_at(box, ADULT) for box in located)


def test_choosing_another_person() -> None:
    film = Film(FakeDetector([detection_of(ADULT), detection_of(CHILD)]))
    assert is_at(film.play(ADULT), ADULT)
    film.follower.choose(480, 280)
    assert is_at(film.play(CHILD), CHILD)
    assert is_at(film.play(CHILD, frames=frames_in(2 * CHECK_PERIOD_S)), CHILD)


def test_choosing_when_nobody_is_seen_keeps_the_person() -> None:
    film = Film(FakeDetector([detection_of(ADULT)]))
    film.play(ADULT)
    film.detector.people = []
    film.follower.choose(480, 280)
    assert is_at(film.play(ADULT), ADULT)
    film.detector.people = [detection_of(ADULT), detection_of(CHILD)]
    assert is_at(film.play(ADULT, frames=20), ADULT)


@given(
    st.lists(st.tuples(st.integers(60, 580), st.integers(80, 400)), min_size=1, max_size=6),
    st.tuples(st.floats(0, WIDTH), st.floats(0, HEIGHT)),
)
def test_choosing_takes_the_nearest(
    places: list[tuple[int, int]], point: tuple[float, float]
) -> None:
    film = Film(FakeDetector([detection(x, y, 60, 60) for x, y in places]))
    film.follower.choose(*point)
    box = film.follower.locate(blank(), 0.0)
    assert box is not None

    def gap(x: float, y: float) -> float:
        return float(np.hypot(max(abs(x - point[0]) - 30, 0), max(abs(y - point[1]) - 30, 0)))

    assert gap(box.x, box.y) == pytest.approx(min(gap(x, y) for x, y in places), abs=1e-6)


def test_point_inside_a_box_beats_a_nearer_centre() -> None:
    film = Film(FakeDetector([detection(200, 240, 300, 440), detection(400, 240, 60, 60)]))
    film.follower.choose(340, 240)
    box = film.follower.locate(blank(), 0.0)
    assert box is not None
    assert box.x == pytest.approx(200)


def test_the_others_are_those_who_are_not_followed() -> None:
    film = Film(FakeDetector([detection_of(ADULT), detection_of(CHILD)]))
    film.play(ADULT)
    assert film.follower.others == (film.detector.people[1],)
    film.follower.choose(480, 280)
    film.play(CHILD)
    assert film.follower.others == (film.detector.people[0],)


def test_others_are_looked_at_again_but_say_nothing_of_the_followed_one() -> None:
    film = Film(FakeDetector([detection_of(ADULT), detection_of(CHILD)]))
    film.play(ADULT)
    film.play(ADULT, frames=10)  # whoever is followed
    moved = [detection_of(CHILD + np.array([40, 0]))]
    film.detector.people = moved  # hides the adult for a while
    asked = film.detector.calls
    assert is_at(film.play(ADULT, frames=frames_in(CHECK_PERIOD_S / 2)), ADULT)
    assert film.follower.others == tuple(moved)
    assert 3 <= film.detector.calls - asked <= CHECK_PERIOD_S / 2 / OTHERS_PERIOD_S + 1
    assert film.follower.changes == 0


def test_one_person_costs_no_more_looks_than_before() -> None:
    film = Film(FakeDetector([detection_of(ADULT)]))
    film.play(ADULT)
    asked = film.detector.calls
    film.play(ADULT, frames=frames_in(CHECK_PERIOD_S) - 2)
    assert film.follower.others == () and film.detector.calls == asked


def test_changes_count_whoever_was_taken_instead() -> None:
    film = Film(FakeDetector([detection_of(ADULT), detection_of(CHILD)]))
    film.play(ADULT)
    film.follower.choose(200, 240)  # the same one
    film.play(ADULT)
    assert film.follower.changes == 0
    film.follower.choose(480, 280)
    film.play(CHILD)
    assert film.follower.changes == 1
    film.detector.people = [detection_of(ADULT)]  # the child has left
    assert any(is_at(film.play(CHILD), ADULT) for _ in range(frames_in(2 * CHECK_PERIOD_S)))
    assert film.follower.changes == 2
