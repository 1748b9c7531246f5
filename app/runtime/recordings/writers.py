"""What a run leaves: keypoints as CSV and COCO JSON and a summary, whole or not at all."""

from __future__ import annotations

import csv
import json
import math
import platform
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TextIO

import cv2
import numpy as np
import onnxruntime
import torch

from app.assets import KnownJoints
from app.project import project
from app.runtime.live.results import NetworkInfo, PoseResult
from app.runtime.recordings.pipeline import ProcessedFrame
from model.core.errors import UserError
from model.core.files import sha256_of
from model.core.skeleton import ANGLES, SURE, joint_angles
from model.core.weights import read_metadata


class NotWrittenError(UserError):
    """Results cannot be written: the place is at fault, not the recording."""


class ResultWriter(Protocol):
    """Writes one result file as the recording goes by. Errors of the disk are OSErrors."""

    def add(self, processed: ProcessedFrame) -> None:
        """Take in the next frame, which has a person or not."""

    def finish(self) -> None:
        """Complete the file; called once, after the last frame."""

    def close(self) -> None:
        """Let go of the file, complete or not."""


@contextmanager
def result_folder(folder: Path) -> Iterator[Path]:
    """Make ``folder`` if needed and yield a hidden folder in it, to write results into.

    When the block ends well, its files and those of its folders move into ``folder`` one by one,
    each in place of an older one of that name. When it does not (an error, Ctrl+C), they are
    removed, and ``folder`` holds what it held before. Only a process that is killed leaves the
    hidden folder behind.
    ``UserError`` if the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        scratch = tempfile.TemporaryDirectory(dir=folder, prefix=".unfinished-")
    except OSError as error:
        raise _not_written(folder, error) from error
    with scratch as name:
        yield Path(name)
        with writing_to(folder):
            for file in sorted(path for path in Path(name).rglob("*") if path.is_file()):
                target = folder / file.relative_to(name)
                target.parent.mkdir(parents=True, exist_ok=True)
                file.replace(target)


@contextmanager
def writing_to(folder: Path) -> Iterator[None]:
    """Explain errors of the disk in this block to the user."""
    try:
        yield
    except OSError as error:
        raise _not_written(folder, error) from error


def _not_written(folder: Path, error: OSError) -> NotWrittenError:
    reason = error.strerror or str(error)
    return NotWrittenError(
        f'The results cannot be written to "{folder}" ({reason}). '
        "Give a folder that can be written, on a disk with room."
    )


def columns(joint_names: Sequence[str]) -> list[str]:
    """The header; each joint has three columns: ``left_wrist_x``, ``_y``, ``_confidence``.

    The last ones are angles, such as ``left_elbow_angle``.
    """
    joints = [name.replace(" ", "_") for name in joint_names]
    return [
        "frame",
        "time_s",
        "person_found",
        *(f"{joint}_{part}" for joint in joints for part in ("x", "y", "confidence")),
        *("box_left", "box_top", "box_side"),
        "updates",
        *(f"{angle.vertex.replace(' ', '_')}_angle" for angle in ANGLES),
    ]


class KeypointsCsv:
    """Writes a row per frame, also where no person was found: then keypoints and box are empty.

    ``frame`` counts from 0; ``time_s`` is in seconds since the start; ``person_found`` is 1 or 0;
    points and the square ``box`` that the network was shown are in pixels of the frame;
    confidences are in 0..1; ``updates`` is the number of optimiser steps behind the prediction;
    ``ANGLES`` are in degrees, empty where a joint is missing or not ``SURE``.
    """

    def __init__(self, path: Path, joint_names: Sequence[str]) -> None:
        self._joint_names = joint_names
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
        degrees = joint_angles(self._joint_names, result.keypoints, result.confidence)
        texts = ["" if math.isnan(value) else f"{value:.1f}" for value in degrees]
        values |= zip(self._names[-len(ANGLES) :], texts, strict=True)
        self._rows.writerow({**values, "updates": str(result.updates)})

    def flush(self) -> None:
        """Hand what is written to the disk, for who reads along or goes on after a crash."""
        self._file.flush()

    def finish(self) -> None:
        self._file.close()

    def close(self) -> None:
        self._file.close()


_PERSON = 1
_VISIBLE, _GUESSED = 2, 1


class CocoJson:
    """Writes one image per frame and one annotation per frame with a person, as they come.

    ``keypoints`` holds x, y and visibility of every joint: 2 for a joint that is ``SURE``, 1 for
    a guess. ``score`` is the mean confidence, ``keypoint_scores`` has each joint's. ``bbox`` (x, y,
    width, height) just holds the joints, as in results that pycocotools loads. Images carry
    ``frame`` and ``time_s`` beside what the format asks for; ``name_of`` gives their
    ``file_name`` by number (from 0). Ids count from 1.
    """

    def __init__(
        self, path: Path, network: NetworkInfo, name_of: Callable[[int], str], description: str
    ) -> None:
        self._name_of = name_of
        self._images = self._annotations = 0
        head = {
            "info": {"description": description},
            "licenses": [],
            "categories": [_category(network)],
        }
        self._file = path.open("w", encoding="utf-8")
        # The annotations, which come after all images: hours of them would fill the memory.
        self._later = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115
        self._file.write(f'{json.dumps(head)[:-1]}, "images": [')

    def add(self, processed: ProcessedFrame) -> None:
        result = processed.result
        height, width = processed.frame.image.shape[:2]
        self._images += 1
        image = {
            "id": self._images,
            "file_name": self._name_of(result.media_index),
            "width": width,
            "height": height,
            "frame": result.media_index,
            "time_s": round(result.timestamp, 6),
        }
        _add_item(self._file, self._images, image)
        if result.box is not None:
            self._annotations += 1
            annotation = _annotation(result, self._annotations, self._images)
            _add_item(self._later, self._annotations, annotation)

    def finish(self) -> None:
        self._file.write('], "annotations": [')
        self._later.seek(0)
        shutil.copyfileobj(self._later, self._file)
        self._file.write("]}\n")
        self.close()

    def close(self) -> None:
        self._file.close()
        self._later.close()


def _add_item(file: TextIO, number: int, item: dict[str, Any]) -> None:
    """Write the ``number``-th item of a list, counted from 1."""
    file.write((", " if number > 1 else "") + json.dumps(item, allow_nan=False))


def _category(network: NetworkInfo) -> dict[str, Any]:
    return {
        "id": _PERSON,
        "name": "person",
        "supercategory": "person",
        "keypoints": [name.replace(" ", "_") for name in network.joint_names],
        "skeleton": [[a + 1, b + 1] for a, b in network.limbs],
    }


def _annotation(result: PoseResult, identity: int, image_id: int) -> dict[str, Any]:
    visibility = np.where(result.confidence >= SURE, _VISIBLE, _GUESSED).tolist()
    points = np.round(result.keypoints.astype(np.float64), 2)
    keypoints: list[float] = []
    for (x, y), visible in zip(points.tolist(), visibility, strict=True):
        keypoints += [x, y, visible]
    low, high = points.min(axis=0), points.max(axis=0)
    width, height = np.round(high - low, 2).tolist()
    return {
        "id": identity,
        "image_id": image_id,
        "category_id": _PERSON,
        "iscrowd": 0,
        "keypoints": keypoints,
        "num_keypoints": len(visibility),
        "keypoint_scores": np.round(result.confidence.astype(np.float64), 4).tolist(),
        "score": round(float(result.confidence.mean()), 4),
        "bbox": [*low.tolist(), width, height],
        "area": round(width * height, 2),
    }


@dataclass
class Tally:
    """Counts over a run. ``losses`` has one entry per update, None where it was not finite.

    ``updates`` leaves out those that were thrown away. With the true joints ``known``, ``errors``
    has the mean distance of the joints inside the picture, in percent of the box's side, one entry
    per frame with a person. ``profile`` is the one that was written, if any.
    """

    known: KnownJoints | None = None

    frames: int = 0
    person_found: int = 0
    updates: int = 0
    losses: list[float | None] = field(default_factory=list)
    errors: list[float] = field(default_factory=list)
    profile: str | None = None

    def add(self, processed: ProcessedFrame) -> None:
        """Count one more frame."""
        self.frames += 1
        self.person_found += processed.result.box is not None
        if processed.update is not None:
            self.learn(processed.update.loss, applied=processed.update.applied)
        if self.known is not None and processed.result.box is not None:
            result = processed.result
            error = self.known.error(result.media_index, result.keypoints)
            if error is not None:
                self.errors.append(round(100 * error / processed.result.box.side, 4))

    def learn(self, loss: float, *, applied: bool) -> None:
        """Count one more update."""
        self.updates += applied
        self.losses.append(round(loss, 6) if math.isfinite(loss) else None)

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
    version = read_metadata(path).get("version")
    return {"name": path.name, "sha256": sha256_of(path), "version": version}


def versions() -> dict[str, str]:
    """Versions of this program and of what its numbers depend on."""
    return {
        "project": project()["version"],
        "python": platform.python_version(),
        "torch": torch.__version__,
        "opencv": cv2.__version__,
        "numpy": np.__version__,
        "onnxruntime": onnxruntime.__version__,
    }
