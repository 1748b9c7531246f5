"""All results in one page: a single HTML file that needs nothing beside it."""

from __future__ import annotations

import base64
import re
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from model.core.errors import UserError
from model.core.files import whole_file
from model.experiments.catalogue import EXPERIMENTS, GAN_EXPERIMENTS
from model.experiments.result import RESULT_FILE, ExperimentResult, Picture, Table, read

TITLE = "Pose estimation without labels: what was measured"
# 88.98, +1.59 (-0.6 to 3), 12 %, 1e-5, 128 x 128, but not 3D, 2nd or 4-fold.
_NUMBER = re.compile(r"[+\-−±<>≤≥~]?\s?\d+(?:[.,]\d+)*(?:e[+-]?\d+)?(?![\w-])")
_UNKNOWN = frozenset({"", "–", "-", "—"})
_ORDER = (*EXPERIMENTS, *GAN_EXPERIMENTS)
_HOW_TO_MAKE_ONE = f"python main.py evaluate {_ORDER[0]} --help"
_PNG = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class Found:
    """A result, the folder it is in, and its pictures that could be read (PNG files)."""

    folder: Path
    result: ExperimentResult
    pictures: Mapping[str, bytes]


@dataclass(frozen=True)
class Report:
    """The results below one folder, in the paper's order, and a sentence for each damaged file."""

    found: tuple[Found, ...]
    problems: tuple[str, ...]

    @classmethod
    def collect(cls, folder: Path) -> Report:
        """Read ``folder/*/result.json`` and the pictures they name.

        What is damaged is told in ``problems``. ``UserError`` if there is no whole result.
        """
        found, problems = [], []
        for path in sorted(folder.glob(f"*/{RESULT_FILE}")):
            try:
                result = read(path.parent)
            except UserError as error:
                problems.append(str(error))
                continue
            pictures, missing = _pictures(path.parent, result.pictures)
            found.append(Found(path.parent, result, pictures))
            problems += missing
        if not found:
            raise UserError(
                " ".join(problems)
                or f"There is no result of an experiment in {folder}: no folder in it has a "
                f"{RESULT_FILE}. Make one ({_HOW_TO_MAKE_ONE} tells how), with --out {folder}, or "
                "name another folder with --results."
            )
        return cls(tuple(sorted(found, key=_place)), tuple(problems))

    def summary(self) -> str:
        """How much was measured, in a sentence."""
        results = [found.result for found in self.found]
        counts = (
            (len(results), "experiment"),
            (sum(len(result.tables) for result in results), "table"),
            (sum(len(found.pictures) for found in self.found), "picture"),
        )
        return ", ".join(f"{number} {word}{'s' * (number != 1)}" for number, word in counts)

    def html(self, day: date) -> str:
        """The page, made on ``day``."""
        anchors = _anchors(found.result.name for found in self.found)
        return _page().render(
            title=TITLE,
            day=day.isoformat(),
            report=self,
            missing=_missing({found.result.name for found in self.found}),
            experiments=list(zip(anchors, self.found, strict=True)),
        )

    def write(self, path: Path, day: date) -> None:
        """Write the page; ``UserError`` if it cannot be written."""
        with whole_file(path) as temporary:
            temporary.write_text(self.html(day), encoding="utf-8", errors="backslashreplace")


def _place(found: Found) -> tuple[int, str, str]:
    name = found.result.name
    return (_ORDER.index(name) if name in _ORDER else len(_ORDER), name, found.folder.name)


def _pictures(folder: Path, pictures: Sequence[Picture]) -> tuple[dict[str, bytes], list[str]]:
    """The contents of the pictures, and a sentence for each that is not there or no PNG."""
    whole, problems = {}, []
    for picture in pictures:
        path = folder / picture.file
        try:
            content = path.read_bytes()
        except OSError as error:
            problems.append(f"The picture {path} cannot be read ({error.strerror or error}).")
            continue
        if content.startswith(_PNG) and len(content) > 24:
            whole[picture.file] = content
        else:
            problems.append(f"The picture {path} is no PNG file.")
    return whole, problems


def _page() -> Template:
    """The template, which escapes whatever it is given."""
    environment = Environment(
        loader=PackageLoader("model.experiments"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(
        base64=lambda content: base64.b64encode(content).decode("ascii"),
        png_size=lambda content: struct.unpack(">II", content[16:24]),
        numbers=_numbers,
        flat=lambda values: list(_flat(values)),
    )
    return environment.get_template("report.html")


def _missing(measured: set[str]) -> list[str]:
    """What is left of each paper of which something was measured."""
    papers = (EXPERIMENTS, GAN_EXPERIMENTS)
    return [
        each.title.split(":")[0]
        for paper in papers
        if measured & paper.keys()
        for each in paper.values()
        if each.name not in measured
    ]


def _anchors(names: Iterable[str]) -> list[str]:
    """A word for each result, which links to it can name; the second ``table1`` is table1-2."""
    anchors: list[str] = []
    for name in names:
        anchor, number = name, 1
        while anchor in anchors:
            number += 1
            anchor = f"{name}-{number}"
        anchors.append(anchor)
    return anchors


def _numbers(table: Table) -> list[bool]:
    """Which columns hold numbers, beside dashes and one word for what is not there.

    The first column names its row.
    """

    def are_numbers(cells: Iterable[str]) -> bool:
        known = [cell.strip() for cell in cells if cell.strip() not in _UNKNOWN]
        others = [cell for cell in known if not _NUMBER.match(cell)]
        return len(others) < len(known) and len(set(others)) <= 1

    columns = list(zip(*table.rows, strict=True))[1:] or [()] * (len(table.header) - 1)
    return [False, *map(are_numbers, columns)]


def _flat(value: object, name: str = "") -> Iterator[tuple[str, str]]:
    """Nested values as rows, each named by its path."""
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from _flat(inner, f"{name} / {key}" if name else str(key))
    elif isinstance(value, list) and any(isinstance(inner, (list, Mapping)) for inner in value):
        for number, inner in enumerate(value, 1):
            yield from _flat(inner, f"{name} / {number}")
    elif isinstance(value, (list, Mapping)):
        yield name, ", ".join(map(_word, value)) or "–"
    else:
        yield name, _word(value)


def _word(value: object) -> str:
    words = {None: "–", True: "yes", False: "no"}
    return words[value] if value is None or isinstance(value, bool) else str(value)
