"""What this machine has of what the application needs: one probe per question."""

from __future__ import annotations

import ctypes
import functools
import importlib
import importlib.util
import os
import platform
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from app.project import COMMAND, ROOT, project
from model.core.errors import UserError
from model.core.files import sha256_of

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
        missing = [library for library in QT_LIBRARIES if not _loads(library.name)]
        # In a frozen bundle PyInstaller puts a message of its own in the loader's place.
        if named is None and not (missing and hasattr(sys, "frozen")):
            raise
        return missing if named is None or named in missing else [*missing, named]
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


_WITHOUT_A_SCREEN = (
    f"The commands that need no window work all the same ({COMMAND} --help lists them), and "
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


Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json] | None"

CHECKSUMS = "SHA256SUMS"

# Key in the report, module to import, its version or the function that gives it. PyTorch comes
# first: on Windows its libraries do not load after Qt's.
_PACKAGES = (
    ("torch", "torch", "__version__"),
    ("torchvision", "torchvision", "__version__"),
    ("opencv", "cv2", "__version__"),
    ("qt", "PyQt6.QtCore", "qVersion"),
    ("pyqt", "PyQt6.QtCore", "PYQT_VERSION_STR"),
    ("pyqtgraph", "pyqtgraph", "__version__"),
    ("numpy", "numpy", "__version__"),
    ("scipy", "scipy", "__version__"),
    ("onnx", "onnx", "__version__"),
    ("onnxruntime", "onnxruntime", "__version__"),
    ("safetensors", "safetensors", "__version__"),
)


@dataclass(frozen=True)
class Finding:
    """One probe's answer.

    ``value`` is for ``--json``, under ``key``; ``text`` is for a person. A problem keeps the
    application from running; a note does not. Both are whole sentences. ``missing`` names what
    is not there, whether it keeps the application from running or not.
    """

    key: str
    text: str
    value: Json
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


def diagnose() -> list[Finding]:
    """Run every probe. One that fails reports that instead of ending the others."""
    probes: tuple[tuple[str, Callable[[], Finding]], ...] = (
        ("versions", _probe_versions),
        ("device", _probe_device),
        ("cpu", _probe_cpu),
        ("screen", _probe_screen),
        ("missing_libraries", _probe_libraries),
        ("cameras", _probe_cameras),
        ("assets", _probe_assets),
        ("licence", _probe_licence),
    )
    return [_isolated(key, probe) for key, probe in probes]


def _isolated(key: str, probe: Callable[[], Finding]) -> Finding:
    try:
        return probe()
    except Exception as error:  # noqa: BLE001 - a probe may meet any fault of what it imports
        return Finding(key, "not known", None, problems=(_explain(f"The check of {key}", error),))


def _explain(what: str, error: Exception) -> str:
    """A sentence for a failed import or check, with the package to install where it is known."""
    # A missing package or library is the same sentence for all that need it, and is said once.
    if isinstance(error, ModuleNotFoundError) and error.name:
        package = error.name.partition(".")[0]
        return f"The Python package {package} is not installed: pip install -r requirements.txt"
    library = library_missing_in(str(error))
    if library is not None:
        return f"The system library {library.name} is missing. {how_to_install([library])}"
    return f"{what} failed: {str(error) or type(error).__name__}"


def _probe_versions() -> Finding:
    versions: dict[str, Json] = {"project": project()["version"]}
    versions["python"] = platform.python_version()
    problems: list[str] = []
    for key, module, attribute in _PACKAGES:
        try:
            version = getattr(importlib.import_module(module), attribute)
            versions[key] = version() if callable(version) else version
        except Exception as error:  # noqa: BLE001 - a broken package may raise anything
            versions[key] = None
            problems.append(_explain(f"Importing {module}", error))
    text = "\n".join(f"{key} {version or 'cannot be used'}" for key, version in versions.items())
    return Finding("versions", text, versions, tuple(problems))


def _probe_device() -> Finding:
    from model.core.device import choose_device

    choice = choose_device()
    value: Json = {"name": str(choice.device), "reason": choice.reason}
    return Finding("device", choice.reason, value)


def _probe_cpu() -> Finding:
    from model.core.device import cpu_supports_bfloat16

    cores = os.cpu_count() or 1
    bfloat16 = cpu_supports_bfloat16()
    text = f"{platform.machine()}, {cores} cores, {'with' if bfloat16 else 'without'} fast bfloat16"
    value: Json = {"architecture": platform.machine(), "cores": cores, "bfloat16": bfloat16}
    return Finding("cpu", text, value)


