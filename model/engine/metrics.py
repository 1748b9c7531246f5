"""The metrics of a training run: for TensorBoard, as a table, and as a picture for its card."""

from __future__ import annotations

import contextlib
import csv
import io
import logging
import os
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import cycle
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, LogFormatter
from numpy.typing import NDArray
from torch.utils.tensorboard import SummaryWriter

from model.core.errors import UserError
from model.core.files import whole_file

_log = logging.getLogger(__name__)

_HEADER = ("step", "name", "value")


class LogRow(NamedTuple):
    """One number of ``log.csv``: the ``value`` of the curve ``name`` after ``step`` steps."""

    step: int
    name: str
    value: float


class MetricLogger:
    """Writes what a training run reports into ``folder``; only one process of a run makes one.

    ``log.csv`` has a row for each number, ``tensorboard/`` the same curves and the pictures. A run
    that goes on from the checkpoint of ``resume_step`` goes on in both, and what an interrupted run
    reported after that step is dropped; at 0 both start anew. A slash in a name makes groups:
    ``loss/supervised``.

    A failure to write, as of a full disk, is logged once and costs no more than what could not be
    written: the table goes on when the disk does, TensorBoard's pictures and curves end. Only a
    folder that cannot be written at the start is refused, with ``UserError``.
    """

    def __init__(self, folder: Path, resume_step: int = 0) -> None:
        self._table = folder / "log.csv"
        self._failed = False
        kept = read_log(self._table) if resume_step and self._table.exists() else []
        with whole_file(self._table) as path:
            path.write_bytes(_csv([_HEADER, *(row for row in kept if row.step <= resume_step)]))
        self._board: SummaryWriter | None = None
        with self._surviving():
            # TensorBoard hides what older files of the folder say about this step and later ones.
            purge_step = resume_step + 1 if resume_step else 0
            self._board = SummaryWriter(str(folder / "tensorboard"), purge_step=purge_step)

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        """Record numbers by name; ``step`` counts the optimiser steps behind them."""
        with self._surviving():
            self._append([LogRow(step, name, float(value)) for name, value in values.items()])
        if self._board is not None:
            with self._surviving(board=True):
                for name, value in values.items():
                    self._board.add_scalar(name, value, step)

    def picture(self, step: int, name: str, image: NDArray[np.uint8]) -> None:
        """Record an RGB picture (H, W, 3), uint8; TensorBoard shows it under ``name``."""
        if self._board is not None:
            with self._surviving(board=True):
                self._board.add_image(name, image, step, dataformats="HWC")
                self._board.flush()

    def close(self) -> None:
        """Write out what is waiting. Nothing can be recorded afterwards."""
        if self._board is not None:
            with self._surviving(board=True):
                self._board.close()
        self._board = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _append(self, rows: list[LogRow]) -> None:
        whole = self._table.stat().st_size
        try:
            with self._table.open("ab") as file:
                file.write(_csv(rows))
        except OSError:
            with contextlib.suppress(OSError):  # half a row would spoil the next one
                os.truncate(self._table, whole)
            raise

    @contextlib.contextmanager
    def _surviving(self, *, board: bool = False) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if board:
                self._board = None
            if not self._failed:
                self._failed = True
                _log.warning(
                    "The training record in %s cannot be written (%s). Training goes on without.",
                    self._table.parent,
                    error.strerror or error,
                )


def read_log(path: Path) -> list[LogRow]:
    """The rows of a ``log.csv``, in its order; a last line that was cut off is left out.

    ``UserError`` if there is no such file, or it is something else.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UserError(
            f"{path} cannot be read ({error.strerror or error}). "
            "Give the log.csv that a training run has written."
        ) from error
    try:
        whole_lines = content.decode("utf-8").split("\n")[:-1]
        header, *rows = csv.reader(whole_lines)
        if tuple(header) != _HEADER:
            raise ValueError(header)
        return [LogRow(int(step), name, float(value)) for step, name, value in rows]
    except (ValueError, csv.Error) as error:
        raise UserError(
            f"{path} is not the log of a training run, with the columns step, name and value, or "
            "it is damaged. Restore it, or move it away."
        ) from error


def _csv(rows: Sequence[tuple[object, ...]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode("utf-8")


_OKABE_ITO = colormaps["okabe_ito"]  # which colour-blind people can tell apart
_COLOURS = [_OKABE_ITO(i) for i in (5, 6, 3, 7, 1, 2, 0)]  # without yellow: the ground is white
_LOSS = "loss"
_SMOOTHED_SHARE = 0.02  # of a curve's points lie to either side in the running mean

Curve = tuple[NDArray[np.int64], NDArray[np.float64]]


def draw_curves(folder: Path) -> None:
    """Draw what a run in ``folder`` logged, if anything, as ``curves.png`` there."""
    if read_log(folder / "log.csv"):
        plot_curves(folder / "log.csv", folder / "curves.png")


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
