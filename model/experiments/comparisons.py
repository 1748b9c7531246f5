"""Tables 1, 3 and 6: networks, ways of personalizing, and methods beside each other.

Table 1: the four networks, without, with online and with offline personalization. Table 3: joint by
joint, beside published methods that look at several frames at once. Table 6: a network trained on
one data set, personalized to the people of another.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from model.evaluation.gain import Gain
from model.evaluation.personalized import Mode
from model.evaluation.tables import UNKNOWN, figure
from model.experiments import published
from model.experiments.catalogue import EXPERIMENTS
from model.experiments.context import configuration
from model.experiments.plots import Dots, plot_dots
from model.experiments.published import MODES, Method, Paper
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
    measure_gain,
    points,
    score_title,
    sentences,
    skipped,
    unknown,
)
from model.ttp.networks import VARIANT_TITLES, VARIANTS

if TYPE_CHECKING:
    from model.experiments.context import Study


_METHODS: tuple[Method, ...] = (
    ("baseline", "none"),
    *((variant, mode) for variant in VARIANTS[1:] for mode in MODES),
)


def table1(study: Study) -> ExperimentResult:
    """Measure the networks that are given; ``UserError`` without the transformer."""
    study.weight("transformer")
    scored: dict[Method, Scored] = {}
    gains: dict[Method, Gain] = {}
    for variant, mode in _METHODS:
        path = study.weights.get(variant)
        if path is None:
            continue
        if mode == "none":
            scored[variant, mode] = measure(study, path, mode)
        else:
            scored[variant, mode], gains[variant, mode] = measure_gain(study, path, mode)
    bases = _baselines(study)
    paper = Paper.beside(study.people, published.PENN, published.HUMAN36M, published.BBC)
    numbers = published.TABLE1[paper.data]
    title = score_title(study)
    plot_dots(
        study.folder / "table1.png",
        [
            Dots(
                f"ours, {study.people.name}",
                title,
                _plotted({method: own.percent for method, own in scored.items()}),
            ),
            Dots(f"paper, {paper.data.title}", paper.title, _plotted(numbers)),
        ],
    )
    missing = [VARIANT_TITLES[v] for v in VARIANTS if v not in study.weights]
    return ExperimentResult(
        "table1",
        EXPERIMENTS["table1"].title,
        sentences(
            how_measured(study),
            f"Without weights: {', '.join(missing)}." if missing else "",
        ),
        (_scores(title, scored, bases, paper), _gains(gains, paper)),
        (Picture("table1.png", "Scores of ours, and of the paper's on its own scale."),),
        configuration(study),
        skipped(*scored.values()),
    )


def _baselines(study: Study) -> dict[Mode, Scored]:
    """The baseline on the frames of each mode; empty if it is not given."""
    path = study.weights.get("baseline")
    if path is None:
        return {}
    return {mode: measure(study, path, "none", like=mode) for mode in MODES}


def _scores(
    title: str, scored: dict[Method, Scored], bases: dict[Mode, Scored], paper: Paper
) -> Table:
    numbers = published.TABLE1[paper.data]
    plain = numbers["baseline", "none"]
    rows = []
    for variant, mode in _METHODS:
        own, number = scored.get((variant, mode)), numbers[variant, mode]
        over = papers_over = math.nan
        if variant != "baseline":
            papers_over = number - plain
            if own is not None and mode in bases:
                over = own.percent - bases[mode].percent
        rows.append(
            (
                VARIANT_TITLES[variant],
                mode,
                NOT_GIVEN if own is None else own.cell,
                points(over),
                figure(number),
                points(papers_over),
            )
        )
    header = (
        "network", "personalization", title, "over baseline", paper.column,
        f"{paper.column}, over baseline",
    )  # fmt: skip
    return Table("Scores", header, tuple(rows), paper.note)


def _gains(gains: dict[Method, Gain], paper: Paper) -> Table:
    numbers = published.TABLE1[paper.data]
    rows = tuple(
        (
            VARIANT_TITLES[variant],
            mode,
            *gain_cells(gain),
            points(numbers[variant, mode] - numbers[variant, "none"]),
        )
        for (variant, mode), gain in gains.items()
    )
    header = ("network", "personalization", *GAIN_COLUMNS, paper.column)
    return Table("Gain by personalization", header, rows, gain_note())


def _plotted(numbers: Mapping[Method, float]) -> dict[str, dict[str, float]]:
    rows: dict[str, dict[str, float]] = {VARIANT_TITLES[variant]: {} for variant in VARIANTS}
    for (variant, mode), number in numbers.items():
        rows[VARIANT_TITLES[variant]]["without" if mode == "none" else mode] = number
    return rows


_SUPERVISED, _PLAIN, _OURS = "Baseline", "Ours, without personalization", "Ours, offline"


def table3(study: Study) -> ExperimentResult:
    """The baseline, if it is given, and the transformer offline."""
    weights, baseline = study.weight("transformer"), study.weights.get("baseline")
    found: dict[str, Scored] = {}
    if baseline is not None:
        found[_SUPERVISED] = measure(study, baseline, "none", like="offline")
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
        (_limbs(study, found, paper), _gains_offline(found)),
        (Picture("table3.png", "Ours by limb."),),
        configuration(study),
        skipped(*found.values()),
    )


def _limbs(study: Study, found: dict[str, Scored], paper: Paper) -> Table:
    *limbs, _ = found[_OURS].columns
    own = {_SUPERVISED: published.TABLE3_BASELINE, _OURS: published.TABLE3_OURS}
    rows = []
    for name in (_SUPERVISED, _PLAIN, _OURS):
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


def _gains_offline(found: dict[str, Scored]) -> Table:
    rows = tuple(
        (name, *gain_cells(gain("offline", found[name], found[_OURS])))
        for name in (_SUPERVISED, _PLAIN)
        if name in found
    )
    header = ("over", *GAIN_COLUMNS)
    return Table("Gain of ours, offline", header, rows, gain_note("the method named"))


_MODES = {"none": "without", "online": "online", "offline": "offline"}
_PAPER = "paper (Penn to H36M)"


@dataclass(frozen=True)
class _Kind:
    """The roles of the three networks, and how those that were trained elsewhere are called."""

    baseline: str
    moved: str
    reference: str
    title: str
    reference_title: str

    def name(self, mode: Mode) -> str:
        return f"{self.title}, {_MODES[mode]}"


_BASELINE = "Baseline, without"
_PUBLISHED = _Kind(
    "baseline",
    "transformer",
    "reference",
    "Transformer (keypoint)",
    "Trained on the data set itself, without",
)
_RENDERED = _Kind("", "rendered", "real", "Rendered people", "Real people, without")


def table6(study: Study) -> ExperimentResult:
    """Baseline and transformer that were trained on another data set than is measured on.

    Beside them the network of the role ``reference``, which was trained on this one. Of ours, the
    network of the role ``rendered`` beside that of ``real``.
    """
    kind = _RENDERED if "rendered" in study.weights else _PUBLISHED
    weights, real = study.weight(kind.moved), study.weights.get(kind.reference)
    base = study.weights.get(kind.baseline)
    baseline = None if base is None else measure(study, base, "none")
    found: dict[Mode, Scored] = {"none": measure(study, weights, "none")}
    gains: dict[Mode, Gain] = {}
    for mode in ("online", "offline"):
        found[mode], gains[mode] = measure_gain(study, weights, mode)
    reference = None if real is None else measure(study, real, "none")
    title = score_title(study)
    ours = {kind.name(mode): scored.percent for mode, scored in found.items()}
    numbers = {kind.name(mode): number for mode, number in published.TABLE6.items()}
    for name, scored, number in (
        (_BASELINE, baseline, published.TABLE6_BASELINE),
        (kind.reference_title, reference, published.TABLE6_REFERENCE),
    ):
        if scored is not None:
            ours[name], numbers[name] = scored.percent, number
    plot_dots(
        study.folder / "table6.png",
        [
            Dots(f"ours, {study.people.name}", title, {k: {title: v} for k, v in ours.items()}),
            Dots("paper, Penn to H36M", "mPCK", {k: {"mPCK": v} for k, v in numbers.items()}),
        ],
    )
    return ExperimentResult(
        "table6",
        EXPERIMENTS["table6"].title,
        sentences(
            how_measured(study),
            _trained(study, kind),
            "Only joints that a network and the data set both have are scored. The gap is what "
            "the network lacks to one that was trained on this data set (for rendered people: on "
            "real ones), without personalization of either.",
            ""
            if real is not None
            else f"Without weights of the role {kind.reference} there is no gap.",
        ),
        (_between_sets(kind, title, found, gains, baseline, reference),),
        (
            Picture(
                "table6.png",
                "By what the network was trained on, and how it was personalized; the paper's on "
                "its own scale.",
            ),
        ),
        configuration(study),
        skipped(*found.values(), baseline, reference),
    )


def _trained(study: Study, kind: _Kind) -> str:
    """On what the networks were trained, as far as their files say."""
    roles = (kind.baseline, kind.moved, kind.reference)
    said = [f"{role} on {study.trained_on[role]}" for role in roles if role in study.trained_on]
    return f"By their files the networks were trained: {'; '.join(said)}." if said else ""


def share_recovered(gain: float, gap: float) -> float:
    """The share (1: all) of a ``gap`` that a ``gain`` closes; NaN where there is none to close."""
    return gain / gap if gap > 0 else math.nan


def _between_sets(
    kind: _Kind,
    title: str,
    found: dict[Mode, Scored],
    gains: dict[Mode, Gain],
    baseline: Scored | None,
    reference: Scored | None,
) -> Table:
    gap = math.nan if reference is None else reference.percent - found["none"].percent
    numbers = published.TABLE6
    papers_gap = published.TABLE6_REFERENCE - numbers["none"]

    def plain(name: str, scored: Scored | None, number: float) -> tuple[str, ...]:
        cell = NOT_GIVEN if scored is None else scored.cell
        return name, cell, *unknown(len(GAIN_COLUMNS) + 1), figure(number), UNKNOWN

    rows = [plain(_BASELINE, baseline, published.TABLE6_BASELINE)] if kind.baseline else []
    for mode, scored in found.items():
        own = share_recovered(gains[mode].gain, gap) if mode in gains else math.nan
        papers = share_recovered(numbers[mode] - numbers["none"], papers_gap)
        rows.append(
            (
                kind.name(mode),
                scored.cell,
                *(gain_cells(gains[mode]) if mode in gains else unknown(len(GAIN_COLUMNS))),
                _share(own),
                figure(numbers[mode]),
                _share(papers if mode in gains else math.nan),
            )
        )
    rows.append(plain(kind.reference_title, reference, published.TABLE6_REFERENCE))
    header = (
        "network, personalized", title, *GAIN_COLUMNS, "gap recovered", _PAPER,
        f"{_PAPER}, gap recovered",
    )  # fmt: skip
    note = (
        f"{gain_note()} The paper trained on Penn Action and tested on Human3.6M, both real; on "
        "other pairs only the shares compare. Its reference is the network trained on Human3.6M "
        "(Table 1)."
    )
    return Table("From one data set to another", header, tuple(rows), note)


def _share(value: float) -> str:
    return UNKNOWN if math.isnan(value) else f"{100 * value:.0f} %"


RUNS = {"table1": table1, "table3": table3, "table6": table6}
"""What runs each, by its name."""
