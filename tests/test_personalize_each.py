"""``personalize --each``: many recordings that have nothing to do with each other, and a table."""

from __future__ import annotations

import csv
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import main
import model
from app.runtime.capture.files import VideoSource
from app.runtime.live import engine
from app.runtime.recordings import job, many
from app.runtime.recordings.writers import NotWrittenError
from tests.app.runtime.recordings.stand_ins import (
    EMPTY,
    BrightnessFollower,
    PixelLoss,
    person,
    write_clip,
)
from tests.networks import small_network

_ROOT = Path(__file__).resolve().parents[1]
LEARNING = ("--preset", "paper", "--batch-size", "1", "--learning-rate", "1e-3")
RESULTS = {"keypoints.csv", "keypoints.coco.json", "summary.json", "row.json"}

Table = list[dict[str, str]]


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "small.safetensors"
    model.save(path, small_network(), {"version": "7"})
    return path


@pytest.fixture
def cheap_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "PersonFollower", BrightnessFollower)
    monkeypatch.setattr(engine, "load_perceptual_loss", PixelLoss)


@pytest.fixture
def lab(tmp_path: Path) -> Path:
    """Three clips in two folders, the second without anybody, and what is no video."""
    folder = tmp_path / "lab"
    (folder / "monday").mkdir(parents=True)
    write_clip(folder / "monday" / "a.avi", [person(n) for n in range(4)])
    write_clip(folder / "monday" / "empty.avi", [EMPTY] * 2)
    write_clip(folder / "z.avi", [person(n) for n in range(5)])
    (folder / "broken.mp4").write_text("not a video")
    return folder


Run = Callable[..., int]


@pytest.fixture
def run(lab: Path, tmp_path: Path, weights: Path, cheap_parts: None) -> Run:
    def run(*options: str) -> int:
        arguments = ["personalize", str(lab), "--each", "--out", str(tmp_path / "out")]
        arguments += ["--weights", str(weights), "--device", "cpu", "--no-overlay"]
        return main.main([*arguments, *(options or ("--mode", "online", *LEARNING))])

    return run


