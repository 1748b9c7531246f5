from __future__ import annotations

import numpy as np

from model.person.scene import SceneWatch
from tests.model.person.people import blank


def test_first_picture_and_motion_are_no_cut() -> None:
    watch = SceneWatch()
    rng = np.random.default_rng(0)
    for step in range(10):
        image = blank() + rng.integers(0, 20, (480, 640, 3), dtype=np.uint8)
        image[100:300, 50 * step : 50 * step + 80] = 220  # somebody walks by
        assert not watch.changed(image)


def test_cut_is_seen_once() -> None:
    watch = SceneWatch()
    seen = [watch.changed(blank(grey)) for grey in (60, 60, 140, 140)]
    assert seen == [False, False, True, False]


def test_picture_size_may_change() -> None:
    watch = SceneWatch()
    watch.changed(blank())
    assert not watch.changed(np.full((720, 1280, 3), 90, np.uint8))
