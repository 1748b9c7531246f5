"""Predictions beside the truth: whose joints are scored, and what happens to bad frames."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from model.core.crop import crop_matrix, heatmap_to_image, to_tensor, warp
from model.core.errors import UserError
from model.core.heatmaps import decode, gaussian_targets
from model.core.skeleton import BBC7, COCO17, PENN13, JointSet, joint_set
from model.data.records import BadDataError, Clip, DataSet, converted
from model.evaluation.accuracy import predict_data_set
from model.ttp.networks import PoseNetwork, PoseOutput
from model.ttp.prediction import crop_tensor
from tests.model.data.clips import Pictures, make_clip
from tests.networks import small_network

SIDE = 64.0
# Cells of the Penn joints: shoulders above hips, 10 cells or 20 pixels apart.
CELLS = np.array(
    [(16, 4), (18, 8), (14, 8), (20, 12), (12, 12), (21, 16), (11, 16),
     (18, 18), (14, 18), (18, 24), (14, 24), (18, 29), (14, 29)], np.float32
)  # fmt: skip


def sure(joints: JointSet = PENN13, batches: list[int] | None = None) -> PoseNetwork:
    """A network that finds every joint in its cell; ``batches`` hears the sizes of its batches."""
    network = small_network("baseline", joints.name)
    cells = torch.from_numpy(CELLS[[PENN13.index(name) for name in joints.names]])
    maps = gaussian_targets(cells[None], torch.ones(1, len(joints)), 32)[0]

    def pose(target: torch.Tensor) -> PoseOutput:
        if batches is not None:
            batches.append(len(target))
        return PoseOutput(maps.expand(len(target), -1, -1, -1), None, None)

    network.pose = pose  # type: ignore[method-assign]
    return network


class Torn(Pictures):
    """The second picture cannot be read."""

    def read(self, index: int) -> NDArray[np.uint8]:
        if index == 1:
            raise BadDataError("The picture 1 is damaged.")
        return super().read(index)


def right_clip(name: str = "a", count: int = 4, **changes: object) -> Clip:
    """Pictures whose joints are where ``sure`` puts them."""
    clip = make_clip(name, name, count=count)
    clip = replace(clip, boxes=np.tile([40.0, 50.0, SIDE], (count, 1)))
    joints = heatmap_to_image(CELLS, clip.box(0)).astype(np.float32)
    return replace(clip, joints=np.tile(joints, (count, 1, 1)), **changes)  # type: ignore[arg-type]


def data_of(*clips: Clip) -> DataSet:
    return DataSet("some people", PENN13, clips)


def test_predictions_stand_beside_their_truth() -> None:
    data = data_of(right_clip("a"), right_clip("b", count=60))
    wrong = data.clips[0].joints
    wrong[:2, 5, 0] += 4.01  # more than 0.2 of 20 pixels
    done: list[int] = []
    batches: list[int] = []
    found = predict_data_set(sure(batches=batches), data, progress=done.append)
    assert found.points.shape == found.truth.shape == (64, 13, 2)
    np.testing.assert_allclose(found.points[0, 7], data.clips[0].joints[0, 7], atol=1e-4)
    assert found.score().scored.tolist() == [64] * 13
    assert found.score().correct.tolist() == [64] * 5 + [62] + [64] * 7
    people = found.by_person()
    assert list(people) == ["a", "b"]
    assert people["a"].mean == pytest.approx(100 * 50 / 52) and people["b"].mean == 100
    assert found.score(0.25).mean == 100
    assert sum(done) == sum(batches) == 64
    assert found.skipped == ()


def test_every_second_frame_is_counted_through_all_clips() -> None:
    data = data_of(right_clip("a", 3), right_clip("b", 4))
    found = predict_data_set(sure(), data, every=2)
    assert found.persons.tolist() == ["a", "a", "b", "b"]


def test_a_network_of_fewer_joints_is_scored_on_these_by_the_datas_torso() -> None:
    found = predict_data_set(sure(BBC7), data_of(right_clip()))
    score = found.score()
    assert score.without_torso == 0
    assert score.scored.tolist() == [4] * 7 + [0] * 6
    assert score.mean == 100


def test_other_joints_without_a_place_are_not_scored() -> None:
    data = converted(data_of(right_clip()), COCO17)
    found = predict_data_set(sure(), data)
    assert found.joint_set == COCO17
    assert found.score().scored.tolist() == [0] * 5 + [4] * 12
    assert found.score().mean == 100


def test_bbc_pose_is_scored_in_pixels_as_its_owners_do() -> None:
    data = converted(data_of(right_clip()), BBC7)
    data.clips[0].joints[0, 1, 0] += 11.9
    data.clips[0].joints[1, 1, 0] += 12.1
    for joints in (PENN13, BBC7):
        found = predict_data_set(sure(joints), data)
        assert found.score().correct.tolist() == [4, 3, 4, 4, 4, 4, 4]
        assert found.score(threshold=1e-9).mean == found.score().mean


def test_people_whose_hips_have_no_place_are_left_out_of_pck() -> None:
    data = converted(converted(data_of(right_clip()), BBC7), PENN13)
    score = predict_data_set(sure(), data).score()
    assert score.without_torso == 4 and score.scored.sum() == 0


def test_nothing_in_common_is_refused_before_anything_is_read() -> None:
    data = replace(data_of(make_clip(joints=4)), joint_set=joint_set("joints-4"))
    batches: list[int] = []
    with pytest.raises(UserError, match="No joint of some people"):
        predict_data_set(sure(batches=batches), data)
    assert batches == []


def test_bad_frames_end_it_or_are_left_out_by_name() -> None:
    torn = right_clip("a", frames=Torn([np.zeros((8, 8, 3), np.uint8)] * 4))
    boxless, jointless = right_clip("b"), right_clip("c")
    boxless.boxes[2] = np.nan
    jointless.joints[3, 5] = np.nan
    absent = right_clip("d")
    absent.joints[0, 5] = np.nan
    absent.visible[0, 5] = 0
    data = data_of(torn, boxless, jointless, absent)
    for clip in data.clips[:3]:
        with pytest.raises(BadDataError):
            predict_data_set(sure(), data_of(clip))

    found = predict_data_set(sure(), data, skip_bad=True)
    assert found.persons.tolist() == ["a"] * 3 + ["b"] * 3 + ["c"] * 3 + ["d"] * 4
    assert found.score().mean == 100
    assert [sentence.split()[2] for sentence in found.skipped] == ["1", "of", "of"]
    assert "clip b" in found.skipped[1] and "picture 2" in found.skipped[1]
    assert "clip c" in found.skipped[2] and "picture 3" in found.skipped[2]


def test_nothing_but_bad_frames_is_refused() -> None:
    clip = right_clip()
    clip.boxes[:] = np.nan
    with pytest.raises(UserError, match=r"No frame of some people can be used\. .*picture 0"):
        predict_data_set(sure(), data_of(clip), skip_bad=True)


def test_a_flip_test_takes_the_mean_with_the_mirror_image() -> None:
    network, clip = small_network("baseline"), right_clip(count=1)
    plain = predict_data_set(network, data_of(clip))
    both = predict_data_set(network, data_of(clip), flip_test=True)

    box = clip.box(0)
    straight = crop_tensor(clip.frames.read(0), box, network.spec)
    flipped = to_tensor([warp(clip.frames.read(0), crop_matrix(box, flip=True))])
    with torch.no_grad():
        maps, other = network.pose(straight).heatmaps, network.pose(flipped).heatmaps
    back = other.flip(-1).roll(1, -1)[:, PENN13.flip_order.tolist()]
    cells = decode((maps + back) / 2)[0][0].numpy()
    assert not np.allclose(both.points, plain.points)
    np.testing.assert_allclose(both.points[0], heatmap_to_image(cells, box), atol=SIDE / 32)
