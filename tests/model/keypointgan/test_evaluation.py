"""Errors of points: their units, what counts, and which pictures are looked at."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from model.core.errors import UserError
from model.core.skeleton import FACES68, H36M32, PENN13, JointSet, joint_set
from model.data.records import ABSENT, BadDataError, Clip, DataSet
from model.keypointgan.data import cut
from model.keypointgan.evaluation import Found, find_points, score
from model.keypointgan.networks import KeypointGan, to_unit
from tests.model.data.clips import Pictures, make_clip
from tests.model.keypointgan.tiny import tiny_network

SIDES = (200.0, 64.0, 128.0, 100.0)


def found(
    joints: JointSet = PENN13, count: int = 2, groups: tuple[str, ...] | None = None
) -> Found:
    """Pictures whose points are all right."""
    rng = np.random.default_rng(0)
    truth = rng.uniform(-0.9, 0.9, (count, len(joints), 2))
    return Found(
        joints,
        truth.copy(),
        truth,
        np.ones(truth.shape[:2], bool),
        np.array(SIDES[:count]),
        np.array(groups or ["all"] * count),
        np.zeros(count, bool),
    )


def moved(right: Found, *distances: float) -> Found:
    """All points of each picture ``distance`` to the right of where they are."""
    steps = np.array(distances)[:, None, None] * [1.0, 0.0]
    return dataclasses.replace(right, points=right.truth + steps)


def test_errors_in_percent_of_the_crop_and_in_pixels() -> None:
    # Crops are 2 wide: 0.1 is 5 % of one, and 10 pixels where it is 200 wide.
    wrong = moved(found(), 0.1, 0.2)
    assert score(wrong).mean == pytest.approx((5 + 10) / 2)
    assert score(wrong, "pixels").mean == pytest.approx((0.1 / 2 * 200 + 0.2 / 2 * 64) / 2)
    assert score(found()).mean == 0


def test_errors_in_percent_of_the_distance_between_the_outer_corners_of_the_eyes() -> None:
    right = found(FACES68)
    right.truth[:, 36] = [-0.4, 0.0]
    right.truth[:, 45] = [[0.4, 0.0], [-0.4, 0.4]]
    wrong = moved(right, 0.04, 0.04)
    assert score(wrong, "inter-ocular").mean == pytest.approx((5 + 10) / 2)
    with pytest.raises(UserError, match="penn13 have no eyes"):
        score(found(), "inter-ocular")


def test_errors_in_percent_of_the_distance_between_the_pupils() -> None:
    """A pupil is the middle of its eye's six points, and the published unit of 300-W."""
    right = found(FACES68)
    for first, middle in ((36, -0.2), (42, 0.2)):
        right.truth[:, first : first + 6] = [middle, 0.0]
        right.truth[:, first, 0] -= 0.1
        right.truth[:, first + 3, 0] += 0.1
    wrong = moved(right, 0.04, 0.08)
    assert score(wrong, "inter-pupil").mean == pytest.approx((10 + 20) / 2)
    # The outer corners are 0.6 apart.
    assert score(wrong, "inter-ocular").mean == pytest.approx(100 * (0.04 + 0.08) / 2 / 0.6)
    with pytest.raises(UserError, match="penn13 have no eyes"):
        score(found(), "inter-pupil")


def test_only_marked_points_count_and_only_pictures_with_some() -> None:
    wrong = moved(found(count=3), 0.1, 0.2, 0.3)
    wrong.points[0, 4:] += 100
    wrong.truth[1, :11] = np.nan
    wrong.marked[0, 4:] = wrong.marked[1, :11] = wrong.marked[2] = False
    measured = score(wrong)
    assert measured.pictures == 2
    assert measured.mean == pytest.approx((5 + 10) / 2)
    wrong.marked[:] = False
    with pytest.raises(UserError, match="None of the pictures has a marked point"):
        score(wrong)


def test_a_pictures_error_is_the_mean_of_its_points_whatever_their_number() -> None:
    wrong = found()
    wrong.points[0, 0, 1] += 0.26  # one of 13 points
    wrong.points[1, :2, 1] += 0.3  # two of four
    wrong.marked[1, 4:] = False
    assert score(wrong).mean == pytest.approx(100 / 2 * (0.26 / 13 + 0.15) / 2)


