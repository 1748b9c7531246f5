"""A MoveNet's trunk in whole numbers of 8 bits, which many processors compute twice as fast.

Weights are rounded channel by channel, values between layers by the ranges they were seen to have
(Jacob et al., Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only
Inference, CVPR 2018). Not in the papers.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from model.core.device import ServingPrecision, cpu_session
from model.core.errors import UserError
from model.core.files import sha256_of, whole_file
from model.ttp.networks.encoder import MoveNetEncoder
from model.ttp.onnx_graph import Graph

ENDING = ".ranges.json"
_LEVELS = 255  # of a value, uint8
_WEIGHT_LEVELS = 127  # on each side of zero, int8
_LARGEST_BIAS = 2**30  # in steps, int32
_ROUNDED = ("Conv", "Add", "Resize")
# Of MoveNet's trunk. The second convolution has filters that cancel out: to round these costs more
# than all others together.
_EXACT_CONVOLUTIONS = 3
# A sum of products that some processors cut off at 16 bits is wrong by half.
_EXACT = 0.02

Range = tuple[float, float]
"""The least and the greatest value of a tensor, zero among them."""


class IntegerGraph(Graph):
    """Writes every convolution, sum and enlargement for whole numbers.

    Values are rounded where they are first used, by ``ranges`` in the order in which that happens.
    Without ranges it writes for float32, and names in ``used`` the values whose ranges are wanted.
    The first convolutions, ``exact`` many, stay in float32.
    """

    def __init__(self, ranges: Sequence[Range] | None = None, exact: int = 0) -> None:
        super().__init__()
        self.used: dict[str, str] = {}
        self._ranges = ranges
        self._steps: dict[str, float] = {}
        self._still_exact = exact
        self._exact: set[str] = set()

    def add(self, kind: str, *inputs: str | Tensor, to: str = "", **attributes: Any) -> str:
        """Append a node, of what is rounded where it computes in whole numbers."""
        if kind == "Conv" and self._still_exact:
            self._still_exact -= 1
            name = super().add(kind, *inputs, to=to, **attributes)
            self._exact.add(name)
            return name
        if self._ranges is not None and kind in ("Clip", "Relu") and inputs[0] not in self._exact:
            return str(inputs[0])  # rounding cuts off what lies outside of the range
        if kind == "Conv":
            x, *weights = inputs
            x = self.settled(str(x))
            if self._ranges is not None:
                weights = [*self._rounded_weights(self._steps[x], *weights)]
            return super().add(kind, x, *weights, to=to, **attributes)
        if kind in _ROUNDED and all(isinstance(value, str) for value in inputs[:2]):
            inputs = (*(value and self.settled(str(value)) for value in inputs[:2]), *inputs[2:])
        return super().add(kind, *inputs, to=to, **attributes)

    def settled(self, value: str) -> str:
        """The name of the value, rounded; each is once."""
        if value in self.used.values():
            return value
        if value not in self.used:
            self.used[value] = value if self._ranges is None else self._rounded(value)
        return self.used[value]

    def _rounded(self, value: str) -> str:
        assert self._ranges is not None
        if len(self.used) >= len(self._ranges):
            raise UserError(
                f"The network has more values than the {len(self._ranges)} ranges given for them. "
                "Make them anew with python main.py calibrate."
            )
        low, high = self._ranges[len(self.used)]
        step = (high - low) / _LEVELS or 1.0
        zero = torch.tensor(round(-low / step), dtype=torch.uint8)
        whole = super().add("QuantizeLinear", value, torch.tensor(step), zero)
        name = super().add("DequantizeLinear", whole, torch.tensor(step), zero)
        self._steps[name] = step
        return name

    def _rounded_weights(
        self, step: float, weight: str | Tensor, bias: str | Tensor | None = None
    ) -> Iterator[str]:
        """Weights (out, in, h, w) channel by channel, and the bias in steps of their products."""
        assert isinstance(weight, Tensor)
        weight = weight.detach().cpu().double()
        steps = (weight.abs().amax(dim=(1, 2, 3)) / _WEIGHT_LEVELS).clamp(min=1e-12)
        if isinstance(bias, Tensor):
            bias = bias.detach().cpu().double()
            # Where a channel hardly looks at anything, its bias would be too many steps.
            steps = steps.maximum(bias.abs() / (step * _LARGEST_BIAS))
        whole = (weight / steps[:, None, None, None]).round().to(torch.int8)
        zeros = torch.zeros(len(steps), dtype=torch.int8)
        yield super().add("DequantizeLinear", whole, steps.float(), zeros, axis=0)
        if isinstance(bias, Tensor):
            products = (step * steps).float()
            added = (bias / products).round().to(torch.int32)
            yield super().add("DequantizeLinear", added, products, zeros.int(), axis=0)


def trunk_graph(ranges: Sequence[Range] | None = None) -> IntegerGraph:
    """What writes a MoveNet's trunk for whole numbers, or where their ranges are to be measured."""
    return IntegerGraph(ranges, _EXACT_CONVOLUTIONS)


