"""The camera: found by name, measured, and watched for silence."""

from __future__ import annotations

import threading

import cv2
import numpy as np
import pytest

from app.runtime.capture import camera as camera_module
from app.runtime.capture.camera import CameraSource, FreezeDetector, find_camera, list_cameras
from app.runtime.capture.source import SourceStalledError
from model.core.errors import UserError
from tests.app.runtime.capture.conftest import Connect
from tests.app.runtime.capture.fake import FakeDriver, picture


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(camera_module, "OPEN_TIMEOUT", 0.05)
    monkeypatch.setattr(camera_module, "SILENT_AFTER", 0.05)


def _read_until_it_fails(source: CameraSource) -> None:
    while True:
        source.read()


def test_cameras_are_listed_in_order_with_unique_names(plug_in: Connect) -> None:
    plug_in("Integrated", ("USB Camera", 1, 2), ("USB Camera", 1, 2), ("USB Camera", 3, 4))
    cameras = list_cameras()
    assert [camera.index for camera in cameras] == [0, 1, 2, 3]
    assert [camera.name for camera in cameras] == [
        "Integrated",
        "USB Camera",
        "USB Camera #2",
        "USB Camera #3",
    ]
    assert len({camera.identity for camera in cameras}) == 4


def test_a_camera_keeps_its_identity_when_renumbered(plug_in: Connect) -> None:
    plug_in(("Studio", 5, 6))
    identity = find_camera("studio").identity
    plug_in("Integrated", ("Other", 1, 2), ("Studio", 5, 6))
    assert find_camera(identity).index == 2


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        ("Logitech Webcam C920", 1),
        ("  logitech webcam c920 ", 1),
        ("c920", 1),
        ("webcam", 0),  # the whole name of one wins over a part of another's
        ("2", 2),
    ],
)
def test_a_camera_is_found_by_name_part_or_number(
    plug_in: Connect, wanted: str, index: int
) -> None:
    plug_in("Webcam", "Logitech Webcam C920", "Facecam MK.2")
    assert find_camera(wanted).index == index


def test_a_camera_that_does_not_exist_is_answered_with_those_that_do(plug_in: Connect) -> None:
    plug_in("FaceTime HD", "OBS Virtual Camera")
    for wanted in ("Logitech", "7", ""):
        with pytest.raises(UserError) as caught:
            find_camera(wanted)
        for name in (wanted, "FaceTime HD", "OBS Virtual Camera"):
            assert name in str(caught.value)


def test_an_ambiguous_name_is_answered_with_its_candidates(plug_in: Connect) -> None:
    plug_in("Left Cam", "Right Cam", "Scanner")
    with pytest.raises(UserError, match=r'several cameras: "Left Cam", "Right Cam"\.'):
        find_camera("cam")


def test_no_camera_at_all_is_said(plug_in: Connect) -> None:
    plug_in()
    with pytest.raises(UserError, match="no camera was found"):
        find_camera("FaceTime")


def test_the_mode_is_asked_for_and_the_real_one_told(driver: FakeDriver) -> None:
    source = CameraSource("fake", width=1920, height=1080, fps=60)
    source.open()
    asked = driver.handles[0].asked
    assert list(asked) == [
        cv2.CAP_PROP_FOURCC,
        cv2.CAP_PROP_FRAME_WIDTH,
        cv2.CAP_PROP_FRAME_HEIGHT,
        cv2.CAP_PROP_FPS,
    ]
    assert (asked[cv2.CAP_PROP_FRAME_WIDTH], asked[cv2.CAP_PROP_FPS]) == (1920, 60)
    assert (source.info.width, source.info.height, source.info.fps) == (64, 48, 30)
    assert source.info.mode == "Fake HD 64×48@30 (1920×1080@60 was asked for)"
    source.close()
    assert driver.handles[0].released


def test_a_mode_that_is_delivered_is_not_spoken_of(driver: FakeDriver) -> None:
    source = CameraSource("fake", width=64, height=48, fps=30)
    source.open()
    assert source.info.mode == "Fake HD 64×48@30"
    source.close()


def test_a_rate_that_the_driver_claims_but_does_not_keep_is_told(driver: FakeDriver) -> None:
    driver.fps = 10_000.0  # nothing sends so many
    source = CameraSource("fake", width=64, height=48, fps=10_000)
    source.open()
    assert "asked for" not in source.info.mode
    for _ in range(40):
        source.read()
    assert source.info.missed == "64×48@10000"
    source.close()


