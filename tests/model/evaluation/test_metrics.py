from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from model.core.errors import UserError
from model.core.skeleton import BBC7, COCO17, H36M16, JHMDB15, PENN13, JointSet, joint_set
from model.evaluation.metrics import Torso, bbc_accuracy, limb_columns, pck, torso_of

_NOWHERE = np.array([np.nan, np.nan])


def _person(seed: int = 0, frames: int = 1, joints: int = 13) -> NDArray[np.float64]:
    return np.random.default_rng(seed).uniform(0, 300, (frames, joints, 2))


def test_torso_of_penn_action_by_hand() -> None:
    joints = np.zeros((1, 13, 2))
    joints[0, [1, 2]] = [0, 0], [20, 0]  # shoulders: middle (10, 0)
    joints[0, [7, 8]] = [30, 40], [50, 40]  # hips: middle (40, 40)
    assert torso_of(PENN13).lengths(joints).tolist() == [50]


def test_torso_of_human36m_goes_from_the_neck_not_from_the_shoulders() -> None:
    joints = np.zeros((1, 16, 2))
    joints[0, 8] = 0, -60
    joints[0, [2, 3]] = [-10, 0], [10, 0]
    joints[0, [12, 13]] = 500
    assert torso_of(H36M16).lengths(joints).tolist() == [60]


def test_other_sets_have_the_torso_of_their_names() -> None:
    assert torso_of(COCO17) == Torso(upper=(5, 6), lower=(11, 12))
    assert torso_of(JHMDB15) == Torso(upper=(3, 4), lower=(5, 6))


@pytest.mark.parametrize("which", [BBC7, joint_set("joints-5")])
def test_a_set_without_hips_is_refused(which: JointSet) -> None:
    with pytest.raises(UserError, match="does not have them all"):
        torso_of(which)


def test_pck_by_hand() -> None:
    truth = np.zeros((2, 3, 2))
    predicted = np.zeros((2, 3, 2))
    torso = np.array([10, 100])  # allowed: 2 and 20 pixels
    predicted[0] = [2, 0], [2.001, 0], [0, 0]
    predicted[1] = [12, 16], [0, 20.01], [0, 0]
    visible = np.array([[1, 2, 0], [1, 2, 1]])
    result = pck(predicted, truth, visible, torso)
    assert result.correct.tolist() == [2, 0, 1]
    assert result.scored.tolist() == [2, 2, 1]
    assert result.per_joint.tolist() == [100, 0, 100]
    # Pooled over keypoints: 3 of 5, and not the mean of the joints, which is two thirds.
    assert result.mean == 60
    assert result.without_torso == 0


@given(parts=st.sampled_from([2, 5, 10]), limit=st.integers(1, 400))
def test_the_limit_itself_is_right(parts: int, limit: int) -> None:
    predicted = np.array([[[limit, 0], [0, -limit], [limit * (1 + 1e-9), 0]]])
    torso = np.array([parts * limit])
    result = pck(predicted, np.zeros((1, 3, 2)), np.ones((1, 3)), torso, 1 / parts)
    assert result.correct.tolist() == [1, 1, 0]


def test_the_mean_weighs_joints_by_how_often_they_are_visible() -> None:
    truth = _person(frames=40)
    visible = np.random.default_rng(1).integers(0, 3, (40, 13))
    predicted = truth + np.random.default_rng(2).normal(0, 20, truth.shape)
    result = pck(predicted, truth, visible, torso_of(PENN13).lengths(truth))
    counts = (visible > 0).sum(axis=0)
    assert 5 < result.mean < 95
    assert result.mean == pytest.approx((result.per_joint * counts).sum() / counts.sum())


def test_invisible_joints_are_not_scored_but_measure_the_torso() -> None:
    truth = np.zeros((1, 13, 2))
    truth[0, [7, 8]] = 0, 100
    visible = np.ones((1, 13))
    visible[0, [1, 2, 7, 8]] = 0
    predicted = truth + np.array([19, 0])
    predicted[0, 7] = 1e6
    result = pck(predicted, truth, visible, torso_of(PENN13).lengths(truth))
    assert result.mean == 100
    assert result.scored.sum() == 9
    assert np.isnan(result.per_joint[[1, 2, 7, 8]]).all()


def test_a_prediction_that_is_no_number_is_wrong() -> None:
    truth = np.zeros((1, 3, 2))
    predicted = np.array([[_NOWHERE, [np.inf, 0], [0, 0]]])
    result = pck(predicted, truth, np.ones((1, 3)), np.array([10.0]))
    assert result.correct.tolist() == [0, 0, 1]
    assert result.scored.tolist() == [1, 1, 1]


