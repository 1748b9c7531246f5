"""What one training example is."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from model.core.panels import resized
from model.core.skeleton import PENN13
from model.data.records import ABSENT, VISIBLE, BadDataError, Clip, DataSet
from model.keypointgan.data import GanExample, GanExamples, PosePrior, cut
from tests.model.data.clips import make_clip, make_data_set, plain_pictures

PRIOR = PosePrior(
    np.broadcast_to(np.linspace(-1, 1, 5, dtype=np.float32).reshape(-1, 1, 1), (5, 13, 2))
)


def data_set(*clips: Clip) -> DataSet:
    return DataSet("people", PENN13, clips)


def examples(*clips: Clip, size: int = 32, window: int = 1000) -> GanExamples:
    return GanExamples([data_set(*clips)], PRIOR, size, window)


def drawn(source: GanExamples, count: int, first: int = 0) -> list[GanExample]:
    return [source.draw(np.random.default_rng(seed)) for seed in range(first, first + count)]


def number(picture: NDArray[np.uint8]) -> int:
    """Which of ``plain_pictures`` this is."""
    middle = picture.shape[0] // 2
    return int(picture[middle, middle, 0])


def noise(seed: int = 0) -> NDArray[np.uint8]:
    """A picture whose parts all look different, not finer than its crop."""
    coarse = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), np.uint8)
    return coarse.repeat(16, axis=0).repeat(16, axis=1)


def test_an_example_is_two_pictures_and_a_pose() -> None:
    for size in (32, 128, 160):
        example = examples(make_clip(count=4), size=size).draw(np.random.default_rng(0))
        for picture in (example.target, example.condition):
            assert picture.shape == (size, size, 3) and picture.dtype == np.uint8
        assert example.pose.shape == (13, 2) and example.pose.dtype == np.float32


@pytest.mark.parametrize("window", [0, 3, 1000])
def test_the_condition_is_a_later_frame_within_the_window(window: int) -> None:
    source = examples(make_clip(count=10), window=window)
    pairs = [(number(e.target), number(e.condition)) for e in drawn(source, 400)]
    reach = min(window, 9)
    apart = Counter(end - start for start, end in pairs)
    assert set(apart) == set(range(reach + 1))
    assert {start for start, _ in pairs} == set(range(10))
    assert {end for start, end in pairs if start == 9} == {9}


def test_the_condition_is_of_the_same_clip() -> None:
    pictures = plain_pictures(30)
    clips = [make_clip(str(k), pictures=pictures[10 * k : 10 * k + 10]) for k in range(3)]
    pairs = [(number(e.target), number(e.condition)) for e in drawn(examples(*clips), 200)]
    assert all(start // 10 == end // 10 for start, end in pairs)
    assert {start // 10 for start, _ in pairs} == {0, 1, 2}


def test_clips_are_drawn_alike_however_long_they_are() -> None:
    pictures = plain_pictures(51)
    clips = make_clip("long", pictures=pictures[1:]), make_clip("short", pictures=pictures[:1] * 2)
    short = sum(number(e.target) == 0 for e in drawn(examples(*clips), 400))
    assert 150 < short < 250


def test_data_sets_are_drawn_by_their_shares() -> None:
    black, grey = plain_pictures(101)[::100]
    sets = [
        data_set(*(make_clip(str(k), pictures=[black] * 2) for k in range(5))),
        data_set(make_clip("grey", pictures=[grey] * 2)),
    ]
    for shares, wanted in ((None, 1 / 6), ((1.0, 1.0), 1 / 2), ((1.0, 3.0), 3 / 4)):
        source = GanExamples(sets, PRIOR, 24, 5, shares=shares)
        found = np.mean([number(e.target) == 100 for e in drawn(source, 400)])
        assert found == pytest.approx(wanted, abs=0.08)


def test_clips_without_frames_are_never_drawn() -> None:
    source = examples(make_clip("empty", count=0), make_clip(count=2), make_clip("no", count=0))
    assert {number(e.target) for e in drawn(source, 50)} == {0, 1}


def test_the_condition_of_a_still_is_a_warp_of_it() -> None:
    clip = make_clip(pictures=[noise()])
    clip = replace(clip, boxes=np.array([[64.0, 64.0, 128.0]]))
    seen = []
    for example in drawn(examples(clip, size=128), 6):
        difference = np.abs(example.target.astype(int) - example.condition)
        assert 1 < difference.mean() < 80
        np.testing.assert_array_equal(example.target, noise())
        seen.append(example.condition.tobytes())
    assert len(set(seen)) == 6


@pytest.mark.parametrize("frames", [1, 2])
def test_only_stills_are_warped(frames: int) -> None:
    clip = make_clip(pictures=[noise()] * frames)
    clip = replace(clip, boxes=np.tile([64.0, 64.0, 128.0], (frames, 1)))
    source = GanExamples([data_set(clip)], PRIOR, 128, 5, warp_target=True)
    for example in drawn(source, 5):
        changed = [bool((picture != noise()).any()) for picture in example[:2]]
        assert changed == [frames == 1] * 2
        assert frames == 2 or (example.target != example.condition).any()


def test_each_picture_is_cut_by_the_square_of_its_own_frame() -> None:
    clip = make_clip(pictures=[noise()] * 2)
    clip = replace(clip, boxes=np.array([[32.0, 32.0, 64.0], [96.0, 96.0, 64.0]]))
    parts = [cut(clip, frame, 128) for frame in range(2)]
    assert np.abs(parts[0].astype(int) - parts[1]).mean() > 20
    found = {
        (e.target.tobytes(), e.condition.tobytes()) for e in drawn(examples(clip, size=128), 30)
    }
    one, other = (part.tobytes() for part in parts)
    assert found == {(one, one), (one, other), (other, other)}


@pytest.mark.parametrize("visible", [ABSENT, VISIBLE])
@pytest.mark.parametrize("count", [1, 4])
def test_labels_are_never_read(count: int, visible: int) -> None:
    clip = make_clip(count=count)
    blind = replace(
        clip,
        joints=np.full_like(clip.joints, np.nan),
        visible=np.full_like(clip.visible, visible),
    )
    for wanted, found in zip(drawn(examples(clip), 10), drawn(examples(blind), 10), strict=True):
        for a, b in zip(wanted, found, strict=True):
            np.testing.assert_array_equal(a, b)


def test_the_pose_is_one_of_the_priors() -> None:
    found = Counter(float(e.pose[0, 0]) for e in drawn(examples(make_clip()), 300))
    assert sorted(found) == [-1, -0.5, 0, 0.5, 1]
    assert min(found.values()) > 35


def test_the_pose_does_not_follow_from_the_pictures() -> None:
    source = examples(make_clip(count=2), window=0)
    pairs = {(number(e.target), float(e.pose[0, 0])) for e in drawn(source, 200)}
    assert len(pairs) == 2 * 5


def test_the_same_seed_draws_the_same_example() -> None:
    source = examples(*(make_clip(str(k), count=k + 1) for k in range(4)))
    source.draw(np.random.default_rng(9))
    for first, second in zip(drawn(source, 10), drawn(source, 10), strict=True):
        for a, b in zip(first, second, strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("box", [(4.0, 4.0, 0.0), (4.0, 4.0, -3.0), (4.0, np.nan, 8.0)])
def test_a_square_that_is_none_is_bad_data(box: tuple[float, float, float]) -> None:
    clip = replace(make_clip(count=2), boxes=np.tile(box, (2, 1)))
    with pytest.raises(BadDataError, match=r"picture [01]"):
        examples(clip).draw(np.random.default_rng(0))


def test_pictures_are_made_smaller_by_areas() -> None:
    striped = np.zeros((64, 64, 3), np.uint8)
    striped[::2] = 200
    assert np.unique(resized(striped, 32)).tolist() == [100]
    assert resized(striped, 64) is striped
    assert resized(striped, 100).shape == (100, 100, 3)


def test_a_data_set_may_be_of_any_joint_set() -> None:
    source = GanExamples([make_data_set("other", [2, 3])], PRIOR, 24, 5)
    assert source.draw(np.random.default_rng(0)).pose.shape == (13, 2)


def test_a_masked_clip_shows_the_person_on_black() -> None:
    clip = make_clip(pictures=[np.full((128, 128, 3), 200, np.uint8)])
    mask = np.zeros((1, 128, 128), np.uint8)
    mask[:, :, 64:] = 255
    # The mask covers the square enlarged by a quarter: its right half is the crop's.
    masked = replace(clip, boxes=np.array([[64.0, 64.0, 128.0]]), masks=mask)
    picture = cut(masked, 0, 64)
    assert (picture[:, :30] == 0).all() and (picture[:, 34:] == 200).all()
    assert (cut(replace(masked, masks=None), 0, 64) == 200).all()