def _probe_screen() -> Finding:
    screen = find_screen(os.environ)
    value: Json = {"platform": screen.platform, "usable": screen.usable}
    notes = () if screen.usable else (screen.sentence,)
    return Finding("screen", screen.sentence if screen.usable else "none", value, notes=notes)


def _probe_libraries() -> Finding:
    key = "missing_libraries"
    if not sys.platform.startswith("linux"):
        return Finding(key, "not needed on this system", [])
    plugin = xcb_plugin()
    if plugin is None:
        if importlib.util.find_spec("PyQt6") is None:
            return Finding(key, "not known: PyQt6 is not installed", None)
        return Finding(key, "none: Qt comes from the system", [])
    missing = missing_libraries(plugin)
    if not missing:
        importlib.import_module("PyQt6.QtWidgets")
        return Finding(key, "none", [])
    names = tuple(library.name for library in missing)
    without = f"without {', '.join(names)}. {how_to_install(missing)}"
    value: Json = [
        {"library": library.name, "debian": library.debian, "fedora": library.fedora}
        for library in missing
    ]
    if find_screen(os.environ).platform == "xcb":
        problem = f"Qt cannot open a window {without}"
        return Finding(key, ", ".join(names), value, problems=(problem,), missing=names)
    note = f"On an X11 screen, which is not used here, Qt could not open a window {without}"
    return Finding(key, ", ".join(names), value, notes=(note,), missing=names)


def _probe_cameras() -> Finding:
    from app.runtime.capture.camera import list_cameras

    cameras: list[Json] = [camera.name for camera in list_cameras()]
    notes = () if cameras else ("No camera was found; the application plays the demo instead.",)
    return Finding("cameras", "\n".join(map(str, cameras)) or "none", cameras, notes=notes)


def _probe_assets(folder: Path = ROOT / "assets") -> Finding:
    damaged: list[Json] = list(_damaged_files(folder))
    problems: tuple[str, ...] = ()
    if damaged:
        names = ", ".join(map(str, damaged))
        problems = (f"Missing or damaged in {folder}: {names}. Download the project again.",)
    return Finding("assets", "damaged" if damaged else "complete", {"damaged": damaged}, problems)


def _damaged_files(folder: Path) -> Iterator[str]:
    """Names of the files listed in ``folder/SHA256SUMS`` that are absent or differ from it."""
    sums = folder / CHECKSUMS
    if not sums.is_file():
        yield CHECKSUMS
        return
    for line in sums.read_text(encoding="utf-8").splitlines():
        expected, name = line.split(maxsplit=1)
        path = folder / name
        if not path.is_file() or sha256_of(path) != expected:
            yield name


def _probe_licence() -> Finding:
    licence = project()["license"]
    return Finding("licence", f"{licence} (see LICENSE)", licence)


_TITLES = {
    "versions": "Versions",
    "device": "Device",
    "cpu": "CPU",
    "screen": "Screen",
    "missing_libraries": "Missing libraries",
    "cameras": "Cameras",
    "assets": "Assets",
    "licence": "Licence",
}
_INDENT = 2 + max(map(len, _TITLES.values()))


def problems_of(findings: list[Finding]) -> list[str]:
    """Every problem once, in order: one broken package can be the reason for several."""
    return list(dict.fromkeys(problem for finding in findings for problem in finding.problems))


def as_text(findings: list[Finding]) -> str:
    """The report for a person, with the verdict at its end."""
    lines = []
    for finding in findings:
        text = finding.text.replace("\n", "\n" + " " * _INDENT)
        lines.append(f"{_TITLES[finding.key]:<{_INDENT}}{text}")
    lines.append("")
    lines += [f"Note: {note}" for finding in findings for note in finding.notes]
    problems = problems_of(findings)
    lines += [f"Problem: {problem}" for problem in problems]
    lines.append(_verdict(findings))
    return "\n".join(lines)


def _verdict(findings: list[Finding]) -> str:
    if problems_of(findings):
        return "The application cannot run here yet."
    missing = [name for finding in findings for name in finding.missing]
    if missing:
        return f"The application can run here without what is missing: {', '.join(missing)}."
    return "Nothing is missing."
