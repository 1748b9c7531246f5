"""The system libraries that Qt needs on Linux, and the package that brings each."""

from __future__ import annotations

import ctypes
import importlib.util
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_MISSING_IN_MESSAGE = re.compile(r"\b(lib[\w.+-]+\.so[\d.]*): cannot open shared object file")

# What Qt's xcb platform plugin, and the Qt libraries under it, load from the system:
# library, Debian's and Ubuntu's package, Fedora's package.
_QT_LIBRARIES = (
    ("libEGL.so.1", "libegl1", "libglvnd-egl"),
    ("libGL.so.1", "libgl1", "libglvnd-glx"),
    ("libX11-xcb.so.1", "libx11-xcb1", "libX11-xcb"),
    ("libX11.so.6", "libx11-6", "libX11"),
    ("libdbus-1.so.3", "libdbus-1-3", "dbus-libs"),
    ("libfontconfig.so.1", "libfontconfig1", "fontconfig"),
    ("libfreetype.so.6", "libfreetype6", "freetype"),
    ("libglib-2.0.so.0", "libglib2.0-0", "glib2"),
    ("libgthread-2.0.so.0", "libglib2.0-0", "glib2"),
    ("libxcb-cursor.so.0", "libxcb-cursor0", "xcb-util-cursor"),
    ("libxcb-icccm.so.4", "libxcb-icccm4", "xcb-util-wm"),
    ("libxcb-image.so.0", "libxcb-image0", "xcb-util-image"),
    ("libxcb-keysyms.so.1", "libxcb-keysyms1", "xcb-util-keysyms"),
    ("libxcb-randr.so.0", "libxcb-randr0", "libxcb"),
    ("libxcb-render-util.so.0", "libxcb-render-util0", "xcb-util-renderutil"),
    ("libxcb-render.so.0", "libxcb-render0", "libxcb"),
    ("libxcb-shape.so.0", "libxcb-shape0", "libxcb"),
    ("libxcb-shm.so.0", "libxcb-shm0", "libxcb"),
    ("libxcb-sync.so.1", "libxcb-sync1", "libxcb"),
    ("libxcb-util.so.1", "libxcb-util1", "xcb-util"),
    ("libxcb-xfixes.so.0", "libxcb-xfixes0", "libxcb"),
    ("libxcb-xkb.so.1", "libxcb-xkb1", "libxcb"),
    ("libxcb.so.1", "libxcb1", "libxcb"),
    ("libxkbcommon-x11.so.0", "libxkbcommon-x11-0", "libxkbcommon-x11"),
    ("libxkbcommon.so.0", "libxkbcommon0", "libxkbcommon"),
)


@dataclass(frozen=True)
class SystemLibrary:
    """A shared library and its package on Debian/Ubuntu and on Fedora (None: not known)."""

    name: str
    debian: str | None
    fedora: str | None


QT_LIBRARIES = tuple(SystemLibrary(*row) for row in _QT_LIBRARIES)


def xcb_plugin() -> Path | None:
    """Qt's plugin for X11 inside the installed PyQt6, or None when it is not there.

    PyQt6 is found without importing it, since an import may be what fails.
    """
    spec = importlib.util.find_spec("PyQt6")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        plugin = Path(folder, "Qt6", "plugins", "platforms", "libqxcb.so")
        if plugin.is_file():
            return plugin
    return None


def missing_libraries(plugin: Path) -> list[SystemLibrary]:
    """The libraries that keep ``plugin`` from loading, in the table's order; empty if it loads.

    The loader itself names only the first one, so each of the table's libraries is tried. Raises
    ``OSError`` when the plugin does not load for another reason than a missing library.
    """
    try:
        ctypes.CDLL(str(plugin))
    except OSError as error:
        named = library_missing_in(str(error))
        if named is None:
            raise
        missing = [library for library in QT_LIBRARIES if not _loads(library.name)]
        return missing if named in missing else [*missing, named]
    return []


def library_missing_in(message: str) -> SystemLibrary | None:
    """The library that a failed import or load says it could not open, or None if it names none."""
    found = _MISSING_IN_MESSAGE.search(message)
    if found is None:
        return None
    for library in QT_LIBRARIES:
        if library.name == found[1]:
            return library
    return SystemLibrary(found[1], None, None)


def how_to_install(missing: Iterable[SystemLibrary]) -> str:
    """A sentence with the install command for each system; ``missing`` must not be empty."""
    libraries = list(missing)
    debian = sorted({library.debian for library in libraries if library.debian})
    fedora = sorted({library.fedora for library in libraries if library.fedora})
    unknown = sorted(library.name for library in libraries if not library.debian)
    ways = []
    if debian:
        ways.append(f"on Debian and Ubuntu: sudo apt-get install {' '.join(debian)}")
    if fedora:
        ways.append(f"on Fedora: sudo dnf install {' '.join(fedora)}")
    if unknown:
        ways.append(f"find the package that brings {', '.join(unknown)} with your package manager")
    return f"To install what is missing, {'; '.join(ways)}."


def _loads(name: str) -> bool:
    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True
