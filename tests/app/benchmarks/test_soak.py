from __future__ import annotations

import json
import sys
import threading
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from app.benchmarks import soak
from app.benchmarks.faults import Fault, FaultySource, Tripwire
from app.benchmarks.soak import SoakFigures, _judged, _Totals
from app.runtime.capture.source import Grab, SourceStalledError
from app.runtime.live.worker import WORKER_THREAD
from main import main
from model.core.crop import SquareBox


@pytest.mark.usefixtures("themed")
def test_the_soak_ends_with_a_verdict_and_a_plot(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)  # put back what the window replaces
    monkeypatch.setattr(soak, "_FAULT_SECONDS", 0.5)
    plot = tmp_path / "soak.png"
    main(["benchmark", "soak", "--hours", "0.002", "--seed", "1", "--json", "--plot", str(plot)])
    figures = json.loads(capsys.readouterr().out)
    assert figures["faults_injected"] == figures["faults_survived"] > 0
    assert figures["predictions"] > 0
    keys = {"memory_growth_percent", "threads_first", "threads_last", "lost_frames", "verdict"}
    assert keys <= figures.keys()
    assert plot.read_bytes().startswith(b"\x89PNG")


def _read(source: FaultySource, count: int) -> list[Grab | None]:
    source.open()
    try:
        return [source.read() for _ in range(count)]
    finally:
        source.close()


def test_every_fault_of_a_source_happens() -> None:
    black = _read(FaultySource(Fault.SOURCE_BLACK), 22)[-1]
    assert black is not None and not black.image.any()
    sizes = {grab.image.shape for grab in _read(FaultySource(Fault.SOURCE_SIZES), 24) if grab}
    assert len(sizes) == 5
    assert _read(FaultySource(Fault.SOURCE_ENDS), 21)[-1] is None
    with pytest.raises(RuntimeError, match="injected"):
        _read(FaultySource(Fault.SOURCE_RAISES), 21)
    with pytest.raises(SourceStalledError):
        _read(FaultySource(Fault.SOURCE_STALLS), 21)


def test_the_wire_trips_the_worker_and_not_what_learns_offline() -> None:
    box = SquareBox(1.0, 2.0, 3.0)
    follower = SimpleNamespace(locate=lambda image, time_s: box)
    wire = Tripwire(lambda: SimpleNamespace(follower=follower))  # type: ignore[arg-type,return-value]
    wire().follower.locate(np.zeros((4, 4, 3), np.uint8), 0.0)
    wire.set = True
    found: dict[str, object] = {}

    def look(name: str) -> None:
        try:
            found[name] = follower.locate(np.zeros((4, 4, 3), np.uint8), 0.0)
        except RuntimeError as error:
            found[name] = error

    for name in ("app-offline", WORKER_THREAD):
        thread = threading.Thread(target=look, args=(name,), name=name)
        thread.start()
        thread.join()
    assert found["app-offline"] == box
    assert isinstance(found[WORKER_THREAD], RuntimeError)
    assert not wire.set


def test_the_verdict_names_what_did_not_hold() -> None:
    ending = (0, 1, 1, 1, 1, 0, 1, 2, 2, (), Path("x.png"))
    good = SoakFigures(2.0, 1000, 1029, 17, 17, 14, 14, *ending)
    assert _judged(good, []).broken == ()
    worse = replace(good, memory_last=1040, threads_last=19)
    assert _judged(worse, [Fault.SOURCE_ENDS]).broken == (
        "Not survived: source ends.",
        "Memory grew by 4.0 %.",
        "There were 17 threads and then 19.",
    )
    ten_minutes = replace(good, hours=1 / 6, memory_first=3000, memory_last=3049)
    assert _judged(ten_minutes, []).broken == ()
    more = replace(ten_minutes, memory_last=3051)
    assert _judged(more, []).broken == ("Memory grew by 51 MB.",)
    assert _judged(replace(more, hours=0.1), []).broken == ()


@pytest.mark.usefixtures("themed")
def test_without_faults_there_are_only_a_users_actions(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)  # put back what the window replaces
    monkeypatch.setattr(soak, "_BETWEEN_ACTIONS", (0.0, 0.05))
    monkeypatch.setattr(soak, "_LOOK_SECONDS", 0.05)
    plot = ["--plot", str(tmp_path / "soak.png")]
    main(["benchmark", "soak", "--hours", "0.002", "--no-faults", "--json", *plot])
    figures = json.loads(capsys.readouterr().out)
    assert figures["faults_injected"] == 0 < figures["actions"]
    assert figures["takes"] > 0 and figures["offline_runs"] > 0


def test_counters_that_begin_again_are_summed() -> None:
    totals = _Totals()
    for seen in [(1, 5, 2), (3, 9, 2), (0, 2, 1), (2, 4, 1)]:
        totals.see(*seen)
    assert (totals.lost, totals.predictions, totals.updates) == (5, 13, 3)


def test_hours_must_be_more_than_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["benchmark", "soak", "--hours", str(np.nan)]) == 2
    assert "hours" in capsys.readouterr().err
