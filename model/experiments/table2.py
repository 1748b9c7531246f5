"""Table 2: how many optimiser steps on each frame's batch."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from model.evaluation.gain import Gain
from model.evaluation.tables import figure
from model.experiments import published
from model.experiments.catalogue import EXPERIMENTS
from model.experiments.context import configuration
from model.experiments.plots import Line, plot_lines
from model.experiments.published import Paper
from model.experiments.result import ExperimentResult, Picture, Table
from model.experiments.scoring import (
    GAIN_COLUMNS,
    Scored,
    gain_cells,
    gain_note,
    how_measured,
    measure,
    measure_gain,
    points,
    score_title,
    sentences,
    skipped,
    unknown,
)

if TYPE_CHECKING:
    from model.experiments.context import Study

ITERATIONS = (1, 2, 3, 4)


def run(study: Study) -> ExperimentResult:
    """Online personalization with each number of update iterations."""
    weights = study.weight("transformer")
    before = measure(study, weights, "none")
    found = {
        count: measure_gain(
            study, weights, "online", settings=replace(study.settings, iterations=count)
        )
        for count in ITERATIONS
    }
    paper = Paper.beside(study.people, published.PENN, published.BBC)
    base = published.TABLE1[paper.data]["transformer", "none"]
    numbers = {count: published.TABLE2[paper.data].get(count, math.nan) for count in ITERATIONS}
    rows = [("0", before.cell, *unknown(len(GAIN_COLUMNS)), figure(base), *unknown(1))]
    rows += [
        (
            str(count),
            scored.cell,
            *gain_cells(gain),
            figure(numbers[count]),
            points(numbers[count] - base),
        )
        for count, (scored, gain) in found.items()
    ]
    header = (
        "iterations", score_title(study), *GAIN_COLUMNS, paper.column, f"{paper.column}, gain",
    )  # fmt: skip
    _plot(study, {count: numbers[count] - base for count in ITERATIONS}, found, paper)
    return ExperimentResult(
        "table2",
        EXPERIMENTS["table2"].title,
        sentences(
            how_measured(study),
            "Each frame's batch is stepped on so many times before the frame is predicted; 0 is "
            "the network as it is.",
        ),
        (Table("Update iterations", header, tuple(rows), f"{gain_note()} {paper.note}"),),
        (
            Picture(
                "table2.png",
                "Gain against update iterations: mean over people and its 95 % interval, and the "
                f"paper's pooled gain on {paper.data.title}.",
            ),
        ),
        configuration(study, iterations=list(ITERATIONS)),
        skipped(before, *(scored for scored, _ in found.values())),
    )


def _plot(
    study: Study,
    numbers: dict[int, float],
    found: dict[int, tuple[Scored, Gain]],
    paper: Paper,
) -> None:
    people = [gain.over_people for _, gain in found.values()]
    x = np.array(ITERATIONS)
    plot_lines(
        study.folder / "table2.png",
        [
            Line(
                f"ours, {study.people.name}",
                x,
                np.array([mean.mean for mean in people]),
                np.array([mean.low for mean in people]),
                np.array([mean.high for mean in people]),
                marked=True,
            ),
            Line(
                f"paper, {paper.data.title}",
                x,
                np.array([numbers[count] for count in ITERATIONS]),
                muted=True,
                marked=True,
            ),
        ],
        "update iterations",
        "gain in points",
        ticks={count: str(count) for count in ITERATIONS},
        zero=True,
    )
