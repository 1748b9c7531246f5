"""Figure 5: arrows from self-supervised keypoints to joints; the supplement's panels beside it."""

from __future__ import annotations

from collections.abc import Sequence
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
from model.experiments.catalogue import EXPERIMENTS
from model.experiments.context import configuration
from model.experiments.plots import ARROW, SeenRow, plot_arrows, plot_panels
from model.experiments.result import ExperimentResult, Picture, Table
from model.experiments.scoring import how_personalized, sentences
from model.tracking import PersonMasker
from model.ttp.networks import PoseNetwork
from model.ttp.prediction import crop_tensor, pose_in_image
from model.ttp.weights import load

if TYPE_CHECKING:
    from model.experiments.context import Study

PEOPLE = 6
FRAMES = 20
"""First frames of each, on which the network is personalized; the last is shown."""

# The whole crop as a box: what is decoded into it comes out in crop pixels.
_CROP = SquareBox(CROP_SIZE / 2, CROP_SIZE / 2, CROP_SIZE)


def run(study: Study) -> ExperimentResult:
    """Panels of people spread over the set, with the pose before and after personalization."""
    weights = study.weight("transformer")
    network = load(weights, variant="transformer")
    frames = min(FRAMES, study.frames or FRAMES)
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
