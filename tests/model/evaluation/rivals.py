"""Tiny rivals in MoveNet's layout whose answers are known."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import ArrayLike, NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper

INPUT, OUTPUT = "picture", "keypoints"


def write_rival(
    path: Path,
    side: int,
    answer: NDArray[np.floating] | list[NodeProto],
    *,
    kind: int = TensorProto.INT32,
    input_shape: Sequence[int | str] | None = None,
    output_shape: Sequence[int] = (1, 1, 17, 3),
) -> Path:
    """A rival that sees ``side`` pixels: it always answers alike, or computes ``OUTPUT``.

    ``answer`` is its constant output, (y, x, score) of 17 keypoints, or the nodes of its graph. The
    other arguments make it something that is no rival.
    """
    if isinstance(answer, list):
        nodes = answer
    else:
        values = np.broadcast_to(answer.astype(np.float32), output_shape).copy()
        nodes = [helper.make_node("Constant", [], [OUTPUT], value=numpy_helper.from_array(values))]
    shape = [1, side, side, 3] if input_shape is None else list(input_shape)
    graph = helper.make_graph(
        nodes,
        "rival",
        [helper.make_tensor_value_info(INPUT, kind, shape)],
        [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, list(output_shape))],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
    model.ir_version = 8
    onnx.save(model, path)
    return path


def brightest_pixel(side: int) -> list[NodeProto]:
    """A graph that puts all keypoints on the pixel with the most red in it, with a score of 1."""

    def constant(name: str, values: ArrayLike, kind: type) -> NodeProto:
        tensor = numpy_helper.from_array(np.asarray(values, kind))
        return helper.make_node("Constant", [], [name], value=tensor)

    node = helper.make_node
    return [
        constant("red", [0], np.int64),
        constant("flat", [-1], np.int64),
        constant("side", [side], np.int64),
        constant("size", [side], np.float32),
        constant("one", [1], np.float32),
        constant("shape", [1, 1, 17, 3], np.int64),
        node("Gather", [INPUT, "red"], ["reds"], axis=3),
        node("Reshape", ["reds", "flat"], ["row"]),
        node("ArgMax", ["row"], ["place"], axis=0, keepdims=1),
        node("Div", ["place", "side"], ["y"]),
        node("Mod", ["place", "side"], ["x"]),
        node("Cast", ["y"], ["y_pixel"], to=TensorProto.FLOAT),
        node("Cast", ["x"], ["x_pixel"], to=TensorProto.FLOAT),
        node("Div", ["y_pixel", "size"], ["y_relative"]),
        node("Div", ["x_pixel", "size"], ["x_relative"]),
        node("Concat", ["y_relative", "x_relative", "one"], ["keypoint"], axis=0),
        node("Expand", ["keypoint", "shape"], [OUTPUT]),
    ]
