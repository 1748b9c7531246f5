"""Takes: what a camera or clip shows now, with its poses, frame by frame; and ends they lack.

The video is clean and keeps the frames' own times; nothing that personalization does can make it
lose a frame that the ring still holds. A take has no end where the program was killed, or the
computer went out.
"""

from __future__ import annotations

import contextlib
import csv
import json
import os
import shutil
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import psutil
from av.video.stream import VideoStream

from app.runtime.capture.ring import FrameRing
from app.runtime.capture.source import Frame
from app.runtime.lifecycle import ManagedThread
from app.runtime.live.results import NetworkInfo, PoseResult, TakeStatus
from app.runtime.recordings.pipeline import ProcessedFrame
from app.runtime.recordings.writers import CocoJson, KeypointsCsv, columns, versions
from model.core.crop import SquareBox
from model.core.errors import UserError
from model.core.files import make_folder, read_json, whole_file

VIDEO, KEYPOINTS, COCO, SLEAP, ABOUT = (
    "video.mkv", "keypoints.csv", "keypoints.json", "keypoints.h5", "take.json",
)  # fmt: skip
UNFINISHED = "unfinished.json"
"""There from the beginning of a take to its end: what is needed to complete one that has none."""

_MILLISECONDS = Fraction(1, 1000)
_WAIT_SECONDS = 0.2
_FLUSH_SECONDS = 1.0
# Results wait for their frame, and frames for their result, this many of each.
_WAITING = 4096


class TakeRecorder(ManagedThread):
    """Writes every frame of the ring from now on to a new folder, until it is stopped.

    ``video.mkv`` is H.264 in Matroska, which plays to its last second even if the program was
    killed; a frame's time in it is that of the ring, to a millisecond. ``keypoints.csv`` is
    written as results come, a row for each frame that was predicted; when the take ends,
    ``keypoints.json`` (COCO), ``keypoints.h5`` (SLEAP's analysis file) and ``take.json`` join it.

    Args:
        ring: whose frames are recorded, in order, from the next one on.
        folder: where takes are kept; this one gets a folder of its own, named by the time.
        network: whose keypoints they are.
        about: more entries for ``take.json``, such as the source and the settings.
        on_done: called with the take when all of it is written, in the recorder's thread. One
            without a frame leaves no folder.
        on_fault: called with what ended the take early; what was written stays.
    """

    def __init__(
        self,
        ring: FrameRing,
        folder: Path,
        network: NetworkInfo,
        about: Mapping[str, object],
        on_done: Callable[[TakeStatus], None] = lambda take: None,
        on_fault: Callable[[Exception], None] | None = None,
    ) -> None:
        super().__init__("app-take", on_fault)
        self._ring = ring
        self._reader = ring.reader()
        self._until: int | None = None
        self._on_done = on_done
        self._folder = _new_folder(folder)
        self._network = network
        self._about = dict(about)
        self._files = ExitStack()
        self._results: deque[PoseResult] = deque(maxlen=_WAITING)
        self._numbers: dict[int, tuple[int, float]] = {}
        self._frame: Frame | None = None
        self._begin = 0.0
        self._last_pts = -1
        self._flushed_at = 0.0
        self._status = TakeStatus(self._folder, 0.0, 0, 0)

    @property
    def status(self) -> TakeStatus:
        return self._status

    def stop(self, timeout: float = 5.0) -> bool:
        """Record what the ring has taken in until now, and end."""
        if self._until is None:
            self._until = self._ring.held().stop
        return super().stop(timeout)

    def wake(self) -> None:
        self._ring.wake()
        super().wake()

    def add_result(self, result: PoseResult) -> None:
        """Take in a prediction, of a frame that is recorded or soon will be; from any thread."""
        self._results.append(result)

    def prepare(self) -> None:
        self._table = PoseTable(self._network)
        self._stream: VideoStream | None = None
        with self._explaining("cannot begin"):
            self._container = self._files.enter_context(
                av.open(
                    self._folder / VIDEO,
                    "w",
                    format="matroska",
                    # Whole to the last second, even if the program is killed.
                    options={"cluster_time_limit": "1000", "flush_packets": "1"},
                )
            )
            self._csv = KeypointsCsv(self._folder / KEYPOINTS, self._network.joint_names)
            self._files.callback(self._csv.close)
        _write_json(
            self._folder / UNFINISHED,
            {"process": own_process(), "network": asdict(self._network), "about": self._about},
        )

    def work(self) -> None:
        with self._explaining("stopped"):
            while True:
                ending = self.stopping
                frame = self._reader.next(0.0 if ending else _WAIT_SECONDS)
                over = frame is None or (self._until is not None and frame.index >= self._until)
                if frame is not None and not over:
                    self._encode(frame)
                self._write_results()
                if ending and over:
                    return

    def finish(self) -> None:
        with self._explaining("could not be written to its end"):
            with self._files:
                if self._stream is not None:
                    self._container.mux(self._stream.encode(None))
            if self._frame is None:
                shutil.rmtree(self._folder, ignore_errors=True)
            else:
                complete(self._folder, self._table, self._frame, self._status, self._about)
            self._on_done(self._status)

    @contextmanager
    def _explaining(self, what: str) -> Iterator[None]:
        """Errors of the disk, for people: what they did to the recording."""
        try:
            yield
        except OSError as error:
            raise UserError(
                f'The recording in "{self._folder}" {what}, after {self._status.seconds:.0f} s '
                f"({error.strerror or error}). What was written until then is kept."
            ) from error

    def _encode(self, frame: Frame) -> None:
        if self._frame is None:
            self._begin = frame.timestamp
            self._stream = self._new_stream(frame)
        elif frame.image.shape != self._frame.image.shape:
            raise UserError(
                "The recording ended, because the pictures have another size now. Start another."
            )
        assert self._stream is not None
        seconds = frame.timestamp - self._begin
        picture = av.VideoFrame.from_ndarray(frame.image, format="rgb24")
        picture.time_base = _MILLISECONDS
        picture.pts = self._last_pts = max(round(1000 * seconds), self._last_pts + 1)
        self._container.mux(self._stream.encode(picture))
        self._frame = frame
        number = self._status.frames
        self._numbers[frame.index] = number, seconds
        while len(self._numbers) > _WAITING:
            del self._numbers[next(iter(self._numbers))]
        self._status = TakeStatus(self._folder, seconds, number + 1, self._reader.missed)

    def _new_stream(self, frame: Frame) -> VideoStream:
        stream = self._container.add_stream("libx264", rate=30)
        stream.height, stream.width = frame.image.shape[:2]
        halves = stream.height % 2 == 0 and stream.width % 2 == 0
        stream.pix_fmt = "yuv420p" if halves else "yuv444p"
        stream.time_base = stream.codec_context.time_base = _MILLISECONDS
        # No frame waits for later ones, and learning keeps its cores.
        stream.codec_context.options = {"preset": "ultrafast", "tune": "zerolatency", "crf": "18"}
        stream.codec_context.thread_count = 1
        return stream

    def _write_results(self) -> None:
        while self._results and self._frame is not None:
            if self._results[0].frame_index > self._frame.index:
                break  # its frame is still to come
            result = self._results.popleft()
            if (place := self._numbers.pop(result.frame_index, None)) is not None:
                number, seconds = place
                processed = ProcessedFrame(
                    self._frame, replace(result, media_index=number, timestamp=seconds)
                )
                self._csv.add(processed)
                self._table.add(processed.result)
        if time.perf_counter() - self._flushed_at > _FLUSH_SECONDS:
            self._csv.flush()
            self._flushed_at = time.perf_counter()


