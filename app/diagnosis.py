"""What this machine has of what the application needs: one probe per question.

Nothing heavy is imported at the top: a package that cannot be imported is one of the answers.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import platform
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from app.screen import find_screen
from app.system_libraries import how_to_install, library_missing_in, missing_libraries, xcb_plugin
from model.files import sha256_of

Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json] | None"

ROOT = Path(__file__).resolve().parents[1]
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
    versions: dict[str, Json] = {"project": _project()["version"]}
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
    from model.device import choose_device

    choice = choose_device()
    value: Json = {"name": str(choice.device), "reason": choice.reason}
    return Finding("device", choice.reason, value)


def _probe_cpu() -> Finding:
    from model.device import cpu_supports_bfloat16

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
    from app.capture.cameras import list_cameras

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
    licence = _project()["license"]
    return Finding("licence", f"{licence} (see LICENSE)", licence)


def _project() -> dict[str, str]:
    project: dict[str, str] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return project
