"""Text files that come with data sets, and the parts that lists of files are divided into."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, TypeVar

from model.data.records import BadDataError

Half = Literal["first", "second"]
Part = Literal["train", "train10", "test"]

_T = TypeVar("_T")


def read_text(path: Path, where: str) -> str:
    """The whole of a text file.

    ``where`` is a sentence that says how to get the data set. ``BadDataError`` names a file that is
    missing or is no text.
    """
    try:
        return path.read_text("utf-8")
    except OSError as error:
        reason = error.strerror
    except UnicodeDecodeError:
        reason = "it is no text"
    raise BadDataError(f"The file {path} cannot be read ({reason}). {where}")


def read_lines(path: Path, where: str) -> list[str]:
    """The lines of a text file that are not empty, without the blanks around them.

    ``BadDataError`` names a file that is missing or is no text.
    """
    return [line.strip() for line in read_text(path, where).splitlines() if line.strip()]


def half_of(items: Sequence[_T], half: Half | None) -> Sequence[_T]:
    """One half of a list, or all of it; of an odd number the second has one more (method 2.8)."""
    middle = len(items) // 2
    if half is None:
        return items
    return items[:middle] if half == "first" else items[middle:]


def training_part(count: int, part: Part) -> slice:
    """The rows of a training list of ``count`` that are trained on, or held out (method 3.5).

    "train" is all but the last 10 %, "train10" these; "test" has a list of its own, of which it is
    everything.
    """
    kept = count - round(0.1 * count)
    return {"train": slice(kept), "train10": slice(kept, None), "test": slice(None)}[part]
