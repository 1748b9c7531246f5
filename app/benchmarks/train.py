"""Training: how fast examples are made, skeleton images drawn, and steps taken with both losses.

The first two are without a network. Steps are fed by a loader, and with all pictures on the device.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import repeat
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from app.assets import DEMOS, PERCEPTUAL_WEIGHTS, Demo, KnownJoints
from app.benchmarks.step import faster_in_bfloat16, random_network
from app.benchmarks.timing import Peak, Ratio, measure_peak, medians
from app.runtime.capture.files import VideoSource
from model.core.crop import CROP_SIZE, SquareBox, crop_matrix, warp
from model.core.device import choose_device
from model.core.perceptual import PerceptualLoss, load_perceptual_loss
from model.core.skeleton import PENN13, joint_set
from model.data.catalogue import Request, weights_of
from model.data.frames import PackedImages
from model.data.records import ABSENT, VISIBLE, Clip, DataSet, converted
from model.data.sampling import Mixture
from model.engine.ranks import Ranks
from model.engine.run import Learner, Losses, TimeBudget
from model.keypointgan.rendering import (
    SIGMA,
    SMALLEST_SQUARE,
    Skeleton,
    draw_skeletons,
    skeleton_of,
)
from model.ttp.objective import JointObjective
from model.ttp.training.resident import BatchMaker, load_bank
from model.ttp.training.settings import Precision, ResidentSettings, TrainingSettings
from model.ttp.training.step import ResidentStep, TtpStep, make_loader

# Pictures whose size stands for all: those of so many examples, spread over an epoch.
_SAMPLE = 32
_PICTURES_PER_PAIR = 2


@dataclass(frozen=True)
class DataFigures:
    """What was measured, in the main process alone and with ``workers`` processes.

    A pair is a target and a source, decoded, cut out and put into a batch. ``per_core`` is the
    rate of ``workers`` processes over the cores that they occupy. Megabytes (10^6 bytes) are those
    of the pictures as decoded, before they are cut.
    """

    frames: int
    workers: int
    pairs_per_second_alone: float
    pairs_per_second: float
    pairs_per_second_per_core: float
    decoded_megabytes_per_second: float

    def rounded(self) -> dict[str, float | int | str]:
        """For ``--json``: floats with one decimal."""
        values = asdict(self)
        return {k: round(v, 1) if isinstance(v, float) else v for k, v in values.items()}


def _read_training(requests: Sequence[Request]) -> list[DataSet]:
    """The training people of each data set, with the joints of the first."""
    joints = joint_set(requests[0].source.joints)
    return [
        converted(request.read("train", request.source.crop_shift), joints) for request in requests
    ]


def measure_data(requests: Sequence[Request], *, workers: int, seconds: float) -> DataFigures:
    """Make pairs of the mixture asked for during ``seconds``, alone and with ``workers`` (1..).

    Settings are the published ones, joints those of the first data set. ``UserError`` for what
    cannot be read, a damaged picture among it.
    """
    mixture = Mixture(_read_training(requests), weights_of(requests))
    rate = _pairs_per_second(mixture, workers, seconds)
    megabytes = _PICTURES_PER_PAIR * _picture_bytes(mixture) / 1e6
    return DataFigures(
        frames=len(mixture),
        workers=workers,
        pairs_per_second_alone=_pairs_per_second(mixture, 0, seconds),
        pairs_per_second=rate,
        pairs_per_second_per_core=rate / min(workers, os.cpu_count() or 1),
        decoded_megabytes_per_second=rate * megabytes,
    )


def _pairs_per_second(mixture: Mixture, workers: int, seconds: float) -> float:
    settings = TrainingSettings()
    batches = make_loader(mixture, settings, workers=workers)(range(settings.steps))
    next(batches)  # starting the processes does not count
    start = time.perf_counter()
    pairs = 0
    while (elapsed := time.perf_counter() - start) < seconds:
        pairs += sum(len(batch.source) for batch in next(batches))
    return pairs / elapsed


def _picture_bytes(mixture: Mixture) -> float:
    """Mean size of a decoded picture."""
    positions = np.linspace(0, mixture.epoch_size - 1, _SAMPLE).astype(int)
    places = [mixture.place(int(position)) for position in positions]
    return float(np.mean([clip.frames.read(frame).nbytes for clip, frame in places]))


@dataclass(frozen=True)
class SkeletonFigures:
    """Milliseconds per batch on one core: the median of ``repeats``.

    ``times_faster`` than the plain formula, measured in turns with it, holds on noisy machines
    too. ``largest_difference`` is that between the two images, which reach from -1 to 1.
    """

    size: int
    limbs: int
    batch: int
    repeats: int
    draw_ms: float
    draw_and_gradient_ms: float
    formula_ms: float
    times_faster: float
    largest_difference: float

    def rounded(self) -> dict[str, float | int | str]:
        """For ``--json``: floats with two decimals, the difference with seven."""
        values = {k: round(v, 2) if isinstance(v, float) else v for k, v in asdict(self).items()}
        return {**values, "largest_difference": round(self.largest_difference, 7)}


def measure_skeletons(
    *, name: str = "h36m32", size: int = 128, batch: int = 16, repeats: int = 30
) -> SkeletonFigures:
    """Draw random poses on one core; ``UserError`` if there is no such skeleton."""
    skeleton = skeleton_of(name)
    points = torch.rand(batch, len(skeleton), 2) * 1.6 - 0.8
    learnt = points.clone().requires_grad_()
    ways: dict[str, Callable[[], object]] = {
        "draw": lambda: draw_skeletons(points, skeleton, size),
        "gradient": lambda: draw_skeletons(learnt, skeleton, size).sum().backward(),
        "formula": lambda: _by_formula(points, skeleton, size),
    }
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        times = medians(ways, repeats)
        difference = draw_skeletons(points, skeleton, size) - _by_formula(points, skeleton, size)
    finally:
        torch.set_num_threads(threads)
    return SkeletonFigures(
        size=size,
        limbs=len(skeleton.limbs),
        batch=batch,
        repeats=repeats,
        draw_ms=times["draw"],
        draw_and_gradient_ms=times["gradient"],
        formula_ms=times["formula"],
        times_faster=times["formula"] / times["draw"],
        largest_difference=float(difference.abs().max()),
    )


def _by_formula(points: Tensor, skeleton: Skeleton, size: int) -> Tensor:
    """The skeleton image (N, 1, size, size) of ``points`` (N, K, 2) as method 2.4 writes it."""
    axis = torch.linspace(-1, 1, size)
    pixels = torch.stack(torch.meshgrid(axis, axis, indexing="xy"), dim=-1)[None, None]
    first, second = (end[:, :, None, None] for end in skeleton.ends(points))
    along = second - first
    t = ((pixels - first) * along).sum(-1) / along.square().sum(-1).clamp_min(SMALLEST_SQUARE)
    nearest = first + t.clamp(0, 1).unsqueeze(-1) * along
    distance = ((pixels - nearest).square().sum(-1) + SMALLEST_SQUARE).sqrt()
    return 2 * (-distance / SIGMA**2).exp().amax(dim=1, keepdim=True) - 1


_TURNS = 2
_FRAMES = 48
# The person fills a square of this share of the pictures, as in clips that are packed.
_INNER = 0.8
_FOR_EVER = 10**6
_READ_EVERY = 10


@dataclass(frozen=True)
class TrainFigures:
    """Examples per second of both, and what share of the machine's measured peak that is.

    ``waited`` is the share of its time in which training with a loader waits for data; ``ratio``
    tells how many times faster training without a loader is; ``gflop`` is computed for an
    example, forwards and backwards.
    """

    loader: float
    resident: float
    waited: float
    ratio: Ratio
    gflop: float
    peak: Peak
    frames: int
    batch: int
    workers: int
    device: str
    precision: str

    def rounded(self) -> dict[str, float | int | str]:
        """For ``--json``."""
        return {
            "examples_per_second_loader": round(self.loader, 2),
            "examples_per_second_resident": round(self.resident, 2),
            "data_wait_share_loader": round(self.waited, 4),
            **self.ratio.rounded("ratio_resident"),
            "share_of_peak_loader": round(self.loader * self.gflop / self.peak.gflops, 3),
            "share_of_peak_resident": round(self.resident * self.gflop / self.peak.gflops, 3),
            "gflop_per_example": round(self.gflop, 1),
            "peak_gflops": round(self.peak.gflops, 1),
            "copy_gb_per_second": round(self.peak.copied_gb_per_second, 1),
            "frames": self.frames,
            "batch": self.batch,
            "workers": self.workers,
            "device": self.device,
            "precision": self.precision,
        }


def measure_train(
    requests: Sequence[Request],
    *,
    batch: int = 32,
    workers: int = 1,
    seconds: float = 20.0,
    backbone: str = "resnet18",
    precision: str | None = None,
    device: str | None = None,
) -> TrainFigures:
    """Train the paper's network in turns in both ways, for ``seconds`` each time.

    Args:
        requests: what to train on; none: frames of the embedded clips. All pictures must be
            squares of one size.
        batch: examples of a step, all with a source where there is one.
        workers: processes that load; also threads that decode at the start.
        seconds: how long each is measured in each of two turns, at least one step.
        backbone: the network's.
        precision: ``float32`` or ``bfloat16``; None: whatever is faster here.
        device: None: the best there is.

    Raises:
        UserError: something cannot be read, or does not fit.
    """
    place = choose_device(device).device
    low = faster_in_bfloat16(place) if precision is None else precision == "bfloat16"
    data = _read_training(requests) if requests else [demo_people()]
    perceptual = load_perceptual_loss(PERCEPTUAL_WEIGHTS)
    perceptual.to(place, memory_format=torch.channels_last)  # type: ignore[call-overload]
    both = _Both(data, weights_of(requests) if requests else None, perceptual, place)
    kind: Precision = "bfloat16" if low else "float32"
    fed, resident = list[_Pace](), list[_Pace]()
    for _ in range(_TURNS):
        fed.append(both.loader(backbone, batch, kind, workers, seconds))
        resident.append(both.resident(backbone, batch, kind, workers, seconds))
    rates = {
        name: [batch / pace.seconds for pace in paces]
        for name, paces in (("loader", fed), ("resident", resident))
    }
    return TrainFigures(
        loader=float(np.median(rates["loader"])),
        resident=float(np.median(rates["resident"])),
        waited=float(np.median([pace.waited for pace in fed])),
        ratio=Ratio.of(rates["resident"], rates["loader"]),
        gflop=both.gflop(backbone, batch, workers),
        peak=measure_peak(place, torch.bfloat16 if low else torch.float32),
        frames=sum(map(len, data)),
        batch=batch,
        workers=workers,
        device=str(place),
        precision=kind,
    )


@dataclass(frozen=True)
class _Pace:
    """``seconds`` of a step, and the share of them in which it ``waited`` for its examples."""

    seconds: float
    waited: float


class _Both:
    """Both ways to train on the same data; each call begins with a new network."""

    def __init__(
        self,
        data: Sequence[DataSet],
        shares: Sequence[float] | None,
        perceptual: PerceptualLoss,
        device: torch.device,
    ) -> None:
        self._data = list(data)
        self._shares = shares
        self._perceptual = perceptual
        self._device = device

    def loader(
        self, backbone: str, batch: int, precision: Precision, workers: int, seconds: float
    ) -> _Pace:
        """Training with a loader."""
        settings = TrainingSettings(batch_size=batch, precision=precision)
        mixture = Mixture(self._data, self._shares)
        batches = make_loader(mixture, settings, ranks=Ranks(device=self._device), workers=workers)
        step = TtpStep(self._objective(backbone, settings.self_weight), settings)
        return _pace(step, batches(range(settings.steps)), seconds)

    def resident(
        self, backbone: str, batch: int, precision: Precision, workers: int, seconds: float
    ) -> _Pace:
        """Training with all pictures on the device."""
        settings = ResidentSettings(minutes=_FOR_EVER, batch_size=batch, precision=precision)
        objective, batches = self._made(backbone, settings, workers)
        budget = TimeBudget(settings.minutes, settings.look_every)
        step = ResidentStep(objective, batches, settings, budget)
        return _pace(step, repeat(()), seconds)

    def gflop(self, backbone: str, batch: int, workers: int) -> float:
        """What is computed for an example (10^9 additions and multiplications)."""
        settings = ResidentSettings(batch_size=batch)
        objective, batches = self._made(backbone, settings, workers)
        objective.network.train()
        drawn = batches.draw()
        with FlopCounterMode(display=False) as counter:
            objective(drawn, True).total.backward()
        return counter.get_total_flops() / 1e9 / batch

    def _made(
        self, backbone: str, settings: ResidentSettings, workers: int
    ) -> tuple[JointObjective, BatchMaker]:
        objective = self._objective(backbone, settings.self_weight)
        banks = [load_bank(data, self._device, threads=workers) for data in self._data]
        shares = self._shares or [len(bank) for bank in banks]
        return objective, BatchMaker(banks, shares, objective.network.spec, settings)

    def _objective(self, backbone: str, self_weight: float) -> JointObjective:
        network = random_network(backbone)
        network.to(self._device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        return JointObjective(network, self._perceptual, self_weight=self_weight)


def _pace(learner: Learner, batches: Iterator[Sequence[Any]], seconds: float) -> _Pace:
    """Of the steps but the first, which starts processes and warms up."""
    _read(learner.step(next(batches)))
    begun, steps, waited = time.perf_counter(), 0, 0.0
    while not steps or time.perf_counter() - begun < seconds:
        asked = time.perf_counter()
        batch = next(batches)
        waited += time.perf_counter() - asked
        losses = learner.step(batch)
        steps += 1
        if steps % _READ_EVERY == 0:
            _read(losses)  # as a run does; else a GPU would be asked for far more than it has done
    _read(losses)
    taken = time.perf_counter() - begun
    return _Pace(taken / steps, waited / taken)


def _read(losses: Losses) -> None:
    for value in losses.values():
        float(value)


def demo_people(frames: int = _FRAMES) -> DataSet:
    """The first ``frames`` of each embedded clip with known joints, cut to squares of one size."""
    clips = [_clip(demo, demo.joints, frames) for demo in DEMOS if demo.joints is not None]
    return DataSet("embedded clips", PENN13, tuple(clips))


def _clip(demo: Demo, joints: Path, count: int) -> Clip:
    known = KnownJoints.load(joints)
    side = round(CROP_SIZE / _INNER)
    files: list[NDArray[np.uint8]] = []
    places, seen = [], []
    source = VideoSource(demo.video)
    source.open()
    try:
        while len(files) < count and (grab := source.read()) is not None:
            points, visible = known.joints[grab.media_index], known.visible[grab.media_index]
            if visible.sum() < 2:
                continue
            matrix = crop_matrix(_around(points[visible]), side)
            picture = cv2.cvtColor(warp(grab.image, matrix, side), cv2.COLOR_RGB2BGR)
            files.append(cv2.imencode(".jpg", picture)[1])
            places.append(points @ matrix[:, :2].T + matrix[:, 2])
            seen.append(np.where(visible, VISIBLE, ABSENT))
    finally:
        source.close()
    rows = np.arange(len(files))
    offsets = np.cumsum([0, *map(len, files)])
    return Clip(
        name=demo.name,
        person=demo.name,
        frames=PackedImages(np.concatenate(files), offsets, rows, demo.name),
        boxes=np.tile([side / 2, side / 2, CROP_SIZE], (len(files), 1)),
        joints=np.array(places, np.float32),
        visible=np.array(seen, np.uint8),
    )


def _around(points: NDArray[np.float32]) -> SquareBox:
    """A square that holds these points with some room, in which ``_INNER`` is the person's."""
    low, high = points.min(axis=0), points.max(axis=0)
    x, y = (low + high) / 2
    return SquareBox(float(x), float(y), float(1.25 * (high - low).max() / _INNER))
