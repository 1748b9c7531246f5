"""Several ways to do the same, timed in turns on the same frames: noise disturbs all of them."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from app.assets import demo as demo_called
from app.runtime.capture.files import VideoSource
from model.core.crop import SquareBox
from model.core.errors import UserError
from model.tracking import PersonFollower

_WARM_UP = 3
_BEST_OF = 5
# Large enough to fill the machine, small enough to be done in a moment.
_MATRIX = {"cpu": 1536, "cuda": 8192}
_COPIED_BYTES = {"cpu": 2**26, "cuda": 2**30}


def milliseconds(
    ways: Mapping[str, Callable[[], object]], repeats: int, warm_up: int = _WARM_UP
) -> dict[str, list[float]]:
    """What each way takes, in turns.

    Args:
        ways: what to call, by name.
        repeats: how often each is called.
        warm_up: how often each is called before, which does not count.
    """
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(warm_up + repeats):
        for name, way in ways.items():
            start = time.perf_counter()
            way()
            if turn >= warm_up:
                taken[name].append(1000 * (time.perf_counter() - start))
    return taken


def medians(ways: Mapping[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    """The median milliseconds of each way, called ``repeats`` times after three that do not count.

    ``ways`` is what to call, by name.
    """
    return {name: statistics.median(times) for name, times in milliseconds(ways, repeats).items()}


@dataclass(frozen=True)
class Ratio:
    """How many times faster one way is than another: the median over turns, the least, the most."""

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, slow: Sequence[float], fast: Sequence[float]) -> Ratio:
        """From the times of both, turn by turn."""
        ratios = [s / f for s, f in zip(slow, fast, strict=True)]
        return cls(statistics.median(ratios), min(ratios), max(ratios))

    def rounded(self, name: str) -> dict[str, float]:
        """For ``--json``: ``name``, ``name_least`` and ``name_most``, two decimals."""
        values = {name: self.median, f"{name}_least": self.least, f"{name}_most": self.most}
        return {key: round(value, 2) for key, value in values.items()}


@dataclass(frozen=True)
class Peak:
    """What the machine is capable of: a matrix product (GFLOP/s) and a copy (GB/s, both ways)."""

    gflops: float
    copied_gb_per_second: float

    def better(self, other: Peak) -> Peak:
        """The best of two measurements."""
        return Peak(
            max(self.gflops, other.gflops),
            max(self.copied_gb_per_second, other.copied_gb_per_second),
        )


def measure_peak(device: torch.device, dtype: torch.dtype = torch.float32) -> Peak:
    """The best of a few products of square matrices and of a few copies on ``device``."""
    kind = "cuda" if device.type == "cuda" else "cpu"
    side, size = _MATRIX[kind], _COPIED_BYTES[kind]
    matrix = torch.ones(side, side, dtype=dtype, device=device)
    here = torch.zeros(size, dtype=torch.uint8, device=device)
    there = torch.empty_like(here)
    ways: dict[str, Callable[[], object]] = {
        "product": synchronized(lambda: matrix @ matrix, device),
        "copy": synchronized(lambda: there.copy_(here), device),
    }
    taken = milliseconds(ways, _BEST_OF, warm_up=1)
    return Peak(2 * side**3 / min(taken["product"]) / 1e6, 2 * size / min(taken["copy"]) / 1e6)


def synchronized(way: Callable[[], object], device: torch.device) -> Callable[[], object]:
    """The same, done when it returns."""
    if device.type != "cuda":
        return way

    def whole() -> object:
        result = way()
        torch.cuda.synchronize(device)
        return result

    return whole


Sight = tuple[NDArray[np.uint8], SquareBox]
"""A frame (H x W x 3, uint8 RGB) and the person's square."""


def found_people(demo: str, follower: PersonFollower, count: int) -> list[Sight]:
    """The first ``count`` frames of a clip that show a person, or as many as there are.

    ``UserError`` if there is no such clip, or nobody in it.
    """
    seen: list[Sight] = []
    source = VideoSource(demo_called(demo).video)
    source.open()
    try:
        while len(seen) < count and (grab := source.read()) is not None:
            box = follower.locate(grab.image, grab.time)
            if box is not None:
                seen.append((grab.image, box))
    finally:
        source.close()
    if not seen:
        raise UserError(f"Nobody was found in the clip {demo}. Choose another.")
    return seen
