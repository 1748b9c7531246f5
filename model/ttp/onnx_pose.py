"""A MoveNet's pose branch in ONNX Runtime, faster than PyTorch on most processors.

The graphs are written down from the modules themselves, as PyTorch's exporter takes seconds to
start, and in two parts: the trunk serves for as long as it does not learn, the rest until anything
does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import onnx
import torch
from torch import Tensor

from model.core.device import cpu_session
from model.core.weights import swapped
from model.ttp.networks.encoder import MoveNetEncoder, Taps
from model.ttp.networks.variants import PoseNetwork
from model.ttp.onnx_graph import AFFINITY, OTHERS, SCORES, SELF_MAPS, Graph
from model.ttp.onnx_int8 import Range, trunk_graph


class Joined(NamedTuple):
    """Other weights of a network, by name, and the share (0 to 1) that their heatmaps have."""

    weights: Mapping[str, Tensor]
    share: float


class OnnxTrunk:
    """What an encoder has ``kept`` of images, with the weights that it has now, on the CPU.

    Called with images (N, 3, S, S), float32, normalised; gives the taps, float32. May be called
    from several threads; each call uses ``threads`` of its own. With the ``ranges`` of its values
    it computes in whole numbers, and gives about the same.
    """

    def __init__(
        self, encoder: MoveNetEncoder, threads: int = 1, ranges: Sequence[Range] | None = None
    ) -> None:
        self._session = cpu_session(trunk_model(encoder, ranges).SerializeToString(), threads)

    def __call__(self, images: Tensor) -> Taps:
        return tuple(_run(self._session, {"image": images}))


class OnnxHeads:
    """A network's neck and heads, with the weights that it has now, on the CPU.

    Called with taps, float32; gives the self-supervised maps, the supervised maps' scores and the
    affinity, as ``PoseNetwork.output_of`` takes them: None for what the variant does not have. If
    other weights are ``joined``, the scores that these give and their share follow. The fifth tap
    is used as it is where the network has ``filters_as_trained``; the joined weights always have.
    """

    def __init__(
        self,
        network: PoseNetwork,
        threads: int = 1,
        joined: Joined | None = None,
        *,
        filters_as_trained: bool = True,
    ) -> None:
        model = heads_model(network, joined, filters_as_trained=filters_as_trained)
        self._session = cpu_session(model.SerializeToString(), threads)
        self._inputs = [given.name for given in self._session.get_inputs()]
        self._outputs = [output.name for output in self._session.get_outputs()]
        self._share = joined.share if joined is not None else 0.0

    def __call__(
        self, taps: Taps
    ) -> tuple[Tensor | None, Tensor, Tensor | None, Tensor | None, float]:
        given = {_tap(number): tap for number, tap in enumerate(taps)}
        values = _run(self._session, {name: given[name] for name in self._inputs})
        found = dict(zip(self._outputs, values, strict=True))
        parts = found.get(SELF_MAPS), found[SCORES], found.get(AFFINITY), found.get(OTHERS)
        return *parts, self._share


def trunk_model(encoder: MoveNetEncoder, ranges: Sequence[Range] | None = None) -> onnx.ModelProto:
    """An encoder's trunk as an ONNX model: input ``image`` (N, 3, S, S), outputs its taps.

    With the ``ranges`` of its values it computes in whole numbers.
    """
    graph = Graph() if ranges is None else trunk_graph(ranges)
    taps = graph.trunk(encoder)
    return graph.model("trunk", {"image": ["n", 3, "side", "side"]}, taps)


def heads_model(
    network: PoseNetwork, joined: Joined | None = None, *, filters_as_trained: bool = True
) -> onnx.ModelProto:
    """What follows a network's trunk as an ONNX model.

    Inputs ``tap0`` to ``tap3`` (N, C, H, W), finest first, and ``tap4``, if anything uses it, as
    ``MoveNetEncoder.kept`` gives them; outputs, as far as the variant has them,
    ``self_maps`` (N, k_self, H, H), ``scores`` (N, k_sup, H, H), ``affinity`` (N, k_sup, k_self);
    ``others`` are the scores that weights which are ``joined`` give.
    """
    graph = Graph()
    neck = network.encoder.neck
    inputs = {
        _tap(number): ["n", layer.in_channels, f"side{number}", f"side{number}"]
        for number, layer in enumerate(neck.deep.laterals)
    }
    taps, filtered = list(inputs), _tap(len(inputs))
    if filters_as_trained or joined is not None:
        inputs[filtered] = ["n", neck.PARTS[-1], "side1", "side1"]
    own_filtered = filtered if filters_as_trained else graph.filtered(neck.deep, taps)
    own = graph.heads(network, graph.neck(neck, taps, own_filtered))
    if joined is not None:
        with swapped(dict(network.named_parameters()), dict(joined.weights)):
            own[OTHERS] = graph.heads(network, graph.neck(neck, taps, filtered))[SCORES]
    for name, value in own.items():
        graph.add("Identity", value, to=name)
    return graph.model("heads", inputs, list(own))


def _tap(number: int) -> str:
    return f"tap{number}"


def _run(session: Any, inputs: dict[str, Tensor]) -> list[Tensor]:
    """What a session gives of inputs (N, ...), N at least 1.

    One at a time: that is faster than all together, and a session keeps for good the memory that
    its largest batch took.
    """
    arrays = {name: value.detach().float().contiguous().numpy() for name, value in inputs.items()}
    number = len(next(iter(arrays.values())))
    runs = [
        session.run(None, {name: array[row : row + 1] for name, array in arrays.items()})
        for row in range(number)
    ]
    found = runs[0] if number == 1 else map(np.concatenate, zip(*runs, strict=True))
    return [torch.from_numpy(value) for value in found]
