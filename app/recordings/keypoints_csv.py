"""Keypoints as a table: one row per frame, for spreadsheets and data frames."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from app.recordings.pipeline import ProcessedFrame


def columns(joint_names: Sequence[str]) -> list[str]:
    """The header; each joint has three columns: ``left_wrist_x``, ``_y``, ``_confidence``."""
    joints = [name.replace(" ", "_") for name in joint_names]
    return [
        "frame",
        "time_s",
        "person_found",
        *(f"{joint}_{part}" for joint in joints for part in ("x", "y", "confidence")),
        *("box_left", "box_top", "box_side"),
        "updates",
    ]


class KeypointsCsv:
    """Writes a row per frame, also where no person was found: then keypoints and box are empty.

    ``frame`` counts from 0; ``time_s`` is in seconds since the start; ``person_found`` is 1 or 0;
    points and the square ``box`` that the network was shown are in pixels of the frame;
    confidences are in 0..1; ``updates`` is the number of optimiser steps behind the prediction.
    """

    def __init__(self, path: Path, joint_names: Sequence[str]) -> None:
        self._names = columns(joint_names)
        self._file = path.open("w", encoding="utf-8", newline="")
        self._rows = csv.DictWriter(self._file, self._names, restval="")
        self._rows.writeheader()

    def add(self, processed: ProcessedFrame) -> None:
        result = processed.result
        row = [
            str(result.media_index),
            f"{result.timestamp:.6f}",
            "0" if result.box is None else "1",
        ]
        if result.box is not None:
            for (x, y), confidence in zip(result.keypoints, result.confidence, strict=True):
                row += [f"{x:.2f}", f"{y:.2f}", f"{confidence:.4f}"]
            left, top, _, _ = result.box.corners
            row += [f"{left:.2f}", f"{top:.2f}", f"{result.box.side:.2f}"]
        values = dict(zip(self._names, row, strict=False))
        self._rows.writerow({**values, "updates": str(result.updates)})

    def finish(self) -> None:
        self._file.close()

    def close(self) -> None:
        self._file.close()
