"""Table 6: a network that was trained on rendered people only, personalized to real ones."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from model.evaluation.gain import Gain
from model.evaluation.personalized import Mode
from model.evaluation.tables import UNKNOWN, figure
from model.experiments import published
from model.experiments.catalogue import EXPERIMENTS
from model.experiments.context import configuration
from model.experiments.plots import Dots, plot_dots
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
    score_title,
    sentences,
    skipped,
    unknown,
)

if TYPE_CHECKING:
    from model.experiments.context import Study

_NAMES: dict[Mode, str] = {
    "none": "Rendered people, without",
    "online": "Rendered people, online",
    "offline": "Rendered people, offline",
}
_REFERENCE = "Real people, without"
_PAPER = "paper (Penn to H36M)"


def run(study: Study) -> ExperimentResult:
    """The network of the role ``rendered``, beside that of ``real`` if it is given."""
    weights, real = study.weight("rendered"), study.weights.get("real")
    found: dict[Mode, Scored] = {"none": measure(study, weights, "none")}
    gains: dict[Mode, Gain] = {}
    for mode in ("online", "offline"):
        found[mode], gains[mode] = measure_gain(study, weights, mode)
    reference = None if real is None else measure(study, real, "none")
    title = score_title(study)
    ours = {_NAMES[mode]: scored.percent for mode, scored in found.items()}
    numbers = {_NAMES[mode]: number for mode, number in published.TABLE6.items()}
    if reference is not None:
        ours[_REFERENCE] = reference.percent
        numbers[_REFERENCE] = published.TABLE6_REFERENCE
    plot_dots(
        study.folder / "table6.png",
        [
            Dots(f"ours, {study.people.name}", title, {k: {title: v} for k, v in ours.items()}),
            Dots("paper, Penn to H36M", title, {k: {title: v} for k, v in numbers.items()}),
        ],
    )
    return ExperimentResult(
        "table6",
        EXPERIMENTS["table6"].title,
        sentences(
            how_measured(study),
            "The network was trained on rendered people only. The gap is what it lacks to a "
            "network that was trained on real people, without personalization of either.",
            "" if real is not None else "Without weights of the role 'real' there is no gap.",
        ),
        (_table(title, found, gains, reference),),
        (
            Picture(
                "table6.png",
                "By what the network was trained on, and how it was personalized; the paper's on "
                "its own scale.",
            ),
        ),
        configuration(study),
        skipped(*found.values(), reference),
    )


def share_recovered(gain: float, gap: float) -> float:
    """The share (1: all) of a ``gap`` that a ``gain`` closes; NaN where there is none to close."""
    return gain / gap if gap > 0 else math.nan


def _table(
    title: str, found: dict[Mode, Scored], gains: dict[Mode, Gain], reference: Scored | None
) -> Table:
    gap = math.nan if reference is None else reference.percent - found["none"].percent
    numbers = published.TABLE6
    papers_gap = published.TABLE6_REFERENCE - numbers["none"]
    rows = []
    for mode, scored in found.items():
        own = share_recovered(gains[mode].gain, gap) if mode in gains else math.nan
        papers = share_recovered(numbers[mode] - numbers["none"], papers_gap)
        rows.append(
            (
                _NAMES[mode],
                scored.cell,
                *(gain_cells(gains[mode]) if mode in gains else unknown(len(GAIN_COLUMNS))),
                _share(own),
                figure(numbers[mode]),
                _share(papers if mode in gains else math.nan),
            )
        )
    rows.append(
        (
            _REFERENCE,
            NOT_GIVEN if reference is None else reference.cell,
            *unknown(len(GAIN_COLUMNS) + 1),
            figure(published.TABLE6_REFERENCE),
            UNKNOWN,
        )
    )
    header = (
        "trained on, personalized", title, *GAIN_COLUMNS, "gap recovered", _PAPER,
        f"{_PAPER}, gap recovered",
    )  # fmt: skip
    note = (
        f"{gain_note()} The paper trained on Penn Action and tested on Human3.6M, both real, so "
        "only the shares compare; its reference is the network trained on Human3.6M (Table 1). "
        f"Its baseline on Human3.6M: {figure(published.TABLE6_BASELINE)}."
    )
    return Table("From rendered to real people", header, tuple(rows), note)


def _share(value: float) -> str:
    return UNKNOWN if math.isnan(value) else f"{100 * value:.0f} %"
