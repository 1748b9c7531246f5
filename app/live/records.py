"""What the worker tells the window: small frozen records, no images inside Qt signals."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from model.crop import SquareBox

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
    weights on the same crop, present only on frames where it was asked for.
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


@dataclass(frozen=True)
class UpdateResult:
    """One personalization update: its number, loss and cost, and a picture triple to show.

    ``loss`` is L_self (six normalised terms, about 6 at equilibrium), or the consistency's in its
    units where that is all that is learnt from; ``seconds`` the time spent computing it, ``pairs``
    the batch size. ``source``, ``target``, ``reconstruction`` are 128 x 128 x 3 uint8 RGB.
    ``undone`` if the guard took this update and those since its last look back.
    """

    number: int
    loss: float
    seconds: float
    pairs: int
    timestamp: float
    source: NDArray[np.uint8]
    target: NDArray[np.uint8]
    reconstruction: NDArray[np.uint8]
    undone: bool = False


@dataclass(frozen=True)
class OfflineProgress:
    """How far an offline run is: ``done`` of ``total`` updates and the seconds left.

    ``seconds_left`` is NaN until the first pairs have shown how long they take.
    """

    done: int
    total: int
    seconds_left: float


@dataclass(frozen=True)
class WorkerStatus:
    """The worker's state in numbers, for the status bar and the chip.

    Rates are over the last few seconds. ``latency_p95`` is in seconds. ``dropped`` counts frames
    that were captured but never predicted.
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
class PuppetInfo:
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
class PuppetRequest:
    """A person to be read and redrawn.

    ``picture`` and ``appearance`` (None: the picture itself) are square RGB uint8 pictures
    (S, S, 3); ``points`` (K, 2), (x, y) in -1..1 across the picture, None to predict them.
    """

    picture: NDArray[np.uint8]
    appearance: NDArray[np.uint8] | None = None
    points: Array | None = None


@dataclass(frozen=True)
class PuppetResult:
    """The answer to a ``request``.

    ``points`` (K, 2) in -1..1, those of the request or predicted; ``skeleton_image`` (S, S) uint8,
    drawn from the request's points or predicted; ``redrawn`` (S, S, 3) uint8 RGB: the person of
    the appearance in that pose.
    """

    request: PuppetRequest
    points: Array
    skeleton_image: NDArray[np.uint8]
    redrawn: NDArray[np.uint8]
