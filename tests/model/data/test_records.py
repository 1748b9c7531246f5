"""Clips and data sets."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.core.errors import UserError
from model.core.skeleton import PENN13
from model.data.records import BadDataError, DataSet
from tests.model.data.clips import make_clip, make_data_set


@pytest.mark.parametrize(
    "labels",
    [
        {"boxes": np.zeros((2, 3))},
        {"boxes": np.zeros((3, 4))},
        {"joints": np.zeros((2, 13, 2), np.float32)},
        {"joints": np.zeros((3, 13, 3), np.float32)},
        {"joints": np.zeros((3, 12, 2), np.float32)},
        {"joints": np.zeros((3, 26), np.float32)},
        {"visible": np.zeros((3, 12), np.uint8)},
        {"visible": np.zeros((2, 13), np.uint8)},
        {"visible": np.zeros(3, np.uint8)},
    ],
)
def test_labels_that_do_not_fit_the_frames_are_refused(labels: dict[str, Any]) -> None:
    with pytest.raises(BadDataError, match="The clip jump has 3 frames, but"):
        replace(make_clip("jump"), **labels)


def test_a_part_has_its_own_frames_and_labels_in_the_order_asked_for() -> None:
    part = make_clip(count=6).part(np.array([4, 1, 3]))
    assert len(part) == 3
    assert [part.frames.read(n)[0, 0, 0] for n in range(3)] == [4, 1, 3]
    assert [part.frames.describe(n) for n in range(3)] == ["picture 4", "picture 1", "picture 3"]
    np.testing.assert_array_equal(part.joints[:, 0, 1], [4, 1, 3])
    assert (part.name, part.person) == ("clip", "someone")


def test_a_part_of_a_part() -> None:
    clip = make_clip(count=6)
    part = clip.part(np.array([5, 3, 1])).part(np.array([2, 0]))
    assert [part.frames.describe(n) for n in range(2)] == ["picture 1", "picture 5"]
    assert part.frames.read(1)[0, 0, 0] == 5
    np.testing.assert_array_equal(part.joints, clip.joints[[1, 5]])


def test_each_frame_has_its_square() -> None:
    clip = replace(make_clip(count=2), boxes=np.array([[1.5, 2, 3], [4, 5, 6.5]]))
    box = clip.box(1)
    assert (box.x, box.y, box.side) == (4, 5, 6.5)
    assert clip.part(np.array([1])).box(0) == box


@pytest.mark.parametrize("clips", [(), (make_clip(count=0), make_clip(count=0))])
def test_a_data_set_without_frames_is_refused(clips: tuple[Any, ...]) -> None:
    with pytest.raises(UserError, match=r"swimmers has no frames.*split"):
        DataSet("swimmers", PENN13, clips)


def test_people_and_their_clips_in_order_of_appearance() -> None:
    clips = tuple(
        make_clip(name, person) for name, person in (("a", "Zoe"), ("b", "Ann"), ("c", "Zoe"))
    )
    data_set = DataSet("two", PENN13, clips)
    assert [(p, [c.name for c in group]) for p, group in data_set.persons.items()] == [
        ("Zoe", ["a", "c"]),
        ("Ann", ["b"]),
    ]
    assert len(data_set) == 9
    assert [clip.name for clip in data_set] == ["a", "b", "c"]
    assert [clip.name for clip in data_set.only({"Zoe"})] == ["a", "c"]
    assert [clip.name for clip in data_set.without({"Zoe"})] == ["b"]
    assert data_set.only({"Ann"}).name == "two"
    with pytest.raises(UserError, match="no frames"):
        data_set.only({"Bob"})


@given(share=st.floats(0.01, 0.9), people=st.integers(60, 120))
def test_people_kept_aside_are_not_in_the_rest(share: float, people: int) -> None:
    data_set = make_data_set("crowd", [2] * people)
    rest, aside = data_set.divided(share)
    apart = set() if aside is None else set(aside.persons)
    assert apart.isdisjoint(rest.persons)
    assert apart | set(rest.persons) == set(data_set.persons)
    # Names decide, so the share is met by chance only.
    assert len(apart) / people == pytest.approx(share, abs=0.2)


def test_the_same_people_are_kept_aside_whoever_else_there_is() -> None:
    few, many = make_data_set("few", [2] * 40), make_data_set("many", [3] * 400)
    _, aside_of_few = few.divided(0.3)
    _, aside_of_many = many.divided(0.3)
    assert aside_of_few is not None and aside_of_many is not None
    assert set(aside_of_few.persons) == set(aside_of_many.persons) & set(few.persons)
    _, more = many.divided(0.5)
    assert more is not None
    assert set(aside_of_many.persons) < set(more.persons)


def test_all_clips_of_a_person_are_kept_aside_together() -> None:
    clips = tuple(make_clip(f"{k}", f"{k % 20}") for k in range(100))
    rest, aside = DataSet("clubs", PENN13, clips).divided(0.4)
    assert aside is not None
    assert all(len(group) == 5 for group in (*aside.persons.values(), *rest.persons.values()))


def test_stills_are_never_kept_aside_but_several_of_a_person_are() -> None:
    stills = make_data_set("stills", [1] * 300)
    rest, aside = stills.divided(0.5)
    assert rest is stills and aside is None
    clips = tuple(make_clip(f"{k}", f"{k // 2}", count=1) for k in range(200))
    assert DataSet("twice", PENN13, clips).divided(0.5)[1] is not None


def test_nobody_is_kept_aside_for_no_share() -> None:
    data_set = make_data_set("all", [2] * 300)
    assert data_set.divided(0.0) == (data_set, None)


def test_someone_is_left_to_train_on() -> None:
    with pytest.raises(UserError, match="aside from pair leaves nobody"):
        make_data_set("pair", [2, 2]).divided(1.0)
