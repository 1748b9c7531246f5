"""Files as MoveNet's: its convolutions in its graph's order, without what lies between them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from model.ttp.networks.encoder import SIZES, MoveNetEncoder, Neck
from model.ttp.networks.pretrained import movenet_convolutions


def write_movenet(
    path: Path, backbone: str = "movenet-lightning", shape: tuple[int | str, ...] | None = None
) -> list[nn.Conv2d]:
    """Write random weights in the layout that MoveNet's are stored in.

    Args:
        path: where to write.
        backbone: ``movenet-thunder`` or ``movenet-lightning``.
        shape: of the input, if it is to be another than that network's; names for free sizes.

    Returns:
        The convolutions, float32 of float16 values, the last one being the 17 joint maps'.
    """
    torch.manual_seed(3)
    layers = [*movenet_convolutions(MoveNetEncoder(backbone)), nn.Conv2d(Neck.HEAD, 17, 1)]
    nodes, tensors = [], []
    for number, layer in enumerate(layers):
        names = []
        for name, parameter in layer.named_parameters():
            parameter.data = parameter.detach().half().float()
            stored = f"stored/{number}/{name}"
            tensors.append(
                numpy_helper.from_array(parameter.detach().numpy().astype(np.float16), stored)
            )
            names.append(f"{number}/{name}")
            nodes.append(helper.make_node("Cast", [stored], names[-1:], to=TensorProto.FLOAT))
        nodes.append(helper.make_node("Conv", [f"x{number}", *names], [f"x{number + 1}"]))
    # A head that is not read.
    nodes.append(helper.make_node("Conv", ["x1", "0/weight"], ["net/kpt_offset_0/conv2d:0"]))
    crop = SIZES[backbone].crop
    picture = helper.make_tensor_value_info("x0", TensorProto.INT32, shape or (1, crop, crop, 3))
    answer = helper.make_tensor_value_info("answer", TensorProto.FLOAT, [1, 1, 17, 3])
    onnx.save(helper.make_model(helper.make_graph(nodes, "m", [picture], [answer], tensors)), path)
    return layers
