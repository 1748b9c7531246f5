"""Figures as Markdown tables, and figures over people, who are the unit of chance."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from model.core.files import whole_file

UNKNOWN = "–"


def figure(value: float) -> str:
    """A percentage with two decimals, a dash for NaN."""
    return UNKNOWN if math.isnan(value) else f"{value:.2f}"


def known(value: float) -> float | None:
    """A figure for JSON, which has no NaN: None."""
    return None if math.isnan(value) else round(value, 4)


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table with its columns padded; the first one to the left, figures to the right."""
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    lines = []
    for cells in (header, rule, *rows):
        first, *others = zip(cells, widths, strict=True)
        padded = [first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)]
        lines.append(f"| {' | '.join(padded)} |")
    return "\n".join(lines)


def write_report(
    folder: Path, name: str, markdown: str, header: Sequence[str], rows: Iterable[Sequence[str]]
) -> None:
    """Write a report as ``name``.md and its figures as ``name``.csv; ``UserError`` if not."""
    with whole_file(folder / f"{name}.md") as path:
        path.write_text(markdown, encoding="utf-8")
    with (
        whole_file(folder / f"{name}.csv") as path,
        path.open("w", encoding="utf-8", newline="") as file,
    ):
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)


_DRAWS = 10_000


@dataclass(frozen=True)
class PeopleMean:
    """The plain mean over ``people`` people, and its 95 % interval ``low`` to ``high``.

    NaN where there is nobody; the interval also where there is only one.
    """

    mean: float
    low: float
    high: float
    people: int


def mean_over_people(values: Iterable[float], seed: int = 0) -> PeopleMean:
    """The mean of one value per person, its interval by drawing people with replacement.

    People whose value is NaN are left out.
    """
    known = np.array([value for value in values if np.isfinite(value)])
    mean = float(known.mean()) if len(known) else np.nan
    if len(known) < 2:
        return PeopleMean(mean, np.nan, np.nan, len(known))
    rng = np.random.default_rng(seed)
    means = rng.choice(known, (_DRAWS, len(known))).mean(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return PeopleMean(mean, float(low), float(high), len(known))
