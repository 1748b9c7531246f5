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
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from model.core.blocks import FEATURES
from model.core.onnx_runtime import cpu_session
from model.core.weights import swapped
from model.ttp.networks.affinity import HEADS, LARGEST_SIDE, AffinityTransformer
from model.ttp.networks.movenet import InvertedResidual, MobileNetV2, MoveNetEncoder, Neck, Taps
from model.ttp.networks.variants import PoseNetwork

_OPSET = 17
_IR_VERSION = 8
_SELF_MAPS, _SCORES, _AFFINITY, _OTHERS = "self_maps", "scores", "affinity", "others"


class Joined(NamedTuple):
    """Other weights of a network, by name, and the share (0 to 1) that their heatmaps have."""

    weights: Mapping[str, Tensor]
    share: float


class OnnxTrunk:
    """What an encoder has ``kept`` of images, with the weights that it has now, on the CPU.

    Called with images (N, 3, S, S), float32, normalised; gives the taps, float32. May be called
    from several threads; each call uses ``threads`` of its own.
    """

    def __init__(self, encoder: MoveNetEncoder, threads: int = 1) -> None:
        self._session = cpu_session(trunk_model(encoder).SerializeToString(), threads)

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
        parts = found.get(_SELF_MAPS), found[_SCORES], found.get(_AFFINITY), found.get(_OTHERS)
        return *parts, self._share


def trunk_model(encoder: MoveNetEncoder) -> onnx.ModelProto:
    """An encoder's trunk as an ONNX model: input ``image`` (N, 3, S, S), outputs its taps."""
    graph = _Graph()
    mapped = graph.add("Add", graph.add("Mul", "image", encoder.scale), encoder.shift)
    taps = graph.mobilenet(encoder.mobilenet, mapped)
    taps.append(graph.filtered(encoder.neck.deep, taps))
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
    graph = _Graph()
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
            own[_OTHERS] = graph.heads(network, graph.neck(neck, taps, filtered))[_SCORES]
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


