"""What every source must do, whatever is behind it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from app.runtime.capture.camera import CameraSource
from app.runtime.capture.files import ImageFolderSource, VideoSource
from app.runtime.capture.source import FrameSource, Grab
from tests.app.runtime.capture.fake import FakeCamera, Image

COUNT, HEIGHT, WIDTH = 4, 48, 64


def _pictures() -> list[Image]:
    """Red pictures (RGB) whose blue tells which one it is."""
    pictures = []
    for i in range(COUNT):
        image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
        image[..., 0] = 255
        image[..., 2] = 40 * i
        pictures.append(image)
    return pictures


def _folder(path: Path) -> Path:
    path.mkdir()
    for i, image in enumerate(_pictures()):
        cv2.imwrite(str(path / f"{i}.png"), image[..., ::-1])
    return path


@pytest.fixture(params=["video", "images", "camera", "fake camera"])
def source(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    write_video: Callable[..., Path],
) -> Iterator[FrameSource]:
    sources: dict[str, Callable[[], FrameSource]] = {
        "video": lambda: VideoSource(write_video(_pictures())),
        "images": lambda: ImageFolderSource(_folder(tmp_path / "folder")),
        "camera": lambda: CameraSource("Fake HD"),
        "fake camera": lambda: FakeCamera(_pictures() * 8, height=HEIGHT, width=WIDTH),
    }
    if request.param == "camera":
        request.getfixturevalue("driver")
    source = sources[request.param]()
    yield source
    source.close()


def _read(source: FrameSource, count: int) -> list[Grab]:
    grabs = []
    for _ in range(count):
        grab = source.read()
        assert grab is not None
        grabs.append(grab)
    return grabs


def test_info_is_known_from_the_first_open_on(source: FrameSource) -> None:
    with pytest.raises(RuntimeError):
        _ = source.info
    source.open()
    opened = source.info
    source.close()
    assert source.info == opened
    assert opened.name
    assert opened.identity
    assert opened.fps > 0
    assert opened.frame_count == (None if opened.live else COUNT)
    assert opened.mode.startswith(f"{opened.name} {opened.width}×{opened.height}@{opened.fps:.0f}")


def test_pictures_are_rgb_of_the_stated_size(source: FrameSource) -> None:
    source.open()
    for grab in _read(source, COUNT):
        assert grab.image.dtype == np.uint8
        assert grab.image.shape == (source.info.height, source.info.width, 3)
        red, green, blue = grab.image.mean(axis=(0, 1))
        assert red > 240
        assert green < 15
        assert blue < 205


def test_pictures_are_counted_and_timed_in_order(source: FrameSource) -> None:
    source.open()
    grabs = _read(source, COUNT)
    source.close()
    assert [grab.media_index for grab in grabs] == list(range(COUNT))
    times = [grab.time for grab in grabs]
    assert all(earlier < later for earlier, later in itertools.pairwise(times))
    blues = [int(grab.image[0, 0, 2]) for grab in grabs]
    assert len(set(blues)) == COUNT, "a picture was overwritten or repeated"


def test_only_files_end_and_then_stay_at_their_end(source: FrameSource) -> None:
    source.open()
    _read(source, COUNT)
    assert (source.read() is None) == (not source.info.live)
    assert (source.read() is None) == (not source.info.live)


def test_rewinding_starts_the_material_again(source: FrameSource) -> None:
    source.open()
    before = _read(source, COUNT)
    source.rewind()
    after = _read(source, 2)
    if source.info.live:
        assert [grab.media_index for grab in after] == [COUNT, COUNT + 1]
    else:
        for old, new in zip(before, after, strict=False):
            assert (old.media_index, old.time) == (new.media_index, new.time)
            np.testing.assert_array_equal(old.image, new.image)


@pytest.mark.parametrize("index", [2, 0, COUNT - 1, COUNT + 5])
def test_a_place_is_found_from_anywhere(source: FrameSource, index: int) -> None:
    source.open()
    whole = _read(source, COUNT)
    for start in (0, 1, COUNT):
        source.rewind()
        _read(source, start)
        source.seek(index)
        if source.info.live:
            continue
        rest = []
        while (grab := source.read()) is not None:
            rest.append(grab)
        expected = whole[min(index, COUNT - 1) :]
        assert [grab.media_index for grab in rest] == [grab.media_index for grab in expected]
        for grab, same in zip(rest, expected, strict=True):
            assert grab.time == pytest.approx(same.time)
            np.testing.assert_array_equal(grab.image, same.image)
    if source.info.live:
        assert _read(source, 1)[0].media_index == whole[-1].media_index + 1 + sum((0, 1, COUNT))


def test_it_can_be_closed_twice_and_opened_again(source: FrameSource) -> None:
    source.close()
    source.open()
    _read(source, 2)
    source.close()
    source.close()
    source.open()
    assert _read(source, 1)[0].media_index == 0


def test_opening_an_open_source_starts_anew(source: FrameSource) -> None:
    source.open()
    _read(source, 2)
    source.open()
    assert _read(source, 1)[0].media_index == 0


def test_using_a_closed_source_is_an_error(source: FrameSource) -> None:
    source.open()
    source.close()
    with pytest.raises(RuntimeError):
        source.read()
    with pytest.raises(RuntimeError):
        source.rewind()
    with pytest.raises(RuntimeError):
        source.seek(1)
