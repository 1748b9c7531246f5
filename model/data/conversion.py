"""Joint-set conversions, for mixing data sets and for testing on another one (paper, Table 6).

Joints correspond by name. A joint without a counterpart is absent: it is neither trained nor
scored, and never made up from others (the pelvis is not put between the hips, as each data set
marks its own).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from model.core.errors import UserError
from model.core.skeleton import JointSet
from model.data.records import ABSENT, DataSet

# J-HMDB's face is the middle of its puppet's head, which Penn Action and BBC Pose call the head.
_SAME_AS = {"face": "head"}


def correspondence(source: JointSet, target: JointSet) -> NDArray[np.intp]:
    """For each joint of ``target`` its index in ``source``, -1 where there is none. Shape (K,)."""
    indices = {_SAME_AS.get(name, name): index for index, name in enumerate(source.names)}
    return np.array([indices.get(_SAME_AS.get(name, name), -1) for name in target.names], np.intp)


def convert_joints(
    joints: NDArray[np.float32], visible: NDArray[np.uint8], source: JointSet, target: JointSet
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Joints (..., K, 2) and visibility (..., K) of ``source`` in the order of ``target``.

    Joints without a counterpart are absent, at NaN, so that no torso is measured by them.
    """
    index = correspondence(source, target)
    found = index >= 0
    return (
        np.where(found[:, None], joints[..., index, :], np.float32(np.nan)),
        np.where(found, visible[..., index], np.uint8(ABSENT)),
    )


def check_common_joints(data_set: DataSet, joint_set: JointSet) -> None:
    """``UserError`` if no joint of the data set is one of ``joint_set``."""
    if (correspondence(data_set.joint_set, joint_set) < 0).all():
        raise UserError(
            f"No joint of {data_set.name} ({data_set.joint_set.name}) is one of {joint_set.name}. "
            "Choose data sets of the same joints."
        )


def converted(data_set: DataSet, target: JointSet) -> DataSet:
    """The data set with the joints of ``target``. ``UserError`` if none of them corresponds."""
    source = data_set.joint_set
    if source == target:
        return data_set
    check_common_joints(data_set, target)
    clips = []
    for clip in data_set:
        joints, visible = convert_joints(clip.joints, clip.visible, source, target)
        clips.append(replace(clip, joints=joints, visible=visible))
    return DataSet(data_set.name, target, tuple(clips))
