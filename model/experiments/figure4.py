"""Figure 4: score against how many unlabelled frames there are to learn from."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from model.evaluation.tables import UNKNOWN, PeopleMean
from model.experiments.catalogue import EXPERIMENTS
from model.experiments.context import configuration
from model.experiments.plots import Line, plot_lines
from model.experiments.result import ExperimentResult, Picture, Table
from model.experiments.scoring import (
    Scored,
    count_keypoints,
    how_measured,
    interval,
    measure,
    pooled_gain,
    score_title,
    sentences,
    skipped,
)

if TYPE_CHECKING:
    from model.experiments.context import Study

PUBLISHED = (100, 200, 400, 600, 800, 1000, 1200, 1400, 1600)
"""Predicted frames from one re-initialisation to the next: the range of the paper's curve on BBC
Pose, which falls beyond about 600; beside these, none at all."""
FEW = (1, 2, 3, 4, 5, 10, 20, 40, 80)
"""The same where nobody has more frames than twice the fewest of the published ones."""


def run(study: Study) -> ExperimentResult:
    """Online personalization that starts anew after every so many frames of a person."""
    weights = study.weight("transformer")
    before = measure(study, weights, "none")
    counts = count_keypoints(before.runs)
    longest = counts.scored.shape[1]
    found = {
        count: measure(
            study, weights, "online", settings=replace(study.settings, reset_every=reset)
        )
        for count, reset in _lengths(longest).items()
    }
    gains = {
        count: pooled_gain(counts, count_keypoints(after.runs)) for count, after in found.items()
    }
    title = score_title(study)
    _plot(study, title, before, gains)
    rows = [("none", before.cell, UNKNOWN)]
    rows += [
        (_name(count, longest), found[count].cell, interval(gain)) for count, gain in gains.items()
    ]
    return ExperimentResult(
        "figure4",
        EXPERIMENTS["figure4"].title,
        sentences(
            how_measured(study),
            "Fewer unlabelled frames are simulated as in the paper: the trained weights come back "
            "after every so many predicted frames of a person. Numbers that nobody's frames reach "
            "are left out; the last row never resets within a person.",
            "The paper shows curves without numbers: on BBC Pose the score declines slightly "
            "beyond about 600 frames.",
        ),
        (
            Table(
                "Score by number of unlabelled frames",
                ("frames", title, "gain (95 %)"),
                tuple(rows),
                "Gains in points, pooled over the frames of all people, with the 95 % interval by "
                "drawing people anew.",
            ),
        ),
        (
            Picture(
                "figure4.png",
                "Score of online personalization by number of unlabelled frames. The band is the "
                "gain's 95 % interval, set on the score without personalization.",
            ),
        ),
        configuration(study, reset_every=[*_lengths(longest).values()]),
        skipped(before, *found.values()),
    )


def _lengths(longest: int) -> dict[int, int]:
    """``reset_every`` by the most frames that are learnt from; nobody has more than ``longest``."""
    grid = PUBLISHED if longest > PUBLISHED[1] else FEW
    return {**{count: count for count in grid if count < longest}, longest: 0}


def _name(count: int, longest: int) -> str:
    return f"all (up to {longest})" if count == longest else str(count)


def _plot(study: Study, title: str, before: Scored, gains: dict[int, PeopleMean]) -> None:
    *resets, longest = gains
    # Far enough from the others for its own name.
    last = max(longest, 1.6 * resets[-1]) if resets else longest
    x = np.array([*resets, last], np.float64)
    mean, low, high = (
        before.percent + np.array([getattr(gain, part) for gain in gains.values()])
        for part in ("mean", "low", "high")
    )
    plot_lines(
        study.folder / "figure4.png",
        [
            Line(f"online, {study.people.name}", x, mean, low, high, marked=True),
            Line("without personalization", x, np.full(len(x), before.percent), muted=True),
        ],
        "unlabelled frames from one re-initialisation to the next",
        title,
        ticks={**{count: str(count) for count in resets}, last: f"all ({longest})"},
        logarithmic=True,
    )