@dataclass(frozen=True)
class Ranges:
    """What the values in a network's trunk were seen to range over.

    Attributes:
        network: the SHA-256 of the weight file.
        pictures: what was looked at.
        values: the ranges, in the order in which an ``IntegerGraph`` of the trunk uses them.
    """

    network: str
    pictures: str
    values: tuple[Range, ...]


def beside(weights: Path) -> Path:
    """Where the ranges of a weight file are."""
    return weights.with_name(weights.stem + ENDING)


def save(weights: Path, ranges: Ranges) -> Path:
    """Write the ranges beside their network. ``UserError`` if that cannot be."""
    path = beside(weights)
    with whole_file(path) as temporary:
        temporary.write_text(json.dumps(vars(ranges)) + "\n")
    return path


def load(weights: Path, digest: str = "") -> Ranges | None:
    """The ranges beside a weight file; None without, or if they are another network's.

    Args:
        weights: the file.
        digest: its SHA-256, if that is known.

    Raises:
        UserError: they cannot be read.
    """
    path = beside(weights)
    if not path.exists():
        return None
    try:
        told = json.loads(path.read_text())
        values = tuple((float(low), float(high)) for low, high in told["values"])
        good = all(-np.inf < low <= 0 <= high < np.inf for low, high in values)
        found = Ranges(str(told["network"]), str(told["pictures"]), values)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _damaged(path) from error
    if not good:
        raise _damaged(path)
    return found if found.network == (digest or sha256_of(weights)) else None


def ranges_for(
    weights: Path, precision: ServingPrecision | None, digest: str = ""
) -> tuple[Range, ...] | None:
    """The ranges with which a network may be computed, if any.

    Args:
        weights: its file.
        precision: what it is to be computed in; None: whatever is fastest.
        digest: the file's SHA-256, if that is known.

    Raises:
        UserError: int8 is asked for, and there are none, or this processor cannot.
    """
    if precision not in (None, "int8"):
        return None
    found = load(weights, digest)
    if precision is None:
        return None if found is None else found.values
    if found is None:
        raise UserError(
            f"{weights} has no {beside(weights).name} beside it, without which it cannot be "
            "computed in int8. Make one with python main.py calibrate, or choose float32."
        )
    if not exact_here():
        raise UserError("This processor cannot add up 8-bit products without loss. Choose float32.")
    return found.values


def _damaged(path: Path) -> UserError:
    return UserError(
        f"{path} does not hold the ranges of a network's values. Make it anew with python main.py "
        "calibrate, or delete it: then everything is computed in float32."
    )


def measured(encoder: MoveNetEncoder, images: Iterable[Tensor], threads: int = 1) -> list[Range]:
    """The ranges of what the trunk computes of images (N, 3, S, S), float32, normalised."""
    graph = trunk_graph()
    graph.trunk(encoder)
    names = list(graph.used)
    model = graph.model("trunk", {"image": ["n", 3, "side", "side"]}, names)
    session = cpu_session(model.SerializeToString(), threads)
    least, greatest = np.zeros(len(names)), np.zeros(len(names))
    for batch in images:
        found = session.run(None, {"image": batch.numpy()})
        least = np.minimum(least, [value.min() for value in found])
        greatest = np.maximum(greatest, [value.max() for value in found])
    return [(float(low), float(high)) for low, high in zip(least, greatest, strict=True)]


def exact_here(threads: int = 1) -> bool:
    """Whether this processor adds up products of whole numbers without cutting them off.

    Those without instructions for that (AVX2 alone) keep sums of two in 16 bits.
    """
    graph = IntegerGraph([(0.0, 1.0), (0.0, 64.0), (0.0, 9.0 * 64)])
    dense = nn.Conv2d(64, 64, 1, bias=False)
    deep = nn.Conv2d(64, 64, 3, padding=1, groups=64, bias=False)
    nn.init.ones_(dense.weight)
    nn.init.ones_(deep.weight)
    output = graph.settled(graph.layer(deep, graph.layer(dense, "image")))
    model = graph.model("probe", {"image": ["n", 64, 8, 8]}, [output])
    session = cpu_session(model.SerializeToString(), threads)
    (found,) = session.run(None, {"image": np.ones((1, 64, 8, 8), np.float32)})
    wanted = 9 * 64
    return bool(abs(found[:, :, 1:-1, 1:-1] / wanted - 1).max() < _EXACT)
