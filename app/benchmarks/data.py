"""How fast training examples are made and skeleton images drawn, without a network for them."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import torch
from torch import Tensor

from app.benchmarks.timing import medians
from model.core.skeleton import joint_set
from model.data.catalogue import Request, weights_of
from model.data.records import DataSet, converted
from model.data.sampling import Mixture
from model.keypointgan.rendering import (
    SIGMA,
    SMALLEST_SQUARE,
    Skeleton,
    draw_skeletons,
    skeleton_of,
)
from model.ttp.training.settings import TrainingSettings
from model.ttp.training.step import make_loader

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


def read_training(requests: Sequence[Request]) -> list[DataSet]:
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
    mixture = Mixture(read_training(requests), weights_of(requests))
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
        "formula": lambda: by_formula(points, skeleton, size),
    }
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        times = medians(ways, repeats)
        difference = draw_skeletons(points, skeleton, size) - by_formula(points, skeleton, size)
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


def by_formula(points: Tensor, skeleton: Skeleton, size: int) -> Tensor:
    """The skeleton image (N, 1, size, size) of ``points`` (N, K, 2) as method 2.4 writes it."""
    axis = torch.linspace(-1, 1, size)
    pixels = torch.stack(torch.meshgrid(axis, axis, indexing="xy"), dim=-1)[None, None]
    first, second = (end[:, :, None, None] for end in skeleton.ends(points))
    along = second - first
    t = ((pixels - first) * along).sum(-1) / along.square().sum(-1).clamp_min(SMALLEST_SQUARE)
    nearest = first + t.clamp(0, 1).unsqueeze(-1) * along
    distance = ((pixels - nearest).square().sum(-1) + SMALLEST_SQUARE).sqrt()
    return 2 * (-distance / SIGMA**2).exp().amax(dim=1, keepdim=True) - 1
