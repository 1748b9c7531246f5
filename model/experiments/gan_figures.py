"""KeypointGAN's pictures: points found, one person's look in another's pose, and moved points."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from model.core.crop import CROP_SIZE
from model.core.errors import UserError
from model.core.panels import Picture as Pixels
from model.core.panels import draw_skeleton, enlarged, resized, tile, write_picture
from model.core.skeleton import JointSet
from model.data.records import Clip, readable
from model.evaluation.tables import figure
from model.experiments.catalogue import GAN_EXPERIMENTS
from model.experiments.gan_study import FULL, GanStudy
from model.experiments.result import ExperimentResult, Picture, Table
from model.keypointgan.data import cut
from model.keypointgan.evaluation import Factorization, errors
from model.keypointgan.job import panel

NAME = "keypointgan-figures"
_PEOPLE = 6
_FREE = "cyclegan"  # both cycles, and no bottleneck
_MOVED = 0.35  # of half the picture's side


def run(study: GanStudy) -> ExperimentResult:
    """Draw the three pictures for a few people."""
    network = study.network(FULL)
    people = study.shown(network)
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
    shown = [Picture(name, text) for name, text in zip(pictures, captions, strict=True)]
    return _result(study, NAME, Table("People", ("clip",), tuple((c.name,) for c in clips)), shown)


def leaks(study: GanStudy) -> ExperimentResult:
    """What a cycle without a bottleneck hides in its skeleton images (the paper's Figure 4).

    Whoever redraws the picture well from them, but badly from the same skeletons drawn anew, has
    read more from them than a skeleton.
    """
    rows, pictures = [], []
    for role, title in ((_FREE, "CycleGAN"), (FULL, "KeypointGAN")):
        network = study.network(role)
        factorization = Factorization(network)
        clips, pairs = readable(study.shown(network).clips, _PEOPLE, _pair)
        columns: dict[str, list[Pixels]] = {
            name: []
            for name in ("picture", "skeleton image", "redrawn", "drawn anew", "redrawn from it")
        }
        apart = []
        for picture, other in pairs:
            reading = factorization.read(picture)
            wanted = resized(picture, factorization.size)
            redrawn = (
                factorization.cycle(picture, other),
                factorization.redraw(reading.points, other),
            )
            apart.append([np.abs(each.astype(float) - wanted).mean() for each in redrawn])
            images = (picture, reading.skeleton_image, redrawn[0], reading.clean, redrawn[1])
            for column, image in zip(columns.values(), images, strict=True):
                column += enlarged([_rgb(image)])
        mean = np.mean(apart, axis=0)
        rows.append((title, *map(figure, mean), figure(mean[1] - mean[0])))
        name = f"{role}.png"
        write_picture(study.folder / name, tile(columns))
        pictures.append(Picture(name, f"{title}: pictures, {', '.join(list(columns)[1:])}."))
    table = Table(
        "Mean difference to the picture, of 255",
        ("network", "from its skeleton image", "from the skeleton drawn anew", "leaked"),
        tuple(rows),
        f"Of {len(clips)} people. KeypointGAN is only ever trained to redraw from drawn skeletons.",
    )
    return _result(study, "keypointgan-leaks", table, pictures)


def failures(study: GanStudy) -> ExperimentResult:
    """The pictures with the largest errors (the paper's Figure 6)."""
    network = study.network(FULL)
    found = study.find(network)
    people = study.shown(network)
    plain, other = errors(found)
    worst = [row for row in np.argsort(-plain, kind="stable") if np.isfinite(plain[row])][:_PEOPLE]
    if not worst:
        raise UserError("None of the pictures has a marked point to measure by. Choose others.")
    joint_set, factorization = found.joint_set, Factorization(network)
    columns: dict[str, list[Pixels]] = {
        name: [] for name in ("picture", "skeleton image", "redrawn", "points", "labels")
    }
    rows = []
    for row in worst:
        clip, frame = people.clips[found.places[row][0]], found.places[row][1]
        picture = cut(clip, frame, CROP_SIZE)
        reading = factorization.read(picture)
        sided = bool(joint_set.flip_pairs)
        rows.append((
            clip.name, str(frame), figure(plain[row]),
            figure(other[row]) if sided else "–",
            ("yes" if other[row] < plain[row] / 2 else "no") if sided else "–",
        ))  # fmt: skip
        cells = (
            *enlarged([picture, _rgb(reading.skeleton_image)]),
            *enlarged([factorization.redraw(reading.points, picture)]),
            _drawn(picture, found.points[row], joint_set),
            draw_skeleton(
                picture, (found.truth[row] + 1) * (CROP_SIZE / 2), joint_set,
                found.marked[row].astype(np.float32),
            ),
        )  # fmt: skip
        for column, cell in zip(columns.values(), cells, strict=True):
            column.append(cell)
    write_picture(study.folder / "failures.png", tile(columns))
    table = Table(
        "Largest errors",
        ("clip", "frame", "error", "with sides exchanged", "left for right"),
        tuple(rows),
        f"In % of the picture's side, of {len(found)} pictures; left was taken for right where "
        "exchanging the sides at least halves the error.",
    )
    shown = [Picture("failures.png", f"The {len(rows)} pictures with the largest errors.")]
    return _result(study, "keypointgan-failures", table, shown)


def _result(
    study: GanStudy, name: str, table: Table, pictures: Sequence[Picture]
) -> ExperimentResult:
    return ExperimentResult(
        name,
        GAN_EXPERIMENTS[name].title,
        f"Pictures of {study.people.name} by networks that saw no labelled picture.",
        (table,),
        tuple(pictures),
        study.configuration(),
        tuple(study.skipped),
    )


def _pair(clip: Clip) -> tuple[Pixels, Pixels]:
    """A picture and another one of the clip, whose look it is redrawn with."""
    return cut(clip, len(clip) // 2, CROP_SIZE), cut(clip, len(clip) - 1, CROP_SIZE)


def _rgb(image: NDArray[np.uint8]) -> Pixels:
    return image if image.ndim == 3 else np.repeat(image[..., None], 3, axis=2)


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
