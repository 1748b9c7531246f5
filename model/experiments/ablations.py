"""Tables 2, 4 and 5: what changes when one thing about personalizing a network does.

Table 2: how many optimiser steps on each frame's batch. Table 4: personalization that also learns
from frames without labels (BBC Pose). Table 5: smoothing over time on top of each way of
personalizing.
"""

from __future__ import annotations

import math
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import numpy as np

from model.core.errors import UserError
from model.data.records import ABSENT, Clip, DataSet
from model.evaluation.gain import Gain
from model.evaluation.smoothing import ORDERS, Smoothing, choose_smoothing, smoothed
from model.evaluation.tables import UNKNOWN, figure
from model.experiments import published
from model.experiments.catalogue import EXPERIMENTS
from model.experiments.context import configuration
from model.experiments.plots import Dots, Line, plot_dots, plot_lines
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
    measure_gain,
    points,
    score_title,
    sentences,
    skipped,
    unknown,
)
from model.ttp.networks import VARIANT_TITLES

if TYPE_CHECKING:
    from model.experiments.context import Study


_ITERATIONS = (1, 2, 3, 4)


def table2(study: Study) -> ExperimentResult:
    """Online personalization with each number of update iterations."""
    weights = study.weight("transformer")
    before = measure(study, weights, "none")
    found = {
        count: measure_gain(
            study, weights, "online", settings=replace(study.settings, iterations=count)
        )
        for count in _ITERATIONS
    }
    paper = Paper.beside(study.people, published.PENN, published.BBC)
    base = published.TABLE1[paper.data]["transformer", "none"]
    numbers = {count: published.TABLE2[paper.data].get(count, math.nan) for count in _ITERATIONS}
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
    _plot(study, {count: numbers[count] - base for count in _ITERATIONS}, found, paper)
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
        configuration(study, iterations=list(_ITERATIONS)),
        skipped(before, *(scored for scored, _ in found.values())),
    )


def _plot(
    study: Study,
    numbers: dict[int, float],
    found: dict[int, tuple[Scored, Gain]],
    paper: Paper,
) -> None:
    people = [gain.over_people for _, gain in found.values()]
    x = np.array(_ITERATIONS)
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
                np.array([numbers[count] for count in _ITERATIONS]),
                muted=True,
                marked=True,
            ),
        ],
        "update iterations",
        "gain in points",
        ticks={count: str(count) for count in _ITERATIONS},
        zero=True,
    )


_BASELINE, _OURS, _EXTRA = "Baseline", "Ours", "Ours, extra unlabelled frames"
_PAPER = {
    _BASELINE: published.TABLE4_BASELINE,
    _OURS: published.TABLE4_OURS,
    _EXTRA: published.TABLE4_EXTRA,
    **published.TABLE4_VIDEO,
}


def table4(study: Study) -> ExperimentResult:
    """The baseline, if it is given, and the transformer online on labelled and on all frames."""
    weights, baseline = study.weight("transformer"), study.weights.get("baseline")
    labelled = _labelled_frames(study.people)
    extra = len(study.people) - len(labelled)
    found: dict[str, Scored] = {}
    gains: dict[str, Gain] = {}
    if baseline is not None:
        found[_BASELINE] = measure(study, baseline, "none", people=labelled)
    found[_OURS], gains[_OURS] = measure_gain(study, weights, "online", people=labelled)
    if extra:
        found[_EXTRA], gains[_EXTRA] = measure_gain(study, weights, "online")
    paper = Paper.beside(study.people, published.BBC)
    title = score_title(study)
    plot_dots(
        study.folder / "table4.png",
        [
            Dots(f"ours, {study.people.name}", title, _plotted(found, title)),
            Dots(
                f"paper, {paper.data.title}",
                paper.title,
                {name: {paper.title: _PAPER[name]} for name in _PAPER},
            ),
        ],
    )
    return ExperimentResult(
        "table4",
        EXPERIMENTS["table4"].title,
        sentences(how_measured(study), _about_extra(study, extra)),
        (_without_labels(found, gains, title, paper, NOT_GIVEN if baseline is None else ""),),
        (Picture("table4.png", "Scores of ours, and of the paper's on its own scale."),),
        configuration(study, frames_without_labels=extra),
        skipped(*found.values()),
    )


def _labelled_frames(people: DataSet) -> DataSet:
    """Only the frames that have a joint to score; the same data set if all have.

    ``UserError`` if none has.
    """
    clips = [_labelled(clip) for clip in people]
    kept = tuple(clip for clip in clips if len(clip))
    if not kept:
        raise UserError(f"No frame of {people.name} has joints to score. Choose other data.")
    return replace(people, clips=kept)


def _labelled(clip: Clip) -> Clip:
    rows = np.flatnonzero((clip.visible != ABSENT).any(axis=1))
    # Another name, as it is another selection of frames to whoever keeps results by clip.
    return (
        clip if len(rows) == len(clip) else replace(clip.part(rows), name=f"{clip.name}, labelled")
    )


def _about_extra(study: Study, extra: int) -> str:
    if not extra:
        return (
            f"Every frame of {study.people.name} has labels, so there are no extra unlabelled "
            "frames to learn from, and that row was not measured."
        )
    return (
        f"Of these frames {extra} have no labels. 'Ours' goes through the labelled frames only; "
        "with extra frames the network is also updated on the others, which are never scored."
    )


def _without_labels(
    found: dict[str, Scored], gains: dict[str, Gain], title: str, paper: Paper, missing: str
) -> Table:
    rows = []
    for name, number in _PAPER.items():
        cell = found[name].cell if name in found else (missing if name == _BASELINE else "")
        cells = gain_cells(gains[name]) if name in gains else unknown(len(GAIN_COLUMNS))
        rows.append((name, cell or unknown(1)[0], *cells, f"{number:.1f}"))
    header = ("method", title, *GAIN_COLUMNS, paper.column)
    return Table("Frames without labels", header, tuple(rows), f"{gain_note()} {paper.note}")


def _plotted(found: dict[str, Scored], title: str) -> dict[str, dict[str, float]]:
    return {name: {title: found[name].percent} if name in found else {} for name in _PAPER}


_METHODS: tuple[Method, ...] = (("baseline", "none"), *(("transformer", mode) for mode in MODES))


def table5(study: Study) -> ExperimentResult:
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
        (_smoothings(title, plain, smooth, paper), _choice(title, tuning, scores)),
        (Picture("table5.png", "As predicted and smoothed; the paper's on its own scale."),),
        configuration(study, smoothing=asdict(chosen)),
        skipped(tuning, *plain.values()),
    )


def _smoothings(
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


RUNS = {"table2": table2, "table4": table4, "table5": table5}
"""What runs each, by its name."""
