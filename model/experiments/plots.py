"""The experiments' plots and panels, PNG files: dots in rows, lines with bands, crops."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from model.core.files import whole_file
from model.core.panels import Picture, Points, draw_skeleton, enlarge
from model.core.skeleton import JointSet

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.collections import PathCollection
    from matplotlib.figure import Figure

# The palette of Okabe and Ito, which colour-blind people can tell apart: blue, vermillion, green,
# purple; what is only compared with is grey.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7")
MUTED = "#8A9099"
INK = "#1B1F27"
_GRID = "#E4E6EA"
_DPI = 150
_STEP = 0.14  # rows from one series to the next
_MARKERS = ("o", "D", "s", "^")


@dataclass(frozen=True)
class Dots:
    """A plot of ``rows``, each with a value (NaN: none) for some series, against ``axis``."""

    title: str
    axis: str
    rows: Mapping[str, Mapping[str, float]]


@dataclass(frozen=True, eq=False)
class Line:
    """Points (x, y), each (T,), and the band from ``low`` to ``high`` around them, if there is one.

    ``muted`` lines are what the others are compared with. ``marked`` shows each point.
    """

    label: str
    x: NDArray[np.number]
    y: NDArray[np.number]
    low: NDArray[np.number] | None = None
    high: NDArray[np.number] | None = None
    muted: bool = False
    marked: bool = False


def new_figure(width: float, height: float) -> Figure:
    """An empty figure of so many inches, which belongs to no window."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=_DPI, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def save_figure(figure: Figure, path: Path) -> None:
    """Write a PNG; ``UserError`` if it cannot be written."""
    with whole_file(path) as temporary:
        figure.savefig(temporary, format="png")


def plot_dots(path: Path, plots: Sequence[Dots]) -> None:
    """Draw plots of the same rows beside each other, each with its own scale.

    A grey bar joins the dots of a row, which lie a little below each other, so that none hides
    another; colours and markers of a series are the same in all plots.
    """
    rows = list(plots[0].rows)
    series = list(dict.fromkeys(s for plot in plots for row in plot.rows.values() for s in row))
    figure = new_figure(2.2 + 3.2 * len(plots), 1.25 + 0.42 * len(rows))
    figure.set_layout_engine("constrained", wspace=0.08)
    all_axes = figure.subplots(1, len(plots), sharey=True, squeeze=False)[0]
    for axes, plot in zip(all_axes, plots, strict=True):
        _plain(axes)
        axes.grid(axis="x", color=_GRID, linewidth=0.8)
        axes.set_title(plot.title, loc="left", fontsize="medium")
        axes.set_xlabel(plot.axis, fontsize="small")
        _draw_dots(axes, plot, series)
    all_axes[0].set_yticks(range(len(rows)), rows)
    all_axes[0].set_ylim(len(rows) - 0.5, -0.5)
    if len(series) > 1:
        handles, labels = _distinct_handles(all_axes)
        figure.legend(
            handles, labels, loc="outside lower right", ncols=len(series), frameon=False,
            fontsize="small",
        )  # fmt: skip
    save_figure(figure, path)


def plot_lines(
    path: Path,
    lines: Sequence[Line],
    x_axis: str,
    y_axis: str,
    *,
    ticks: Mapping[float, str] | None = None,
    logarithmic: bool = False,
    zero: bool = False,
    below: Line | None = None,
) -> None:
    """Draw lines with their bands; ``below``, if given, has a low plot of its own under them.

    ``ticks`` are the only marks on the x axis. ``zero`` draws the line of no difference.
    """
    figure = new_figure(7.2, 4.6 if below is not None else 3.8)
    if below is None:
        axes = figure.subplots()
        lowest = axes
    else:
        axes, lowest = figure.subplots(2, 1, sharex=True, height_ratios=(4, 1))
        _prepare(lowest, below.label)
        lowest.fill_between(below.x, 0, below.y, step="mid", color=MUTED, alpha=0.35, linewidth=0)
        lowest.set_ylim(0, 1.15 * float(np.max(below.y)))
        lowest.yaxis.get_major_locator().set_params(integer=True, nbins=3)
    _prepare(axes, y_axis)
    lowest.set_xlabel(x_axis, fontsize="small")
    if logarithmic:
        axes.set_xscale("log")
    if zero:
        axes.axhline(0, color=INK, linewidth=0.8)
    if ticks is not None:
        lowest.set_xticks(list(ticks), list(ticks.values()))
        lowest.set_xticks([], minor=True)
    _draw_lines(axes, lines)
    save_figure(figure, path)


