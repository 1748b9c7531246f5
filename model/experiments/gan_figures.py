"""KeypointGAN's pictures: points found, one person's look in another's pose, and moved points."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from model.core.crop import CROP_SIZE
from model.core.panels import Picture as Pixels
from model.core.panels import draw_skeleton, enlarged, tile, write_picture
from model.core.skeleton import JointSet
from model.data.records import Clip, readable
from model.experiments.catalogue import GAN_EXPERIMENTS
from model.experiments.gan_study import FULL, GanStudy, fitting
from model.experiments.result import ExperimentResult, Picture, Table
from model.keypointgan.data import cut
from model.keypointgan.factorization import Factorization
from model.keypointgan.job import panel

NAME = "keypointgan-figures"
_PEOPLE = 6
_MOVED = 0.35  # of half the picture's side


def run(study: GanStudy) -> ExperimentResult:
    """Draw the three pictures for a few people."""
    network = study.network(FULL)
    people = fitting(study.people, network.spec.skeleton.joint_set)
    factorization = Factorization(network)
    clips, _ = readable(people.clips, _PEOPLE, lambda clip: cut(clip, len(clip) // 2, CROP_SIZE))
    pictures = {
        "found.png": panel(network, people),
        "transfer.png": transfers(factorization, clips),
        "moved.png": moved_points(factorization, clips),
    }
    for name, picture in pictures.items():
        write_picture(study.folder / name, picture)
    captions = (
        "Points found without a labelled pair: picture, appearance (another frame), skeleton "
        "image, skeleton of its points, redrawn, points, labels.",
        "Appearance transfer: in each row the person of the first column in the poses of those "
        "in the first row.",
        "One point moved up: the picture, its points, the moved points, and the person redrawn "
        "before and after.",
    )
    return ExperimentResult(
        NAME,
        GAN_EXPERIMENTS[NAME].title,
        f"Pictures of {study.people.name} by a network that saw no labelled picture.",
        (Table("People", ("clip",), tuple((clip.name,) for clip in clips)),),
        tuple(Picture(name, text) for name, text in zip(pictures, captions, strict=True)),
        study.configuration(),
    )


def transfers(factorization: Factorization, clips: Sequence[Clip]) -> Pixels:
    """Every person in every pose; RGB (H, W, 3) uint8. The first row and column are the people."""
    people = [cut(clip, len(clip) // 2, CROP_SIZE) for clip in clips]
    columns: dict[str, list[Pixels | None]] = {"appearance": [None, *enlarged(people)]}
    for number, pose in enumerate(people, 1):
        points = factorization.read(pose).points
        redrawn = [factorization.redraw(points, person) for person in people]
        columns[f"pose {number}"] = [*enlarged([pose]), *enlarged(redrawn)]
    return tile(columns)


def moved_points(factorization: Factorization, clips: Sequence[Clip]) -> Pixels:
    """A hand of each person (any point, where there are none) moved up and the person redrawn."""
    joint_set = factorization.network.spec.skeleton.joint_set
    chosen = joint_set.index("left wrist") if "left wrist" in joint_set.names else 0
    columns: dict[str, list[Pixels]] = {
        name: [] for name in ("picture", "points", "redrawn", "one point moved", "redrawn again")
    }
    for clip in clips:
        person = cut(clip, len(clip) // 2, CROP_SIZE)
        points = factorization.read(person).points
        after = points.copy()
        after[chosen, 1] = max(float(after[chosen, 1]) - _MOVED, -1.0)
        cells = (
            *enlarged([person]),
            _drawn(person, points, joint_set),
            *enlarged([factorization.redraw(points, person)]),
            _drawn(person, after, joint_set),
            *enlarged([factorization.redraw(after, person)]),
        )
        for column, cell in zip(columns.values(), cells, strict=True):
            column.append(cell)
    return tile(columns)


def _drawn(person: Pixels, points: NDArray[np.float32], joint_set: JointSet) -> Pixels:
    return draw_skeleton(person, (points + 1) * (CROP_SIZE / 2), joint_set)
