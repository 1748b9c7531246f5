"""Videos and folders: true times, human order, and clear words about what cannot be read."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from random import Random

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.runtime.capture.files import ImageFolderSource, VideoSource, natural_key
from app.runtime.capture.source import FrameSource, Grab
from model.core.errors import UserError
from tests.app.runtime.capture.fake import picture


def _all(source: FrameSource) -> list[Grab]:
    source.open()
    grabs = []
    while (grab := source.read()) is not None:
        grabs.append(grab)
    source.close()
    return grabs


def _save(file: Path, value: int) -> None:
    cv2.imwrite(str(file), picture(value))


def test_frames_carry_the_times_of_the_file(tmp_path: Path) -> None:
    animation = cv2.Animation()
    animation.frames = [picture(value, 32, 32) for value in (0, 80, 160, 240)]
    animation.durations = [100, 300, 100, 100]
    assert cv2.imwriteanimation(str(tmp_path / "uneven.gif"), animation)
    times = [grab.time for grab in _all(VideoSource(tmp_path / "uneven.gif"))]
    assert times == pytest.approx([0.0, 0.1, 0.4, 0.5])


def test_times_that_the_file_lacks_follow_from_its_rate(
    write_video: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_video([picture(value, 48, 64) for value in range(4)], fps=10)

    class Timeless:
        """A capture whose container says that every frame is at 0."""

        def __init__(self, *args: object) -> None:
            self._real = real(*args)

        def get(self, key: int) -> float:
            return 0.0 if key == cv2.CAP_PROP_POS_MSEC else float(self._real.get(key))

        def __getattr__(self, name: str) -> object:
            return getattr(self._real, name)

    real = cv2.VideoCapture
    monkeypatch.setattr(cv2, "VideoCapture", Timeless)
    assert [grab.time for grab in _all(VideoSource(path))] == pytest.approx([0, 0.1, 0.2, 0.3])


def test_the_demo_clips_are_read_whole(shared_dir: Path) -> None:
    grabs = _all(VideoSource(shared_dir / "media" / "demo-webcam.mp4"))
    assert len(grabs) == 400
    assert grabs[-1].time == pytest.approx(399 / 25)
    assert grabs[0].image.shape == (480, 640, 3)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("missing.mp4", "no file"),
        ("folder", "is a folder"),
        ("words.mp4", "no video"),
        ("page.txt", "no video"),
        ("empty.mp4", "no video"),
        ("picture.png", "no video"),
    ],
)
def test_what_is_no_video_is_refused_by_name(tmp_path: Path, name: str, says: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "words.mp4").write_text("these are words\n" * 100)
    (tmp_path / "page.txt").write_text("FFmpeg has a player for this.\n" * 200)
    (tmp_path / "empty.mp4").touch()
    _save(tmp_path / "picture.png", 9)
    source = VideoSource(tmp_path / name)
    with pytest.raises(UserError, match=says) as caught:
        source.open()
    assert name in str(caught.value)


def test_a_truncated_video_is_refused(write_video: Callable[..., Path]) -> None:
    path = write_video([picture(value, 48, 64) for value in range(4)])
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(UserError, match="cannot be played"):
        VideoSource(path).open()


def test_pictures_come_in_the_order_a_person_counts(tmp_path: Path) -> None:
    values = {"shot10.png": 100, "Shot2.png": 20, "shot1.png": 10, "shot10b.PNG": 110}
    for name, value in values.items():
        _save(tmp_path / name, value)
    (tmp_path / "notes.txt").write_text("no picture")
    (tmp_path / "._shot1.png").write_bytes(b"side file")
    source = ImageFolderSource(tmp_path, fps=10)
    grabs = _all(source)
    assert [int(grab.image[0, 0, 0]) for grab in grabs] == [10, 20, 100, 110]
    assert [grab.time for grab in grabs] == pytest.approx([0, 0.1, 0.2, 0.3])
    assert source.info.frame_count == 4


@given(st.lists(st.text("aB1²٣.", max_size=4), max_size=8), st.randoms())
@settings(deadline=None)
def test_any_names_have_one_order(names: list[str], random: Random) -> None:
    shuffled = random.sample(names, len(names))
    assert sorted(shuffled, key=natural_key) == sorted(names, key=natural_key)


@given(st.text("ab"), st.integers(0, 10**6), st.integers(0, 10**6))
@settings(deadline=None)
def test_numbers_in_names_count_by_value(stem: str, low: int, high: int) -> None:
    low, high = sorted((low, high))
    assert natural_key(f"{stem}{low}.png")[0] <= natural_key(f"{stem}{high:09}.png")[0]


def test_a_name_with_foreign_letters_is_read(tmp_path: Path) -> None:
    encoded = cv2.imencode(".png", picture(77))[1]
    (tmp_path / "größe 猫.png").write_bytes(encoded.tobytes())
    assert _all(ImageFolderSource(tmp_path))[0].image[0, 0, 0] == 77


@pytest.mark.parametrize("content", [b"", b"no picture at all"])
def test_a_damaged_picture_is_named(tmp_path: Path, content: bytes) -> None:
    _save(tmp_path / "1.png", 5)
    (tmp_path / "2.png").write_bytes(content)
    source = ImageFolderSource(tmp_path)
    source.open()
    assert source.read() is not None
    with pytest.raises(UserError, match=r"2\.png"):
        source.read()


def _empty_png(width: int, height: int) -> bytes:
    """A file that promises so many pixels and holds none."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        check = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(b"")), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def test_a_picture_of_more_than_a_gigapixel_is_named(tmp_path: Path) -> None:
    (tmp_path / "huge.png").write_bytes(_empty_png(40_000, 40_000))
    with pytest.raises(UserError, match=r"huge\.png.*too large"):
        ImageFolderSource(tmp_path).open()


