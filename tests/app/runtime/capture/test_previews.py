from __future__ import annotations

from app.runtime.capture.camera import CameraPreview
from model.core.errors import UserError
from tests.app.runtime.capture.fake import FakeCamera, picture
from tests.app.runtime.live.machinery import wait_for


def _value(preview: CameraPreview) -> int:
    image = preview.picture()
    return -1 if image is None else int(image[0, 0, 0])


def test_the_newest_picture_is_kept_until_the_camera_is_let_go() -> None:
    camera = FakeCamera([picture(value) for value in (10, 20, 30)])
    preview = CameraPreview(camera)
    try:
        wait_for(lambda: _value(preview) == 30)
        assert preview.problem == ""
    finally:
        camera.unblock.set()
        preview.stop()
    assert not camera.is_open


def test_why_no_picture_comes_is_told() -> None:
    preview = CameraPreview(FakeCamera([], [UserError("It is in use. Close other programs.")]))
    try:
        wait_for(lambda: preview.problem)
        assert preview.problem == "It is in use. Close other programs."
        assert preview.picture() is None
    finally:
        preview.stop()
