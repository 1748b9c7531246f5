"""What the worker tells the window: small frozen records, running rates, and their buffer."""

from __future__ import annotations

import enum
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.runtime.capture.source import Frame
from model.adaptation import PersonalizationSettings, preset_name
from model.core.crop import SquareBox
from model.tracking import Detection
from model.ttp.prediction import Pose

Array = NDArray[np.float32]


class Phase(enum.Enum):
    """What personalization is doing, as the chip over the live view says it."""

    OFF = "off"
    PERSONALIZING = "personalizing"
    HELD_BACK = "held back"
    UNDONE = "undone by the guard"
    FROZEN = "frozen"
    OFFLINE = "offline"
    FAULTED = "stopped by an error"


class Schedule(enum.Enum):
    """How prediction and personalization share the machine (design: the live loop)."""

    STRICT = "strict"
    TWO_LANES = "two lanes"
    PREDICT_ONLY = "prediction only"


class Comparison(enum.Enum):
    """How often the trained weights predict beside the personalized ones."""

    NEVER = "never"
    SAMPLED = "sampled"
    ALWAYS = "always"


@dataclass(frozen=True)
class PoseResult:
    """The prediction for one frame. Points are (x, y) in pixels of that frame, float32.

    ``box`` is the square that was cropped, or None when no person was found (then all arrays are
    empty). ``keypoints`` (K, 2), ``confidence`` (K,) in 0..1, ``self_keypoints`` (M, 2),
    ``affinity`` (K, M) with rows that sum to 1 (empty (0, 0) for variants without a transformer),
    ``contribution`` (M,): c_j, the column sums of the affinity. ``updates`` is the number of
    personalization updates behind the weights that predicted this frame; ``latency`` the seconds
    from capture to this result. ``unpersonalized`` (K, 2) is the prediction of the pristine
    weights on the same crop, present only on frames where it was asked for. ``others`` are people
    beside the one in the box, as the detector saw them last.
    """

    frame_index: int
    media_index: int
    timestamp: float
    box: SquareBox | None
    keypoints: Array
    confidence: Array
    self_keypoints: Array
    affinity: Array
    contribution: Array
    updates: int
    latency: float
    unpersonalized: Array | None = None
    others: tuple[Detection, ...] = ()


@dataclass(frozen=True)
class UpdateNumbers:
    """One personalization update: its number, loss and cost.

    ``loss`` is L_self (six normalised terms, about 6 at equilibrium), or the consistency's in its
    units where that is all that is learnt from; ``seconds`` the time spent computing it, ``pairs``
    the batch size.
    """

    number: int
    loss: float
    seconds: float
    pairs: int
    timestamp: float


@dataclass(frozen=True)
class UpdateResult(UpdateNumbers):
    """An update with a picture triple to show.

    ``source``, ``target``, ``reconstruction`` are 128 x 128 x 3 uint8 RGB.
    ``undone`` if the guard took this update and those since its last look back.
    """

    source: NDArray[np.uint8]
    target: NDArray[np.uint8]
    reconstruction: NDArray[np.uint8]
    undone: bool = False


@dataclass(frozen=True)
class OfflineProgress:
    """How far an offline run is: ``done`` of ``total`` parts, or updates, and the seconds left.

    ``seconds_left`` is NaN until the first pairs have shown how long they take. ``doing`` says what
    is going on; empty for a run over the frames remembered.
    """

    done: int
    total: int
    seconds_left: float
    paused: bool = False
    doing: str = ""


@dataclass(frozen=True)
class TakeStatus:
    """How far a take is: ``seconds`` and ``frames`` that are recorded, ``lost`` ones."""

    folder: Path
    seconds: float
    frames: int
    lost: int


@dataclass(frozen=True)
class LearnerState:
    """What whoever learns tells of it.

    Attributes:
        offline: how far an offline run is; None when there is none.
        undo_steps: how many resets can be undone.
        settings: those in use; None where nothing can be learnt.
    """

    offline: OfflineProgress | None = None
    undo_steps: int = 0
    settings: PersonalizationSettings | None = None


