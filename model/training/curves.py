"""The curves of a training run as a picture, for its model card."""

from __future__ import annotations

from collections import defaultdict
from itertools import cycle
from pathlib import Path

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, LogFormatter
from numpy.typing import NDArray

from model.errors import UserError
from model.files import whole_file
from model.training.journal import read_log

_OKABE_ITO = colormaps["okabe_ito"]  # which colour-blind people can tell apart
_COLOURS = [_OKABE_ITO(i) for i in (5, 6, 3, 7, 1, 2, 0)]  # without yellow: the ground is white
_LOSS = "loss"
_SMOOTHED_SHARE = 0.02  # of a curve's points lie to either side in the running mean

Curve = tuple[NDArray[np.int64], NDArray[np.float64]]


def plot_curves(csv_path: Path, out_png: Path) -> None:
    """Draw the curves of a ``log.csv`` over the steps, all of one group in one plot.

    The group is what stands before the slash of ``PCK/jhmdb-val``, and is the plot's title. Each
    ``loss/...`` has a plot of its own, for losses differ in size by thousands: logarithmic, and
    smoothed over the numbers themselves. ``UserError`` if the log cannot be read or has no
    numbers, or the picture cannot be written.
    """
    groups = _groups(csv_path)
    if not groups:
        raise UserError(f"{csv_path} has no numbers yet. Let the training run for some steps.")
    figure = Figure(figsize=(8, 0.6 + 2.1 * len(groups)), dpi=150, layout="constrained")
    FigureCanvasAgg(figure)
    plots = figure.subplots(len(groups), 1, sharex=True, squeeze=False)[:, 0]
    for axes, (title, curves) in zip(plots, groups.items(), strict=True):
        _plot(axes, title, curves)
    plots[-1].set_xlabel("step")
    plots[-1].xaxis.set_major_formatter(EngFormatter(sep=""))
    with whole_file(out_png) as path:
        figure.savefig(path, format="png")


def _groups(csv_path: Path) -> dict[str, dict[str, Curve]]:
    points = defaultdict(list)
    for row in read_log(csv_path):
        points[row.name].append((row.step, row.value))
    groups: dict[str, dict[str, Curve]] = defaultdict(dict)
    for name, pairs in points.items():
        group, _, label = name.rpartition("/")
        title = f"{label} {_LOSS}" if group == _LOSS else group or label
        steps, values = zip(*pairs, strict=True)
        groups[title][label] = np.array(steps), np.array(values)
    return groups


def _plot(axes: Axes, title: str, curves: dict[str, Curve]) -> None:
    axes.set_title(title, loc="left", fontsize="medium")
    axes.grid(which="both", color="#E4E6EA", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(which="both", labelsize="small")
    axes.spines[["top", "right"]].set_visible(False)
    for (label, (steps, values)), colour in zip(curves.items(), cycle(_COLOURS), strict=False):
        if title.endswith(_LOSS):
            axes.plot(steps, values, color=colour, alpha=0.25, linewidth=0.8)
            axes.plot(steps, _smoothed(values), color=colour, linewidth=1.6)
            _make_logarithmic(axes)
        else:
            # Few numbers, such as validations, are seen as such.
            marker = "o" if len(steps) < 50 else None
            axes.plot(steps, values, color=colour, marker=marker, markersize=3, label=label)
    if any(label not in title for label in curves):
        axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False, fontsize="small")


def _make_logarithmic(axes: Axes) -> None:
    axes.set_yscale("log", nonpositive="mask")
    # In plain digits, and between the powers of ten where there are few of these.
    axes.yaxis.set_major_formatter(LogFormatter())
    axes.yaxis.set_minor_formatter(LogFormatter(minor_thresholds=(1.5, 0.5)))


def _smoothed(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean over the neighbours of each value that are numbers, fewer of them at the ends."""
    window = np.ones(2 * int(_SMOOTHED_SHARE * len(values)) + 1)
    finite = np.isfinite(values)
    total = np.convolve(np.where(finite, values, 0), window, mode="same")
    count = np.convolve(finite, window, mode="same")
    return np.divide(total, count, out=np.full(len(values), np.nan), where=count > 0)
