"""A MoveNet trunk in ONNX Runtime, which computes it twice as fast as PyTorch on most processors.

The graph is written down from the module itself, a dozen lines of ONNX, as PyTorch's exporter takes
seconds to start.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from model.networks.movenet import InvertedResidual, MobileNetV2, MoveNetEncoder, Taps
from model.onnx_runtime import cpu_session

_OPSET = 17
_IR_VERSION = 8


class OnnxTrunk:
    """What an encoder's ``trunk`` computes, with the weights that it has now, on the CPU.

    Called with images (N, 3, S, S), float32, normalised; gives the taps, float32. May be called
    from several threads; each call uses ``threads`` of its own.
    """

    def __init__(self, encoder: MoveNetEncoder, threads: int = 1) -> None:
        self._session = cpu_session(trunk_model(encoder).SerializeToString(), threads)

    def __call__(self, images: Tensor) -> Taps:
        pictures = images.detach().float().contiguous().numpy()
        return tuple(map(torch.from_numpy, self._session.run(None, {"image": pictures})))


def trunk_model(encoder: MoveNetEncoder) -> onnx.ModelProto:
    """An encoder's trunk as an ONNX model: input ``image`` (N, 3, S, S), outputs its taps."""
    graph = _Graph()
    mapped = graph.add("Add", graph.add("Mul", "image", encoder.scale), encoder.shift)
    taps = graph.mobilenet(encoder.mobilenet, mapped)
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 3, "side", "side"])
    outputs = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", None, None, None])
        for name in taps
    ]
    proto = helper.make_graph(graph.nodes, "trunk", [image], outputs, graph.constants)
    return helper.make_model(
        proto, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR_VERSION
    )


class _Graph:
    """Nodes and constants in the making; values go by their names."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def add(self, kind: str, *inputs: str | Tensor, **attributes: Any) -> str:
        """Append a node; tensors among its inputs become constants. Returns its output's name."""
        names = [value if isinstance(value, str) else self._constant(value) for value in inputs]
        output = f"{kind.lower()}{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, names, [output], **attributes))
        return output

    def _constant(self, tensor: Tensor) -> str:
        name = f"constant{len(self.constants)}"
        array: NDArray[np.float32] = tensor.detach().cpu().float().contiguous().numpy()
        self.constants.append(numpy_helper.from_array(array, name))
        return name

    def mobilenet(self, net: MobileNetV2, image: str) -> list[str]:
        """``MobileNetV2.forward``; the names of the taps."""
        x = self._relu6(self._convolution(net.stem, image))
        taps = []
        for number, stage in enumerate(net.stages):
            for block in stage:  # type: ignore[attr-defined]
                x = self._block(block, x)
            if number in net.TAPPED:
                taps.append(x)
        return [*taps, self._relu6(self._convolution(net.last, x))]

    def _block(self, block: InvertedResidual, x: str) -> str:
        y = x
        for layer in block.layers:
            y = self._relu6(y) if isinstance(layer, nn.ReLU6) else self._convolution(layer, y)
        return self.add("Add", x, y) if block.residual else y

    def _convolution(self, layer: nn.Module, x: str) -> str:
        assert isinstance(layer, nn.Conv2d)
        assert layer.bias is not None
        kernel, stride = layer.kernel_size[0], layer.stride[0]
        # As ``SameConv2d`` pads.
        pads = [0, 0, 1, 1] if stride == 2 else [kernel // 2] * 4
        return self.add(
            "Conv",
            x,
            layer.weight,
            layer.bias,
            kernel_shape=[kernel, kernel],
            strides=[stride, stride],
            pads=pads,
            group=layer.groups,
        )

    def _relu6(self, x: str) -> str:
        return self.add("Clip", x, torch.tensor(0.0), torch.tensor(6.0))
