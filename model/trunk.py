"""A trunk that does not learn: computed by whatever is fastest, and once for each picture.

Where personalization leaves the trunk as trained, prediction, learning and the guard all need the
same features of the same frames. Not in the paper.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from model.networks import PoseNetwork
from model.networks.movenet import MoveNetEncoder, Taps
from model.networks.onnx_trunk import OnnxTrunk

Key = Hashable
TrunkEngine = Callable[[Tensor], Taps]
"""Normalised images (N, 3, S, S) to their taps, without a gradient."""

# 0.66 MB a picture of MoveNet Thunder, 16 kB of a ResNet-34.
REMEMBERED_BYTES = 256 * 1024**2
_REPEATS = 3


class FrozenTrunk:
    """The features of a network's trunk, as it is when this is made, remembered by keys.

    Features are kept as float16, of the pictures used last, in ``limit`` bytes. Safe between
    threads.
    """

    def __init__(
        self, encoder: Any, engine: TrunkEngine | None = None, limit: int = REMEMBERED_BYTES
    ) -> None:
        self._compute = engine or torch_engine(encoder)
        self._limit = limit
        self._known: OrderedDict[Key, Taps] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    @torch.no_grad()
    def __call__(self, images: Tensor, keys: Sequence[Key] = ()) -> Taps:
        """The taps of images (n, 3, S, S), float32; those with known keys are not computed.

        ``keys``, one for each image, say under which names they are remembered; none: they are
        not. Whoever gives a key vouches for the picture: the same key is the same picture.
        """
        if not keys:
            return tuple(tap.float() for tap in self._compute(images))
        with self._lock:
            found = {key: self._known[key] for key in keys if key in self._known}
            for key in found:
                self._known.move_to_end(key)
        rows = [row for row, key in enumerate(keys) if key not in found]
        fresh: dict[Key, Taps] = {}
        if rows:
            computed = self._compute(images if len(rows) == len(keys) else images[rows])
            if len(rows) == len(keys):
                self._remember(keys, computed)
                return tuple(tap.float() for tap in computed)
            names = [keys[row] for row in rows]
            self._remember(names, computed)
            fresh = dict(zip(names, zip(*computed, strict=True), strict=True))
        taps = zip(*(found.get(key) or fresh[key] for key in keys), strict=True)
        return tuple(torch.stack([tap.float() for tap in level]) for level in taps)

    def _remember(self, keys: Sequence[Key], taps: Taps) -> None:
        with self._lock:
            for row, key in enumerate(keys):
                # Clones: a view would keep the whole batch.
                kept = tuple(tap[row].to(torch.float16, copy=True) for tap in taps)
                self._bytes += _size(kept) - _size(self._known.pop(key, ()))
                self._known[key] = kept
            while self._bytes > self._limit:
                self._bytes -= _size(self._known.popitem(last=False)[1])

    def forget(self) -> None:
        """Forget all pictures."""
        with self._lock:
            self._known.clear()
            self._bytes = 0

    @property
    def remembered(self) -> int:
        """How many pictures are."""
        return len(self._known)


def _size(taps: Taps) -> int:
    return sum(tap.nbytes for tap in taps)


def torch_engine(encoder: Any) -> TrunkEngine:
    """The trunk in PyTorch, on the encoder's device."""

    def compute(images: Tensor) -> Taps:
        device = next(encoder.parameters()).device
        return encoder.trunk(images.to(device, memory_format=torch.channels_last))

    return compute


def exact_engine(network: PoseNetwork, threads: int) -> TrunkEngine | None:
    """The faster of the engines as a rule, in float32: the same on every machine, unmeasured.

    None where there is PyTorch only: on a GPU, and for a ResNet.
    """
    if network.device.type != "cpu" or not isinstance(network.encoder, MoveNetEncoder):
        return None
    return OnnxTrunk(network.encoder, threads)


@dataclass(frozen=True)
class EngineChoice:
    """The faster engine, None for PyTorch, and the times of an image (milliseconds) by name."""

    engine: TrunkEngine | None
    milliseconds: dict[str, float]


def fastest_engine(network: PoseNetwork, threads: int, *, low_precision: bool) -> EngineChoice:
    """Measure one image in ONNX Runtime and in PyTorch with ``threads`` (a few tenths of a second).

    ``low_precision``: PyTorch may compute in bfloat16.
    """
    exact = exact_engine(network, threads)
    if exact is None:
        return EngineChoice(None, {})
    in_torch = torch_engine(network.encoder)
    size = network.spec.crop_size
    image = torch.zeros(1, 3, size, size)

    def rounded() -> Taps:
        with torch.autocast("cpu", torch.bfloat16, enabled=low_precision):
            return in_torch(image)

    times = {"ONNX Runtime": _milliseconds(lambda: exact(image)), "PyTorch": _milliseconds(rounded)}
    engine = exact if times["ONNX Runtime"] <= times["PyTorch"] else None
    return EngineChoice(engine, times)


@torch.inference_mode()
def _milliseconds(compute: Callable[[], object]) -> float:
    """The least of a few runs, after one that warms up."""
    compute()
    times = []
    for _ in range(_REPEATS):
        start = time.perf_counter()
        compute()
        times.append(time.perf_counter() - start)
    return 1000 * min(times)
