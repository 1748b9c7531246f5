"""Opening sources in a session, with a small network."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from app.assets import DEMOS
from app.runtime.live.results import Comparison, Schedule
from app.runtime.live.session import LiveSession
from app.runtime.live.sources import LiveSources
from model.core.errors import UserError
from tests.app.runtime.live.machinery import picture, small_engine, wait_for


@pytest.fixture
def session() -> Iterator[LiveSession]:
    session = LiveSession(small_engine, Schedule.TWO_LANES)
    yield session
    session.close()


def test_a_clip_with_known_joints_gives_errors(session: LiveSession) -> None:
    sources = LiveSources(session)
    assert [clip.name for clip in sources.demos()] == [clip.name for clip in DEMOS]
    assert sources.title() == "" and sources.mode() == ""
    sources.open_demo("webcam")
    assert sources.title() == DEMOS[0].title
    assert sources.mode() == "demo-webcam.mp4 640×480@25"
    assert sources.has_known_joints()
    session.set_comparison(Comparison.ALWAYS)
    wait_for(lambda: (r := session.latest_result()) and r.unpersonalized is not None)
    result = session.latest_result()
    assert result is not None and result.box is not None
    error = sources.known_error(result)
    assert error is not None and error[0] == error[1]  # nothing has been learnt
    # In percent of the box: moving every joint by a tenth of its side to the right of the truth.
    truth = sources._known
    assert truth is not None
    shifted = truth.joints[result.media_index] + np.array([0.1 * result.box.side, 0], np.float32)
    moved = replace(result, keypoints=shifted)
    error = sources.known_error(moved)
    assert error is not None and error[0] == pytest.approx(10.0, rel=1e-4)
    assert sources.known_error(replace(result, unpersonalized=None)) is None
    assert sources.known_error(replace(result, box=None)) is None


def test_other_sources_have_no_known_joints(session: LiveSession, tmp_path: Path) -> None:
    sources = LiveSources(session)
    sources.open_demo("webcam")
    for index in range(3):
        cv2.imwrite(str(tmp_path / f"{index}.png"), picture(index))
    sources.open_images(str(tmp_path))
    assert not sources.has_known_joints()
    assert sources.title() == tmp_path.name
    sources.open_demo("gymnast")
    assert not sources.has_known_joints()
    with pytest.raises(UserError, match="no-such"):
        sources.open_video(str(tmp_path / "no-such.mp4"))
    assert sources.title() == DEMOS[1].title


def test_a_camera_that_is_not_there_is_named(session: LiveSession) -> None:
    sources = LiveSources(session)
    with pytest.raises(UserError, match="Periscope"):
        sources.open_camera("Periscope")
