"""Opening sources in a session, with a small network."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import cv2_enumerate_cameras
import numpy as np
import pytest
from cv2_enumerate_cameras import CameraInfo

from app.assets import DEMOS
from app.runtime.capture import camera as camera_module
from app.runtime.live.results import Comparison, Schedule
from app.runtime.live.session import LiveSession
from app.runtime.live.sources import LiveSources
from app.settings import CameraMode
from model.core.errors import UserError
from tests.app.runtime.capture.fake import FakeDevice, FakeDriver
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


def test_a_mode_that_is_chosen_opens_the_camera_anew_with_it(
    session: LiveSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No camera is connected where tests run: a fake driver stands for it."""
    camera = CameraInfo(0, "Fake HD", None, 0x046D, 0x0825, cv2.CAP_V4L2)
    monkeypatch.setattr(cv2_enumerate_cameras, "enumerate_cameras", lambda _backend: [camera])
    driver = FakeDriver(width=640, height=480)
    open_handles: list[int] = []

    real = cv2.VideoCapture

    def connect(index: int | str, backend: int) -> FakeDevice | cv2.VideoCapture:
        if isinstance(index, str):
            return real(index, backend)
        open_handles.append(sum(not handle.released for handle in driver.handles))
        return driver.connect(index, backend)

    monkeypatch.setattr(camera_module.cv2, "VideoCapture", connect)
    sources = LiveSources(session)
    sources.open_camera("fake hd")
    assert sources.mode().startswith("Fake HD 640×480@30 (1280×720@30 was asked for)")
    sources.set_camera_mode(CameraMode(640, 480, 30))
    assert sources.title() == "Fake HD"
    width = [handle.asked[cv2.CAP_PROP_FRAME_WIDTH] for handle in driver.handles]
    assert width == [1280, 640]
    assert open_handles == [0, 0]  # never open twice: drivers refuse that
    sources.open_demo("webcam")
    sources.set_camera_mode(CameraMode())
    assert sources.title() == DEMOS[0].title
