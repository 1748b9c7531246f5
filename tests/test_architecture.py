"""The house: who may know whom, and that docs/architecture.md draws it as it is."""

from __future__ import annotations

import re

from tests.architecture import ROOT, arrows, imports, module_order, modules, package_of

_LONGEST = 500
_ARROW = re.compile(r"^ +(\w+) --> (\w+)$", re.MULTILINE)
_NODE = re.compile(r'^ +(\w+)\["`?([\w./]+)', re.MULTILINE)


def _known_by(package: str) -> set[str]:
    """Everything that modules of a package import, wherever they do."""
    inside = [name for name in modules() if f"{name}.".startswith(f"{package}.")]
    assert inside
    return set().union(*(imports(name, lazy=True) for name in inside))


def test_no_module_needs_itself_by_way_of_others() -> None:
    assert len(module_order()) >= len(modules())


def test_the_methods_know_no_application_and_no_screen() -> None:
    for name in _known_by("model"):
        assert name.split(".")[0] not in ("app", "PyQt6", "pyqtgraph"), name


def test_qt_is_known_to_the_window_and_to_what_measures_it_alone() -> None:
    for module in modules():
        if package_of(module) not in ("app.gui", "app.benchmarks"):
            known = {name.split(".")[0] for name in imports(module, lazy=True)}
            assert not known & {"PyQt6", "pyqtgraph"}, module


def test_the_core_knows_no_method() -> None:
    for name in _known_by("model.core"):
        assert not name.startswith("model.") or name.startswith("model.core"), name


def test_no_module_is_longer_than_can_be_read() -> None:
    for module, path in modules().items():
        assert len(path.read_text(encoding="utf-8").splitlines()) <= _LONGEST, module


def test_the_picture_is_that_of_the_code() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    picture = page.split("```mermaid")[1].split("```")[0]
    names = {node: label.replace("/", ".") for node, label in _NODE.findall(picture)}
    drawn = {(names[upper], names[lower]) for upper, lower in _ARROW.findall(picture)}
    assert drawn == arrows()


def test_every_file_that_the_pages_name_is_there() -> None:
    for page in (ROOT / "docs" / "architecture.md", ROOT / "README.md"):
        text = page.read_text(encoding="utf-8")
        for name in re.findall(r"`((?:app|model|tests|docs|assets)/[\w./]+)`", text):
            assert (ROOT / name).exists(), f"{page.name}: {name}"
