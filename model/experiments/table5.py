"""Table 5: smoothing over time on top of each way of personalizing."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from model.core.errors import UserError
from model.evaluation.smoothing import ORDERS, Smoothing, choose_smoothing, smoothed
from model.evaluation.tables import UNKNOWN, figure
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
    gain,
    gain_cells,
    gain_note,
    how_measured,
    measure,
    points,
    score_title,
    sentences,
    skipped,
    unknown,
)
from model.ttp.networks import VARIANT_TITLES

if TYPE_CHECKING:
    from model.experiments.context import Study

_METHODS: tuple[Method, ...] = (("baseline", "none"), *(("transformer", mode) for mode in MODES))


def run(study: Study) -> ExperimentResult:
    """Choose the smoothing on the development people, and use it on the others.

    ``UserError`` without development people.
    """
    weights, baseline = study.weight("transformer"), study.weights.get("baseline")
    development = study.development
    if development is None:
        raise UserError(
            "The window and order of the smoothing are chosen on people that nothing is measured "
            "on. Give them: --development NAME=FOLDER, with --aside SHARE if it was trained on."
        )
    tuning = measure(study, weights, "none", people=development)
    chosen, scores = choose_smoothing(tuning.runs[0])
    plain: dict[Method, Scored] = {
        ("transformer", mode): measure(study, weights, mode) for mode in MODES
    }
    if baseline is not None:
        plain["baseline", "none"] = measure(study, baseline, "none")
    smooth = {
        method: Scored(tuple(smoothed(run, chosen) for run in scored.runs))
        for method, scored in plain.items()
    }
    paper = Paper.beside(study.people, published.PENN)
    title = score_title(study)
    plot_dots(
        study.folder / "table5.png",
        [
            Dots(
                f"ours, {study.people.name}",
                title,
                {
                    _name(method): _pair(plain[method].percent, smooth[method].percent)
                    if method in plain
                    else {}
                    for method in _METHODS
                },
            ),
            Dots(
                f"paper, {paper.data.title}",
                title,
                {_name(method): _pair(*published.TABLE5[method]) for method in _METHODS},
            ),
        ],
    )
    return ExperimentResult(
        "table5",
        EXPERIMENTS["table5"].title,
        sentences(
            how_measured(study),
            f"Each clip's points are smoothed by Savitzky and Golay's filter, {chosen}: the best "
            f"for the network without personalization on {len(development)} frames of "
            f"{len(development.persons)} other people ({development.name}). A clip "
            "shorter than the window has the longest window that it holds.",
        ),
        (_table(title, plain, smooth, paper), _choice(title, tuning, scores)),
        (Picture("table5.png", "As predicted and smoothed; the paper's on its own scale."),),
        configuration(study, smoothing=asdict(chosen)),
        skipped(tuning, *plain.values()),
    )


def _table(
    title: str, plain: dict[Method, Scored], smooth: dict[Method, Scored], paper: Paper
) -> Table:
    rows = []
    for method in _METHODS:
        before, after = published.TABLE5[method]
        numbers = figure(before), figure(after), points(after - before)
        if method in plain:
            own = plain[method], smooth[method]
            cells = gain_cells(gain(method[1], *own))
            rows.append((_name(method), own[0].cell, own[1].cell, *cells, *numbers))
        else:
            rows.append((_name(method), NOT_GIVEN, *unknown(1 + len(GAIN_COLUMNS)), *numbers))
    header = (
        "method", title, "smoothed", *GAIN_COLUMNS, paper.column, f"{paper.column}, smoothed",
        f"{paper.column}, gain",
    )  # fmt: skip
    note = f"{gain_note('the same points without smoothing')} {paper.note}"
    return Table("Smoothing", header, tuple(rows), note)


def _choice(title: str, tuning: Scored, scores: dict[Smoothing, float]) -> Table:
    by_window: dict[int, dict[int, str]] = {}
    for smoothing, score in scores.items():
        by_window.setdefault(smoothing.window, {})[smoothing.order] = figure(score)
    rows = [
        (str(window), *(cells.get(order, UNKNOWN) for order in ORDERS))
        for window, cells in by_window.items()
    ]
    header = ("window", *(f"order {order}" for order in ORDERS))
    note = f"{title} on the development people; as predicted: {tuning.cell}."
    return Table("Choice of the smoothing", header, tuple(rows), note)


def _name(method: Method) -> str:
    variant, mode = method
    if variant == "baseline":
        return VARIANT_TITLES[variant]
    return f"{VARIANT_TITLES[variant]}, {mode}"


def _pair(before: float, after: float) -> dict[str, float]:
    return {"as predicted": before, "smoothed": after}
