"""KeypointGAN's Tables 1 to 5 (method 4.2), on data of one's own."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from model.core.panels import write_picture
from model.core.skeleton import FACES68, H36M32, MPI28
from model.data.poses import H36M32_SHARED17, MPI28_SHARED17
from model.evaluation.tables import figure
from model.experiments import gan_figures, published
from model.experiments.catalogue import GAN_EXPERIMENTS
from model.experiments.gan_study import FULL, GanStudy
from model.experiments.result import ExperimentResult, Picture, Table
from model.keypointgan.evaluation import UNITS, Found, PointScore, Unit, check_unit, score
from model.keypointgan.job import panel
from model.keypointgan.settings import VARIANTS

_NONE = "–"
_PAPER = "The paper's figures are those of its own data; they compare only on that."


def table1(study: GanStudy) -> ExperimentResult:
    """The error without a single labelled pair, group by group."""
    network = study.network(FULL)
    found = study.find(network)
    scores = {
        "mean pose of the labels": _score(study, _mean_pose(found), "image"),
        "KeypointGAN, ours": _score(study, found, "image"),
    }
    if study.has_labelled:
        better = study.post_processed(network, found)
        scores["KeypointGAN, ours + post-processing"] = _score(study, better, "image")
    for title, other in study.find_by_others(found.joint_set).items():
        scores[title] = _score(study, other, "image")
    groups = list(next(iter(scores.values())).groups)
    activities = groups != ["all"]
    columns = list(published.ACTIVITIES) if activities else []
    rows = [
        (name, figure(s.macro), *(figure(s.groups.get(c, math.nan)) for c in columns), *_sides(s))
        for name, s in scores.items()
    ]
    if activities:
        for name, values in published.GAN_TABLE1.items():
            cells = [figure(value) for value in values]
            rows.append((f"{name} (paper)", *cells, *[_NONE] * (len(columns) + 3 - len(cells))))
    write_picture(study.folder / "people.png", panel(network, study.shown(network)))
    return _result(
        study,
        "keypointgan-table1",
        "image",
        Table(
            "Error without labelled pairs",
            ("method", "all", *columns, "either side", "right way round"),
            tuple(rows),
            f"Left and right are told apart by the offline regressor; 'either side' is the error "
            f"if each picture's labels may be mirrored. {_PAPER}",
        ),
        "Pictures, their skeletons, the people redrawn in another frame's look, points and labels.",
    )


def table2(study: GanStudy) -> ExperimentResult:
    """Errors in pixels of the original pictures, also of other networks that are given.

    The paper's stand beside them unless another unit is asked for.
    """
    network = study.network(FULL)
    everything = {"KeypointGAN, ours": study.find(network)}
    if "mpi" in study.request.weights:
        everything["KeypointGAN, another prior, ours"] = study.find(study.network("mpi"))
    everything |= study.find_by_others(network.spec.skeleton.joint_set)
    rows = []
    compared = []
    for title, found in everything.items():
        measured = _score(study, found, "pixels")
        rows.append((title, figure(measured.macro), figure(measured.either)))
        compared.append(_compared(study, title, found))
    unit = _unit(study, "pixels")
    if unit == "pixels":  # as the paper's
        rows += [(f"{name} (paper)", figure(v), _NONE) for name, v in published.GAN_TABLE2.items()]
    table = Table(
        f"Error in {UNITS[unit]}", ("method", "error", "either side"), tuple(rows),
        f"{' '.join(compared)} {_PAPER}",
    )  # fmt: skip
    return _result(study, "keypointgan-table2", "pixels", table)


def table3(study: GanStudy) -> ExperimentResult:
    """With and without supervised post-processing."""
    study.labelled()  # what is wrong is said before hours of training
    check_unit(study.request.unit or "inter-pupil", study.people.joint_set)
    network = study.network(FULL)
    found = study.find(network)
    after = study.post_processed(network, found)
    rows = [
        ("KeypointGAN, ours", figure(_score(study, found, "inter-pupil").mean)),
        ("KeypointGAN, ours + post-processing", figure(_score(study, after, "inter-pupil").mean)),
    ]
    for title, other in study.find_by_others(found.joint_set).items():
        rows.append((title, figure(_score(study, other, "inter-pupil").mean)))
    rows += [(f"{name} (paper)", figure(v)) for name, v in published.GAN_TABLE3.items()]
    table = Table(
        "Supervised post-processing", ("method", "error"), tuple(rows),
        "Post-processing is a linear map fitted to the labelled training pictures. The paper's "
        "figures are in percent of the distance between the pupils, as ours are unless --unit asks "
        f"for another. {_PAPER}",
    )  # fmt: skip
    return _result(study, "keypointgan-table3", "inter-pupil", table)


def table4(study: GanStudy) -> ExperimentResult:
    """The ablations, from CycleGAN to KeypointGAN."""
    scores = {
        role: _score(study, study.find(study.network(role)), "image")
        for role in (FULL, *(role for role in VARIANTS if role != FULL))
    }
    rows = [
        (
            VARIANTS[role][0],
            figure(scores[role].macro),
            figure(scores[role].either),
            *(figure(value) for value in published.GAN_TABLE4[role]),
        )
        for role in VARIANTS
    ]
    table = Table(
        "What each part is for",
        ("variant", "error", "either side", "humans (paper)", "faces (paper)"),
        tuple(rows),
        "Points of variants without the bottleneck are what the regressor reads in their skeleton "
        f"images. {_PAPER}",
    )
    return _result(study, "keypointgan-table4", "image", table)


def table5(study: GanStudy) -> ExperimentResult:
    """How many unpaired poses are needed."""
    roles: Mapping[str, str] = {
        FULL: "all", **{f"prior-{size}": str(size) for size in study.request.sizes}
    }  # fmt: skip
    rows = []
    for role, title in roles.items():
        network = study.network(role)
        found = study.find(network)
        measured = _score(study, found, "image")
        cells = [title, figure(measured.macro), figure(measured.either)]
        if study.has_labelled:
            after = _score(study, study.post_processed(network, found), "image")
            cells.append(figure(after.macro))
        rows.append(tuple(cells))
    columns = ("poses", "error", "either side", "+ post-processing")
    table = Table(
        "Size of the prior", columns[: len(rows[0])], tuple(rows),
        "The paper's own cells were not handed down with its text; look there before comparing.",
    )  # fmt: skip
    return _result(study, "keypointgan-table5", "image", table)


RUNS: Mapping[str, Callable[[GanStudy], ExperimentResult]] = {
    "keypointgan-table1": table1,
    "keypointgan-table2": table2,
    "keypointgan-table3": table3,
    "keypointgan-table4": table4,
    "keypointgan-table5": table5,
    "keypointgan-figures": gan_figures.run,
    "keypointgan-leaks": gan_figures.leaks,
    "keypointgan-failures": gan_figures.failures,
}


def _score(study: GanStudy, found: Found, unit: Unit) -> PointScore:
    return score(found, _unit(study, unit), _used(study, found, unit))


def _unit(study: GanStudy, unit: Unit) -> Unit:
    """The one asked for, else the table's; faces are measured by their pupils where it has both."""
    faces = study.people.joint_set == FACES68 and unit == "image"
    return study.request.unit or ("inter-pupil" if faces else unit)


