"""Takes that have no end, because the program was killed or the computer went out."""

from __future__ import annotations

import contextlib
import csv
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import av
import numpy as np
import psutil

from app.runtime.capture.source import Frame
from app.runtime.live.results import NetworkInfo, PoseResult, TakeStatus
from app.runtime.recordings.take import KEYPOINTS, UNFINISHED, VIDEO, PoseTable, complete
from app.runtime.recordings.writers import columns
from model.core.crop import SquareBox
from model.core.errors import UserError
from model.core.files import read_json

_KEPT = "unfinished-kept.json"
_LARGEST_RECORD = 2**20


@dataclass(frozen=True)
class UnfinishedTake:
    """A take without an end. ``seconds`` and ``frames`` are what of its video can be played."""

    folder: Path
    seconds: float
    frames: int


def find_unfinished(folder: Path) -> list[UnfinishedTake]:
    """The unfinished takes in a folder of takes, oldest first; none that is being recorded now."""
    try:
        records = sorted(folder.glob(f"*/{UNFINISHED}"))
    except OSError:
        return []
    takes = []
    for record in records:
        if not _is_recorded_now(_read(record)):
            times, _ = _frames(record.parent / VIDEO)
            seconds = max(times) - min(times) if times else 0.0
            takes.append(UnfinishedTake(record.parent, seconds, len(times)))
    return takes


def recover(take: UnfinishedTake) -> TakeStatus:
    """Complete a take with the files that it would have had, of all that can be read.

    ``UserError`` if nothing of it can be played, or it cannot be written.
    """
    _, size = _frames(take.folder / VIDEO)
    record = _read(take.folder / UNFINISHED)
    if not take.frames or size is None:
        raise UserError(
            f"Nothing of the recording in {take.folder} can be played, so it cannot be recovered. "
            "It is left as it is."
        )
    try:
        given = record["network"]
        network = NetworkInfo(**{name: _tuples(value) for name, value in given.items()})
        about = dict(record["about"])
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise UserError(
            f"What the recording in {take.folder} was made with cannot be read ({error}). "
            f"{VIDEO} and {KEYPOINTS} are there, and are left as they are."
        ) from error
    table = PoseTable(network)
    for result in _results(take.folder / KEYPOINTS, network):
        table.add(result)
    image = np.broadcast_to(np.uint8(0), (*size, 3))
    status = TakeStatus(take.folder, take.seconds, take.frames, 0)
    recorded = datetime.fromtimestamp((take.folder / VIDEO).stat().st_mtime)
    about |= {"recovered": True, "frames_lost": None}
    complete(take.folder, table, Frame(0, 0.0, image, 0), status, about, recorded)
    return status


def keep(take: UnfinishedTake) -> None:
    """Leave a take as it is, and never ask of it again; ``UserError`` if that cannot be noted."""
    with _explained(take):
        (take.folder / UNFINISHED).replace(take.folder / _KEPT)


def delete(take: UnfinishedTake) -> None:
    """Remove a take with all that is in it; ``UserError`` if it cannot be."""
    with _explained(take):
        shutil.rmtree(take.folder)


@contextlib.contextmanager
def _explained(take: UnfinishedTake) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UserError(
            f"The recording in {take.folder} cannot be changed ({error.strerror or error}). "
            "Make that folder writable."
        ) from error


def _is_recorded_now(record: dict[str, Any]) -> bool:
    try:
        process = psutil.Process(int(record["process"]["id"]))
        return abs(process.create_time() - float(record["process"]["began"])) < 1
    except (LookupError, TypeError, ValueError, psutil.Error):
        return False


def _read(record: Path) -> dict[str, Any]:
    """What was written when the take began; nothing if it is damaged."""
    with contextlib.suppress(OSError, ValueError):
        content = read_json(record, _LARGEST_RECORD)
        if isinstance(content, dict):
            return content
    return {}


def _frames(video: Path) -> tuple[list[float], tuple[int, int] | None]:
    """Times in seconds of the frames that can be read, and their height and width."""
    times: list[float] = []
    size = None
    with contextlib.suppress(OSError, ValueError, LookupError), av.open(video) as container:
        stream = container.streams.video[0]
        size = stream.height, stream.width
        # One by one: those before a place that cannot be read are kept.
        times.extend(
            float(packet.pts * packet.time_base)
            for packet in container.demux(stream)
            if packet.pts is not None and packet.time_base is not None
        )
    return times, size


def _tuples(value: Any) -> Any:
    """JSON has lists only."""
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def _results(path: Path, network: NetworkInfo) -> Iterator[PoseResult]:
    """The rows of a take's CSV file that are whole."""
    with (
        contextlib.suppress(OSError, csv.Error),
        path.open(encoding="utf-8", errors="replace", newline="") as file,
    ):
        for row in csv.DictReader(file):
            with contextlib.suppress(LookupError, TypeError, ValueError):
                yield _result(row, network)


def _result(row: dict[str, str], network: NetworkInfo) -> PoseResult:
    """``ValueError``, ``LookupError`` or ``TypeError`` for a row that was cut off."""
    box = None
    keypoints, confidence = np.zeros((0, 2), np.float32), np.zeros(0, np.float32)
    if row["person_found"] == "1":
        names = columns(network.joint_names)[3:]
        joints = [float(row[name]) for name in names[: 3 * len(network.joint_names)]]
        keypoints, confidence = np.split(np.array(joints, np.float32).reshape(-1, 3), [2], 1)
        left, top, side = (float(row[f"box_{part}"]) for part in ("left", "top", "side"))
        box = SquareBox(left + side / 2, top + side / 2, side)
        if not np.isfinite([*joints, left, top, side]).all():
            raise ValueError("a joint is nowhere")
    nothing = np.zeros((0, 0), np.float32)
    return PoseResult(
        frame_index=int(row["frame"]),
        media_index=int(row["frame"]),
        timestamp=float(row["time_s"]),
        box=box,
        keypoints=keypoints,
        confidence=confidence.reshape(-1),
        self_keypoints=nothing,
        affinity=nothing,
        contribution=nothing,
        updates=int(row["updates"]),
        latency=0.0,
    )
