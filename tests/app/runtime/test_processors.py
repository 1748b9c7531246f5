"""Other people's code gets each result, and its errors end nothing but itself."""

from __future__ import annotations

import logging
import math
import re
import threading
from pathlib import Path

import numpy as np
import pytest
from pythonosc import osc_bundle, osc_message, osc_server
from pythonosc.udp_client import UDPClient

from app.runtime.processors import (
    DEFAULT_ADDRESS,
    GuardedProcessor,
    OscProcessor,
    ProcessorResult,
    ProcessorThread,
    load_processor,
)
from model.core.errors import UserError
from model.core.skeleton import PENN13
from tests.app.runtime.recordings.stand_ins import SIZE, found, not_found

DOCS = Path(__file__).resolve().parents[3] / "docs" / "processors.md"
CODE = re.findall(r"```python\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)


def record(number: int = 0, *, somebody: bool = True) -> ProcessorResult:
    processed = found(number) if somebody else not_found(number)
    return ProcessorResult.of(processed.frame, processed.result, PENN13.names)


class Collector:
    """Keeps what it gets; fails at frame ``fails``, and waits at each until it is let through."""

    def __init__(self, fails: int = -1) -> None:
        self.frames: list[int] = []
        self.closed = 0
        self.passing = threading.Event()
        self.passing.set()
        self._fails = fails

    def process(self, result: ProcessorResult) -> None:
        self.passing.wait(10)
        if result.frame == self._fails:
            raise ValueError("too many knees")
        self.frames.append(result.frame)

    def close(self) -> None:
        self.closed += 1


def test_a_result_tells_what_was_predicted() -> None:
    result = record(3)
    expected = found(3).result
    np.testing.assert_array_equal(result.keypoints, expected.keypoints)
    np.testing.assert_array_equal(result.confidence, expected.confidence)
    assert result.time == pytest.approx(0.15)
    assert (result.frame, result.size) == (3, SIZE)
    assert result.joint_names == PENN13.names
    assert set(result.angles) >= {"left elbow", "right hip"}
    nobody = record(somebody=False)
    assert nobody.keypoints.shape == (0, 2)
    assert all(math.isnan(degrees) for degrees in nobody.angles.values())


def test_a_file_with_a_class_is_a_processor(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(
        "from __future__ import annotations\n"
        "from dataclasses import dataclass, field\n"
        "@dataclass\n"
        "class Processor:\n"
        "    frames: list[int] = field(default_factory=list)\n"
        "    def process(self, result):\n"
        "        self.frames.append(result.frame)\n"
    )
    processor = load_processor(file)
    guarded = GuardedProcessor("mine.py", processor, print)
    guarded.process(record(5))
    guarded.close()  # it has none
    assert processor.frames == [5]  # type: ignore[attr-defined]
    assert guarded.error is None


@pytest.mark.parametrize(
    ("text", "part"),
    [
        (None, "no file"),
        ("def (", "SyntaxError"),
        ("1 / 0", "ZeroDivisionError"),
        ("class Other: pass", "no class Processor"),
        ("class Processor: pass", "no class Processor with a method process"),
        ("class Processor:\n    def __init__(self, port): pass", "TypeError"),
    ],
)
def test_what_is_no_processor_is_explained(
    tmp_path: Path, text: str | None, part: str, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "mine.py"
    if text is not None:
        file.write_text(text)
    with caplog.at_level(logging.CRITICAL), pytest.raises(UserError, match=part) as caught:
        load_processor(file)
    assert "mine.py" in str(caught.value)


def test_an_error_is_said_once_and_switches_off(caplog: pytest.LogCaptureFixture) -> None:
    collector, said = Collector(fails=1), list[str]()
    guarded = GuardedProcessor("mine.py", collector, said.append)
    with caplog.at_level(logging.CRITICAL):
        for number in range(4):
            guarded.process(record(number))
    assert collector.frames == [0]
    assert said == [
        "The processor mine.py failed (ValueError: too many knees) and was switched off."
    ]
    guarded.close()
    assert collector.closed == 1


def test_the_thread_hands_over_in_order_and_closes() -> None:
    collector = Collector()
    thread = ProcessorThread(GuardedProcessor("mine.py", collector, print))
    thread.start()
    assert thread.title == "mine.py"
    for number in range(5):
        thread.add(record(number))
    _wait_until(lambda: len(collector.frames) == 5)
    assert thread.stop()
    assert collector.frames == [0, 1, 2, 3, 4]
    assert collector.closed == 1


def test_a_slow_processor_delays_nobody_and_misses_the_oldest() -> None:
    collector = Collector()
    collector.passing.clear()
    thread = ProcessorThread(GuardedProcessor("mine.py", collector, print))
    thread.start()
    for number in range(200):
        thread.add(record(number))  # returns though nothing is taken
    collector.passing.set()
    _wait_until(lambda: bool(collector.frames) and collector.frames[-1] == 199)
    assert thread.stop()
    assert collector.frames == sorted(collector.frames)
    assert len(collector.frames) <= 33


def test_a_failing_thread_has_no_title_any_more(caplog: pytest.LogCaptureFixture) -> None:
    said: list[str] = []
    collector = Collector(fails=0)
    thread = ProcessorThread(GuardedProcessor("mine.py", collector, said.append))
    with caplog.at_level(logging.CRITICAL):
        thread.start()
        thread.add(record(0))
        thread.join(10)
    assert (thread.title, len(said), collector.closed) == ("", 1, 1)
    assert thread.stop()


def _wait_until(condition: object) -> None:
    assert callable(condition)
    for _ in range(1000):
        if condition():
            return
        threading.Event().wait(0.01)
    pytest.fail("it never came")


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, list[float]]]:
    """The messages of each bundle by address, instead of sending it."""
    bundles: list[dict[str, list[float]]] = []

    def keep(_: UDPClient, bundle: osc_bundle.OscBundle) -> None:
        parts = [part for part in bundle if isinstance(part, osc_message.OscMessage)]
        bundles.append({part.address: part.params for part in parts})

    monkeypatch.setattr(UDPClient, "send", keep)
    return bundles


def test_osc_sends_what_the_documentation_says(sent: list[dict[str, list[float]]]) -> None:
    processor = OscProcessor()
    result = record(3)
    degrees = {**result.angles, "left elbow": 90.0, "right knee": math.nan}
    processor.process(ProcessorResult(**{**vars(result), "angles": degrees}))
    processor.process(record(5, somebody=False))
    processor.close()
    first, second = sent
    assert first["/pose/frame"] == [3, 0.0, 1]
    assert second == {"/pose/frame": [5, pytest.approx(0.1), 0]}
    x, y = result.keypoints[PENN13.index("left wrist")].tolist()
    expected = [x / SIZE[0], y / SIZE[1], 0.9]
    assert first["/pose/keypoint/left_wrist"] == pytest.approx(expected)
    assert sum(address.startswith("/pose/keypoint/") for address in first) == 13
    assert first["/pose/angle/left_elbow"] == [90]
    assert "/pose/angle/right_knee" not in first


@pytest.mark.parametrize("address", ["", "9000", "localhost", "host:port", "127.0.0.1:0", ":9000"])
def test_an_address_that_is_none_is_explained(address: str) -> None:
    with pytest.raises(UserError, match=r"HOST:PORT, such as 127\.0\.0\.1:9000"):
        OscProcessor(address)


def test_nobody_needs_to_listen() -> None:
    processor = OscProcessor()
    for number in range(3):
        processor.process(record(number))
    processor.close()


def test_the_documented_receiver_receives(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def serve_once(server: osc_server.BlockingOSCUDPServer) -> None:
        host, port = server.server_address[:2]
        processor = OscProcessor(f"{host!s}:{port}")
        processor.process(record())
        processor.close()
        server.timeout = 10
        server.handle_request()
        server.server_close()

    monkeypatch.setattr(osc_server.BlockingOSCUDPServer, "serve_forever", serve_once)
    assert DEFAULT_ADDRESS == "127.0.0.1:9000"
    assert '("127.0.0.1", 9000)' in CODE[0]
    exec(CODE[0].replace("9000", "0"), {})  # any free port
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 13
    wrist = next(line for line in lines if line.startswith("left_wrist "))
    x, y, confidence = wrist.split()[1:]
    result = record()
    expected = result.keypoints[PENN13.index("left wrist")] / SIZE
    assert (float(x), float(y)) == pytest.approx(tuple(expected.tolist()))
    assert float(confidence) == pytest.approx(0.9)


def test_the_documented_processor_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "documented.py"
    file.write_text(CODE[1])
    guarded = GuardedProcessor("documented.py", load_processor(file), pytest.fail)
    guarded.process(record(1))
    guarded.process(record(2, somebody=False))
    guarded.close()
    first, second = (tmp_path / "left_elbow.txt").read_text().splitlines()
    assert re.fullmatch(r"0\.050 \d+\.\d", first)
    assert second == "0.100 nan"
