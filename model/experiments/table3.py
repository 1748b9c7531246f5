"""Table 3: joint by joint, beside published methods that look at several frames at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from model.evaluation.tables import UNKNOWN, figure
from model.experiments import published
from model.experiments.catalogue import EXPERIMENTS
from model.experiments.context import configuration
from model.experiments.plots import Dots, plot_dots
from model.experiments.published import Paper
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
    score_title,
    sentences,
    skipped,
    unknown,
)

if TYPE_CHECKING:
    from model.experiments.context import Study

_BASELINE, _PLAIN, _OURS = "Baseline", "Ours, without personalization", "Ours, offline"


def run(study: Study) -> ExperimentResult:
    """The baseline, if it is given, and the transformer offline."""
    weights, baseline = study.weight("transformer"), study.weights.get("baseline")
    found: dict[str, Scored] = {}
    if baseline is not None:
        found[_BASELINE] = measure(study, baseline, "none", like="offline")
    found[_PLAIN] = measure(study, weights, "none", like="offline")
    found[_OURS] = measure(study, weights, "offline")
    paper = Paper.beside(study.people, published.PENN)
    plot_dots(
        study.folder / "table3.png",
        [
            Dots(
                study.people.name,
                "percent of the joints that are right",
                {
                    column: {name: scored.columns[column] for name, scored in found.items()}
                    for column in found[_OURS].columns
                },
            )
        ],
    )
    return ExperimentResult(
        "table3",
        EXPERIMENTS["table3"].title,
        sentences(
            how_measured(study),
            "A column of a limb is the plain mean of its left and right joint; the score is "
            "pooled over all joints.",
        ),
        (_limbs(study, found, paper), _gains(found)),
        (Picture("table3.png", "Ours by limb."),),
        configuration(study),
        skipped(*found.values()),
    )


def _limbs(study: Study, found: dict[str, Scored], paper: Paper) -> Table:
    *limbs, _ = found[_OURS].columns
    own = {_BASELINE: published.TABLE3_BASELINE, _OURS: published.TABLE3_OURS}
    rows = []
    for name in (_BASELINE, _PLAIN, _OURS):
        scored, number = found.get(name), _published(own.get(name))
        if scored is None:
            rows.append((name, *unknown(len(limbs)), NOT_GIVEN, number))
        else:
            cells = [figure(scored.columns[limb]) for limb in limbs]
            rows.append((name, *cells, scored.cell, number))
    rows += [
        (f"{name} (several frames)", *unknown(len(limbs) + 1), _published(number))
        for name, number in published.TABLE3_VIDEO.items()
    ]
    header = ("method", *limbs, score_title(study), paper.column)
    note = f"{paper.note} Of the published methods only the means are at hand."
    return Table("Joint by joint", header, tuple(rows), note)


def _published(number: float | None) -> str:
    """With the one decimal that the paper gives here."""
    return UNKNOWN if number is None else f"{number:.1f}"


def _gains(found: dict[str, Scored]) -> Table:
    rows = tuple(
        (name, *gain_cells(gain("offline", found[name], found[_OURS])))
        for name in (_BASELINE, _PLAIN)
        if name in found
    )
    header = ("over", *GAIN_COLUMNS)
    return Table("Gain of ours, offline", header, rows, gain_note("the method named"))
