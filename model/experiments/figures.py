"""The paper's figures: the gain by frame number, by unlabelled frames, and what the network sees.

Figure 3: what online personalization gains after ever more frames. Figure 4: score against how many
unlabelled frames there are to learn from. Figure 5: arrows from self-supervised keypoints to
joints; the supplement's panels beside it.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from model.core.crop import (
    CROP_SIZE,
    SquareBox,
    crop_matrix,
    to_pictures,
    to_tensor,
    transform,
    warp,
)
from model.core.errors import UserError
from model.core.masking import as_masks, only_person
from model.core.panels import resized
from model.data.records import ABSENT, BadDataError, Clip, DataSet
from model.evaluation.accuracy import Predictions
from model.evaluation.gain import first_frames
from model.evaluation.personalized import Protocol
from model.evaluation.tables import UNKNOWN, PeopleMean
from model.experiments.catalogue import EXPERIMENTS
from model.experiments.context import configuration
from model.experiments.plots import ARROW, Line, SeenRow, plot_arrows, plot_lines, plot_panels
from model.experiments.result import ExperimentResult, Picture, Table
from model.experiments.scoring import (
    Band,
    Counts,
    Scored,
    count_keypoints,
    gain_band,
    how_measured,
    how_personalized,
    interval,
    measure,
    measure_gain,
    pooled_gain,
    score_title,
    sentences,
    skipped,
)
from model.tracking import PersonMasker
from model.ttp.networks import PoseNetwork
from model.ttp.prediction import crop_tensor, pose_in_image
from model.ttp.weights import load

if TYPE_CHECKING:
    from model.experiments.context import Study


_FEWEST = 5  # people; less say nothing about others
_FIRST_RANGE = 10  # frames; every further range is as long as all before it
_WINDOWS = 12  # about so many running means that share no frame


def figure3(study: Study) -> ExperimentResult:
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
    _plot_gain(study, gain_band(*near), near[0].people)
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


def _plot_gain(study: Study, band: Band, people: NDArray[np.int64]) -> None:
    number = np.arange(1, len(band.mean) + 1)
    plot_lines(
        study.folder / "figure3.png",
        [Line(f"online, {study.people.name}", number, band.mean, band.low, band.high)],
        "frame number of the person" if study.every == 1 else "number of the predicted frame",
        "gain in points",
        zero=True,
        below=Line("people", number, people),
    )


_PUBLISHED = (100, 200, 400, 600, 800, 1000, 1200, 1400, 1600)
"""Predicted frames from one re-initialisation to the next: the range of the paper's curve on BBC
Pose, which falls beyond about 600; beside these, none at all."""
_FEW = (1, 2, 3, 4, 5, 10, 20, 40, 80)
"""The same where nobody has more frames than twice the fewest of the published ones."""


def figure4(study: Study) -> ExperimentResult:
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
    _plot_score(study, title, before, gains)
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
    grid = _PUBLISHED if longest > _PUBLISHED[1] else _FEW
    return {**{count: count for count in grid if count < longest}, longest: 0}


def _name(count: int, longest: int) -> str:
    return f"all (up to {longest})" if count == longest else str(count)


def _plot_score(study: Study, title: str, before: Scored, gains: dict[int, PeopleMean]) -> None:
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


PEOPLE = 6
_FRAMES = 20
"""First frames of each, on which the network is personalized; the last is shown."""

# The whole crop as a box: what is decoded into it comes out in crop pixels.
_CROP = SquareBox(CROP_SIZE / 2, CROP_SIZE / 2, CROP_SIZE)


def figure5(study: Study) -> ExperimentResult:
    """Panels of people spread over the set, with the pose before and after personalization."""
    weights = study.weight("transformer")
    network = load(weights, variant="transformer")
    frames = min(_FRAMES, study.frames or _FRAMES)
    few = first_frames(study.people, PEOPLE, frames)
    online = Protocol(
        "online",
        study.settings,
        unit=study.unit,
        first_frame_only=study.first_frame_only,
        seed=study.seeds[0],
    )
    before, after = (study.predict(weights, few, p) for p in (Protocol(), online))
    rows, skipped = [], list(before.skipped)
    for person, clips in few.persons.items():
        try:
            rows.append(_row(network, study, person, clips, before, after))
        except BadDataError as error:
            skipped.append(str(error))
    if not rows:
        raise UserError(f"No frame of these people can be shown. {skipped[0]}")
    plot_arrows(study.folder / "figure5.png", rows)
    plot_panels(study.folder / "panels.png", rows, few.joint_set)
    return ExperimentResult(
        "figure5",
        EXPERIMENTS["figure5"].title,
        sentences(
            how_personalized(study),
            f"{len(rows)} people of {few.name}, spread over the set. The target is the last of "
            f"the first {frames} frames of each, the source the first of the same clip.",
            f"Arrows go from self-supervised keypoints to the joints whose maps they make up, "
            f"where W > {ARROW}, of the trained network.",
            "Reconstruction and self-supervised keypoints are those of the trained network; "
            "their colour is their contribution to the pose, c_j = sum_i W_ij. The pose is "
            "predicted before and after online personalization on these frames.",
        ),
        (_errors(few, before, after),),
        (
            Picture("figure5.png", f"From self-supervised keypoints to joints, where W > {ARROW}."),
            Picture("panels.png", "What the network sees, rebuilds and finds (supplement)."),
        ),
        configuration(study, people=PEOPLE, frames=frames),
        tuple(dict.fromkeys(skipped)),
    )


@torch.inference_mode()
def _row(
    network: PoseNetwork,
    study: Study,
    person: str,
    clips: Sequence[Clip],
    before: Predictions,
    after: Predictions,
) -> SeenRow:
    """One person. ``BadDataError`` names a frame that cannot be shown."""
    clip = clips[-1]
    labelled = np.flatnonzero((clip.visible != ABSENT).any(axis=1))
    target = int(labelled[-1]) if len(labelled) else len(clip) - 1
    clip.check(target)
    matrix = crop_matrix(clip.box(target))
    own = crop_matrix(clip.box(0)) if study.settings.source_box == "own" else matrix
    bgr = network.spec.bgr
    seen = crop_tensor(clip.frames.read(target), clip.box(target), network.spec)
    source = to_tensor([warp(clip.frames.read(0), own)], bgr=bgr)
    if network.spec.masked:
        mask = PersonMasker(study.mask).find(clip.frames.read(0), clip.box(0)).crop(own)
        source = only_person(source, as_masks(torch.from_numpy(mask)[None]))
    output = network(seen, source)
    assert output.reconstruction is not None
    pose = pose_in_image(output, _CROP)
    number = sum(map(len, clips[:-1])) + target
    return SeenRow(
        target=warp(clip.frames.read(target), matrix),
        source=to_pictures(source, bgr=bgr)[0],
        reconstruction=resized(to_pictures(output.reconstruction, bgr=bgr)[0], CROP_SIZE),
        self_points=pose.self_keypoints,
        contribution=pose.contribution,
        before=_shown(before, person, number, clips, matrix),
        after=_shown(after, person, number, clips, matrix),
        truth=transform(clip.joints[target], matrix),
        visible=clip.visible[target].astype(np.float32),
        joints=pose.keypoints,
        affinity=pose.affinity,
    )


def _shown(
    predictions: Predictions,
    person: str,
    number: int,
    clips: Sequence[Clip],
    matrix: NDArray[np.float64],
) -> NDArray[np.float64]:
    """The person's frame ``number`` in crop pixels; not a number if a frame was left out."""
    rows = np.flatnonzero(predictions.persons == person)
    if len(rows) != sum(map(len, clips)):
        return np.full(predictions.points.shape[1:], np.nan)
    return transform(predictions.points[rows[number]], matrix)


def _errors(few: DataSet, before: Predictions, after: Predictions) -> Table:
    scores = before.by_person(), after.by_person()
    rows = tuple(
        (person, *(f"{score[person].mean:.1f}" for score in scores))
        for person in few.persons
        if all(person in score for score in scores)
    )
    note = "Percent of the joints that are right, over the frames that were gone through."
    return Table("The people shown", ("person", "before", "after"), rows, note)


RUNS = {"figure3": figure3, "figure4": figure4, "figure5": figure5}
"""What runs each, by its name."""
