"""What installs the program on a desktop names what there is."""

from __future__ import annotations

import configparser
import re

from PyQt6.QtSvg import QSvgRenderer

from app.settings import APP_ID
from tests.architecture import ROOT

_PACKAGING = ROOT / "packaging"


def test_the_desktop_entry_names_the_program_and_its_icon() -> None:
    entries = configparser.RawConfigParser()
    entries.optionxform = str  # type: ignore[assignment, method-assign]
    entries.read(_PACKAGING / f"{APP_ID}.desktop", encoding="utf-8")
    entry = entries["Desktop Entry"]
    # Qt gives a window's desktop this name, by which it finds the entry and so the icon.
    assert entry["Exec"] == entry["Icon"] == entry["StartupWMClass"] == APP_ID
    assert entry["Type"] == "Application" and entry["Terminal"] == "false"
    assert QSvgRenderer(str(ROOT / "assets" / f"{APP_ID}.svg")).isValid()


def test_what_goes_into_the_bundle_is_there() -> None:
    spec = (_PACKAGING / f"{APP_ID}.spec").read_text("utf-8")
    compile(spec, "spec", "exec")
    named = re.findall(r'str\(ROOT / "([\w.]+)"\)', spec)
    assert {"assets", "pyproject.toml", "main.py"} <= set(named)
    assert all((ROOT / name).exists() for name in named)
