"""Diagnostics come into the clipboard, gathered beside the window."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from PyQt6.QtCore import QObject
from PyQt6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.diagnosis import Finding
from app.gui import export


def test_versions_and_newest_errors_are_copied(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[threading.Thread] = []

    def diagnose() -> list[Finding]:
        threads.append(threading.current_thread())
        return [Finding("device", "The abacus.", None)]

    log = tmp_path / "window.log"
    log.write_text("2026 ERROR no such luck\n", encoding="utf-8")
    monkeypatch.setattr(export, "diagnose", diagnose)
    monkeypatch.setattr(export, "log_path", lambda: log)
    said: list[str] = []
    parent = QObject()
    export.Diagnostics(parent, said.append).copy()
    qtbot.waitUntil(lambda: len(said) == 2)
    clipboard = QApplication.clipboard()
    assert clipboard is not None
    text = clipboard.text()
    assert "Device" in text and "The abacus." in text and "Nothing is missing." in text
    assert text.endswith("The newest errors:\n2026 ERROR no such luck\n")
    assert "clipboard" in said[-1] and threads[0] is not threading.main_thread()
