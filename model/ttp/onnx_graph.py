"""Writes down modules of MoveNet as nodes of an ONNX graph, without PyTorch's exporter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import onnx
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from model.core.blocks import FEATURES
from model.ttp.networks.encoder import InvertedResidual, MobileNetV2, MoveNetEncoder, Neck
from model.ttp.networks.heads import HEADS, LARGEST_SIDE, AffinityTransformer
from model.ttp.networks.variants import PoseNetwork

_OPSET = 17
_IR_VERSION = 8
SELF_MAPS, SCORES, AFFINITY, OTHERS = "self_maps", "scores", "affinity", "others"


class Graph:
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

    def settled(self, value: str) -> str:
        """The name of a value as whoever uses it gets it."""
        return value

    def trunk(self, encoder: MoveNetEncoder) -> list[str]:
        """What the encoder has ``kept`` of ``image``; the names of the taps."""
        mapped = self.add("Add", self.add("Mul", "image", encoder.scale), encoder.shift)
        taps = self.mobilenet(encoder.mobilenet, mapped)
        taps.append(self.filtered(encoder.neck.deep, taps))
        return [self.settled(tap) for tap in taps]

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
            found[SELF_MAPS] = self._head(network.self_head, features)
        if network.spec.variant != "transformer":
            found[SCORES] = self._head(network.supervised_head, features)
            return found
        side = network.spec.heatmap_size
        affinity = self.affinity(network.affinity, features, side)
        # Each supervised map is a mixture of the self-supervised ones.
        maps = self.add("Reshape", found[SELF_MAPS], torch.tensor([0, 0, -1]))
        mixed = self.add("MatMul", affinity, maps)
        found[SCORES] = self.add("Reshape", mixed, torch.tensor([0, 0, side, side]))
        return found | {AFFINITY: affinity}

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
