"""Figure 3: what online personalization gains after ever more frames."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from model.experiments.catalogue import EXPERIMENTS
from model.experiments.context import configuration
from model.experiments.plots import Line, plot_lines
from model.experiments.result import ExperimentResult, Picture, Table
from model.experiments.scoring import (
    Band,
    Counts,
    count_keypoints,
    gain_band,
    how_measured,
    interval,
    measure,
    measure_gain,
    pooled_gain,
    sentences,
    skipped,
)

if TYPE_CHECKING:
    from model.experiments.context import Study

_FEWEST = 5  # people; less say nothing about others
_FIRST_RANGE = 10  # frames; every further range is as long as all before it
_WINDOWS = 12  # about so many running means that share no frame


def run(study: Study) -> ExperimentResult:
    """The gain of online personalization by frame number, over people."""
    weights = study.weight("transformer")
    before = measure(study, weights, "none")
    after, _ = measure_gain(study, weights, "online")
    counts = count_keypoints(before.runs), count_keypoints(after.runs)
    fewest = min(_FEWEST, counts[0].scored.shape[0])
    length = int(np.flatnonzero(counts[0].people >= fewest).max(initial=0)) + 1
    counts = counts[0].between(0, length), counts[1].between(0, length)
    window = 2 * (length // (2 * _WINDOWS)) + 1
    near = counts[0].running(window), counts[1].running(window)
    _plot(study, gain_band(*near), near[0].people)
    return ExperimentResult(
        "figure3",
        EXPERIMENTS["figure3"].title,
        sentences(
            how_measured(study),
            "The gain at a frame number is pooled over all people who have that frame, "
            f"as a running mean over {window} frames; the band is its 95 % interval by drawing "
            "people anew. The curve ends where fewer than "
            f"{fewest} people are left.",
            "The paper shows a curve without numbers: on Human3.6M the gain drops after about "
            "600 steps.",
        ),
        (_ranges(counts),),
        (
            Picture(
                "figure3.png",
                "Gain of online personalization against the frame number, its 95 % interval, and "
                "how many people there are.",
            ),
        ),
        configuration(study, running_mean=window),
        skipped(before, after),
    )


def _ranges(counts: tuple[Counts, Counts]) -> Table:
    length = counts[0].scored.shape[1]
    edges = [0, _FIRST_RANGE]
    while edges[-1] < length:
        edges.append(2 * edges[-1])
    rows = []
    for start, end in itertools.pairwise(edges):
        gain = pooled_gain(counts[0].between(start, end), counts[1].between(start, end))
        rows.append((f"{start + 1} to {min(end, length)}", interval(gain), str(gain.people)))
    note = "Gains in points, pooled over the frames of all people, with the 95 % interval."
    return Table("Gain by frame number", ("frames", "gain (95 %)", "people"), tuple(rows), note)


def _plot(study: Study, band: Band, people: NDArray[np.int64]) -> None:
    number = np.arange(1, len(band.mean) + 1)
    plot_lines(
        study.folder / "figure3.png",
        [Line(f"online, {study.people.name}", number, band.mean, band.low, band.high)],
        "frame number of the person" if study.every == 1 else "number of the predicted frame",
        "gain in points",
        zero=True,
        below=Line("people", number, people),
    )
