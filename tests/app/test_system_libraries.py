"""A plugin that does not load is explained by the libraries it lacks and their packages."""

from __future__ import annotations

import ctypes
import sys
from pathlib import Path

import pytest

from app.diagnosis import (
    QT_LIBRARIES,
    SystemLibrary,
    how_to_install,
    library_missing_in,
    missing_libraries,
)

PLUGIN = Path("platforms/libqxcb.so")


def lack(monkeypatch: pytest.MonkeyPatch, *absent: str) -> None:
    """Simulate a machine without the libraries ``absent``, of which the plugin needs the first."""

    def load(name: str) -> None:
        lacking = absent[0] if name == str(PLUGIN) and absent else name
        if lacking in absent:
            raise OSError(f"{lacking}: cannot open shared object file: No such file or directory")

    monkeypatch.setattr(ctypes, "CDLL", load)


def test_nothing_is_missing_when_the_plugin_loads(monkeypatch: pytest.MonkeyPatch) -> None:
    lack(monkeypatch)
    assert missing_libraries(PLUGIN) == []


def test_all_missing_libraries_are_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    lack(monkeypatch, "libxcb-icccm.so.4", "libxcb-cursor.so.0")
    missing = missing_libraries(PLUGIN)
    assert [library.name for library in missing] == ["libxcb-cursor.so.0", "libxcb-icccm.so.4"]
    sentence = how_to_install(missing)
    assert "sudo apt-get install libxcb-cursor0 libxcb-icccm4" in sentence
    assert "sudo dnf install xcb-util-cursor xcb-util-wm" in sentence


def test_a_library_outside_the_table_is_still_named(monkeypatch: pytest.MonkeyPatch) -> None:
    lack(monkeypatch, "libnew.so.3")
    assert missing_libraries(PLUGIN) == [SystemLibrary("libnew.so.3", None, None)]
    assert "libnew.so.3" in how_to_install(missing_libraries(PLUGIN))


def test_another_fault_of_the_plugin_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(name: str) -> None:
        raise OSError(f"{name}: file too short")

    monkeypatch.setattr(ctypes, "CDLL", load)
    with pytest.raises(OSError, match="file too short"):
        missing_libraries(PLUGIN)


def test_a_frozen_bundle_finds_the_missing_libraries_though_its_error_names_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def load(name: str) -> None:
        if name in (str(PLUGIN), "libxcb-cursor.so.0"):
            raise OSError(f"Failed to load dynlib/dll {name!r}.")

    monkeypatch.setattr(ctypes, "CDLL", load)
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert [library.name for library in missing_libraries(PLUGIN)] == ["libxcb-cursor.so.0"]


def test_a_real_file_that_is_no_library(tmp_path: Path) -> None:
    plugin = tmp_path / "libqxcb.so"
    plugin.write_bytes(b"")
    with pytest.raises(OSError, match="libqxcb"):
        missing_libraries(plugin)


@pytest.mark.parametrize(
    ("message", "name"),
    [
        ("libGL.so.1: cannot open shared object file: No such file or directory", "libGL.so.1"),
        ("ImportError: libstdc++.so.6: cannot open shared object file", "libstdc++.so.6"),
        ("No module named 'cv2'", None),
    ],
)
def test_library_named_in_an_import_error(message: str, name: str | None) -> None:
    found = library_missing_in(message)
    assert (found.name if found else None) == name


def test_every_library_has_a_package_on_both_systems() -> None:
    assert all(library.debian and library.fedora for library in QT_LIBRARIES)
    assert len({library.name for library in QT_LIBRARIES}) == len(QT_LIBRARIES)
