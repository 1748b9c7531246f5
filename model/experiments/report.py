"""All results in one page: a single HTML file that needs nothing beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from model.errors import UserError
from model.experiments.catalogue import EXPERIMENTS, GAN_EXPERIMENTS
from model.experiments.page import render
from model.experiments.result import RESULT_FILE, ExperimentResult, Picture, read
from model.files import whole_file

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
        return render(self, day)

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