def test_used_points_alone_count() -> None:
    wrong = found()
    wrong.points[:, 3, 0] += 0.1
    assert score(wrong, used=[3]).mean == pytest.approx(5)
    assert score(wrong, used=[3, 4]).mean == pytest.approx(2.5)
    assert score(wrong, used=[5, 6]).mean == 0


def test_groups_count_alike_whatever_their_size() -> None:
    measured = score(moved(found(count=4, groups=("a", "a", "b", "a")), 0.02, 0.04, 0.2, 0.06))
    assert measured.groups == pytest.approx({"a": 2, "b": 10})
    assert measured.macro == pytest.approx(6)
    assert measured.mean == pytest.approx((1 + 2 + 10 + 3) / 4)
    assert measured.pictures == 4


def test_a_mirrored_picture_is_right_on_either_side_but_not_the_right_way_round() -> None:
    order = PENN13.flip_order
    wrong = found(count=4, groups=("a", "b", "b", "b"))
    wrong.points[0] = wrong.truth[0, order]
    measured = score(wrong)
    assert measured.macro > 1
    assert measured.either == 0
    # Of each group, and then over the groups, as the release averages over activities.
    assert measured.right_way == 0.5
    off = moved(wrong, 0, 0.02, 0.02, 0.02)
    off.points[0] = off.truth[0, order] + [0, 0.2]
    assert score(off).either == pytest.approx((10 + 1) / 2), "groups count alike here too"


def test_the_other_side_is_measured_where_that_side_is_marked() -> None:
    wrong = found(count=1)
    wrong.points[0] = wrong.truth[0, PENN13.flip_order]
    wrong.marked[0, 2:] = False  # the head and the left shoulder, which was found on the right
    wrong.truth[0, 2:] = np.nan
    assert score(wrong).either == 0
    assert score(wrong).right_way == 0


def test_points_without_sides_have_no_other_side() -> None:
    measured = score(moved(found(joint_set("joints-3")), 0.1, 0.1))
    assert measured.mean == pytest.approx(5)
    assert math.isnan(measured.either) and math.isnan(measured.right_way)


def test_other_points_in_the_same_pictures() -> None:
    first = dataclasses.replace(found(), swapped=np.ones(2, bool))
    pose = np.full((13, 2), 0.5)
    one = first.with_points(pose)
    np.testing.assert_array_equal(one.points, np.stack([pose, pose]))
    assert not one.swapped.any() and first.swapped.all()
    assert one.truth is first.truth and len(one) == 2
    np.testing.assert_array_equal(first.points, first.truth)
    assert score(one.with_points(first.truth)).mean == 0


# Looking at pictures


def picture(seed: int) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (32, 32, 3), np.uint8)


def people(lengths: tuple[int, ...] = (5, 1, 2)) -> DataSet:
    clips = []
    for number, length in enumerate(lengths):
        pictures = [picture(10 * number + frame) for frame in range(length)]
        clip = make_clip(f"clip {number}", str(number), pictures=pictures)
        # Squares of 16 pixels with their corner at 0: joint j of frame n is at (8j, 8n) in crops.
        clips.append(dataclasses.replace(clip, boxes=np.tile([8.0, 8.0, 16.0], (length, 1))))
    return DataSet("people", PENN13, tuple(clips))


@pytest.fixture(scope="module")
def network() -> KeypointGan:
    return tiny_network().eval()


def test_the_points_of_all_pictures_beside_their_labels(network: KeypointGan) -> None:
    chosen = people()
    seen: list[int] = []
    result = find_points(
        network, chosen, batch=3, correct=False, progress=seen.append,
        group=lambda clip: f"group of {clip.name}",
    )  # fmt: skip
    assert len(result) == 8 and sum(seen) == 8 and result.skipped == ()
    with torch.no_grad():
        images = [cut(clip, frame, 32) for clip in chosen for frame in range(len(clip))]
        alone = network.translate(
            to_unit(torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2))
        ).points
    np.testing.assert_allclose(result.points, alone, atol=1e-5)
    assert np.abs(result.points[0] - result.points[5]).max() > 1e-3
    np.testing.assert_allclose(result.truth[4, :, 1], 2 * 8 * 4 / 128 - 1)
    np.testing.assert_allclose(result.truth[4, :, 0], 2 * 8 * np.arange(13) / 128 - 1)
    assert result.sides.tolist() == [16.0] * 8
    assert result.groups.tolist() == [f"group of clip {n}" for n in (0, 0, 0, 0, 0, 1, 2, 2)]
    assert result.marked.all() and not result.swapped.any()
    assert result.joint_set == PENN13


