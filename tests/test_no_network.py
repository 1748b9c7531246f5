"""Nothing leaves the machine: the commands and the window open no connection."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PyQt6.QtCore import QTimer
from PyQt6.QtWidgets import QApplication

from app.assets import demo
from app.runtime.processors import DEFAULT_ADDRESS
from main import main
from model import save
from tests.networks import small_network

_SENDING = ("connect", "connect_ex", "sendto", "sendmsg", "bind", "listen")


@pytest.fixture
def addresses(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Where anything of this process wanted to connect or send to, which is refused."""
    asked: list[Any] = []

    def refusing(name: str) -> Callable[..., Any]:
        allowed = getattr(socket.socket, name)

        def refuse(self: socket.socket, *arguments: Any) -> Any:
            if self.family == getattr(socket, "AF_UNIX", None):  # within this machine
                return allowed(self, *arguments)
            asked.append(arguments[-1] if arguments else name)
            raise OSError(f"a test forbids {name}")

        return refuse

    for name in _SENDING:
        if hasattr(socket.socket, name):
            monkeypatch.setattr(socket.socket, name, refusing(name))

    find = socket.getaddrinfo

    def look_up(host: Any, *arguments: Any, **options: Any) -> Any:
        if host == "127.0.0.1":  # a number, of this machine
            return find(host, *arguments, **options)
        asked.append(host)
        raise OSError("a test forbids to look up names")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return asked


def test_the_watch_sees_a_connection(addresses: list[Any]) -> None:
    with pytest.raises(OSError, match="forbids"):
        socket.create_connection(("example.org", 80))
    with socket.socket() as one, pytest.raises(OSError, match="forbids"):
        one.connect(("127.0.0.1", 9))
    assert addresses == ["example.org", ("127.0.0.1", 9)]


@pytest.mark.fault(
    "The network is away, or listens",
    "Nothing is ever sent or looked up, but results by OSC where that was asked for.",
)
def test_commands_open_no_connection(
    addresses: list[Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weights = tmp_path / "small.safetensors"
    save(weights, small_network())
    clip = _short(tmp_path / "short.avi")
    common = ["--weights", str(weights), "--device", "cpu"]
    personalize = ["personalize", str(clip), "--mode", "online", "--no-overlay", *common]
    for arguments in (
        ["doctor", "--json"],
        [*personalize, "--out", str(tmp_path / "out")],
        ["report", "--results", str(tmp_path), "--out", str(tmp_path / "report.html")],
    ):
        assert main(arguments) in (0, 1, 2), capsys.readouterr().err
    assert (tmp_path / "out" / "summary.json").is_file()
    assert addresses == []


def _short(path: Path) -> Path:
    """A second of the demo."""
    import cv2

    capture = cv2.VideoCapture(str(demo("webcam").video))
    writer = None
    for _ in range(8):
        read, image = capture.read()
        assert read
        if writer is None:
            size = (image.shape[1], image.shape[0])
            writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 25, size)
        writer.write(image)
    capture.release()
    assert writer is not None
    writer.release()
    return path


@pytest.mark.fault("The network is away, or listens")
@pytest.mark.usefixtures("themed")
@pytest.mark.parametrize("osc", [False, True])
def test_the_window_sends_nothing_but_what_was_asked_for(
    osc: bool, addresses: list[Any], monkeypatch: pytest.MonkeyPatch, qapp: QApplication
) -> None:
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)  # put back what the window replaces
    monkeypatch.setitem(os.environ, "QT_QPA_PLATFORM", "offscreen")
    arguments = ["--demo", "webcam", "--mode", "online"]
    if osc:  # ends when something was sent, however long a busy machine takes for that
        timer = QTimer(qapp)
        timer.timeout.connect(lambda: qapp.closeAllWindows() if addresses else None)
        timer.start(100)
        arguments += ["--osc", "--quit-after", "120"]
    else:
        arguments += ["--quit-after", "4"]
    assert main(arguments) == 0
    host, port = DEFAULT_ADDRESS.split(":")
    expected = {(host, int(port))} if osc else set()
    assert set(addresses) == expected
