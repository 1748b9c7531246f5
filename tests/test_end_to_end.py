"""The real window with the real network on the embedded clip, as a user runs it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from PyQt6.QtCore import QPointF, Qt
from PyQt6.QtWidgets import QApplication, QPushButton
from pytestqt.qtbot import QtBot

from app.assets import KEYPOINT_GAN_WEIGHTS, WEIGHTS, KnownJoints, demo
from app.gui.language import use_language
from app.gui.launch import Launch, Running, open_window
from app.runtime.live.results import Phase, PoseResult
from app.runtime.live.schedules import TwoLanes
from app.settings import AppSettings, SourceChoice, SourceKind, save_settings
from main import main
from model import save
from tests.networks import small_network

_ROOT = Path(__file__).resolve().parents[1]
_PATIENCE_MS = 90_000


def _until(qtbot: QtBot, condition: Callable[[], object]) -> None:
    qtbot.waitUntil(lambda: bool(condition()), timeout=_PATIENCE_MS)


class _Watcher:
    """Listens to the results that the window takes from its session."""

    def __init__(self, running: Running) -> None:
        self.seen: list[PoseResult] = []
        take = running.session.take_results

        def listen() -> list[PoseResult]:
            results = take()
            self.seen += results
            return results

        running.session.take_results = listen  # type: ignore[method-assign]


@pytest.mark.timeout(600)
@pytest.mark.usefixtures("themed")
def test_the_demo_from_first_prediction_to_closing(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)  # put back what the window replaces
    known = KnownJoints.load(demo("webcam").joints or Path())
    running = open_window(
        Launch(source=SourceChoice(SourceKind.DEMO, "webcam"), quit_after=600, device="cpu")
    )
    window, session = running.window, running.session
    callback = _Watcher(running)
    try:
        # Plain predictions first: remember one to come back to.
        _until(qtbot, lambda: callback.seen and callback.seen[-1].box is not None)
        first = callback.seen[-1]
        frame = session.frame(first.frame_index)
        assert frame is not None and first.box is not None and first.updates == 0

        # Personalize for some hundred frames of the clip.
        window.commands.personalize.trigger()
        _until(qtbot, lambda: session.status().updates >= 1)
        _until(qtbot, lambda: callback.seen[-1].frame_index - first.frame_index >= 300)
        assert session.status().phase in (Phase.PERSONALIZING, Phase.UNDONE)  # by the guard
        found = [result for result in callback.seen if result.box is not None]
        assert len(found) >= 0.95 * len(callback.seen)
        errors = [
            (known.error(result.media_index, result.keypoints) or 0.0) / result.box.side
            for result in found
            if result.box is not None
        ]
        # On the person: a random guess inside the box is off by 40 % of its side.
        assert np.median(errors) < 0.12, f"median error {np.median(errors):.3f} of the box"
        picture = tmp_path / "window.png"
        window.screenshot(picture)
        _check_picture(picture)

        # Back to the trained weights, bit for bit.
        window.commands.personalize.trigger()
        window.commands.reset.trigger()
        _until(qtbot, lambda: session.status().phase is Phase.OFF)
        runner = session._worker._runner
        assert isinstance(runner, TwoLanes)
    finally:
        running.close()
    torch.set_num_threads(1)
    pose = runner._predictor.predict(frame.image, first.box)
    np.testing.assert_array_equal(pose.keypoints, first.keypoints)
    np.testing.assert_array_equal(pose.self_keypoints, first.self_keypoints)
    assert not [t.name for t in threading.enumerate() if t.name.startswith("app-")]


@pytest.mark.timeout(600)
@pytest.mark.usefixtures("themed")
def test_of_two_people_both_are_shown_and_a_click_chooses(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)  # put back what the window replaces
    clip = tmp_path / "two.mp4"
    _side_by_side(clip)
    running = open_window(
        Launch(source=SourceChoice(SourceKind.VIDEO, str(clip)), quit_after=600, device="cpu")
    )
    window, live = running.window, running.window.panels.live

    def sides() -> tuple[bool, list[bool]]:
        """Whether the followed person, and each of the others, are in the right half."""
        result = running.session.latest_result()
        if result is None or result.box is None:
            return False, []
        width = 640
        others = [person.box[0] + person.box[2] / 2 > width / 2 for person in result.others]
        return result.box.x > width / 2, others

    try:
        _until(qtbot, lambda: sides()[1])
        right, others = sides()
        assert others == [not right]
        _until(qtbot, lambda: live.shows_person)
        window.screenshot(tmp_path / "two-people.png")
        picture = live.picture_rect()
        other = picture.center() + QPointF((-1 if right else 1) * picture.width() / 4, 0)
        qtbot.mouseClick(live, Qt.MouseButton.LeftButton, pos=other.toPoint())
        _until(qtbot, lambda: sides() == (not right, [right]))
    finally:
        running.close()


def _side_by_side(path: Path) -> None:
    """A video of the two people of the demo clips, 640 pixels wide."""
    clips = [cv2.VideoCapture(str(demo(name).video)) for name in ("webcam", "gymnast")]
    video = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 25, (640, 320))
    for _ in range(50):
        halves = []
        for clip in clips:
            image = clip.read()[1]
            height, width = image.shape[:2]
            left = (width - height) // 2
            halves.append(cv2.resize(image[:, max(left, 0) : max(left, 0) + height], (320, 320)))
        video.write(np.hstack(halves))
    video.release()
    for clip in clips:
        clip.release()


def _run_main(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(_ROOT / "main.py"), *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )


def _check_picture(path: Path) -> None:
    picture = cv2.imread(str(path))
    assert picture is not None and picture.shape[0] >= 600 and picture.shape[1] >= 1000
    assert picture.std() > 20


@pytest.mark.parametrize(("name", "view"), [("gymnast", ["--explain"]), ("webcam", [])])
def test_the_program_makes_its_own_picture(name: str, view: list[str], tmp_path: Path) -> None:
    path = tmp_path / "window.png"
    done = _run_main("--demo", name, *view, "--screenshot", str(path), "--quit-after", "4")
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    _check_picture(path)
    # Panels on a light ground stand at the right where something is explained.
    picture = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    assert picture is not None
    assert (np.median(picture[100:500, -40:]) > 200) == bool(view)


@pytest.mark.xvfb
def test_the_window_opens_on_an_x11_screen(tmp_path: Path) -> None:
    path = tmp_path / "window.png"
    done = _run_main(
        "--demo", "gymnast", "--mode", "online", "--screenshot", str(path),
        "--quit-after", "8", QT_QPA_PLATFORM="xcb",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    _check_picture(path)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--video", "no-such.mp4"), "no-such.mp4"),
        (("--camera", "No Such Camera"), "No Such Camera"),
        (("--demo", "nothing"), "Choose one of: webcam, gymnast"),
        (("--weights", "missing.safetensors"), "missing.safetensors"),
        (("--keypointgan", "missing.safetensors"), "missing.safetensors"),
        (("--keypointgan", str(WEIGHTS)), "holds no KeypointGAN"),
        (("--device", "abacus"), "abacus"),
        (("--preset", "wild"), "steady"),
        (("--osc", "nowhere"), "HOST:PORT"),
        (("--processor", "missing.py"), "missing.py"),
        (("--screenshot", "no/such/folder/x.png"), "no such folder"),
    ],
)
def test_wrong_input_is_one_sentence_and_exit_code_2(
    arguments: tuple[str, ...],
    words: str,
    qapp: QApplication,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)  # put back what the window replaces
    assert main([*arguments, "--quit-after", "5"]) == 2
    _check_sentence(capfd, words)


@pytest.mark.usefixtures("themed")
def test_keypointgan_is_in_front_when_it_is_asked_for(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)  # put back what the window replaces
    running = open_window(
        Launch(
            source=SourceChoice(SourceKind.DEMO, "stage"),
            explain=True,
            keypoint_gan=KEYPOINT_GAN_WEIGHTS,
            device="cpu",
            quit_after=600,
        )
    )
    docks = running.window.docks
    try:
        _until(qtbot, lambda: not docks.keypoint_gan.visibleRegion().isEmpty())
        assert docks.affinity.visibleRegion().isEmpty()
    finally:
        running.close()


@pytest.mark.usefixtures("themed")
def test_a_window_that_is_seen_tells_of_a_wrong_source_in_its_place(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)  # put back what the window replaces
    monkeypatch.setattr(QApplication, "platformName", lambda _app=None: "xcb")
    remembered = tmp_path / "settings.json"
    monkeypatch.setattr("app.gui.launch.settings_path", lambda: remembered)
    monkeypatch.setattr("app.gui.launch.takes_folder", lambda: tmp_path)
    save_settings(AppSettings(welcomed=True, language="Deutsch"), remembered)
    running = open_window(
        Launch(source=SourceChoice(SourceKind.VIDEO, "no-such.mp4"), device="cpu")
    )
    messages = running.window.messages
    try:
        _until(qtbot, lambda: "no-such.mp4" in messages.text())
        buttons = [b for b in messages.findChildren(QPushButton) if b.isVisible()]
        words = ["Eine Quelle wählen", "Ein Video öffnen…", "Die Demo abspielen"]
        assert [button.text() for button in buttons] == words
        with qtbot.waitSignal(running.window.opener.opened, timeout=_PATIENCE_MS):
            buttons[-1].click()
        _until(qtbot, lambda: running.window.panels.live.shows_person)
        assert messages.text() == ""
    finally:
        running.close()
        use_language(running.app, "English")


def test_files_of_the_wrong_kind_are_refused(
    tmp_path: Path,
    qapp: QApplication,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    text = tmp_path / "notes.mp4"
    text.write_text("this is no video")
    empty = tmp_path / "empty"
    empty.mkdir()
    truncated = tmp_path / "truncated.safetensors"
    truncated.write_bytes(WEIGHTS.read_bytes()[:1_000_000])
    baseline = tmp_path / "baseline.safetensors"
    save(baseline, small_network("baseline"))
    for arguments, words in (
        (("--weights", str(baseline), "--mode", "online"), "cannot be personalized"),
        (("--video", str(text)), "notes.mp4"),
        (("--images", str(empty)), "empty"),
        (("--weights", str(truncated)), "truncated"),
    ):
        assert main([*arguments, "--quit-after", "5"]) == 2
        _check_sentence(capfd, words)


def _check_sentence(capfd: pytest.CaptureFixture[str], words: str) -> None:
    captured = capfd.readouterr()
    lines = captured.err.strip().splitlines()
    assert captured.out == ""
    assert len(lines) == 1 and lines[0].startswith("error: ") and words in lines[0]
