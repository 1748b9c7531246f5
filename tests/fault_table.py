"""README's table of what may go wrong: a row for each fault that tests let happen.

A test is marked with the fault that it lets happen; one of those of a fault also says what is
promised: ``@pytest.mark.fault("The disk is full", "A sentence says so.")``.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

BEGIN, END = "<!-- faults: python -m pytest -m fault --fault-table -->", "<!-- end of faults -->"
_HEAD = ["| what happens | what is promised | in the last run |", "|---|---|---|"]


def promises(folder: Path) -> dict[str, str]:
    """What is promised of each fault, read from all tests under ``folder`` without running them.

    ``ValueError`` names a fault without a promise, or with two.
    """
    found: dict[str, list[str]] = {}
    for path in sorted(folder.rglob("test_*.py")):
        for happens, *promised in _marks(path):
            found.setdefault(happens, []).extend(promised)
    for happens, promised in found.items():
        if len(promised) != 1:
            raise ValueError(f"{happens!r} has {len(promised)} promises: {promised}")
    return {happens: promised for happens, (promised,) in found.items()}


def _marks(path: Path) -> Iterator[list[str]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.fault":
            yield [ast.literal_eval(argument) for argument in node.args]


def outcome(outcomes: Iterable[str]) -> str:
    """What the table says of a fault whose tests ended like this."""
    found = set(outcomes)
    if "failed" in found:
        return "**not held**"
    return "held" if "passed" in found else "not tried here"


def table(
    promised: Mapping[str, str],
    outcomes: Mapping[str, Iterable[str]],
    before: Mapping[str, str] | None = None,
) -> str:
    """The faults in the order of the alphabet, as Markdown.

    Of those that have no outcome now, the table says what it said ``before``.
    """
    told = dict(before or {}) | {happens: outcome(found) for happens, found in outcomes.items()}
    rows = [
        f"| {happens} | {promised[happens]} | {told.get(happens, outcome(()))} |"
        for happens in sorted(promised, key=str.casefold)
    ]
    return "\n".join([*_HEAD, *rows]) + "\n"


def rows(readme: str) -> dict[str, tuple[str, str]]:
    """Promise and result of each fault in the table between the two comments."""
    lines = _split(readme)[1].strip().splitlines()
    cells = [line.strip("| ").split(" | ") for line in lines[len(_HEAD) :]]
    return {happens: (promised, result) for happens, promised, result in cells}


def replaced(readme: str, new: str) -> str:
    """The text with another table between the two comments."""
    before, _, after = _split(readme)
    return f"{before}{BEGIN}\n\n{new}\n{END}{after}"


def _split(readme: str) -> tuple[str, str, str]:
    before, _, rest = readme.partition(BEGIN)
    inside, end, after = rest.partition(END)
    if not end:
        raise ValueError(f"there is no place for the table: {BEGIN} … {END}")
    return before, inside, after