def test_a_picture_of_100_megapixels_is_read(tmp_path: Path) -> None:
    image = np.zeros((10_000, 10_000, 3), np.uint8)
    image[-1, -1] = 9
    cv2.imwrite(str(tmp_path / "large.bmp"), image)
    source = ImageFolderSource(tmp_path)
    source.open()
    grab = source.read()
    assert grab is not None and grab.image.shape == (10_000, 10_000, 3)
    assert (grab.image[-1, -1] == 9).all()


def _write_avi(path: Path, frames: int) -> bytes:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 25, (64, 48))
    for value in range(frames):
        writer.write(picture(value, 48, 64))
    writer.release()
    return path.read_bytes()


def test_a_video_that_was_cut_off_plays_to_where_it_goes(tmp_path: Path) -> None:
    path = tmp_path / "cut.avi"
    whole = _write_avi(path, 20)
    path.write_bytes(whole[: len(whole) * 2 // 3])
    assert 5 < len(_all(VideoSource(path))) < 20


def test_a_video_without_frames_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "none.avi"
    path.write_bytes(_write_avi(path, 0))
    with pytest.raises(UserError, match="cannot be played"):
        VideoSource(path).open()


@pytest.mark.parametrize("name", ["missing", "empty", "file.png"])
def test_what_is_no_folder_of_pictures_is_refused_by_name(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    _save(tmp_path / "file.png", 5)
    with pytest.raises(UserError, match=name):
        ImageFolderSource(tmp_path / name).open()


def test_pictures_of_several_sizes_keep_their_own(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "1.png"), picture(1, 10, 20))
    cv2.imwrite(str(tmp_path / "2.png"), picture(2, 30, 20))
    shapes = [grab.image.shape for grab in _all(ImageFolderSource(tmp_path))]
    assert shapes == [(10, 20, 3), (30, 20, 3)]
    assert _all(ImageFolderSource(tmp_path))[0].image.dtype == np.uint8
