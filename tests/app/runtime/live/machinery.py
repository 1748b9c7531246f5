"""A small engine and a moving clip for tests of the live machinery."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

from app.runtime.capture.source import Grab, SourceInfo
from app.runtime.live.engine import Engine
from app.runtime.live.schedules import Machine
from model.adaptation import PersonalizationSettings
from model.core.crop import SquareBox
from model.tracking import Detection
from tests.networks import small_network, small_perceptual_loss

QUICK = PersonalizationSettings(batch_size=2, scope="deconvolutions", learning_rate=1e-3)


class FakeFollower:
    """Finds a person in the middle of every picture, except where it is told there is none."""

    def __init__(self) -> None:
        self.found = True
        self.chosen: list[tuple[float, float]] = []
        self.resets = 0
        self.changes = 0
        self.others: tuple[Detection, ...] = ()

    def locate(self, image: NDArray[np.uint8], time_s: float) -> SquareBox | None:
        height, width = image.shape[:2]
        return SquareBox(width / 2, height / 2, 0.8 * height) if self.found else None

    def observe(self, *arguments: object) -> None:
        """The person stays where it is."""

    def choose(self, x: float, y: float) -> None:
        self.chosen.append((x, y))

    def reset(self) -> None:
        self.resets += 1


def small_engine(settings: PersonalizationSettings = QUICK, variant: str = "transformer") -> Engine:
    network = small_network(variant)  # type: ignore[arg-type]
    machine = Machine(torch.device("cpu"), False, predict_threads=1, update_threads=1)
    follower = FakeFollower()
    return Engine(network, small_perceptual_loss(), follower, settings, machine, "CPU", "small")  # type: ignore[arg-type]


def picture(index: int) -> NDArray[np.uint8]:
    """A smooth picture with a bright square that wanders."""
    rows, columns = np.mgrid[0:120, 0:160]
    image = np.stack([columns, rows, columns + rows], axis=-1) * 0.7
    x, y = 40 + 5 * index % 60, 30 + 3 * index % 40
    image[y : y + 30, x : x + 30] = 240
    return image.astype(np.uint8)


class Clip:
    """A source of ``count`` such pictures at 50 frames per second."""

    def __init__(self, count: int = 20) -> None:
        self._count = count
        self._next = 0

    @property
    def info(self) -> SourceInfo:
        return SourceInfo("clip", "clip", 160, 120, 50.0, live=False, frame_count=self._count)

    def open(self) -> None:
        self._next = 0

    def read(self) -> Grab | None:
        if self._next >= self._count:
            return None
        index = self._next
        self._next += 1
        return Grab(picture(index), index, index / 50)

    def rewind(self) -> None:
        self._next = 0

    def seek(self, index: int) -> None:
        self._next = index

    def close(self) -> None:
        """Nothing is held."""


def wait_for(condition: Callable[[], object], seconds: float = 60.0) -> None:
    """Wait until ``condition`` is true; fail the test when it never is."""
    deadline = time.perf_counter() + seconds
    while not condition():
        assert time.perf_counter() < deadline, "waited in vain"
        time.sleep(0.01)
