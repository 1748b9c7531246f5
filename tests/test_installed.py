"""The program as pip installs it, away from its checkout."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from app.project import project

_ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.slow
def test_the_installed_program_runs_in_an_empty_folder(tmp_path: Path) -> None:
    source, place, empty = tmp_path / "source", tmp_path / "place", tmp_path / "empty"
    source.mkdir()
    empty.mkdir()
    for name in ("app", "model", "assets"):
        shutil.copytree(_ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "requirements.txt", "README.md", "LICENSE", "main.py"):
        shutil.copy(_ROOT / name, source)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q"]
    subprocess.run(
        [*pip, "wheel", source, "--no-deps", "--no-build-isolation", "-w", tmp_path], check=True
    )
    (wheel,) = tmp_path.glob("pose_personalizer-*.whl")
    subprocess.run([*pip, "install", wheel, "--no-deps", "--no-index", "-t", place], check=True)
    assert {path.name for path in place.iterdir() if path.suffix != ".dist-info"} == {
        "app", "assets", "bin", "model",
    }  # fmt: skip

    def said(*arguments: str) -> str:
        return subprocess.run(
            [place / "bin" / "pose-personalizer", *arguments],
            cwd=empty,
            env={**os.environ, "PYTHONPATH": str(place), "QT_QPA_PLATFORM": "offscreen"},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        ).stdout

    assert said("--version").strip() == project()["version"]
    assert "usage: pose-personalizer train" in said("train", "--help")
    found = json.loads(said("doctor", "--json"))
    assert found["assets"] == {"damaged": []}
    assert found["versions"]["project"] == project()["version"]
    said("evaluate", "--help")
    clip = str(_ROOT / "assets" / "demo" / "demo-stage.mp4")
    said("personalize", clip, "--mode", "none", "--out", "out", "--no-overlay", "--json")
    assert (empty / "out" / "keypoints.csv").is_file()
