"""Poses to draw from, in the frame of the network's crops."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from model.core.errors import UserError
from model.core.skeleton import CAT7
from model.data.records import ABSENT, OCCLUDED, VISIBLE, BadDataError, Clip, DataSet
from model.keypointgan.data import PosePrior, halves
from tests.model.data.clips import make_clip, make_data_set


class Unreadable:
    """Frames that cannot be read."""

    def __init__(self, count: int) -> None:
        self._count = count

    def __len__(self) -> int:
        return self._count

    def read(self, index: int) -> NDArray[np.uint8]:
        raise BadDataError(f"frame {index} was read")

    def describe(self, index: int) -> str:
        return f"frame {index}"


def labelled(joints: NDArray[np.floating], visible: NDArray[np.uint8] | None = None) -> Clip:
    """A clip with the labels (N, 7, 2); its boxes are the square of 128 pixels from (0, 0)."""
    count = len(joints)
    return Clip(
        name="cats",
        person="a cat",
        frames=Unreadable(count),
        boxes=np.tile([64.0, 64.0, 128.0], (count, 1)),
        joints=np.asarray(joints, np.float32),
        visible=np.full((count, 7), VISIBLE, np.uint8) if visible is None else visible,
    )


def prior_of(*clips: Clip, **options: bool) -> PosePrior:
    return PosePrior.of(DataSet("cats", CAT7, clips), **options)


def some_pose(seed: int = 0) -> NDArray[np.float64]:
    return np.random.default_rng(seed).uniform(5, 120, (7, 2))


def test_points_are_twice_the_crops_pixels_over_128_less_one() -> None:
    pose = some_pose()
    pose[:3] = (0, 64), (128, 0), (64, 32)
    prior = prior_of(labelled(pose[None]))
    assert prior.points.dtype == np.float32 and prior.points.shape == (1, 7, 2)
    corners = np.array([[-1, 0], [1, -1], [0, -0.5]])
    np.testing.assert_allclose(prior.points[0, :3], corners, atol=1e-6)
    np.testing.assert_allclose(prior.points[0], pose / 64 - 1, atol=1e-5)
    assert prior.name == "cats" and len(prior) == 1


def test_each_pose_is_seen_in_the_square_of_its_own_frame() -> None:
    pose = some_pose()
    clip = labelled(np.stack([pose, pose * 3 + 7]))
    clip = replace(clip, boxes=np.array([[64, 64, 128.0], [64 * 3 + 7, 64 * 3 + 7, 3 * 128.0]]))
    first, second = prior_of(clip).points
    np.testing.assert_allclose(first, second, atol=1e-5)


@pytest.mark.parametrize("place", [(-1, 50), (50, 129), (np.nan, np.nan)])
def test_poses_that_are_not_whole_inside_are_left_out(place: tuple[float, float]) -> None:
    joints = np.stack([some_pose(n) for n in range(3)])
    joints[1, 4] = place
    prior = prior_of(labelled(joints), whole=True)
    np.testing.assert_allclose(prior.points, joints[[0, 2]] / 64 - 1, atol=1e-5)


def test_poses_with_a_point_that_is_not_marked_are_left_out() -> None:
    joints = np.stack([some_pose(n) for n in range(3)])
    visible = np.full((3, 7), VISIBLE, np.uint8)
    visible[0, 2], visible[2, 5] = ABSENT, OCCLUDED
    prior = prior_of(labelled(joints, visible))
    np.testing.assert_allclose(prior.points, joints[1:] / 64 - 1, atol=1e-5)


def test_poses_of_several_clips_are_put_together() -> None:
    joints = np.stack([some_pose(n) for n in range(5)])
    prior = prior_of(labelled(joints[:2]), labelled(joints[2:]))
    np.testing.assert_allclose(prior.points, joints / 64 - 1, atol=1e-5)


def test_without_a_whole_pose_there_is_no_prior() -> None:
    joints = some_pose()[None]
    joints[0, 0] = -50
    with pytest.raises(UserError, match=r"The prior cats has poses of shape \(0, 7, 2\); at least"):
        prior_of(labelled(joints), whole=True)


def test_poses_that_reach_beyond_the_picture_belong_to_the_published_prior() -> None:
    joints = np.stack([some_pose(n) for n in range(3)])
    joints[1, 4] = (-1, 50)
    np.testing.assert_allclose(prior_of(labelled(joints)).points, joints / 64 - 1, atol=1e-5)


@pytest.mark.parametrize(("by_clip", "share"), [(True, 1 / 2), (False, 1 / 10)])
def test_a_clip_is_drawn_and_then_its_pose(by_clip: bool, share: float) -> None:
    """As published, a clip of one pose is seen as often as one of nine."""
    poses = np.stack([some_pose(n) for n in range(10)])
    prior = prior_of(labelled(poses[:1]), labelled(poses[1:]), by_clip=by_clip)
    rng = np.random.default_rng(0)
    drawn = [np.array_equal(prior.draw(rng), prior.points[0]) for _ in range(2000)]
    assert np.mean(drawn) == pytest.approx(share, abs=0.04)
    few = prior.subset(2000, seed=1).points
    assert (few == prior.points[0]).all((1, 2)).mean() == pytest.approx(share, abs=0.04)


@pytest.mark.parametrize("shape", [(4, 7), (4, 7, 3), (0, 7, 2)])
def test_poses_of_another_form_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(UserError, match="at least one whole pose of K points"):
        PosePrior(np.zeros(shape, np.float32))


def many(count: int) -> PosePrior:
    """Poses of which number n is n everywhere."""
    values = np.arange(count, dtype=np.float32).reshape(-1, 1, 1)
    return PosePrior(np.broadcast_to(values, (count, 7, 2)), "numbers")


def test_poses_are_drawn_evenly() -> None:
    prior, rng = many(5), np.random.default_rng(0)
    drawn = [int(prior.draw(rng)[3, 1]) for _ in range(1000)]
    assert np.bincount(drawn).min() > 140


def test_a_subset_is_drawn_with_replacement_and_follows_from_its_seed() -> None:
    prior = many(100)
    subset = prior.subset(60, seed=4)
    assert len(subset) == 60 and subset.points.shape == (60, 7, 2)
    numbers = subset.points[:, 0, 0]
    assert 30 < len(set(numbers)) < 60
    np.testing.assert_array_equal(subset.points, prior.subset(60, seed=4).points)
    assert (prior.subset(60, seed=5).points != subset.points).any()
    assert subset.name == "60 of numbers"
    rng = np.random.default_rng(0)
    assert {subset.draw(rng)[0, 0] for _ in range(500)} == set(numbers)


@pytest.mark.parametrize("size", [0, -1])
def test_a_subset_of_nothing_is_refused(size: int) -> None:
    with pytest.raises(UserError):
        many(3).subset(size)


def test_the_mean_pose() -> None:
    np.testing.assert_allclose(many(5).mean, np.full((7, 2), 2.0))


def test_pictures_come_from_the_first_half_of_a_clip_and_poses_from_the_second() -> None:
    data_set = make_data_set("set", [4, 5])
    first, second = halves(data_set)
    assert [len(clip) for clip in first] == [2, 2]
    assert [len(clip) for clip in second] == [2, 3]
    for clip, a, b in zip(data_set, first, second, strict=True):
        np.testing.assert_array_equal(np.concatenate([a.joints, b.joints]), clip.joints)


def test_stills_are_pictures_and_poses_by_turns() -> None:
    clips = tuple(make_clip(str(n), str(n), count=1) for n in range(5))
    first, second = halves(replace(make_data_set("set", [1]), clips=clips))
    assert [clip.name for clip in first] == ["1", "3"]
    assert [clip.name for clip in second] == ["0", "2", "4"]