def test_the_rate_is_measured_once_enough_pictures_came(driver: FakeDriver) -> None:
    source = CameraSource("fake")
    source.open()
    grabs = [source.read() for _ in range(40)]
    times = [grab.time for grab in grabs if grab is not None][-30:]
    assert source.info.fps == pytest.approx(29 / (times[-1] - times[0]))
    source.close()


@pytest.mark.fault("A camera sends a picture that cannot be decoded", "It is passed over.")
def test_a_garbled_picture_is_passed_over(driver: FakeDriver) -> None:
    driver.garbled = 3
    source = CameraSource("fake")
    source.open()
    assert source.read() is not None
    driver.garbled = 3
    assert source.read() is not None
    source.close()


def test_a_camera_that_does_not_open_is_named(driver: FakeDriver) -> None:
    driver.opens = False
    with pytest.raises(UserError, match='"Fake HD" is there but does not open'):
        CameraSource("fake").open()
    assert driver.handles[0].released


@pytest.mark.fault(
    "A camera opens but sends nothing",
    "A sentence names it, and the source before goes on.",
)
def test_a_camera_without_pictures_is_named(driver: FakeDriver) -> None:
    driver.answers = False
    with pytest.raises(UserError, match='"Fake HD" opens but sends no picture'):
        CameraSource("fake").open()
    assert driver.handles[0].released


@pytest.mark.fault(
    "A camera's driver never returns from opening",
    "It is given up after 20 s in one sentence, and the source before goes on.",
)
@pytest.mark.usefixtures("impatient")
def test_a_camera_that_hangs_while_opening_holds_nobody_up(driver: FakeDriver) -> None:
    driver.hang = threading.Event()
    with pytest.raises(UserError, match='"Fake HD" does not answer'):
        CameraSource("fake").open()


@pytest.mark.fault(
    "A camera is unplugged",
    "It is said, and tried again until the camera is back, whatever number it has then.",
)
def test_a_camera_that_is_pulled_out_is_noticed_and_found_again(
    driver: FakeDriver, plug_in: Connect
) -> None:
    source = CameraSource("fake")
    source.open()
    driver.answers = False
    with pytest.raises(SourceStalledError, match="Fake HD has stopped sending pictures"):
        _read_until_it_fails(source)
    source.close()
    plug_in("Fake HD Pro", ("Fake HD", 0x046D, 0x0825))
    driver.answers = True
    source.open()
    assert driver.handles[-1].index == 1
    grab = source.read()
    assert grab is not None
    assert grab.media_index == 0
    source.close()


@pytest.mark.fault(
    "A camera's driver blocks while it is read",
    "After 3 s it is said, and the camera is opened again; nothing else waits for it.",
)
@pytest.mark.usefixtures("impatient")
def test_a_camera_that_hangs_is_noticed(
    driver: FakeDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(camera_module, "_CLOSE_TIMEOUT", 0.05)
    source = CameraSource("fake")
    source.open()
    driver.hang = threading.Event()
    with pytest.raises(SourceStalledError, match="stopped sending pictures"):
        _read_until_it_fails(source)
    source.close()
    assert not driver.handles[0].released
    driver.hang.set()


@pytest.mark.fault(
    "A camera freezes on its last picture",
    "After 5 s it is said, and the camera is opened again.",
)
def test_a_driver_that_repeats_its_last_picture_is_noticed_once(
    driver: FakeDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(camera_module, "FROZEN_AFTER", 0.01)
    driver.draw = lambda _count, height, width: picture(7, height, width)
    source = CameraSource("fake")
    source.open()
    with pytest.raises(SourceStalledError, match="the very same picture"):
        _read_until_it_fails(source)
    source.close()
    source.open()
    taken = [grab.time for _ in range(50) if (grab := source.read()) is not None]
    assert taken[-1] - taken[0] > 0.01, "a still scene must be taken as it is after reconnecting"
    source.close()


def test_the_watch_reports_each_still_picture_once() -> None:
    watch = FreezeDetector(patience=5.0)
    answers = [watch.is_frozen(picture(1), moment) for moment in (0.0, 4.9, 5.0, 5.1, 20.0)]
    assert answers == [False, False, True, False, False]
    assert not watch.is_frozen(picture(2), 21.0)
    assert not watch.is_frozen(picture(2), 25.9)
    assert watch.is_frozen(picture(2), 26.0)


def test_noise_is_no_frozen_picture() -> None:
    watch = FreezeDetector(patience=1.0)
    rng = np.random.default_rng(0)
    for moment in range(10):
        noisy = rng.integers(99, 102, (48, 64, 3), dtype=np.uint8)
        assert not watch.is_frozen(noisy, float(moment))
