"""The overlay video: every frame, at its size and rate, with the drawing where the person is."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from app.gui.overlay_video import OverlayVideo, draw
from app.runtime.capture.source import SourceInfo
from model.core.errors import UserError
from tests.app.runtime.recordings.stand_ins import NETWORK, SIZE, Image, found, not_found, person

ROOT = Path(__file__).resolve().parents[3]


def info(width: int = SIZE[0], height: int = SIZE[1], fps: float = 20.0) -> SourceInfo:
    return SourceInfo("clip", "clip", width, height, fps, live=False, frame_count=None)


def frames_of(path: Path) -> list[Image]:
    capture = cv2.VideoCapture(str(path))
    frames = []
    while (decoded := capture.read())[0]:
        frames.append(np.asarray(decoded[1], np.uint8))
    capture.release()
    return frames


def rate_of(path: Path) -> float:
    capture = cv2.VideoCapture(str(path))
    rate = capture.get(cv2.CAP_PROP_FPS)
    capture.release()
    return rate


def grey(width: int, height: int) -> Image:
    return np.full((height, width, 3), (90, 120, 150), np.uint8)


def test_the_drawing_lies_on_the_keypoints_and_nowhere_else() -> None:
    limb = [(20.0, 10.0), (20.0, 10.0), (40.0, 10.0)]  # the head, and the line of the shoulders
    frame = found(0, keypoints=[*limb, *[(20.0, 10.0)] * 10], image=grey(*SIZE))
    drawn = draw(frame.frame.image, frame.result, NETWORK, SIZE)
    changed = np.any(drawn != frame.frame.image[..., ::-1], axis=-1)
    assert changed[10, 30]
    assert not changed[42:].any()
    assert not changed[:, 55:].any()


def test_a_frame_without_a_person_stays_as_it_is() -> None:
    frame = not_found(0)
    image = person(1)
    np.testing.assert_array_equal(draw(image, frame.result, NETWORK, SIZE), image[..., ::-1])


def test_a_picture_of_another_size_is_fitted_in() -> None:
    drawn = draw(grey(64, 24), not_found(0).result, NETWORK, (64, 48))
    assert drawn.shape == (48, 64, 3)
    assert not drawn[:12].any()
    assert (drawn[12:36] == (150, 120, 90)).all()
    assert not drawn[36:].any()


@pytest.mark.parametrize(("size", "fps"), [((64, 48), 20.0), ((65, 49), 29.97)])
def test_the_video_has_every_frame_at_the_recordings_rate(
    tmp_path: Path, size: tuple[int, int], fps: float
) -> None:
    path = tmp_path / "overlay.mp4"
    video = OverlayVideo(path, info(*size, fps), NETWORK)
    for number in range(5):
        video.add(found(number, image=person(number, *size)))
    video.finish()
    frames = frames_of(path)
    assert len(frames) == 5
    assert frames[0].shape == (size[1] // 2 * 2, size[0] // 2 * 2, 3)
    assert rate_of(path) == pytest.approx(fps)


def test_the_colours_survive(tmp_path: Path) -> None:
    path = tmp_path / "overlay.mp4"
    video = OverlayVideo(path, info(), NETWORK)
    empty = not_found(0).result
    for _ in range(3):
        frame = found(0, image=grey(*SIZE))
        video.add(type(frame)(frame.frame, empty))
    video.finish()
    assert np.abs(frames_of(path)[-1].mean(axis=(0, 1)) - (150, 120, 90)).max() < 6


def test_a_video_that_was_not_written_whole_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "overlay.mp4"
    video = OverlayVideo(path, info(), NETWORK)
    video.add(found(0))
    video.close()
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(OSError, match="of 1 frames"):
        video.finish()


def test_a_size_that_cannot_be_encoded_is_explained(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="--no-overlay"):
        OverlayVideo(tmp_path / "overlay.mp4", info(1, 1), NETWORK)


def test_angles_are_drawn_only_where_they_are_asked_for_and_need_no_screen_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(variable, raising=False)
    code = (
        "import sys, numpy as np\n"
        "from pathlib import Path\n"
        "from app.gui.overlay_video import OverlayVideo\n"
        "from app.settings import Overlays\n"
        "from tests.app.gui.test_overlay_video import frames_of, grey, info\n"
        "from tests.app.runtime.recordings.stand_ins import NETWORK, found\n"
        "points = np.random.default_rng(0).uniform(50, 250, (13, 2))\n"
        "drawn = []\n"
        "for overlays in (Overlays(), Overlays(angles=True), Overlays(angles=True)):\n"
        "    path = Path(sys.argv[1]) / f'{len(drawn)}.mp4'\n"
        "    video = OverlayVideo(path, info(300, 300), NETWORK, overlays)\n"
        "    video.add(found(0, keypoints=points.tolist(), image=grey(300, 300)))\n"
        "    video.finish()\n"
        "    drawn.append(frames_of(path)[0].astype(int))\n"
        "print([bool((np.abs(one - drawn[0]).max(-1) > 60).sum() > 500) for one in drawn])\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.stdout == "[False, True, True]\n", ended.stderr


def test_drawing_needs_no_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(variable, raising=False)
    code = (
        "from tests.app.runtime.recordings.stand_ins import NETWORK, SIZE, found\n"
        "from app.gui.overlay_video import draw\n"
        "frame = found(0)\n"
        "drawn = draw(frame.frame.image, frame.result, NETWORK, SIZE)\n"
        "print((drawn != frame.frame.image[..., ::-1]).any())\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ended.stdout == "True\n", ended.stderr
