"""Table 4: personalization that also learns from frames without labels (BBC Pose)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from model.core.errors import UserError
from model.data.records import ABSENT, Clip, DataSet
from model.evaluation.gain import Gain
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

_BASELINE, _OURS, _EXTRA = "Baseline", "Ours", "Ours, extra unlabelled frames"
_PAPER = {
    _BASELINE: published.TABLE4_BASELINE,
    _OURS: published.TABLE4_OURS,
    _EXTRA: published.TABLE4_EXTRA,
    **published.TABLE4_VIDEO,
}


def run(study: Study) -> ExperimentResult:
    """The baseline, if it is given, and the transformer online on labelled and on all frames."""
    weights, baseline = study.weight("transformer"), study.weights.get("baseline")
    labelled = labelled_frames(study.people)
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
        (_table(found, gains, title, paper, NOT_GIVEN if baseline is None else ""),),
        (Picture("table4.png", "Scores of ours, and of the paper's on its own scale."),),
        configuration(study, frames_without_labels=extra),
        skipped(*found.values()),
    )


def labelled_frames(people: DataSet) -> DataSet:
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


def _table(
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
