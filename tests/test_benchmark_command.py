from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from PyQt6.QtWidgets import QApplication

from app.benchmarks import start
from main import main
from tests.model.evaluation.rivals import brightest_pixel, write_rival
from tests.shards import write_shard


def test_the_live_benchmark_prints_one_object(
    qapp: QApplication, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)  # put back what the window replaces
    assert main(["benchmark", "live", "--json", "--seconds", "2", "--warm-up", "0"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["predictions_per_second"] > 0
    assert figures["latency_ms_p95"] > 0
    assert figures["schedule"] in ("two lanes", "strict")
    assert {"pairs_per_second", "timer_late_ms_p95", "updates", "device"} <= figures.keys()


@pytest.mark.parametrize("arguments", [("--seconds", "0"), ("--demo", "x"), ("--preset", "x")])
def test_wrong_input_is_refused(
    arguments: tuple[str, str],
    qapp: QApplication,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    assert main(["benchmark", "live", *arguments]) == 2
    assert capsys.readouterr().err.startswith("error: ")


def test_the_data_benchmark_prints_one_object(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    people = write_shard(tmp_path / "people.npz", people=2, frames=3)
    stills = write_shard(tmp_path / "stills.npz", people=2, frames=1)
    data = ["--data", f"shards={people}@0.7", "--data", f"shards={stills}@0.3"]
    assert main(["benchmark", "data", *data, "--workers", "1", "--seconds", "0.3", "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert (figures["frames"], figures["workers"]) == (8, 1)
    assert figures["pairs_per_second_alone"] > 0
    assert figures["pairs_per_second"] == figures["pairs_per_second_per_core"] > 0
    # Two pictures of 160 x 160 x 3 bytes are decoded for each pair.
    assert figures["decoded_megabytes_per_second"] == pytest.approx(
        figures["pairs_per_second"] * 2 * 0.0768, rel=0.01
    )


def test_the_data_benchmark_prints_a_line_for_each_figure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shard = write_shard(tmp_path / "people.npz")
    arguments = ["--data", f"shards={shard}", "--workers", "1", "--seconds", "0.1"]
    assert main(["benchmark", "data", *arguments]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == [
        "frames",
        "workers",
        "pairs_per_second_alone",
        "pairs_per_second",
        "pairs_per_second_per_core",
        "decoded_megabytes_per_second",
    ]


def test_the_data_benchmark_names_a_damaged_picture(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shard = write_shard(tmp_path / "people.npz")
    with np.load(shard) as file:
        arrays = dict(file)
    start, stop = arrays["offset"][5:7]
    arrays["jpeg"][start:stop] = 0
    np.savez(shard, **arrays)
    assert main(["benchmark", "data", "--data", f"shards={shard}", "--workers", "1"]) == 2
    message = capsys.readouterr().err.splitlines()
    assert len(message) == 1
    assert message[0].startswith(f"error: The picture 5 of {shard} is damaged")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--data", "shards={shard}", "--seconds", "0"], "--seconds above 0"),
        (["--data", "shards={shard}", "--workers", "0"], "--workers of 1 or more"),
        (["--data", "mpii=here"], "not of the form NAME=FOLDER"),
        (["--data", "shards={shard}@1", "--data", "shards={shard}"], "every data set a weight"),
        ([], "--data"),
    ],
)
def test_wrong_data_is_refused(
    arguments: list[str], expected: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shard = write_shard(tmp_path / "people.npz")
    given = [argument.format(shard=shard) for argument in arguments]
    assert main(["benchmark", "data", *given]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ") and expected in error


def test_the_start_benchmark_sees_a_skeleton(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = start._seconds("webcam")
    times = iter([9.0, seconds + 1, seconds])
    monkeypatch.setattr(start, "_seconds", lambda demo: next(times))
    assert main(["benchmark", "start", "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["starts"] == 3 and figures["first_start_seconds"] == 9.0
    assert figures["later_start_seconds"] == pytest.approx(seconds, abs=0.01)


@pytest.mark.parametrize("arguments", [("--starts", "1"), ("--demo", "x")])
def test_a_start_that_makes_no_sense_is_refused(
    arguments: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["benchmark", "start", *arguments]) == 2
    assert capsys.readouterr().err.startswith("error: ")


def test_the_prediction_benchmark_prints_one_object(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rival = write_rival(tmp_path / "rival.onnx", 32, brightest_pixel(32))
    arguments = ["--rival", str(rival), "--repeats", "3", "--json"]
    assert main(["benchmark", "predict", *arguments]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["frames_per_second"] == pytest.approx(1000 / figures["milliseconds"], rel=0.02)
    rate = figures["rival_frames_per_second"]
    assert rate == pytest.approx(1000 / figures["rival.onnx milliseconds"], rel=0.1)
    assert figures["trunk"] in ("ONNX Runtime", "ONNX Runtime, int8", "PyTorch")
    assert figures["threads"] == 1


@pytest.mark.parametrize("arguments", [("--threads", "0"), ("--demo", "x"), ("--rival", "x.onnx")])
def test_a_prediction_benchmark_that_makes_no_sense_is_refused(
    arguments: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["benchmark", "predict", *arguments]) == 2
    assert capsys.readouterr().err.startswith("error: ")