class _Graph:
    """Nodes and constants in the making; values go by their names."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def model(
        self, name: str, inputs: dict[str, list[str | int]], outputs: Sequence[str]
    ) -> onnx.ModelProto:
        """All of it, float32; only the inputs' shapes are written down."""
        proto = helper.make_graph(
            self.nodes,
            name,
            [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in inputs.items()],
            [helper.make_tensor_value_info(n, TensorProto.FLOAT, None) for n in outputs],
            self.constants,
        )
        return helper.make_model(
            proto, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR_VERSION
        )

    def add(self, kind: str, *inputs: str | Tensor, to: str = "", **attributes: Any) -> str:
        """Append a node; tensors among its inputs become constants.

        Returns the name of its output: ``to``, or a new one.
        """
        names = [value if isinstance(value, str) else self._constant(value) for value in inputs]
        output = to or f"{kind.lower()}{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, names, [output], **attributes))
        return output

    def _constant(self, tensor: Tensor) -> str:
        name = f"constant{len(self.constants)}"
        kept = tensor.detach().cpu()
        kept = kept.float() if kept.is_floating_point() else kept
        array: NDArray[Any] = kept.contiguous().numpy()
        self.constants.append(numpy_helper.from_array(array, name))
        return name

    def mobilenet(self, net: MobileNetV2, image: str) -> list[str]:
        """``MobileNetV2.forward``; the names of the taps."""
        x = self._relu6(self.layer(net.stem, image))
        taps = []
        for number, stage in enumerate(net.stages):
            for block in stage:  # type: ignore[attr-defined]
                x = self._block(block, x)
            if number in net.TAPPED:
                taps.append(x)
        return [*taps, self._relu6(self.layer(net.last, x))]

    def _block(self, block: InvertedResidual, x: str) -> str:
        y = self.layer(block.layers, x)
        return self.add("Add", x, y) if block.residual else y

    def heads(self, network: PoseNetwork, features: Sequence[str]) -> dict[str, str]:
        """What a network tells of its features, given in parts, by the outputs' names."""
        found = {}
        if network.spec.reconstructs:
            found[_SELF_MAPS] = self._head(network.self_head, features)
        if network.spec.variant != "transformer":
            found[_SCORES] = self._head(network.supervised_head, features)
            return found
        side = network.spec.heatmap_size
        affinity = self.affinity(network.affinity, features, side)
        # Each supervised map is a mixture of the self-supervised ones.
        maps = self.add("Reshape", found[_SELF_MAPS], torch.tensor([0, 0, -1]))
        mixed = self.add("MatMul", affinity, maps)
        found[_SCORES] = self.add("Reshape", mixed, torch.tensor([0, 0, side, side]))
        return found | {_AFFINITY: affinity}

    def _head(self, layer: nn.Conv2d, features: Sequence[str]) -> str:
        """A projection of the features: the sum of those of their parts, which stay apart.

        To put parts of this size side by side takes as long as to project them.
        """
        first = 0
        total = ""
        for part, channels in zip(features, Neck.PARTS, strict=True):
            weight = layer.weight[:, first : first + channels]
            bias = () if total or layer.bias is None else (layer.bias,)
            found = self.add("Conv", part, weight, *bias)
            total = self.add("Add", total, found) if total else found
            first += channels
        return total

    def neck(self, net: Neck, taps: Sequence[str], filtered: str) -> list[str]:
        """``Neck.forward`` from what ``filtered`` gave; the names of the features' three parts."""
        pyramid = self._pyramid(net.pyramid, taps)
        deep = self._raised(net.deep, taps, filtered, 0)
        return [self.layer(net.head, pyramid), pyramid, deep]

    def _pyramid(self, net: Any, taps: Sequence[str]) -> str:
        x = self.layer(net.laterals[3], taps[3])
        for merge, level in zip(net.merges, (2, 1, 0), strict=True):
            lateral = self.layer(net.laterals[level], taps[level])
            x = self.layer(merge, self.add("Add", self._doubled(x), lateral))
        return x

    def filtered(self, net: Any, taps: Sequence[str]) -> str:
        """The deep branch without its last step, which all but its first lateral have a part in."""
        x = self.add("Relu", self.layer(net.laterals[3], taps[3]))
        for merge, level in zip(net.merges, (2, 1), strict=True):
            x = self.add("Relu", self.layer(merge, self._raised(net, taps, x, level)))
        return x

    def _raised(self, net: Any, taps: Sequence[str], x: str, level: int) -> str:
        lateral = self.layer(net.laterals[level], taps[level])
        return self.add("Relu", self.add("Add", self._doubled(x), lateral))

    def _doubled(self, x: str) -> str:
        return self.add(
            "Resize",
            x,
            "",
            torch.tensor([1.0, 1.0, 2.0, 2.0]),
            mode="linear",
            coordinate_transformation_mode="half_pixel",
        )

    def affinity(self, net: AffinityTransformer, parts: Sequence[str], side: int) -> str:
        """``AffinityTransformer.forward`` of features with this many cells a side; its name.

        What the queries do before they look at the features is the same for every picture, and is
        computed here.
        """
        with torch.no_grad():
            queries = net.attended_queries()
            keys = net.keys_of(queries)
        layer, attention = net.layer, net.layer.multihead_attn
        if side > LARGEST_SIDE:
            parts = [
                self.add("AveragePool", part, kernel_shape=[2, 2], strides=[2, 2]) for part in parts
            ]
        features = self.add("Concat", *parts, axis=1)
        memory = self.add("Reshape", features, torch.tensor([0, FEATURES, -1]))  # n, 256, cells
        weights = self.add("Softmax", self.add("MatMul", keys, memory), axis=-1)
        found = self.add("MatMul", weights, self.add("Transpose", memory, perm=[0, 2, 1]))
        heads = self.add("Reshape", found, torch.tensor([0, HEADS, -1, FEATURES]))
        values = attention.in_proj_weight[2 * FEATURES :].view(HEADS, -1, FEATURES)
        bias = attention.in_proj_bias[2 * FEATURES :].view(HEADS, 1, -1)
        heads = self.add("Add", self.add("MatMul", heads, values.transpose(1, 2)), bias)
        heads = self.add("Transpose", heads, perm=[0, 2, 1, 3])  # n, k_sup, 4, 64
        looked = self.add("Reshape", heads, torch.tensor([0, 0, FEATURES]))
        looked = self._linear(attention.out_proj, looked)
        x = self._normalised(layer.norm2, self.add("Add", looked, queries))
        inner = self.add("Relu", self._linear(layer.linear1, x))
        x = self._normalised(layer.norm3, self.add("Add", x, self._linear(layer.linear2, inner)))
        x = self._normalised(net.norm, x)
        return self.add("Softmax", self._linear(net.projection, x), axis=-1)

    def layer(self, module: nn.Module, x: str) -> str:
        """A convolution, an activation, or a sequence of these."""
        if isinstance(module, nn.Sequential):
            for part in module:
                x = self.layer(part, x)
            return x
        if isinstance(module, nn.ReLU6):
            return self._relu6(x)
        if isinstance(module, nn.ReLU):
            return self.add("Relu", x)
        return self._convolution(module, x)

    def _convolution(self, layer: nn.Module, x: str) -> str:
        assert isinstance(layer, nn.Conv2d)
        kernel, stride = layer.kernel_size[0], layer.stride[0]
        # As ``SameConv2d`` pads.
        pads = [0, 0, 1, 1] if stride == 2 else [kernel // 2] * 4
        return self.add(
            "Conv",
            x,
            layer.weight,
            *(() if layer.bias is None else (layer.bias,)),
            kernel_shape=[kernel, kernel],
            strides=[stride, stride],
            pads=pads,
            group=layer.groups,
        )

    def _linear(self, layer: nn.Linear, x: str) -> str:
        return self.add("Add", self.add("MatMul", x, layer.weight.t()), layer.bias)

    def _normalised(self, layer: nn.LayerNorm, x: str) -> str:
        return self.add("LayerNormalization", x, layer.weight, layer.bias, epsilon=layer.eps)

    def _relu6(self, x: str) -> str:
        return self.add("Clip", x, torch.tensor(0.0), torch.tensor(6.0))
