"""Videos and folders: true times, human order, and clear words about what cannot be read."""

from __future__ import annotations

import itertools
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from random import Random

import av
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


@pytest.mark.fault(
    "A video's frames come at uneven times",
    "Each is shown and written at its own time.",
)
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


@pytest.mark.fault(
    "A video was cut off",
    "It plays to where it goes; without its head it is refused in a sentence.",
)
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


@pytest.mark.fault("A picture of a folder cannot be read", "A sentence names the file.")
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


@pytest.mark.fault(
    "A picture has 100 megapixels",
    "It is read; one of more than a gigapixel is refused in a sentence.",
)
def test_a_picture_of_more_than_a_gigapixel_is_named(tmp_path: Path) -> None:
    (tmp_path / "huge.png").write_bytes(_empty_png(40_000, 40_000))
    with pytest.raises(UserError, match=r"huge\.png.*too large"):
        ImageFolderSource(tmp_path).open()


@pytest.mark.fault("A picture has 100 megapixels")
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


@pytest.mark.fault("A video was cut off")
def test_a_video_that_was_cut_off_plays_to_where_it_goes(tmp_path: Path) -> None:
    path = tmp_path / "cut.avi"
    whole = _write_avi(path, 20)
    path.write_bytes(whole[: len(whole) * 2 // 3])
    assert 5 < len(_all(VideoSource(path))) < 20


@pytest.mark.fault(
    "The pictures of a video change their size midway",
    "It plays on, with all pictures in the size of the first.",
)
def test_a_video_whose_pictures_change_their_size_plays_on(tmp_path: Path) -> None:
    parts = []
    for number, (width, height) in enumerate(((64, 48), (96, 80))):
        part = tmp_path / f"{number}.ts"
        with av.open(part, "w", format="mpegts") as container:
            stream = container.add_stream("libx264", rate=25)
            stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
            for value in range(6):
                frame = av.VideoFrame.from_ndarray(picture(40 * value, height, width), "rgb24")
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        parts.append(part.read_bytes())
    (tmp_path / "both.ts").write_bytes(b"".join(parts))
    grabs = _all(VideoSource(tmp_path / "both.ts"))
    assert len(grabs) >= 11 and {grab.image.shape for grab in grabs} == {(48, 64, 3)}
    assert all(later.time > earlier.time for earlier, later in itertools.pairwise(grabs))


@pytest.mark.fault(
    "A phone's video is rotated by a note in its file",
    "It is shown upright, in upright size.",
)
def test_a_video_that_is_rotated_by_its_metadata_is_shown_upright(tmp_path: Path) -> None:
    path = tmp_path / "phone.mp4"
    image = picture(20, 48, 64)
    image[:, :32] = 220  # bright on the left
    with av.open(path, "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for _ in range(4):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, "rgb24")))
        container.mux(stream.encode(None))
    content = bytearray(path.read_bytes())
    # The track header's matrix: a quarter turn clockwise, moved back into the picture.
    matrix = content.index(b"tkhd") + 4 + 40
    turn = struct.pack(">9i", 0, 1 << 16, 0, -1 << 16, 0, 0, 48 << 16, 0, 1 << 30)
    content[matrix : matrix + len(turn)] = turn
    path.write_bytes(content)
    source = VideoSource(path)
    grabs = _all(source)
    assert (source.info.width, source.info.height) == (48, 64)
    upright = grabs[0].image
    assert upright.shape == (64, 48, 3)
    assert upright[:28].mean() > 200 and upright[36:].mean() < 40  # what was left is on top


@pytest.mark.fault("A video holds no frame", "It is refused in a sentence.")
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
