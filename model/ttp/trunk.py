"""A trunk that does not learn: computed by whatever is fastest, and once for each picture.

Where personalization leaves the trunk as trained, prediction, learning and the guard all need the
same features of the same frames. Not in the paper.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence, Set
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor

from model.ttp.networks import PoseNetwork
from model.ttp.networks.encoder import MoveNetEncoder, Taps
from model.ttp.onnx_int8 import Range, exact_here
from model.ttp.onnx_pose import OnnxHeads, OnnxTrunk

Key = Hashable
"""Names a picture: the same key is the same picture, but for its sharpness. See ``keys_of``."""
TrunkEngine = Callable[[Tensor], Taps]
"""Normalised images (N, 3, S, S) to their taps, without a gradient."""

# 0.94 MB a picture of MoveNet Thunder, 16 kB of a ResNet-34.
REMEMBERED_BYTES = 256 * 1024**2
_KEPT_AS = torch.float16
_REPEATS = 3
_INT8 = "ONNX Runtime, int8"


def keys_of(indices: Sequence[int], *, mirrored: bool = False) -> list[Key]:
    """The names of the pictures of the views with these indices, as they are or mirrored."""
    return [(index, mirrored) for index in indices]


def keys_both_ways(indices: Sequence[int]) -> list[Key]:
    """The names of the pictures of some views, and then of their mirror images."""
    return keys_of(indices) + keys_of(indices, mirrored=True)


class FrozenTrunk:
    """The features of a trunk that stays as it is, remembered by keys.

    They are computed by ``engine``, or else by the encoder itself, whose trunk must not be changed
    then. Features are kept as float16, of the pictures used last, in ``limit`` bytes. Where most
    frames are predicted and then never seen again, those that were ``fresh`` have a smaller room
    of their own, ``fresh_limit`` bytes, so that they do not drive the others out. Safe between
    threads.
    """

    def __init__(
        self,
        encoder: Any,
        engine: TrunkEngine | None = None,
        limit: int = REMEMBERED_BYTES,
        fresh_limit: int | None = None,
    ) -> None:
        self._compute = engine or torch_engine(encoder)
        self._known = _Room(limit)
        self._fresh = self._known if fresh_limit is None else _Room(fresh_limit)
        self._lock = threading.Lock()

    @torch.no_grad()
    def __call__(self, images: Tensor, keys: Sequence[Key] = (), *, fresh: bool = False) -> Taps:
        """The taps of images (n, 3, S, S), float32; those with known keys are not computed.

        ``keys``, one for each image, say under which names they are remembered; none: they are
        not. ``fresh`` computes all of them and remembers these instead: a frame is sharper than the
        view that is kept of it.
        """
        if not keys:
            return tuple(tap.float() for tap in self._compute(images))
        found = {} if fresh else self._find(keys)
        rows = [row for row, key in enumerate(keys) if key not in found]
        new: dict[Key, Taps] = {}
        if rows:
            computed = self._compute(images if len(rows) == len(keys) else images[rows])
            names = [keys[row] for row in rows]
            self._remember(names, computed, instead=fresh)
            if len(rows) == len(keys):
                return tuple(tap.float() for tap in computed)
            new = dict(zip(names, zip(*computed, strict=True), strict=True))
        taps = zip(*(found.get(key) or new[key] for key in keys), strict=True)
        return tuple(torch.stack([tap.float() for tap in level]) for level in taps)

    def _find(self, keys: Sequence[Key]) -> dict[Key, Taps]:
        with self._lock:
            found = self._known.find(keys)
            if self._fresh is not self._known:
                found |= self._fresh.find(keys)
            return found

    def _remember(self, keys: Sequence[Key], taps: Taps, *, instead: bool) -> None:
        room = self._fresh if instead else self._known
        with self._lock:
            for row, key in enumerate(keys):
                if key in room.keys and not instead:  # another thread's, of a frame perhaps
                    continue
                room.add(key, tuple(tap[row] for tap in taps))

    def forget(self) -> None:
        """Forget all pictures."""
        with self._lock:
            self._known.clear()
            self._fresh.clear()

    @property
    def remembered(self) -> int:
        """How many pictures are."""
        return len(self._known.keys | self._fresh.keys)


class _Room:
    """Features by the names of their pictures, of those used last, in ``limit`` bytes.

    They lie in one block that is taken when the first come and then kept: it neither grows nor
    falls to pieces among what else comes and goes.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._places: OrderedDict[Key, int] = OrderedDict()
        self._free: list[int] = []
        self._block: Taps = ()

    @property
    def keys(self) -> Set[Key]:
        """The names of the pictures that are here."""
        return self._places.keys()

    def find(self, keys: Sequence[Key]) -> dict[Key, Taps]:
        """Copies, in float32, of those of the pictures that are here."""
        found = {}
        for key in keys:
            if key in self._places:
                self._places.move_to_end(key)
                place = self._places[key]
                found[key] = tuple(level[place].float() for level in self._block)
        return found

    def add(self, key: Key, taps: Taps) -> None:
        """Keep a copy, in the place of those that were used longest ago if need be."""
        if not self._fits(taps):
            self._take(taps)
        place = self._places.pop(key, None)
        if place is None:
            place = self._free.pop() if self._free else self._places.popitem(last=False)[1]
        for level, tap in zip(self._block, taps, strict=True):
            level[place].copy_(tap)
        self._places[key] = place

    def _fits(self, taps: Taps) -> bool:
        return [level.shape[1:] for level in self._block] == [tap.shape for tap in taps]

    @torch.inference_mode(False)  # what is made in that mode could not be written outside it
    def _take(self, taps: Taps) -> None:
        """Take a block for as many pictures like this as there is room for."""
        size = sum(tap.numel() for tap in taps) * _KEPT_AS.itemsize
        count = max(1, self._limit // size)
        self._block = tuple(
            torch.empty(count, *tap.shape, dtype=_KEPT_AS, device=tap.device) for tap in taps
        )
        self._places.clear()
        self._free = list(range(count))

    def clear(self) -> None:
        """Forget all; the block stays."""
        self._free += self._places.values()
        self._places.clear()


def torch_engine(encoder: Any) -> TrunkEngine:
    """What an encoder keeps in PyTorch, on the encoder's device and in its precision."""

    def compute(images: Tensor) -> Taps:
        like = next(encoder.parameters())
        prepared = images.to(like.device, like.dtype, memory_format=torch.channels_last)
        return encoder.kept(prepared)

    return compute


def exact_engine(
    network: PoseNetwork, threads: int, ranges: Sequence[Range] | None = None
) -> TrunkEngine | None:
    """ONNX Runtime in float32; None on a GPU and for a ResNet, for which there is PyTorch only.

    With ``ranges`` of the trunk's values it computes in whole numbers.
    """
    if network.device.type != "cpu" or not isinstance(network.encoder, MoveNetEncoder):
        return None
    return OnnxTrunk(network.encoder, threads, ranges)


def exact_parts(
    network: PoseNetwork, threads: int, ranges: Sequence[Range] | None = None
) -> tuple[FrozenTrunk, OnnxHeads | None]:
    """The network's trunk, and what follows it with the weights of now, in the network's precision.

    In ONNX Runtime where ``exact_engine`` is; else the trunk in PyTorch, and None. With ``ranges``
    the trunk is computed in whole numbers.
    """
    engine = exact_engine(network, threads, ranges)
    heads = None if engine is None else OnnxHeads(network, threads)
    return FrozenTrunk(network.encoder, engine), heads


@dataclass(frozen=True)
class EngineChoice:
    """The chosen engine, what it is called, and the times of an image (milliseconds) by name.

    There are no times where there was no choice. The engine has the trunk's weights of the moment
    to itself: the network may go on to learn. ``heads`` computes the rest with its weights of the
    moment, where that is faster than PyTorch.
    """

    engine: TrunkEngine
    name: str
    milliseconds: dict[str, float]
    heads: OnnxHeads | None = None

    @property
    def in_int8(self) -> bool:
        """Whether the engine computes in whole numbers."""
        return self.name == _INT8


def fastest_engine(
    network: PoseNetwork,
    threads: int,
    *,
    low_precision: bool,
    ranges: Sequence[Range] | None = None,
    enough: float = 0.0,
) -> EngineChoice:
    """Measure one image in ONNX Runtime and in PyTorch with ``threads`` (a few tenths of a second).

    ``low_precision``: PyTorch computes in bfloat16. With ``ranges`` of the trunk's values, whole
    numbers are measured as well, where this processor adds them up without loss and nothing else
    takes ``enough`` milliseconds or less, as they are less exact.
    """
    dtype = torch.bfloat16 if low_precision else network.dtype
    own = network.pose_branch()
    own.to(dtype=dtype, memory_format=torch.channels_last)  # type: ignore[call-overload]
    in_torch = torch_engine(own.encoder)
    exact = exact_engine(network, threads)
    if exact is None:
        return EngineChoice(in_torch, "PyTorch", {})
    size = network.spec.crop_size
    image = torch.zeros(1, 3, size, size)
    engines = {"ONNX Runtime": exact, "PyTorch": in_torch}
    times = {name: _milliseconds(partial(engine, image)) for name, engine in engines.items()}
    if ranges is not None and min(times.values()) > enough and exact_here(threads):
        engines[_INT8] = OnnxTrunk(network.encoder, threads, ranges)
        times[_INT8] = _milliseconds(partial(engines[_INT8], image))
    heads, taps = OnnxHeads(network, threads), exact(image)
    slower = _milliseconds(partial(heads, taps)) > _milliseconds(
        lambda: own.pose_of(own.encoder.neck(tuple(tap.to(dtype) for tap in taps)))
    )
    name = min(times, key=times.__getitem__)
    return EngineChoice(engines[name], name, times, None if slower else heads)


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