@dataclass(frozen=True)
class WorkerStatus:
    """The worker's state in numbers, for the status bar and the chip.

    Rates are over the last few seconds. ``latency_p95`` is in seconds. ``dropped`` counts frames
    that were captured but never predicted, ``undo_steps`` resets that can be undone; ``preset``
    names the settings in use, empty if they are no preset's or not known yet.
    """

    phase: Phase = Phase.OFF
    detail: str = ""
    schedule: Schedule | None = None
    schedule_reason: str = ""
    device: str = ""
    updates: int = 0
    predictions: int = 0
    pairs: int = 0
    predictions_per_second: float = 0.0
    pairs_per_second: float = 0.0
    latency_p95: float = 0.0
    dropped: int = 0
    offline: OfflineProgress | None = None
    undo_steps: int = 0
    preset: str = ""


@dataclass(frozen=True)
class NetworkInfo:
    """What the window must know of the loaded network to draw its results."""

    name: str
    variant: str
    backbone: str
    joint_names: tuple[str, ...]
    limbs: tuple[tuple[int, int], ...]
    sides: tuple[str, ...] = field(default=())
    self_keypoints: int = 30
    personalizable: bool = True


@dataclass(frozen=True)
class KeypointGanInfo:
    """What the window must know of a KeypointGAN to draw its points.

    ``size`` is the side of its pictures in pixels. A limb runs from the mean of one group of
    points to that of another; points in no group are in no skeleton image. ``conditional`` says
    whether it can give a pose another person's look.
    """

    name: str
    size: int
    joint_names: tuple[str, ...]
    limbs: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...]
    sides: tuple[str, ...]
    conditional: bool = True


@dataclass(frozen=True)
class RedrawRequest:
    """A person to be read and redrawn.

    ``picture`` and ``appearance`` (None: the picture itself) are square RGB uint8 pictures
    (S, S, 3); ``points`` (K, 2), (x, y) in -1..1 across the picture, None to predict them.
    """

    picture: NDArray[np.uint8]
    appearance: NDArray[np.uint8] | None = None
    points: Array | None = None


@dataclass(frozen=True)
class RedrawResult:
    """The answer to a ``request``.

    ``points`` (K, 2) in -1..1, those of the request or predicted; ``skeleton_image`` (S, S) uint8,
    drawn from the request's points or predicted; ``redrawn`` (S, S, 3) uint8 RGB: the person of
    the appearance in that pose.
    """

    request: RedrawRequest
    points: Array
    skeleton_image: NDArray[np.uint8]
    redrawn: NDArray[np.uint8]


WINDOW_SECONDS = 5.0


