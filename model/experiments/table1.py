"""Table 1: the four networks, without, with online and with offline personalization."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from model.evaluation.gain import Gain
from model.evaluation.personalized import Mode
from model.evaluation.tables import figure
from model.experiments import published
from model.experiments.catalogue import EXPERIMENTS
from model.experiments.context import configuration
from model.experiments.plots import Dots, plot_dots
from model.experiments.published import MODES, Method, Paper
from model.experiments.result import ExperimentResult, Picture, Table
from model.experiments.scoring import (
    GAIN_COLUMNS,
    NOT_GIVEN,
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
)
from model.ttp.networks import VARIANT_TITLES, VARIANTS

if TYPE_CHECKING:
    from model.experiments.context import Study

_METHODS: tuple[Method, ...] = (
    ("baseline", "none"),
    *((variant, mode) for variant in VARIANTS[1:] for mode in MODES),
)


def run(study: Study) -> ExperimentResult:
    """Measure the networks that are given; ``UserError`` without the transformer."""
    study.weight("transformer")
    scored: dict[Method, Scored] = {}
    gains: dict[Method, Gain] = {}
    for variant, mode in _METHODS:
        path = study.weights.get(variant)
        if path is None:
            continue
        if mode == "none":
            scored[variant, mode] = measure(study, path, mode)
        else:
            scored[variant, mode], gains[variant, mode] = measure_gain(study, path, mode)
    bases = _baselines(study)
    paper = Paper.beside(study.people, published.PENN, published.HUMAN36M, published.BBC)
    numbers = published.TABLE1[paper.data]
    title = score_title(study)
    plot_dots(
        study.folder / "table1.png",
        [
            Dots(
                f"ours, {study.people.name}",
                title,
                _plotted({method: own.percent for method, own in scored.items()}),
            ),
            Dots(f"paper, {paper.data.title}", paper.title, _plotted(numbers)),
        ],
    )
    missing = [VARIANT_TITLES[v] for v in VARIANTS if v not in study.weights]
    return ExperimentResult(
        "table1",
        EXPERIMENTS["table1"].title,
        sentences(
            how_measured(study),
            f"Without weights: {', '.join(missing)}." if missing else "",
        ),
        (_scores(title, scored, bases, paper), _gains(gains, paper)),
        (Picture("table1.png", "Scores of ours, and of the paper's on its own scale."),),
        configuration(study),
        skipped(*scored.values()),
    )


def _baselines(study: Study) -> dict[Mode, Scored]:
    """The baseline on the frames of each mode; empty if it is not given."""
    path = study.weights.get("baseline")
    if path is None:
        return {}
    return {mode: measure(study, path, "none", like=mode) for mode in MODES}


def _scores(
    title: str, scored: dict[Method, Scored], bases: dict[Mode, Scored], paper: Paper
) -> Table:
    numbers = published.TABLE1[paper.data]
    plain = numbers["baseline", "none"]
    rows = []
    for variant, mode in _METHODS:
        own, number = scored.get((variant, mode)), numbers[variant, mode]
        over = papers_over = math.nan
        if variant != "baseline":
            papers_over = number - plain
            if own is not None and mode in bases:
                over = own.percent - bases[mode].percent
        rows.append(
            (
                VARIANT_TITLES[variant],
                mode,
                NOT_GIVEN if own is None else own.cell,
                points(over),
                figure(number),
                points(papers_over),
            )
        )
    header = (
        "network", "personalization", title, "over baseline", paper.column,
        f"{paper.column}, over baseline",
    )  # fmt: skip
    return Table("Scores", header, tuple(rows), paper.note)


def _gains(gains: dict[Method, Gain], paper: Paper) -> Table:
    numbers = published.TABLE1[paper.data]
    rows = tuple(
        (
            VARIANT_TITLES[variant],
            mode,
            *gain_cells(gain),
            points(numbers[variant, mode] - numbers[variant, "none"]),
        )
        for (variant, mode), gain in gains.items()
    )
    header = ("network", "personalization", *GAIN_COLUMNS, paper.column)
    return Table("Gain by personalization", header, rows, gain_note())


def _plotted(numbers: Mapping[Method, float]) -> dict[str, dict[str, float]]:
    rows: dict[str, dict[str, float]] = {VARIANT_TITLES[variant]: {} for variant in VARIANTS}
    for (variant, mode), number in numbers.items():
        rows[VARIANT_TITLES[variant]]["without" if mode == "none" else mode] = number
    return rows
