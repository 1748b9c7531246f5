from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from app.assets import DEMOS, KnownJoints, demo
from model.core.errors import UserError


def test_every_clip_is_in_the_box() -> None:
    for clip in DEMOS:
        assert demo(clip.name) is clip
        assert clip.video.is_file()
        assert clip.joints is None or clip.joints.is_file()
    with pytest.raises(UserError, match="webcam"):
        demo("holiday")


@pytest.fixture
def known(tmp_path: Path) -> KnownJoints:
    """Two frames: joint j of COCO-17 at (j, 10 j), the head's centre at (-1, -1)."""
    joints = np.stack([np.arange(17), 10 * np.arange(17)], axis=-1)[None].repeat(2, 0)
    visible = np.ones((2, 17), np.uint8)
    visible[1] = 0
    visible[1, 0] = 2  # only the nose, and so the head
    path = tmp_path / "clip.joints.npz"
    np.savez(path, joints=joints, head=np.full((2, 2), -1.0), visible=visible, fps=25)
    return KnownJoints.load(path)


def test_joints_come_in_penn_order(known: KnownJoints) -> None:
    np.testing.assert_array_equal(known.joints[0, 0], [-1, -1])
    # Penn: head, then shoulders, elbows, wrists, hips, knees, ankles, left before right, which
    # is COCO from its sixth joint on.
    np.testing.assert_array_equal(known.joints[0, 1:, 0], np.arange(5, 17))
    assert known.visible.tolist() == [[True] * 13, [True] + [False] * 12]


def test_the_error_is_the_mean_distance_of_joints_in_the_picture(known: KnownJoints) -> None:
    off = known.joints[0] + np.array([3.0, 4.0])
    assert known.error(0, off) == pytest.approx(5.0)
    off[1:] += 1000
    assert known.error(1, off) == pytest.approx(5.0)  # the others are outside
    assert known.error(2, off) is None
    known.visible[1] = False
    assert known.error(1, off) is None
