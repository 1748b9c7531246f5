"""The doctor's report: on this machine, with something missing, and with something broken."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import main
from app import diagnosis
from app.diagnosis import Finding, Screen, SystemLibrary

CURSOR = SystemLibrary("libxcb-cursor.so.0", "libxcb-cursor0", "xcb-util-cursor")


@pytest.fixture
def doctor(capsys: pytest.CaptureFixture[str]) -> Callable[[], tuple[int, dict[str, Any]]]:
    """Run the doctor; its exit code and its JSON object."""

    def run() -> tuple[int, dict[str, Any]]:
        exit_code = main.main(["doctor", "--json"])
        report: dict[str, Any] = json.loads(capsys.readouterr().out)
        return exit_code, report

    return run


def use_platform(monkeypatch: pytest.MonkeyPatch, platform: str) -> None:
    screen = Screen(platform, True, "A screen.")
    monkeypatch.setattr(diagnosis, "find_screen", lambda environment: screen)


def lack_cursor_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diagnosis.sys, "platform", "linux")
    monkeypatch.setattr(diagnosis, "xcb_plugin", lambda: Path("libqxcb.so"))
    monkeypatch.setattr(diagnosis, "missing_libraries", lambda plugin: [CURSOR])


def test_json_report_of_this_machine(doctor: Callable[[], tuple[int, dict[str, Any]]]) -> None:
    exit_code, report = doctor()
    assert exit_code == (0 if report["ok"] else 1)
    assert report["ok"] is not bool(report["problems"])
    assert report["versions"]["python"] == ".".join(map(str, sys.version_info[:3]))
    assert all(isinstance(version, str) for version in report["versions"].values())
    assert report["device"]["name"].partition(":")[0] in ("cpu", "cuda", "mps")
    assert report["device"]["reason"]
    assert report["cpu"]["cores"] >= 1
    assert isinstance(report["cpu"]["bfloat16"], bool)
    assert isinstance(report["missing_libraries"], list)
    assert isinstance(report["cameras"], list)
    assert report["assets"] == {"damaged": []}
    assert report["licence"] == "Apache-2.0"


def test_missing_library_is_a_problem_on_x11(
    doctor: Callable[[], tuple[int, dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    lack_cursor_library(monkeypatch)
    use_platform(monkeypatch, "xcb")
    exit_code, report = doctor()
    assert exit_code == 1
    assert report["missing_libraries"] == [
        {"library": CURSOR.name, "debian": CURSOR.debian, "fedora": CURSOR.fedora}
    ]
    assert any("apt-get install libxcb-cursor0" in problem for problem in report["problems"])


def test_missing_library_is_a_note_where_x11_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    lack_cursor_library(monkeypatch)
    use_platform(monkeypatch, "wayland")
    finding = diagnosis._probe_libraries()
    assert finding.problems == ()
    assert "libxcb-cursor0" in finding.notes[0]
    assert finding.missing == (CURSOR.name,)


def test_the_verdict_names_a_missing_library_that_the_application_can_do_without(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lack_cursor_library(monkeypatch)
    use_platform(monkeypatch, "offscreen")
    findings = [diagnosis._probe_libraries()]
    monkeypatch.setattr("app.cli.doctor.diagnose", lambda: findings)
    assert main.main(["doctor"]) == 0
    text = capsys.readouterr().out
    assert "Nothing is missing" not in text
    assert text.splitlines()[-1] == (
        f"The application can run here without what is missing: {CURSOR.name}."
    )


def test_package_that_is_not_installed(
    doctor: Callable[[], tuple[int, dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    monkeypatch.delitem(sys.modules, "app.runtime.capture.camera", raising=False)
    exit_code, report = doctor()
    assert exit_code == 1
    assert report["versions"]["opencv"] is None
    assert report["versions"]["torch"] is not None
    assert report["cameras"] is None
    assert sum("package cv2 is not installed" in problem for problem in report["problems"]) == 1


def test_package_that_lacks_a_system_library(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(name: str) -> object:
        raise ImportError("libGL.so.1: cannot open shared object file: No such file or directory")

    monkeypatch.setattr(diagnosis.importlib, "import_module", fail)
    finding = diagnosis._probe_versions()
    assert "library libGL.so.1 is missing" in finding.problems[0]
    assert "apt-get install libgl1" in finding.problems[0]


def test_a_probe_that_fails_does_not_end_the_others(
    doctor: Callable[[], tuple[int, dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> Finding:
        raise RuntimeError("the bus is on fire")

    monkeypatch.setattr(diagnosis, "_probe_device", fail)
    exit_code, report = doctor()
    assert exit_code == 1
    assert report["device"] is None
    assert "The check of device failed: the bus is on fire" in report["problems"]
    assert report["licence"] == "Apache-2.0"


def test_no_camera_is_only_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.runtime.capture.camera.list_cameras", list)
    finding = diagnosis._probe_cameras()
    assert finding.problems == ()
    assert "demo" in finding.notes[0]


def test_damaged_and_missing_assets_are_named(tmp_path: Path) -> None:
    (tmp_path / "sound.bin").write_bytes(b"as shipped")
    (tmp_path / "short.bin").write_bytes(b"as ship")
    digest = hashlib.sha256(b"as shipped").hexdigest()
    names = ("sound.bin", "short.bin", "sub dir/absent.bin")
    text = "".join(f"{digest}  {name}\n" for name in names)
    (tmp_path / diagnosis.CHECKSUMS).write_text(text)
    finding = diagnosis._probe_assets(tmp_path)
    assert finding.value == {"damaged": ["short.bin", "sub dir/absent.bin"]}
    assert "short.bin, sub dir/absent.bin" in finding.problems[0]


def test_text_report_ends_with_the_verdict(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    findings = [Finding("screen", "A screen.", None, notes=("A note.",))]
    monkeypatch.setattr("app.cli.doctor.diagnose", lambda: findings)
    assert main.main(["doctor"]) == 0
    assert capsys.readouterr().out.splitlines()[-2:] == ["Note: A note.", "Nothing is missing."]
    findings.append(Finding("assets", "damaged", None, problems=("A file is missing.",)))
    assert main.main(["doctor"]) == 1
    assert "Problem: A file is missing." in capsys.readouterr().out