def complete(
    folder: Path,
    table: PoseTable,
    frame: Frame,
    status: TakeStatus,
    about: Mapping[str, object],
    recorded: datetime | None = None,
) -> None:
    """Write what joins video and CSV at the end of a take; it is finished then.

    All frames are of the size of ``frame``. ``recorded`` is when, by default now.
    """
    table.write(folder, frame)
    content = {
        "recorded": (recorded or datetime.now()).astimezone().isoformat(timespec="seconds"),
        "seconds": round(status.seconds, 3),
        "frames": status.frames,
        "frames_lost": status.lost,
        "frames_predicted": len(table),
        **about,
        "versions": versions(),
    }
    _write_json(folder / ABOUT, content)
    (folder / UNFINISHED).unlink(missing_ok=True)


def own_process() -> dict[str, float]:
    """What tells this process from all that there were."""
    return {"id": os.getpid(), "began": psutil.Process().create_time()}


def _write_json(path: Path, content: object) -> None:
    with whole_file(path) as temporary:
        temporary.write_text(json.dumps(content, indent=2, default=str) + "\n", encoding="utf-8")


class PoseTable:
    """The poses of a take in little memory, for the files that are written at its end."""

    def __init__(self, network: NetworkInfo) -> None:
        self._network = network
        self._rows: list[PoseResult] = []

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, result: PoseResult) -> None:
        nothing = np.zeros((0, 0), np.float32)
        self._rows.append(
            replace(
                result,
                self_keypoints=nothing,
                affinity=nothing,
                contribution=nothing,
                unpersonalized=None,
                others=(),
            )
        )

    def write(self, folder: Path, frame: Frame) -> None:
        """``keypoints.json`` and ``keypoints.h5``; all frames are of the size of ``frame``."""
        with whole_file(folder / COCO) as temporary:
            coco = CocoJson(temporary, self._network, "frame-{:06d}.png".format, "A take")
            for result in self._rows:
                coco.add(ProcessedFrame(frame, result))
            coco.finish()
        with whole_file(folder / SLEAP) as temporary:
            self._write_sleap(temporary)

    def _write_sleap(self, path: Path) -> None:
        """One track in the layout of SLEAP's analysis files; NaN where nothing was predicted."""
        import h5py

        names = self._network.joint_names
        frames = 1 + max((result.media_index for result in self._rows), default=-1)
        points = np.full((1, 2, len(names), frames), np.nan, np.float32)
        scores = np.full((1, len(names), frames), np.nan, np.float32)
        for result in self._rows:
            if result.box is not None:
                points[0, :, :, result.media_index] = result.keypoints.T
                scores[0, :, result.media_index] = result.confidence
        with h5py.File(path, "w") as file:
            file["tracks"], file["point_scores"] = points, scores
            file["track_occupancy"] = np.isfinite(points).all((1, 2)).T.astype(np.uint8)
            file["node_names"] = [name.encode() for name in names]
            file["track_names"] = [b"person"]
            file["edge_names"] = [
                (names[a].encode(), names[b].encode()) for a, b in self._network.limbs
            ]
            file["edge_inds"] = np.array(self._network.limbs, np.int32)
            file["video_path"] = VIDEO


def _new_folder(folder: Path) -> Path:
    """A folder for one take: the time, and a number if there is one already."""
    make_folder(folder)
    name = datetime.now().strftime("%Y-%m-%d %H.%M.%S")
    for number in range(1, 1000):
        take = folder / (name if number == 1 else f"{name} ({number})")
        try:
            take.mkdir()
        except FileExistsError:
            continue
        except OSError as error:
            raise UserError(
                f'Nothing can be recorded to "{folder}" ({error.strerror or error}). '
                "Make room, or let the folder be written."
            ) from error
        return take
    raise UserError(f'There is no free name for a take in "{folder}". Move older ones away.')


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
