"""What imports what, read off the source: modules, their packages, and the order of these."""

from __future__ import annotations

import ast
from collections import defaultdict
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# Packages that are nodes of their own in the picture, though they lie in another one.
_APART = ("model.ttp.training",)


@cache
def modules() -> dict[str, Path]:
    """All modules of ``app`` and ``model`` by dotted name."""
    found = {}
    for path in sorted([*ROOT.glob("app/**/*.py"), *ROOT.glob("model/**/*.py")]):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@cache
def imports(module: str, *, lazy: bool) -> frozenset[str]:
    """Dotted names that a module imports; with ``lazy`` also those inside functions."""
    tree = ast.parse(modules()[module].read_text(encoding="utf-8"))
    nodes = ast.walk(tree) if lazy else tree.body
    names = set()
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                names.add(inner if inner in modules() else node.module)
        elif isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
    return frozenset(names - {module})


def module_order() -> list[str]:
    """All modules, each after those that it imports; ``graphlib.CycleError`` if there is none."""
    graph = {name: imports(name, lazy=False) & modules().keys() for name in modules()}
    return list(TopologicalSorter(graph).static_order())


def package_of(module: str) -> str:
    """The node of the picture that a module belongs to: ``app.gui``, ``model.core``."""
    for package in _APART:
        if module == package or module.startswith(f"{package}."):
            return package
    return ".".join(module.split(".")[:2])


def package_graph() -> dict[str, set[str]]:
    """Packages, and those that each needs.

    The command line imports inside its functions, to start fast; elsewhere such an import is of
    something that may be missing, and does not count.
    """
    graph: dict[str, set[str]] = defaultdict(set)
    for module in modules():
        package = package_of(module)
        if package in ("app", "model"):
            continue  # doors to what lies in the packages
        needed = {package_of(name) for name in imports(module, lazy=package == "app.cli")}
        graph[package] |= needed - {package, "app", "model"}
    return {package: needed & graph.keys() for package, needed in graph.items()}


def arrows() -> set[tuple[str, str]]:
    """The package graph without the arrows that follow from others."""
    graph = package_graph()
    below: dict[str, set[str]] = {}
    for package in TopologicalSorter(graph).static_order():
        below[package] = graph[package].union(*(below[other] for other in graph[package]))
    return {
        (upper, lower)
        for upper, lowers in graph.items()
        for lower in lowers
        if not any(lower in below[other] for other in lowers)
    }