def _used(study: GanStudy, found: Found, unit: Unit) -> Sequence[int] | None:
    """The points that errors are over; None: all."""
    chosen = study.request.points or ("original" if unit == "pixels" else "all")
    if chosen == "all":
        return None
    return {H36M32: H36M32_SHARED17, MPI28: MPI28_SHARED17}.get(found.joint_set)


def _compared(study: GanStudy, title: str, found: Found) -> str:
    """How many points an error is over, and which the network's are that the data do not mark."""
    used = _used(study, found, "pixels") or range(len(found.joint_set))
    names = found.joint_set.names
    missing = [names[point] for point in used if not found.marked[:, point].any()]
    text = f"{title}: over {len(used) - len(missing)} points"
    return f"{text}, without {', '.join(missing)}." if missing else f"{text}."


def _sides(measured: PointScore) -> tuple[str, str]:
    return figure(measured.either), figure(100 * measured.right_way)


def _mean_pose(found: Found) -> Found:
    """What is left to say without looking: the labels' own mean, which nobody could know better."""
    marked = found.marked[..., None]
    total = np.where(marked, found.truth, 0).sum(axis=0)
    return found.with_points(total / np.maximum(marked.sum(axis=0), 1))


def _result(
    study: GanStudy, name: str, unit: Unit, table: Table, caption: str | None = None
) -> ExperimentResult:
    words = UNITS[_unit(study, unit)]
    text = (
        f"Mean distance of the points to the labels of {study.people.name}, in {words}; the mean "
        "of a picture's marked points, then of a group's pictures, then of the groups. No label of "
        "a picture was learnt from, except by the supervised hourglass, by post-processing and by "
        "IMM's regression, where a row says so."
    )
    pictures = () if caption is None else (Picture("people.png", caption),)
    return ExperimentResult(
        name, GAN_EXPERIMENTS[name].title, text, (table,), pictures, study.configuration(),
        tuple(study.skipped),
    )  # fmt: skip
