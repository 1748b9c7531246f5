"""The record of a training run: curves and pictures for TensorBoard, and the numbers as a table."""

from __future__ import annotations

import contextlib
import csv
import io
import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from torch.utils.tensorboard import SummaryWriter

from model.errors import UserError
from model.files import whole_file

_log = logging.getLogger(__name__)

_HEADER = ("step", "name", "value")


class LogRow(NamedTuple):
    """One number of ``log.csv``: the ``value`` of the curve ``name`` after ``step`` steps."""

    step: int
    name: str
    value: float


class Journal:
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
