"""Pictures in files, in videos and packed."""

from __future__ import annotations

import multiprocessing
import pickle
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from model.data.frames import ImageFiles, NumberedImages, PackedImages, VideoFrames, decoded
from model.data.records import BadDataError

RED_GREEN_BLUE = (200, 100, 20)
# A TIFF header with one entry: orientation 6, which viewers turn by a quarter.
EXIF = (
    b"\xff\xe1\x00\x22Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"
)  # fmt: skip


def picture(height: int = 24, width: int = 32) -> NDArray[np.uint8]:
    """An RGB picture of one colour with a darker left half."""
    image = np.full((height, width, 3), RED_GREEN_BLUE, np.uint8)
    image[:, : width // 2] //= 2
    return image


def encoded(image: NDArray[np.uint8], kind: str = ".png") -> NDArray[np.uint8]:
    return np.asarray(cv2.imencode(kind, image[..., ::-1])[1], np.uint8).ravel()


@pytest.mark.parametrize("kind", [".png", ".bmp"])
def test_pictures_are_rgb(kind: str) -> None:
    found = decoded(encoded(picture(), kind), "some")
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, picture())


def test_grey_and_transparent_pictures_have_three_colours() -> None:
    grey = cv2.imencode(".png", np.full((5, 6), 77, np.uint8))[1]
    np.testing.assert_array_equal(decoded(grey, "grey"), np.full((5, 6, 3), 77))
    clear = cv2.imencode(".png", np.full((5, 6, 4), (10, 20, 30, 0), np.uint8))[1]
    assert decoded(clear, "clear").shape == (5, 6, 3)


def test_orientation_marks_are_ignored() -> None:
    plain = encoded(picture(), ".jpg")
    turned = np.concatenate([plain[:2], np.frombuffer(EXIF, np.uint8), plain[2:]])
    honoured = cv2.imdecode(turned, cv2.IMREAD_COLOR)
    assert honoured is not None and honoured.shape == (32, 24, 3)  # the mark is a good one
    np.testing.assert_array_equal(decoded(turned, "turned"), decoded(plain, "plain"))


@pytest.mark.parametrize("kind", [".png", ".jpg"])
@pytest.mark.parametrize("share", [0.0, 0.02, 0.5, 0.99])
def test_pictures_cut_off_are_named(kind: str, share: float) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (40, 40, 3), np.uint8)
    content = encoded(noise, kind)
    with pytest.raises(BadDataError, match="The picture frame 7 of x is damaged"):
        decoded(content[: int(share * len(content))], "frame 7 of x")


def test_what_is_no_picture_is_named() -> None:
    with pytest.raises(BadDataError, match="notes"):
        decoded(np.frombuffer(b"these are notes", np.uint8), "notes")


def test_image_files(tmp_path: Path) -> None:
    paths = [tmp_path / f"{name}.png" for name in ("b", "a ü")]
    paths[0].write_bytes(encoded(picture()).tobytes())
    paths[1].write_bytes(encoded(picture(10, 10)).tobytes())
    frames = ImageFiles(paths)
    assert len(frames) == 2
    assert frames.describe(1) == str(paths[1])
    np.testing.assert_array_equal(frames.read(1), picture(10, 10))
    np.testing.assert_array_equal(frames.read(0), picture())
    paths[0].write_bytes(b"")
    with pytest.raises(BadDataError, match=r"b\.png is damaged.*archive"):
        frames.read(0)
    paths[0].unlink()
    with pytest.raises(BadDataError, match=r"b\.png cannot be read \(No such file"):
        frames.read(0)


def test_numbered_images(tmp_path: Path) -> None:
    for number in (3, 120):
        path = tmp_path / f"im_{number:05d}.png"
        path.write_bytes(encoded(picture(number, 8)).tobytes())
    frames = NumberedImages(tmp_path, "im_{:05d}.png", [120, 3, 4])
    assert len(frames) == 3
    assert [frames.read(n).shape[0] for n in (0, 1)] == [120, 3]
    assert frames.describe(2) == str(tmp_path / "im_00004.png")
    with pytest.raises(BadDataError, match=r"im_00004\.png cannot be read"):
        frames.read(2)


def test_packed_images() -> None:
    files = [encoded(picture(height, 8)) for height in (4, 5, 6)]
    offsets = np.cumsum([0, *map(len, files)])
    frames = PackedImages(np.concatenate(files), offsets, np.array([2, 0]), "pack.npz")
    assert len(frames) == 2
    assert [frames.read(n).shape[0] for n in (0, 1)] == [6, 4]
    np.testing.assert_array_equal(frames.read(1), picture(4, 8))
    assert frames.describe(0) == "picture 2 of pack.npz"


def test_a_damaged_packed_image_is_named() -> None:
    files = [encoded(picture()), np.zeros(50, np.uint8)]
    offsets = np.cumsum([0, *map(len, files)])
    frames = PackedImages(np.concatenate(files), offsets, np.array([0, 1]), "pack.npz")
    assert frames.read(0).shape == (24, 32, 3)
    with pytest.raises(BadDataError, match=r"picture 1 of pack\.npz is damaged"):
        frames.read(1)