class RecentValues:
    """Values with the time they came, over the last ``WINDOW_SECONDS``; safe between threads."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._values: deque[tuple[float, float]] = deque()
        self._start = clock()

    def add(self, value: float = 1.0) -> None:
        with self._lock:
            self._values.append((self._clock(), value))
            self._forget()

    def per_second(self) -> float:
        """The sum of the recent values per second."""
        with self._lock:
            self._forget()
            span = min(WINDOW_SECONDS, self._clock() - self._start)
            return sum(value for _, value in self._values) / span if span > 0 else 0.0

    def percentile(self, q: float) -> float:
        """The q-th percentile (0..100) of the recent values; 0 when there are none."""
        with self._lock:
            self._forget()
            return float(np.percentile([v for _, v in self._values], q)) if self._values else 0.0

    def _forget(self) -> None:
        oldest = self._clock() - WINDOW_SECONDS
        while self._values and self._values[0][0] < oldest:
            self._values.popleft()


def pose_result(
    frame: Frame,
    box: SquareBox,
    pose: Pose,
    updates: int,
    latency: float,
    unpersonalized: Array | None = None,
    others: tuple[Detection, ...] = (),
) -> PoseResult:
    """The result for a frame with a person in ``box``; see ``PoseResult`` for the rest."""
    return PoseResult(
        frame_index=frame.index,
        media_index=frame.media_index,
        timestamp=frame.timestamp,
        box=box,
        keypoints=pose.keypoints,
        confidence=pose.confidence,
        self_keypoints=pose.self_keypoints,
        affinity=pose.affinity,
        contribution=pose.contribution,
        updates=updates,
        latency=latency,
        unpersonalized=unpersonalized,
        others=others,
    )


def nobody(frame: Frame, updates: int, latency: float) -> PoseResult:
    """The result for a frame in which no person was found: all arrays are empty."""
    points, none = np.zeros((0, 2), np.float32), np.zeros(0, np.float32)
    return PoseResult(
        frame_index=frame.index,
        media_index=frame.media_index,
        timestamp=frame.timestamp,
        box=None,
        keypoints=points,
        confidence=none,
        self_keypoints=points,
        affinity=np.zeros((0, 0), np.float32),
        contribution=none,
        updates=updates,
        latency=latency,
    )


_RECORDS_KEPT = 256
_UNDONE_SECONDS = 4.0


class ResultBuffer:
    """Written by the threads that predict and learn, read by the window; safe between threads."""

    def __init__(self, device: str) -> None:
        self._lock = threading.Lock()
        self._results: deque[PoseResult] = deque(maxlen=_RECORDS_KEPT)
        self._updates: deque[UpdateResult] = deque(maxlen=_RECORDS_KEPT)
        self._latest: PoseResult | None = None
        self._status = WorkerStatus(device=device)
        self._predicted = RecentValues()
        self._learnt = RecentValues()
        self._latencies = RecentValues()
        self._undone_at = float("-inf")

    def latest_result(self) -> PoseResult | None:
        with self._lock:
            return self._latest

    def take_results(self) -> list[PoseResult]:
        """The results since the last call, oldest first."""
        with self._lock:
            results = list(self._results)
            self._results.clear()
            return results

    def take_updates(self) -> list[UpdateResult]:
        """The updates since the last call, oldest first."""
        with self._lock:
            updates = list(self._updates)
            self._updates.clear()
            return updates

    def status(self) -> WorkerStatus:
        """The state now, with rates over the last seconds."""
        with self._lock:
            status = self._status
        return replace(
            status,
            predictions_per_second=self._predicted.per_second(),
            pairs_per_second=self._learnt.per_second(),
            latency_p95=self._latencies.percentile(95),
        )

    def set_schedule(self, schedule: Schedule, reason: str, *, int8: bool = False) -> None:
        """Say how predicting and learning take turns, and whether the trunk is in ``int8``."""
        with self._lock:
            device = f"{self._status.device} · int8" if int8 else self._status.device
            self._status = replace(
                self._status, device=device, schedule=schedule, schedule_reason=reason
            )

    def set_state(self, phase: Phase, learner: LearnerState, dropped: int) -> None:
        with self._lock:
            self._status = replace(
                self._status,
                phase=phase,
                offline=learner.offline,
                dropped=dropped,
                undo_steps=learner.undo_steps,
                preset=preset_name(learner.settings) if learner.settings else "",
            )

    def add_result(self, result: PoseResult) -> None:
        """Publish the result for a frame; it counts as a prediction if a person was found."""
        found = result.box is not None
        if found:
            self._predicted.add()
            self._latencies.add(result.latency)
        with self._lock:
            self._latest = result
            self._results.append(result)
            self._status = replace(
                self._status,
                updates=result.updates,
                predictions=self._status.predictions + found,
            )

    def add_pairs(self, pairs: int) -> None:
        """Count pairs that were learnt from."""
        self._learnt.add(pairs)
        with self._lock:
            self._status = replace(self._status, pairs=self._status.pairs + pairs)

    def add_update(self, update: UpdateResult) -> None:
        with self._lock:
            self._updates.append(update)
            if update.undone:
                self._undone_at = time.perf_counter()

    def undone_lately(self) -> bool:
        """Whether the guard undid updates within the last seconds, for people to see it."""
        with self._lock:
            return time.perf_counter() - self._undone_at < _UNDONE_SECONDS

    def forget(self) -> None:
        """Drop results and updates: they belong to another person."""
        with self._lock:
            self._results.clear()
            self._updates.clear()
            self._latest = None
