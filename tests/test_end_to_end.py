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
from PyQt6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.assets import WEIGHTS, KnownJoints, demo
from app.gui.launch import Launch, Running, open_window
from app.runtime.live.results import Phase, PoseResult
from app.runtime.live.schedules import TwoLanes
from app.settings import SourceChoice, SourceKind
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
