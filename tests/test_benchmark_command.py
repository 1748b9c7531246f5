from __future__ import annotations

import json
import sys

import pytest
from PyQt6.QtWidgets import QApplication

from main import main


def test_the_live_benchmark_prints_one_object(
    qapp: QApplication, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)  # put back what the window replaces
    assert main(["benchmark", "live", "--json", "--seconds", "4", "--warm-up", "0"]) == 0
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
