from __future__ import annotations

import numpy as np
import torch

from model.core.crop import SquareBox, crop_matrix, warp
from model.core.images import mirror, mirror_joints, to_tensor
from model.core.skeleton import PENN13


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