def table(out: Path) -> Table:
    with (out / "recordings.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def times(out: Path) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in out.rglob("row.json")}


@pytest.mark.fault(
    "One of many videos is broken", "The others are processed; the table says what is wrong."
)
def test_a_broken_video_ends_nothing_and_the_table_tells_of_all(
    run: Run, lab: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert run() == 0
    told = capsys.readouterr().out
    assert "lab/monday/a.avi: 4 frames, a person in 4\n" in told
    assert "4 recordings were processed, 2 with a fault" in told
    broken, a, empty, z = table(out)
    assert [row["recording"] for row in (broken, a, empty, z)] == [
        "lab/broken.mp4", "lab/monday/a.avi", "lab/monday/empty.avi", "lab/z.avi"
    ]  # fmt: skip
    assert "cannot be played" in broken["fault"] and broken["frames"] == ""
    assert (a["frames"], a["updates"], a["video_seconds"], a["fault"]) == ("4", "4", "0.200", "")
    assert z["updates"] == "5"  # each begins from the trained weights
    for name in ("mirror_before", "mirror_after", "jitter_before", "jitter_after", "rebuilt_after"):
        assert float(a[name]) >= 0 and empty[name] == ""
    assert (empty["person_found"], empty["fault"]) == ("0", "nobody was found")
    assert {file.name for file in (out / "lab" / "z.avi").iterdir()} == RESULTS
    text = (out / "recordings.md").read_text(encoding="utf-8")
    assert text.count("\n|") == 5
    assert "4 recordings, 11 frames" in text and "2 with a fault" in text


def test_what_is_done_is_not_done_again(run: Run, lab: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert run() == 0
    before = times(out)
    write_clip(lab / "mended.avi", [person(7)] * 2).rename(lab / "broken.mp4")
    write_clip(lab / "z.avi", [person(8)] * 2)
    assert run() == 0
    after = times(out)
    changed = {Path(path).parent.name for path in before if before[path] != after[path]}
    assert changed == {"broken.mp4", "z.avi"}
    assert [row["frames"] for row in table(out)] == ["2", "4", "2", "2"]
    assert run("--mode", "none") == 0  # in another way
    assert all(times(out)[path] != after[path] for path in after)
    assert {row["updates"] for row in table(out)} == {"0"}


def test_shares_make_one_table(run: Run, tmp_path: Path) -> None:
    out, options = tmp_path / "out", ("--mode", "offline", "--json", *LEARNING)
    assert run(*options, "--share", "1/2") == 0
    assert [row["fault"] for row in table(out)][1::2] == [many.NOT_DONE] * 2
    before = times(out)
    assert run(*options, "--share", "2/2") == 0
    assert before.items() <= times(out).items()
    assert [row["frames"] for row in table(out)] == ["", "4", "2", "5"]
    assert table(out)[1]["updates"] == "4" and table(out)[1]["jitter_after"]


def test_under_torchrun_each_process_has_its_share(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WORLD_SIZE", "4")
    monkeypatch.setenv("RANK", "3")
    assert run("--mode", "none", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    path = str(tmp_path / "out" / "recordings.csv")
    assert told == {"processed": 1, "faults": 0, "table": path}
    assert [row["frames"] for row in table(tmp_path / "out")] == ["", "", "", "5"]
    clip = str(tmp_path / "lab" / "z.avi")
    assert main.main(["personalize", clip, "--mode", "none", "--out", str(tmp_path)]) == 2
    assert "without torchrun" in capsys.readouterr().err


def test_others_that_get_done_while_the_table_is_written_are_in_it(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = many.write_report
    done = iter(["lab/z.avi"])

    def slow(out: Path, *rest: object) -> None:
        write(out, *rest)  # type: ignore[arg-type]
        for place in done:
            row = many.Row(place, frames=9)
            (out / place).mkdir(parents=True)
            text = json.dumps({"row": vars(row), "made": None})
            (out / place / "row.json").write_text(text)

    monkeypatch.setattr(many, "write_report", slow)
    assert run("--mode", "none", "--share", "1/4") == 0
    assert table(tmp_path / "out")[3]["frames"] == "9"


@pytest.mark.fault("One of many videos is broken")
@pytest.mark.parametrize("error", [RuntimeError("torn\nframe"), IndexError(3)])
def test_whatever_a_video_does_the_others_go_on(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    read = VideoSource.read

    def torn(self: VideoSource) -> object:
        if self.info.name == "a.avi":
            raise error
        return read(self)

    monkeypatch.setattr(VideoSource, "read", torn)
    assert run("--mode", "none") == 0
    faults = [row["fault"] for row in table(tmp_path / "out")]
    assert faults[1] == f"{type(error).__name__}: {error}".replace("\n", " ")
    assert faults[3] == ""
    assert {f.name for f in (tmp_path / "out/lab/monday/a.avi").iterdir()} == {"row.json"}


def test_a_place_that_cannot_be_written_ends_the_run(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    calls = []

    def full(given: job.Job) -> None:
        calls.append(given.recordings)
        raise NotWrittenError("The disk is full.")

    monkeypatch.setattr(many, "run_job", full)
    assert run() == 2
    assert capsys.readouterr().err == "error: The disk is full.\n"
    assert len(calls) == 1


@pytest.mark.parametrize(
    ("options", "part"),
    [
        (["--share", "0/2"], "from 1/8 to 8/8"),
        (["--share", "3/2"], "from 1/8 to 8/8"),
        (["--share", "two"], "'two'"),
        (["--profile", "A"], "--profile is for recordings of one person"),
        (["--save-profile", "A"], "--save-profile is for"),
        (["--device", "toaster"], "'toaster'"),
        (["--weights", "missing.safetensors"], "missing.safetensors"),
        (["--processor", "missing.py"], "missing.py"),
        (["--mode", "offline", "--set", "reset_every=5"], "reset_every"),
    ],
)
def test_what_all_recordings_share_is_looked_at_before_the_first(
    options: list[str],
    part: str,
    run: Run,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run("--mode", "online", *options) == 2
    output = capsys.readouterr()
    assert part in output.err and output.err.count("\n") == 1 and output.out == ""
    assert not (tmp_path / "out").exists()


def test_a_share_needs_each(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["personalize", "a.mp4", "--mode", "none", "--out", str(tmp_path)]
    assert main.main([*arguments, "--share", "1/2"]) == 2
    assert "Add --each" in capsys.readouterr().err


@pytest.mark.slow
def test_the_two_workers_of_the_page_on_scale(lab: Path, tmp_path: Path, weights: Path) -> None:
    page = (_ROOT / "docs" / "scale.md").read_text(encoding="utf-8")
    (command,) = re.findall(r"^seq 2 \| xargs -P 2 .*$", page, re.MULTILINE)
    for word, path in (("FOLDER", lab), ("DIR", tmp_path / "out"), ("python", sys.executable)):
        command = command.replace(word, shlex.quote(str(path)))
    command = command.replace("--mode online", "--mode none --no-overlay --device cpu")
    command += f" --weights {shlex.quote(str(weights))}"
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        ["sh", "-c", command], cwd=_ROOT, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("2 recordings were processed") == 2
    rows = table(tmp_path / "out")
    assert [row["frames"] for row in rows] == ["", "4", "2", "5"]
    assert not any(row["fault"] == many.NOT_DONE for row in rows)
