"""What a run did, in numbers, and what it was run with."""

from __future__ import annotations

import math
import platform
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
import torch

from app.demos import KnownJoints
from app.diagnosis import ROOT
from app.recordings.pipeline import ProcessedFrame
from model.files import sha256_of
from model.weights import read_metadata


@dataclass
class Tally:
    """Counts over a run. ``losses`` has one entry per update, None where it was not finite.

    ``updates`` leaves out those that were thrown away. With the true joints ``known``, ``errors``
    has the mean distance of the joints inside the picture, in percent of the box's side, one entry
    per frame with a person.
    """

    known: KnownJoints | None = None

    frames: int = 0
    person_found: int = 0
    updates: int = 0
    losses: list[float | None] = field(default_factory=list)
    errors: list[float] = field(default_factory=list)

    def add(self, processed: ProcessedFrame) -> None:
        """Count one more frame."""
        self.frames += 1
        self.person_found += processed.result.box is not None
        self.updates += processed.learnt
        if processed.update is not None:
            loss = processed.update.loss
            self.losses.append(round(loss, 6) if math.isfinite(loss) else None)
        if self.known is not None and processed.result.box is not None:
            result = processed.result
            error = self.known.error(result.media_index, result.keypoints)
            if error is not None:
                self.errors.append(round(100 * error / processed.result.box.side, 4))

    def totals(self) -> dict[str, int | float | None]:
        """The counts, and the first and last loss: None without an update."""
        return {
            "frames": self.frames,
            "person_found": self.person_found,
            "updates": self.updates,
            "loss_first": self.losses[0] if self.losses else None,
            "loss_last": self.losses[-1] if self.losses else None,
        }

    def mean_error(self) -> float | None:
        """Mean of ``errors``; None where nothing was compared."""
        return float(np.mean(self.errors)) if self.errors else None


def describe_weights(path: Path) -> dict[str, str | None]:
    """What tells one weight file from another: name, SHA-256, and the version written in it."""
    return {
        "name": path.name,
        "sha256": sha256_of(path),
        "version": read_metadata(path).get("version"),
    }


def versions() -> dict[str, str]:
    """Versions of this program and of what its numbers depend on."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return {
        "project": project["version"],
        "python": platform.python_version(),
        "torch": torch.__version__,
        "opencv": cv2.__version__,
        "numpy": np.__version__,
        "onnxruntime": onnxruntime.__version__,
    }
