from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from numpy.typing import NDArray

from model.core.errors import UserError
from model.core.skeleton import (
    BBC7,
    COCO17,
    H36M16,
    H36M32,
    JHMDB15,
    LSP14,
    PENN13,
    JointSet,
    joint_set,
)
from model.data.records import Clip, DataSet, convert_joints, converted, correspondence

_SETS = (PENN13, H36M16, BBC7, COCO17, JHMDB15, LSP14)
_PAIRS = list(product(_SETS, _SETS))


class _Pictures:
    def __len__(self) -> int:
        return 2

    def read(self, index: int) -> NDArray[np.uint8]:
        return np.full((4, 4, 3), index, np.uint8)

    def describe(self, index: int) -> str:
        return f"picture {index}"


def _data_set(joints: JointSet) -> DataSet:
    rng = np.random.default_rng(0)
    clip = Clip(
        name="a",
        person="b",
        frames=_Pictures(),
        boxes=rng.uniform(0, 99, (2, 3)),
        joints=rng.uniform(0, 99, (2, len(joints), 2)).astype(np.float32),
        visible=rng.integers(0, 3, (2, len(joints)), np.uint8),
    )
    return DataSet("some data", joints, (clip,))


@pytest.mark.parametrize(("source", "target"), _PAIRS, ids=lambda s: s.name)
def test_each_joint_comes_from_its_own_or_is_absent(source: JointSet, target: JointSet) -> None:
    index = correspondence(source, target)
    assert index.shape == (len(target),) and index.dtype == np.intp
    found = index[index >= 0]
    assert len(set(found)) == len(found)
    for joint, origin in enumerate(index):
        if origin < 0:
            assert target.names[joint] not in source.names
        else:
            assert {source.names[origin], target.names[joint]} in (
                {source.names[origin]},
                {"face", "head"},
            )
    back = correspondence(target, source)
    np.testing.assert_array_equal(back[found], np.flatnonzero(index >= 0))


@pytest.mark.parametrize(
    ("source", "target", "missing"),
    [
        (JHMDB15, PENN13, set()),
        (PENN13, JHMDB15, {"neck", "belly"}),
        (PENN13, BBC7, set()),
        (LSP14, H36M16, {"pelvis", "thorax"}),
        (H36M16, LSP14, set()),
        (H36M16, PENN13, {"head"}),
        (COCO17, PENN13, {"head"}),
        (LSP14, PENN13, {"head"}),
        (H36M32, H36M16, {"thorax"}),  # half-way between the shoulders, which nobody marks
    ],
    ids=lambda s: getattr(s, "name", ""),
)
def test_what_has_no_counterpart(source: JointSet, target: JointSet, missing: set[str]) -> None:
    index = correspondence(source, target)
    assert {name for name, i in zip(target.names, index, strict=True) if i < 0} == missing


@pytest.mark.parametrize(("source", "target"), _PAIRS, ids=lambda s: s.name)
def test_mirroring_and_converting_commute(source: JointSet, target: JointSet) -> None:
    """Left stays left: swapping sides before or after gives the same."""
    clip = _data_set(source).clips[0]
    first = convert_joints(
        clip.joints[:, source.flip_order], clip.visible[:, source.flip_order], source, target
    )
    joints, visible = convert_joints(clip.joints, clip.visible, source, target)
    np.testing.assert_array_equal(first[0], joints[:, target.flip_order])
    np.testing.assert_array_equal(first[1], visible[:, target.flip_order])


def test_values_move_and_absent_joints_have_no_place() -> None:
    data_set = _data_set(LSP14)
    clip = data_set.clips[0]
    (moved,) = converted(data_set, PENN13)
    assert moved.joints.dtype == np.float32 and moved.visible.dtype == np.uint8
    assert (moved.visible[:, 0] == 0).all() and np.isnan(moved.joints[:, 0]).all()
    for name in PENN13.names[1:]:
        there, here = PENN13.index(name), LSP14.index(name)
        np.testing.assert_array_equal(moved.joints[:, there], clip.joints[:, here])
        np.testing.assert_array_equal(moved.visible[:, there], clip.visible[:, here])
    np.testing.assert_array_equal(moved.boxes, clip.boxes)
    assert (moved.name, moved.person, moved.frames) == (clip.name, clip.person, clip.frames)


def test_a_converted_data_set_keeps_its_name_and_its_own_joints() -> None:
    data_set = _data_set(PENN13)
    assert converted(data_set, PENN13) is data_set
    moved = converted(data_set, BBC7)
    assert (moved.name, moved.joint_set) == ("some data", BBC7)


def test_nothing_in_common_is_refused() -> None:
    with pytest.raises(UserError, match=r"some data \(penn13\).*joints-4"):
        converted(_data_set(PENN13), joint_set("joints-4"))