def _draw_dots(axes: Axes, plot: Dots, series: Sequence[str]) -> None:
    for height, row in enumerate(plot.rows.values()):
        known = [value for value in row.values() if not math.isnan(value)]
        if len(known) > 1:
            axes.plot(
                [min(known), max(known)],
                [height] * 2,
                color=_GRID,
                linewidth=6,
                zorder=1,
                solid_capstyle="butt",
            )
        for name, value in row.items():
            number = series.index(name)
            place = height + _STEP * (number - (len(series) - 1) / 2)
            axes.plot(
                value, place, _MARKERS[number % len(_MARKERS)], label=name, zorder=2,
                color=COLOURS[number % len(COLOURS)], markersize=7, linestyle="none",
                markeredgecolor="white", markeredgewidth=0.8,
            )  # fmt: skip
    axes.margins(x=0.12)


def _draw_lines(axes: Axes, lines: Sequence[Line]) -> None:
    colours = iter(COLOURS)
    for line in lines:
        colour = MUTED if line.muted else next(colours)
        if line.low is not None and line.high is not None:
            axes.fill_between(line.x, line.low, line.high, color=colour, alpha=0.2, linewidth=0)
        axes.plot(
            line.x, line.y, color=colour, label=line.label, linewidth=1.8,
            linestyle="--" if line.muted else "-", marker="o" if line.marked else None,
            markersize=5,
        )  # fmt: skip
    axes.legend(loc="best", frameon=False, fontsize="small")


def _distinct_handles(all_axes: Sequence[Axes]) -> tuple[list[Artist], list[str]]:
    found: dict[str, Artist] = {}
    for axes in all_axes:
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True):
            found.setdefault(label, handle)
    return list(found.values()), list(found)


def _prepare(axes: Axes, y_axis: str) -> None:
    _plain(axes)
    axes.grid(color=_GRID, linewidth=0.8)
    axes.set_ylabel(y_axis, fontsize="small")


def _plain(axes: Axes) -> None:
    axes.set_axisbelow(True)
    axes.tick_params(which="both", labelsize="small", length=0)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color(MUTED)


_COLUMNS = (
    "target", "source", "reconstruction", "self-supervised\nkeypoints", "pose, before",
    "pose, personalized", "ground truth",
)  # fmt: skip
ARROW = 0.1
"""Arrows are drawn for weights W above this, as in the paper."""
_SIDE = 1.5  # inches
_BRIGHTNESS = 0.7  # of a picture under keypoints


@dataclass(frozen=True, eq=False)
class SeenRow:
    """One person. Pictures (S, S, 3) RGB uint8; points are (x, y) in their pixels.

    ``self_points`` (M, 2) with their ``contribution`` (M,); ``before``, ``after`` and ``truth``
    (K, 2), NaN where unknown; ``visible`` (K,) is 0 where there is no label. ``joints``
    (K, 2) are where the trained network's maps say, and ``affinity`` (K, M) is what they are made
    of, W.
    """

    target: Picture
    source: Picture
    reconstruction: Picture
    self_points: Points
    contribution: Points
    before: Points
    after: Points
    truth: Points
    visible: Points
    joints: Points
    affinity: Points


