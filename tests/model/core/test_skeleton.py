from __future__ import annotations

import numpy as np
import pytest

from model.core.errors import UserError
from model.core.skeleton import (
    BBC7,
    COCO17,
    H36M16,
    JHMDB15,
    LSP14,
    PENN13,
    JointSet,
    joint_set,
    joint_set_of_size,
)

_SETS = [PENN13, BBC7, H36M16, COCO17, JHMDB15, LSP14]


@pytest.mark.parametrize("joints", _SETS, ids=lambda s: s.name)
def test_joint_sets_are_consistent(joints: JointSet) -> None:
    assert len(set(joints.names)) == len(joints)
    order = joints.flip_order
    np.testing.assert_array_equal(order[order], np.arange(len(joints)))
    for left, right in joints.flip_pairs:
        assert joints.side(left) == "left" and joints.side(right) == "right"
        assert joints.names[left].split(" ", 1)[1] == joints.names[right].split(" ", 1)[1]
    paired = {index for pair in joints.flip_pairs for index in pair}
    assert all(joints.side(i) == "middle" for i in range(len(joints)) if i not in paired)
    assert all(0 <= a < len(joints) and 0 <= b < len(joints) for a, b in joints.limbs)
    limbs = {frozenset(limb) for limb in joints.limbs}
    assert limbs == {frozenset(int(order[end]) for end in limb) for limb in joints.limbs}
    assert joint_set(joints.name) is joints


def test_published_orders() -> None:
    assert len(PENN13) == 13 and len(H36M16) == 16 and len(BBC7) == 7
    assert PENN13.index("left hip") == 7 and PENN13.index("right ankle") == 12
    assert H36M16.index("neck") == 8 and H36M16.index("left wrist") == 15
    assert BBC7.names[1:3] == ("right wrist", "left wrist")
    assert BBC7.index("right elbow") == 3 and BBC7.index("left shoulder") == 6
    assert BBC7.side(5) == "right" and BBC7.side(6) == "left"
    assert len(JHMDB15) == 15 and len(LSP14) == 14
    assert JHMDB15.index("right shoulder") == 3 and JHMDB15.index("left ankle") == 14
    assert LSP14.index("left hip") == 3 and LSP14.index("head top") == 13
    assert H36M16.names[9] == "head top"
    with pytest.raises(KeyError):
        PENN13.index("tail")


def test_limb_sides() -> None:
    assert PENN13.limb_side((1, 3)) == "left"
    assert PENN13.limb_side((2, 4)) == "right"
    assert PENN13.limb_side((1, 2)) == "middle"
    assert H36M16.limb_side((2, 6)) == "right"


def test_sizes_tell_the_set() -> None:
    assert joint_set_of_size(13) is PENN13
    assert joint_set_of_size(16) is H36M16
    odd = joint_set_of_size(5)
    assert len(odd) == 5 and odd.limbs == ()
    assert joint_set(odd.name) == odd
    for name in ("penn14", "joints-x", "joints-0"):
        with pytest.raises(UserError, match="penn13"):
            joint_set(name)