COUNT = 20


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Frame n is 12 n bright and reddish."""
    path = tmp_path_factory.mktemp("video") / "clip.mp4"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 25, (64, 48))
    assert writer.isOpened()
    for number in range(COUNT):
        writer.write(np.full((48, 64, 3), (10, 12 * number, 12 * number + 20), np.uint8))
    writer.release()
    return path


def number_of(image: NDArray[np.uint8]) -> int:
    """Which frame of ``video`` the image is."""
    assert image.shape == (48, 64, 3) and image.dtype == np.uint8
    red, green, blue = image.mean(axis=(0, 1))
    assert red > green and abs(blue - 10) < 8
    return round(green / 12)


@pytest.mark.parametrize(
    "order",
    [
        [0, 1, 2, 3, 4],
        [4, 3, 2, 1, 0],
        [2, 2, 2],
        [4, 0, 3, 3, 1, 4],
    ],
)
def test_video_frames_in_any_order(video: Path, order: list[int]) -> None:
    indices = [0, 5, 6, 13, COUNT - 1]
    frames = VideoFrames(video, indices)
    assert len(frames) == 5
    assert frames.describe(3) == f"frame 13 of {video}"
    assert [number_of(frames.read(n)) for n in order] == [indices[n] for n in order]


def test_two_clips_of_videos_do_not_disturb_each_other(video: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.mp4"
    other.write_bytes(video.read_bytes())
    clips = [VideoFrames(video, range(COUNT)), VideoFrames(video, range(10, COUNT))]
    clips.append(VideoFrames(other, range(COUNT)))
    found = [[number_of(clip.read(n)) for clip in clips] for n in (0, 4, 5, 2)]
    assert found == [[0, 10, 0], [4, 14, 4], [5, 15, 5], [2, 12, 2]]


def test_video_frames_can_be_copied_while_they_are_read(video: Path) -> None:
    frames = VideoFrames(video, range(COUNT))
    assert number_of(frames.read(7)) == 7
    copy = pickle.loads(pickle.dumps(frames))
    assert [number_of(clip.read(8)) for clip in (copy, frames)] == [8, 8]
    assert [number_of(clip.read(3)) for clip in (copy, frames)] == [3, 3]


def exit_well_if_all_can_be_read(frames: VideoFrames) -> None:
    found = [number_of(frames.read(index)) for index in range(COUNT)]
    sys.exit(found != list(range(COUNT)))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_process_reads_on_its_own(video: Path) -> None:
    frames = VideoFrames(video, range(COUNT))
    assert number_of(frames.read(3)) == 3
    child = multiprocessing.get_context("fork").Process(
        target=exit_well_if_all_can_be_read, args=(frames,)
    )
    child.start()
    found = [number_of(frames.read(index)) for index in range(4, COUNT)]
    child.join(20)
    child.kill()
    assert found == list(range(4, COUNT))
    assert child.exitcode == 0


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="counts open files as Linux does")
def test_reading_many_videos_does_not_keep_them_open(video: Path, tmp_path: Path) -> None:
    clips = []
    for number in range(8):
        path = tmp_path / f"{number}.mp4"
        path.write_bytes(video.read_bytes())
        clips.append(VideoFrames(path, range(COUNT)))
    clips[0].read(0)
    before = len(list(Path("/proc/self/fd").iterdir()))
    assert [number_of(clip.read(5)) for clip in clips] == [5] * 8
    assert len(list(Path("/proc/self/fd").iterdir())) <= before + 1


def test_a_frame_past_the_end_is_named_and_the_others_can_still_be_read(video: Path) -> None:
    frames = VideoFrames(video, [2, COUNT + 5, 4])
    assert number_of(frames.read(0)) == 2
    with pytest.raises(BadDataError, match=rf"clip\.mp4 has no frame {COUNT + 5} that can"):
        frames.read(1)
    assert number_of(frames.read(2)) == 4


def test_numbers_are_right_again_after_a_video_has_stumbled(
    video: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = cv2.VideoCapture
    opened: list[Stumbling] = []

    class Stumbling:
        """The one opened first fails at its third picture, for as long as it is asked for that."""

        def __init__(self, path: str) -> None:
            self._capture = plain(path)
            self._failures = 0 if opened else 2
            self._taken = 0
            opened.append(self)

        def grab(self) -> bool:
            self._taken += 1
            if self._taken > 3 and self._failures:
                self._failures -= 1
                return False
            return bool(self._capture.grab())

        def read(self) -> object:
            return self._capture.retrieve() if self.grab() else (False, None)

    monkeypatch.setattr(cv2, "VideoCapture", Stumbling)
    other = tmp_path / "stumbling.mp4"
    other.write_bytes(video.read_bytes())
    frames = VideoFrames(other, range(COUNT))
    with pytest.raises(BadDataError, match="has no frame 6"):
        frames.read(6)
    assert [number_of(frames.read(n)) for n in (9, 12)] == [9, 12]


def test_a_video_that_is_missing_or_none_is_named(tmp_path: Path) -> None:
    path = tmp_path / "lost.mp4"
    with pytest.raises(BadDataError, match=r"There is no video .*lost\.mp4"):
        VideoFrames(path, [0]).read(0)
    path.write_bytes(b"text" * 100)
    with pytest.raises(BadDataError, match=r"lost\.mp4 has no frame 0"):
        VideoFrames(path, [0]).read(0)
