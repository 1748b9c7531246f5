"""Machines unlike the developers': other languages, odd folders, a core, an install that is fixed.

How it does with little memory is not tried here: a limit on the address space, all that a process
may set itself, counts what PyTorch reserves and never uses.
"""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import cv2
import pytest

from app.assets import demo
from model import save
from tests.networks import small_network

_ROOT = Path(__file__).resolve().parents[1]
_PARTS = ("main.py", "pyproject.toml", "LICENSE", "app", "model", "assets")
# In a process of one core, where the system can bind it.
_ON_ONE_CORE = """
import os, runpy, sys
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def _run(
    *arguments: str,
    root: Path = _ROOT,
    one_core: bool = False,
    environment: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    begin = ["-c", _ON_ONE_CORE] if one_core else []
    return subprocess.run(
        [sys.executable, *begin, str(root / "main.py"), *arguments],
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen", **(environment or {})},
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        timeout=500,
        check=False,
    )


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a name of blanks and umlauts, a small network and a short clip in it."""
    folder = tmp_path_factory.mktemp("material") / "Jürgen Groß, Ångström 猫"
    folder.mkdir()
    save(folder / "kleines Netz.safetensors", small_network())
    capture = cv2.VideoCapture(str(demo("webcam").video))
    writer = cv2.VideoWriter(
        str(folder / "clip.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 25, (640, 480)
    )
    for _ in range(10):
        writer.write(capture.read()[1])
    writer.release()
    (folder / "clip.avi").rename(folder / "Übung 1.avi")
    return folder


def _personalize(
    material: Path,
    out: Path,
    root: Path = _ROOT,
    environment: Mapping[str, str] | None = None,
) -> None:
    done = _run(
        "personalize", str(material / "Übung 1.avi"), "--mode", "online", "--out", str(out),
        "--weights", str(material / "kleines Netz.safetensors"), "--device", "cpu", root=root,
        environment=environment,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    summary = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    assert summary["frames"] == 10 and (out / "overlay.mp4").stat().st_size > 1000
    # Numbers have points, whatever the language of the system.
    row = (out / "keypoints.csv").read_text(encoding="utf-8").splitlines()[1].split(",")
    assert float(row[1]) == 0.0 and "." in row[1]


@pytest.mark.fault(
    "The system speaks another language",
    "Files are read and written as everywhere, with points in numbers.",
)
@pytest.mark.parametrize("language", ["tr_TR.UTF-8", "C"])
def test_another_language_changes_no_file(language: str, material: Path, tmp_path: Path) -> None:
    spoken = {"LC_ALL": language, "LANG": language}
    _personalize(material, tmp_path / "out", environment=spoken)


@pytest.mark.fault(
    "The home folder has blanks and umlauts in its name",
    "The window opens, and its log and settings lie there.",
)
def test_a_home_with_blanks_and_umlauts(material: Path, tmp_path: Path) -> None:
    home = tmp_path / "Jörg Müller (privat)"
    home.mkdir()
    odd = {"HOME": str(home), "USERPROFILE": str(home)}
    odd |= {name: "" for name in os.environ if name.startswith("XDG_")}
    picture = home / "Fenster.png"
    done = _run(
        "--demo", "webcam", "--screenshot", str(picture), "--quit-after", "4", environment=odd
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr and picture.stat().st_size > 10_000
    assert len(list(home.rglob("window.log"))) == 1


@pytest.mark.fault("The machine has one core", "The window predicts, and personalizes beside it.")
def test_one_core_is_enough(tmp_path: Path) -> None:
    picture = tmp_path / "window.png"
    done = _run(
        "--demo", "webcam", "--mode", "online", "--screenshot", str(picture),
        "--quit-after", "8", one_core=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    shown = cv2.imread(str(picture))
    assert shown is not None and shown.std() > 20


@pytest.fixture
def install(tmp_path: Path) -> Iterator[Path]:
    """A copy of the program that nobody may write to, nor may anything change."""
    root = tmp_path / "Program Files" / "pose"
    for part in _PARTS:
        source = _ROOT / part
        if source.is_dir():
            hidden = shutil.ignore_patterns("__pycache__")
            shutil.copytree(source, root / part, ignore=hidden)
        else:
            root.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, root / part)
    writable = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH
    modes = {path: path.stat().st_mode for path in [root, *root.rglob("*")]}
    for path, mode in modes.items():
        path.chmod(mode & ~writable)
    yield root
    for path, mode in modes.items():
        path.chmod(mode)


@pytest.mark.fault(
    "The program's own folder is read-only", "Nothing is written there; all works from it."
)
def test_nothing_is_written_to_where_it_is_installed(
    install: Path, material: Path, tmp_path: Path
) -> None:
    def content() -> dict[Path, float]:
        return {p: p.stat().st_mtime for p in install.rglob("*") if "__pycache__" not in p.parts}

    before = content()
    _personalize(material, tmp_path / "out", root=install)
    picture = tmp_path / "window.png"
    done = _run("--demo", "webcam", "--screenshot", str(picture), "--quit-after", "4", root=install)
    assert done.returncode == 0, done.stderr
    assert picture.stat().st_size > 10_000
    assert {path: time for path, time in content().items() if not path.is_dir()} == {
        path: time for path, time in before.items() if not path.is_dir()
    }
