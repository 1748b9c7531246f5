"""The command line: what it accepts, its exit codes, and that it builds on a broken machine."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

import pytest

import main
from app.cli import COMMANDS, window
from app.runtime.processors import DEFAULT_ADDRESS
from model.core.errors import UserError

ROOT = Path(__file__).resolve().parents[1]
HEAVY = ("torch", "torchvision", "numpy", "scipy", "cv2", "PyQt6", "pyqtgraph", "onnxruntime")


def run_python(code: str) -> subprocess.CompletedProcess[str]:
    """Run ``code`` in a fresh interpreter at the project's root."""
    return subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )


def test_no_command_opens_the_window(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[argparse.Namespace] = []

    def run(args: argparse.Namespace) -> int:
        seen.append(args)
        return 7

    monkeypatch.setattr(window, "run", run)
    options = ["--video", "a.mp4", "--mode", "online", "--quit-after", "2.5"]
    assert main.main(options) == 7
    assert seen[0].video == Path("a.mp4")
    assert seen[0].mode == "online"
    assert seen[0].quit_after == 2.5
    assert seen[0].device is None


@pytest.mark.parametrize(
    ("options", "address"),
    [
        ([], None),
        (["--osc"], DEFAULT_ADDRESS),
        (["--osc", "10.0.0.2:7000", "--processor", "mine.py"], "10.0.0.2:7000"),
    ],
)
def test_osc_is_off_unless_asked_for(options: list[str], address: str | None) -> None:
    parsed = main.parse_arguments(options)
    assert parsed.osc == address
    assert parsed.processor == (Path("mine.py") if "--processor" in options else None)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main.main([name, "--help"])
    assert ended.value.code == 0
    assert f"main.py {name}" in capsys.readouterr().out


def test_the_version_is_that_of_the_project(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main.main(["--version"])
    assert end.value.code == 0
    assert f'version = "{capsys.readouterr().out.strip()}"' in (ROOT / "pyproject.toml").read_text()


def test_help_lists_the_commands_and_the_windows_options(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as ended:
        main.main(["--help"])
    assert ended.value.code == 0
    text = capsys.readouterr().out
    assert all(name in text for name in (*COMMANDS, "--demo", "--screenshot"))


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["fly"], "'fly'"),
        (["doctor", "--loud"], "--loud"),
        (["--demo", "gym", "doctor"], "put the command first"),
        (["--demo", "gym", "--camera", "front"], "not allowed with"),
        (["--mode", "perhaps"], "'perhaps'"),
        (["--quit-after", "soon"], "'soon'"),
        (["--quit-after", "-1"], "seconds above 0"),
        (["--quit-after", "nan"], "seconds above 0"),
    ],
)
def test_wrong_input_is_one_sentence_and_exit_code_2(
    arguments: list[str], part: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.main(arguments) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith("error: ")
    assert output.err.count("\n") == 1
    assert part in output.err


def test_user_error_becomes_its_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(args: argparse.Namespace) -> int:
        raise UserError("The file is empty.")

    monkeypatch.setattr(window, "run", run)
    assert main.main([]) == 2
    assert capsys.readouterr().err == "error: The file is empty.\n"


def test_ctrl_c_ends_with_130(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(args: argparse.Namespace) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(window, "run", run)
    assert main.main([]) == 130


def test_the_parser_needs_no_heavy_package() -> None:
    code = (
        "import main, sys; main.build_parser(); "
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )
    assert run_python(code).stdout == "[]\n"


def test_doctor_runs_when_nothing_heavy_can_be_imported() -> None:
    code = (
        f"import sys; sys.modules.update(dict.fromkeys({HEAVY})); "
        "import main; sys.exit(main.main(['doctor', '--json']))"
    )
    ended = run_python(code)
    assert ended.returncode == 1, ended.stderr
    report = json.loads(ended.stdout)
    assert not report["ok"]
    assert report["versions"]["torch"] is None
    assert report["versions"]["opencv"] is None
    problems = [text for text in report["problems"] if "package torch is not installed" in text]
    assert len(problems) == 1


@pytest.mark.parametrize(
    ("arguments", "new"),
    [
        (["personalize", "a.mp4", "--batch", "3"], "--batch is called --batch-size here"),
        (["benchmark", "step", "--batch=3"], "--batch is called --batch-size here"),
        (["--personalize", "online"], "--personalize is called --mode here"),
        (["personalize", "a.mp4", "--joints", "x.npz"], "--joints is called --true-joints here"),
        (["reproduce", "keypointgan-table1", "--images", "x"], "called --pictures here"),
        (["reproduce", "keypointgan-table1", "--points", "all"], "called --scored here"),
        (["evaluate", "table1", "--data", "x"], "under reproduce: python main.py reproduce table1"),
    ],
)
def test_an_old_spelling_is_answered_with_the_new_one(
    arguments: list[str], new: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.main(arguments) == 2
    assert new in capsys.readouterr().err
