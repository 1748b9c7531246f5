from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from model.core import skeleton
from model.core.crop import SquareBox, crop_matrix, mirror, mirror_joints, to_tensor, warp
from model.core.skeleton import PENN13, JointSet


def test_a_mirrored_crop_is_the_crop_that_is_flipped() -> None:
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (200, 300, 3), dtype=np.uint8)
    box = SquareBox(150, 100, 128)
    plain = to_tensor([warp(image, crop_matrix(box))])
    flipped = to_tensor([warp(image, crop_matrix(box, flip=True))])
    mirrored = mirror(plain)
    # Column 0 would be column 128, which the crop does not have.
    assert torch.allclose(mirrored[..., 1:], flipped[..., 1:], atol=1e-5)
    assert torch.equal(mirror(mirrored), plain)


def test_joints_of_a_mirrored_picture_go_back_to_their_own_sides() -> None:
    maps = torch.zeros(1, len(PENN13), 32, 32)
    left, right = PENN13.names.index("left wrist"), PENN13.names.index("right wrist")
    maps[0, left, 5, 10] = 1.0  # seen in the mirror
    back = mirror_joints(maps, PENN13.flip_order)
    assert back[0, right, 5, 22] == 1.0 and back.sum() == 1.0


@given(maps=arrays(np.float32, (2, 13, 8, 8), elements=st.floats(-1, 1, width=32)))
def test_mirrored_twice_all_is_as_before(maps: NDArray[np.float32]) -> None:
    tensor = torch.from_numpy(maps)
    assert torch.equal(mirror(mirror(tensor)), tensor)
    twice = mirror_joints(mirror_joints(tensor, PENN13.flip_order), PENN13.flip_order)
    assert torch.equal(twice, tensor)


_JOINT_SETS = [value for value in vars(skeleton).values() if isinstance(value, JointSet)]


@pytest.mark.parametrize("joints", _JOINT_SETS, ids=lambda joints: joints.name)
def test_every_joint_has_one_on_its_other_side(joints: JointSet) -> None:
    order = joints.flip_order
    np.testing.assert_array_equal(order[order], np.arange(len(joints)))