def test_frames_without_a_torso_are_left_out_and_counted() -> None:
    truth = _person(frames=4)
    torso = np.array([0.0, 5e-7, np.nan, 1.0])
    result = pck(truth + 50, truth, np.ones((4, 13)), torso)
    assert result.without_torso == 3
    assert result.scored.tolist() == [1] * 13
    assert result.mean == 0


def test_nothing_to_score_is_not_a_number() -> None:
    for frames, visible in ((0, 1), (3, 0)):
        truth = _person(frames=frames)
        result = pck(truth, truth, np.full((frames, 13), visible), np.ones(frames))
        assert np.isnan(result.mean)
        assert np.isnan(result.per_joint).all()
        assert result.per_joint.shape == (13,)


@given(
    seed=st.integers(0, 1000),
    zoom=st.floats(0.1, 10),
    shift=st.tuples(st.floats(-500, 500), st.floats(-500, 500)),
)
def test_pck_does_not_depend_on_size_and_place(
    seed: int, zoom: float, shift: tuple[float, float]
) -> None:
    truth = _person(seed, frames=5)
    predicted = truth + np.random.default_rng(seed + 1).normal(0, 20, truth.shape)
    seen = np.ones((5, 13))
    before = pck(predicted, truth, seen, torso_of(PENN13).lengths(truth))
    moved, moved_truth = predicted * zoom + shift, truth * zoom + shift
    after = pck(moved, moved_truth, seen, torso_of(PENN13).lengths(moved_truth))
    assert after.correct.tolist() == before.correct.tolist()


@pytest.mark.parametrize(
    ("predicted", "visible", "torso"),
    [((2, 12, 2), (2, 13), (2,)), ((13, 2), (2, 13), (2,)), ((2, 13, 2), (13,), (2,)),
     ((2, 13, 2), (2, 13), (1,))],
)  # fmt: skip
def test_shapes_that_do_not_belong_together_are_refused(
    predicted: tuple[int, ...], visible: tuple[int, ...], torso: tuple[int, ...]
) -> None:
    with pytest.raises(ValueError, match="joints"):
        pck(np.zeros(predicted), np.zeros((2, 13, 2)), np.ones(visible), np.ones(torso))


def test_bbc_allows_twelve_pixels_of_the_stored_frame() -> None:
    truth = np.full((2, 7, 2), 200.0)
    predicted = truth.copy()
    predicted[0, 0] += 12, 0
    predicted[0, 1] += 12.01, 0
    predicted[:, 2] = _NOWHERE
    predicted[1, 3] += 7.2, 9.6  # 12 along the diagonal
    predicted[1, 4] += 9, 9
    halved = np.linalg.norm((0.5 * (predicted - 1) + 1) - (0.5 * (truth - 1) + 1), axis=-1)
    result = bbc_accuracy(predicted, truth, np.ones((2, 7)))
    assert result.per_joint.tolist() == [100, 50, 0, 100, 50, 100, 100]
    assert result.per_joint.tolist() == (100 * (halved <= 6).mean(axis=0)).tolist()
    assert result.mean == pytest.approx(100 * 5 / 7)
    assert list(result.row(BBC7)) == ["Head", "Sho", "Elb", "Wri", "mAcc"]


def test_bbc_without_frames_is_not_a_number() -> None:
    nothing = np.zeros((0, 7, 2))
    assert np.isnan(bbc_accuracy(nothing, nothing, np.zeros((0, 7))).mean)


def test_a_row_of_the_table_averages_left_and_right_plainly() -> None:
    truth = np.zeros((4, 13, 2))
    predicted = truth.copy()
    predicted[1:, 5] = 99  # the left wrist is right once in four, the right one once in one
    visible = np.ones((4, 13))
    visible[1:, 6] = 0
    predicted[0, 0] = 99
    row = pck(predicted, truth, visible, np.full(4, 100.0)).row(PENN13)
    assert list(row) == ["Head", "Sho", "Elb", "Wri", "Hip", "Knee", "Ank", "mPCK"]
    assert (row["Head"], row["Wri"], row["Ank"]) == (75, 62.5, 100)
    assert row["mPCK"] == pytest.approx(100 * (49 - 4) / 49)


def test_columns_exist_for_the_joints_that_do() -> None:
    assert limb_columns(np.arange(7.0), BBC7) == {"Head": 0, "Sho": 5.5, "Elb": 3.5, "Wri": 1.5}
    human36m = limb_columns(np.arange(16.0), H36M16)
    assert (human36m["Head"], human36m["Ank"], human36m["Hip"]) == (9, 2.5, 2.5)
    assert limb_columns(np.arange(15.0), JHMDB15)["Head"] == 2
    assert "Head" not in limb_columns(np.arange(17.0), COCO17)
