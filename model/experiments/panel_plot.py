"""The panels of figure 5: crops with what was found on them, person under person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from model.experiments.plots import INK, new_figure, save_figure
from model.skeleton import JointSet
from model.training.panels import Picture, Points, draw_skeleton, enlarge

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import PathCollection

_COLUMNS = (
    "target", "source", "reconstruction", "self-supervised\nkeypoints", "pose, before",
    "pose, personalized", "ground truth",
)  # fmt: skip
_SIDE = 1.5  # inches
_BRIGHTNESS = 0.7  # of a picture under keypoints


@dataclass(frozen=True, eq=False)
class SeenRow:
    """One person. Pictures (S, S, 3) RGB uint8; points are (x, y) in their pixels.

    ``self_points`` (M, 2) with their ``contribution`` (M,); ``before``, ``after`` and ``truth``
    (K, 2), NaN where unknown; ``visible`` (K,) is 0 where there is no label.
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