def test_every_other_frame(network: KeypointGan) -> None:
    result = find_points(network, people((5, 2)), every=2)
    rows = ((result.truth[:, 0, 1] + 1) * 64 / 8).round().astype(int)
    assert rows.tolist() == [0, 2, 4, 1]  # counted through the clips


def test_every_other_still(network: KeypointGan) -> None:
    assert len(find_points(network, people((1, 1, 1, 1)), every=2)) == 2


def test_labels_are_carried_along_and_change_nothing(network: KeypointGan) -> None:
    plain, blind = people(), people()
    for clip in blind:
        clip.joints[:] = np.nan
        clip.visible[:] = ABSENT
    found_plain, found_blind = find_points(network, plain), find_points(network, blind)
    np.testing.assert_array_equal(found_plain.points, found_blind.points)
    assert found_plain.marked.all() and not found_blind.marked.any()


def test_left_and_right_are_the_offline_regressors(network: KeypointGan) -> None:
    plain = find_points(network, people(), correct=False)
    corrected = find_points(network, people())
    order = PENN13.flip_order
    for row, swapped in enumerate(corrected.swapped):
        expected = plain.points[row, order] if swapped else plain.points[row]
        np.testing.assert_allclose(corrected.points[row], expected, atol=1e-6)


def test_a_network_of_half_precision_finds_about_the_same(network: KeypointGan) -> None:
    whole = find_points(network, people(), correct=False)
    half = find_points(network, people(), correct=False, autocast=True)
    assert half.points.dtype == np.float64
    np.testing.assert_allclose(half.points, whole.points, atol=0.1)


class Damaged(Pictures):
    def read(self, index: int) -> NDArray[np.uint8]:
        if index in (1, 3):
            raise BadDataError(f"Frame {index} is damaged.")
        return super().read(index)


def spoilt(clip: Clip) -> Clip:
    pictures = [clip.frames.read(frame) for frame in range(len(clip))]
    return dataclasses.replace(clip, frames=Damaged(pictures))


@pytest.mark.parametrize("batch", [1, 2, 64])
def test_frames_that_cannot_be_read_are_named_and_left_out(
    batch: int, network: KeypointGan
) -> None:
    whole = people((5, 2))
    part = dataclasses.replace(whole, clips=(spoilt(whole.clips[0]), whole.clips[1]))
    seen: list[int] = []
    result = find_points(network, part, batch=batch, progress=seen.append)
    assert result.skipped == ("Frame 1 is damaged.", "Frame 3 is damaged.")
    kept = [0, 2, 4, 5, 6]
    every = find_points(network, whole)
    np.testing.assert_allclose(result.points, every.points[kept], atol=1e-5)
    np.testing.assert_array_equal(result.truth, every.truth[kept])
    assert sum(seen) == 7


def test_nothing_that_can_be_read_is_a_sentence(network: KeypointGan) -> None:
    clip = spoilt(people((2,)).clips[0]).part(np.array([1]))
    with pytest.raises(UserError, match=r"No picture of people can be read: Frame 1 is damaged\."):
        find_points(network, DataSet("people", PENN13, (clip,)))


def test_a_frame_without_a_square_is_named_and_left_out(network: KeypointGan) -> None:
    bad = people((3,))
    bad.clips[0].boxes[1, 2] = 0
    result = find_points(network, bad)
    assert len(result) == 2
    assert len(result.skipped) == 1 and "clip 0" in result.skipped[0]


def test_a_frame_with_a_marked_point_nowhere_is_named_and_left_out(network: KeypointGan) -> None:
    bad = people((3,))
    bad.clips[0].joints[1, 4] = np.nan
    result = find_points(network, bad)
    assert len(result) == 2
    assert len(result.skipped) == 1 and "clip 0" in result.skipped[0]


def test_labels_of_other_points_are_refused_in_a_sentence(network: KeypointGan) -> None:
    other = DataSet("others", H36M32, (make_clip(joints=32),))
    with pytest.raises(UserError, match=r"finds penn13, others is labelled with h36m32\."):
        find_points(network, other)