def plot_panels(path: Path, rows: Sequence[SeenRow], joint_set: JointSet) -> None:
    """Draw a row of pictures for each person, and the scale of the contributions, as a PNG."""
    figure = new_figure(_SIDE * len(_COLUMNS), _SIDE * len(rows) + 0.75)
    all_axes = figure.subplots(len(rows), len(_COLUMNS), squeeze=False)
    largest = max(float(row.contribution.max()) for row in rows)
    for axes, title in zip(all_axes[0], _COLUMNS, strict=True):
        axes.set_title(title, fontsize="small", color=INK)
    for line, row in zip(all_axes, rows, strict=True):
        for axes, picture in zip(line, _pictures(row, joint_set), strict=True):
            axes.imshow(picture, extent=_extent(row.target))
            axes.set_axis_off()
        points = _scatter(line[3], row, largest)
    bar = figure.colorbar(
        points, ax=all_axes[:, 3], location="bottom", shrink=0.9, aspect=14, pad=0.01
    )
    bar.outline.set_visible(False)
    bar.ax.tick_params(labelsize="x-small", length=2)
    bar.set_label("contribution", fontsize="x-small")
    save_figure(figure, path)


def _pictures(row: SeenRow, joint_set: JointSet) -> list[Picture]:
    """The pictures of a row, in the order of the columns."""
    return [
        enlarge(row.target),
        enlarge(row.source),
        enlarge(row.reconstruction),
        np.asarray(enlarge(row.target) * _BRIGHTNESS, np.uint8),
        draw_skeleton(row.target, row.before, joint_set),
        draw_skeleton(row.target, row.after, joint_set),
        draw_skeleton(row.target, row.truth, joint_set, row.visible),
    ]


def _scatter(axes: Axes, row: SeenRow, largest: float) -> PathCollection:
    """The self-supervised keypoints; those that contribute most lie above."""
    order = np.argsort(row.contribution)
    x, y = np.asarray(row.self_points)[order].T
    return axes.scatter(
        x, y, c=np.asarray(row.contribution)[order], s=14, cmap="viridis", vmin=0, vmax=largest,
        edgecolors="white", linewidths=0.5, clip_on=True,
    )  # fmt: skip


def _extent(picture: Picture) -> tuple[float, float, float, float]:
    """Where a picture lies so that its pixels' centres are at whole numbers."""
    height, width = picture.shape[:2]
    return -0.5, width - 0.5, height - 0.5, -0.5


def arrows(affinity: Points) -> list[tuple[int, int]]:
    """The (joint, self-supervised keypoint) pairs whose W is above 0.1, the strongest last."""
    pairs = np.argwhere(np.asarray(affinity) > ARROW)
    order = np.argsort([affinity[joint, point] for joint, point in pairs], kind="stable")
    return [(int(joint), int(point)) for joint, point in pairs[order]]


def plot_arrows(path: Path, rows: Sequence[SeenRow]) -> None:
    """Draw a picture for each person, with an arrow to each joint from what it is read off."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    columns = min(3, len(rows))
    lines = -(-len(rows) // columns)
    figure = new_figure(2 * _SIDE * columns, 2 * _SIDE * lines + 0.6)
    axes_of_all = figure.subplots(lines, columns, squeeze=False).ravel()
    colours = ScalarMappable(Normalize(ARROW, 1), "autumn_r")
    for axes in axes_of_all:
        axes.set_axis_off()
    for axes, row in zip(axes_of_all, rows, strict=False):
        dimmed = np.asarray(enlarge(row.target) * _BRIGHTNESS, np.uint8)
        axes.imshow(dimmed, extent=_extent(row.target))
        for joint, point in arrows(row.affinity):
            axes.annotate(
                "",
                xy=tuple(row.joints[joint]),
                xytext=tuple(row.self_points[point]),
                arrowprops={
                    "arrowstyle": "-|>", "linewidth": 1.4, "shrinkA": 2, "shrinkB": 3,
                    "color": colours.to_rgba(row.affinity[joint, point]),
                },
                annotation_clip=True,
            )  # fmt: skip
        axes.scatter(*row.joints.T, s=22, c="white", edgecolors=INK, linewidths=0.8, zorder=4)
        axes.scatter(
            *row.self_points.T, s=14, marker="D", c="#56B4E9", edgecolors="white", linewidths=0.5,
            zorder=3,
        )  # fmt: skip
    bar = figure.colorbar(colours, ax=list(axes_of_all), location="bottom", shrink=0.5, aspect=30)
    bar.outline.set_visible(False)
    bar.ax.tick_params(labelsize="x-small", length=2)
    bar.set_label("affinity W", fontsize="x-small")
    save_figure(figure, path)
