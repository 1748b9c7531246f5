"""What an experiment found: tables, pictures and how they were made, as files and back."""

from __future__ import annotations

import csv
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

from model.core.errors import UserError
from model.core.files import read_json, whole_file
from model.evaluation.tables import markdown_table

FORMAT = "ttp-experiment-1"
RESULT_FILE = "result.json"
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


@dataclass(frozen=True)
class Table:
    """A table as text cells; ``rows`` have as many cells as ``header``."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""

    def __post_init__(self) -> None:
        if not self.header or any(len(row) != len(self.header) for row in self.rows):
            raise ValueError(f"table {self.title!r}: rows and header differ in length, or are none")

    def markdown(self) -> str:
        """Title, cells and note."""
        cells = markdown_table(_one_line(self.header), [_one_line(row) for row in self.rows])
        heading = f"## {self.title}" if self.title else ""
        return "\n\n".join(part for part in (heading, cells, self.note) if part)


@dataclass(frozen=True)
class Picture:
    """A picture file (PNG) in the experiment's own folder, and what it shows."""

    file: str
    caption: str

    def __post_init__(self) -> None:
        if not self.file or self.file.startswith(".") or set(self.file) & set('/\\:"<>|?*\0'):
            raise ValueError(f"picture {self.file!r}: not the plain name of a file")


@dataclass(frozen=True)
class ExperimentResult:
    """One experiment's outcome.

    ``name`` is the command's word (``table1``), ``title`` a heading, ``text`` a paragraph on what
    was measured and how to read it. ``configuration`` holds plain values: data, weights and their
    SHA-256, settings, seeds, versions, the command; what JSON does not know becomes what it does:
    tuples lists, paths, NaN and infinity text. ``skipped`` has a sentence for every clip or frame
    that was left out. ``ValueError`` if ``name`` is no such word.
    """

    name: str
    title: str
    text: str
    tables: tuple[Table, ...]
    pictures: tuple[Picture, ...] = ()
    configuration: dict[str, Any] = field(default_factory=dict)
    skipped: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not _WORD.fullmatch(self.name):
            raise ValueError(f"experiment {self.name!r}: not a word")
        object.__setattr__(self, "configuration", _plain(self.configuration))

    def markdown(self) -> str:
        """The result as Markdown that can be read as it is."""
        parts = [f"# {self.title}", self.text, *(table.markdown() for table in self.tables)]
        for picture in self.pictures:
            caption = " ".join(picture.caption.split())
            alt = re.sub(r"([\\\[\]])", r"\\\1", caption)
            parts += [f"![{alt}](<{picture.file}>)", caption]
        if self.skipped:
            parts += ["## Left out", "\n".join(f"- {text}" for text in _one_line(self.skipped))]
        if self.configuration:
            values = json.dumps(self.configuration, indent=2, ensure_ascii=False)
            parts += ["## Configuration", f"```json\n{values}\n```"]
        return "\n\n".join(part for part in parts if part) + "\n"

    def as_json(self) -> dict[str, Any]:
        """The result as plain values, under the names of the fields."""
        values: dict[str, Any] = _plain(asdict(self))
        return values

    def write(self, folder: Path) -> None:
        """Write the files that people and programs read; ``UserError`` if they cannot be written.

        ``NAME.md``, the tables as ``NAME.csv``, ``NAME-2.csv``, ..., and ``result.json``, which is
        last and which ``read`` takes. Pictures are left as they are; the tables of an earlier
        result that had more of them are removed.
        """
        _write_text(folder / f"{self.name}.md", self.markdown())
        for number, table in enumerate(self.tables, 1):
            with (
                whole_file(self._csv(folder, number)) as path,
                path.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file,
            ):
                csv.writer(file).writerows((table.header, *table.rows))
        _remove(self._csv(folder, number) for number in count(len(self.tables) + 1))
        values = {"format": FORMAT, **self.as_json()}
        _write_text(folder / RESULT_FILE, json.dumps(values, indent=2, ensure_ascii=False) + "\n")

    def _csv(self, folder: Path, number: int) -> Path:
        return folder / (f"{self.name}.csv" if number == 1 else f"{self.name}-{number}.csv")


def read(folder: Path) -> ExperimentResult:
    """The result that was written into ``folder``.

    ``UserError`` if there is none, or the file is damaged or something else's.
    """
    path = folder / RESULT_FILE
    try:
        values = read_json(path)
    except FileNotFoundError as error:
        raise UserError(
            f"There is no {RESULT_FILE} in {folder}. Give the folder of a finished experiment."
        ) from error
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read ({error}). Run the experiment again.") from error
    if not isinstance(values, dict) or values.get("format") != FORMAT:
        raise UserError(
            f"{path} is not the result of an experiment of this version: its format is not "
            f"{FORMAT}. Run the experiment again."
        )
    try:
        return ExperimentResult(
            name=_text(values, "name"),
            title=_text(values, "title"),
            text=_text(values, "text"),
            tables=tuple(_table(value) for value in _list(values, "tables")),
            pictures=tuple(
                Picture(_text(value, "file"), _text(value, "caption"))
                for value in _list(values, "pictures")
            ),
            configuration=_dict(values["configuration"]),
            skipped=_texts(values["skipped"]),
        )
    except (KeyError, ValueError) as error:
        what = f"{error} is missing" if isinstance(error, KeyError) else error
        raise UserError(f"{path} is damaged ({what}). Run the experiment again.") from error


def _table(values: object) -> Table:
    values = _dict(values)
    rows = tuple(_texts(row) for row in _list(values, "rows"))
    return Table(_text(values, "title"), _texts(values["header"]), rows, _text(values, "note"))


def _dict(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError("a list or a value stands where names and values belong")
    return value


def _list(values: object, name: str) -> list[Any]:
    value = _dict(values)[name]
    if not isinstance(value, list):
        raise ValueError(f"{name} is not a list")
    return value


def _text(values: object, name: str) -> str:
    value = _dict(values)[name]
    if not isinstance(value, str):
        raise ValueError(f"{name} is not a text")
    return value


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise ValueError("something stands where a list of texts belongs")
    return tuple(value)


def _plain(value: object) -> Any:
    """``value`` from what JSON knows, so that reading gives the same back."""
    if isinstance(value, Mapping):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    if isinstance(value, (np.ndarray, np.generic)):
        return _plain(value.tolist())
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    return str(value)


def _one_line(texts: Sequence[str]) -> list[str]:
    """Texts as they can stand in a Markdown table or list."""
    return [" ".join(text.split()).replace("|", "\\|") for text in texts]


def _remove(paths: Iterable[Path]) -> None:
    """Remove the files until one of them is not there."""
    for path in paths:
        try:
            path.unlink()
        except FileNotFoundError:
            return
        except OSError as error:
            raise UserError(
                f"{path} is of an earlier result and cannot be removed "
                f"({error.strerror or error}). Choose another place."
            ) from error


def _write_text(path: Path, text: str) -> None:
    # Names of files may hold bytes that are no text; JSON reads the replacement back as they were.
    with whole_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8", errors="backslashreplace")
