"""Table 6: a network trained on one data set, personalized to the people of another."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from model.evaluation.gain import Gain
from model.evaluation.personalized import Mode
from model.evaluation.tables import UNKNOWN, figure
from model.experiments import published
from model.experiments.catalogue import EXPERIMENTS
from model.experiments.context import configuration
from model.experiments.plots import Dots, plot_dots
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


def run(study: Study) -> ExperimentResult:
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
        (_table(kind, title, found, gains, baseline, reference),),
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


def _table(
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
