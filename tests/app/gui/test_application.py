"""The application outlives errors that nobody expected, and OpenCV's Qt settings."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.gui import application
from app.gui.application import Problems, newest_log
from model.core.errors import UserError

_START = """
import os, sys
from pathlib import Path
import cv2  # sets the variables on some systems
os.environ["QT_QPA_PLATFORM_PLUGIN_PATH"] = "/nowhere"
os.environ["QT_QPA_FONTDIR"] = "/nowhere"
from PyQt6.QtCore import QTimer
from app.gui.application import create_application
from app.runtime.lifecycle import ManagedThread
app, problems = create_application(Path(sys.argv[1]))
assert "QT_QPA_PLATFORM_PLUGIN_PATH" not in os.environ and "QT_QPA_FONTDIR" not in os.environ
problems.happened.connect(lambda sentence: print("SAID", sentence))

def fail() -> None:
    raise RuntimeError("a slot failed")

class Failing(ManagedThread):
    def work(self) -> None:
        raise RuntimeError("a thread failed")

thread = Failing("app-failing")
thread.start()
thread.join()

QTimer.singleShot(0, fail)
QTimer.singleShot(50, app.quit)
print("ENDED", app.exec())
"""


@pytest.mark.fault(
    "The window itself has an error",
    "A sentence says so, the log has the details, and the window goes on.",
)
def test_an_exception_in_a_slot_is_said_and_logged_and_the_application_goes_on(
    tmp_path: Path,
) -> None:
    log = tmp_path / "state" / "window.log"
    root = Path(__file__).resolve().parents[3]
    done = subprocess.run(
        [sys.executable, "-c", _START, str(log)],
        cwd=root,
        env={"QT_QPA_PLATFORM": "offscreen", "PATH": "", "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "SAID Something went wrong in the window (RuntimeError: a slot failed)" in done.stdout
    assert str(log) in done.stdout
    assert "ENDED 0" in done.stdout
    logged = log.read_text(encoding="utf-8")
    assert "RuntimeError: a slot failed" in logged
    assert "RuntimeError: a thread failed" in logged


def test_an_error_meant_for_the_user_is_said_as_it_is(
    qtbot: QtBot, caplog: pytest.LogCaptureFixture
) -> None:
    problems = Problems(Path("window.log"))
    said: list[str] = []
    problems.happened.connect(said.append)
    with caplog.at_level(logging.ERROR):
        problems.report(UserError, UserError("No camera answers. Choose a source."), None)
    assert said == ["No camera answers. Choose a source."]
    assert caplog.records == []


def test_the_log_is_bounded_and_its_end_is_for_reports(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "window.log"
    assert newest_log(log) == ""
    monkeypatch.setattr(application, "_LOG_BYTES", 2000)
    application._log_to(log)
    try:
        for number in range(100):
            logging.getLogger("model.anything").warning("event %d: ä", number)
        files = sorted(tmp_path.iterdir())
        assert [file.name for file in files] == ["window.log", "window.log.1"]
        assert all(file.stat().st_size <= 2000 for file in files)
        end = newest_log(log, size=105)
        assert len(end.encode("utf-8")) <= 110 and end.endswith("event 99: ä\n")
    finally:
        for name in ("app", "model"):
            for handler in logging.getLogger(name).handlers[:]:
                logging.getLogger(name).removeHandler(handler)
                handler.close()
