"""Whether the window can open here, known before Qt is asked (Qt ends the process if it cannot)."""

from __future__ import annotations

import ctypes
import functools
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from app.system_libraries import how_to_install, missing_libraries, xcb_plugin
from model.errors import UserError

_WITHOUT_A_SCREEN = (
    "The commands that need no window work all the same (python main.py --help lists them), and "
    "with QT_QPA_PLATFORM=offscreen the window runs unseen."
)


@dataclass(frozen=True)
class Screen:
    """Where Qt will draw: its platform's name, whether something answers there, and a sentence."""

    platform: str
    usable: bool
    sentence: str


def find_screen(environment: Mapping[str, str], system: str = sys.platform) -> Screen:
    """The screen that Qt will use with these environment variables on this ``sys.platform``."""
    asked = environment.get("QT_QPA_PLATFORM", "").partition(":")[0].partition(";")[0]
    if asked not in ("", "wayland", "xcb"):
        return Screen(asked, True, f"QT_QPA_PLATFORM asks for {asked}, which needs no screen.")
    if system in ("darwin", "win32"):
        platform = "cocoa" if system == "darwin" else "windows"
        return Screen(platform, True, "The window opens on the desktop.")
    if asked != "xcb" and "WAYLAND_DISPLAY" in environment:
        return Screen("wayland", True, "The window opens on the Wayland desktop.")
    name = environment.get("DISPLAY")
    if not name:
        sentence = "There is no screen here (neither DISPLAY nor WAYLAND_DISPLAY is set)."
        return Screen("xcb", False, f"{sentence} {_WITHOUT_A_SCREEN}")
    if not _x_server_answers(name):
        sentence = f"No X server answers at DISPLAY={name}: start one, or correct DISPLAY."
        return Screen("xcb", False, f"{sentence} {_WITHOUT_A_SCREEN}")
    return Screen("xcb", True, f"The window opens on the X11 screen {name}.")


def require_screen() -> None:
    """Raise ``UserError`` if the window cannot open, naming the screen or package it lacks."""
    screen = find_screen(os.environ)
    if not screen.usable:
        raise UserError(screen.sentence)
    plugin = xcb_plugin() if screen.platform == "xcb" else None
    missing = missing_libraries(plugin) if plugin else []
    if missing:
        names = ", ".join(library.name for library in missing)
        raise UserError(f"The window cannot open without {names}. {how_to_install(missing)}")


@functools.cache
def _x_server_answers(name: str) -> bool:
    # The connection stays open: a bare server such as Xvfb starts anew when its last client goes,
    # and would turn Qt away meanwhile.
    try:
        x11 = ctypes.CDLL("libX11.so.6")
    except OSError:
        return True  # The missing library is the fault, and is reported as that.
    x11.XOpenDisplay.restype = ctypes.c_void_p
    return x11.XOpenDisplay(name.encode()) is not None
