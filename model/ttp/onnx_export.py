"""The pose branch as an ONNX file that other programs can run, checked before it is handed out.

Beside ``NAME.onnx`` goes ``NAME.json`` with what such a program must know: joints, crop rule,
normalization, decoding. The ONNX file holds the same in its metadata.
"""

from __future__ import annotations

import copy
import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import onnx
import torch
from torch import Tensor, nn
from torch.nn import functional

from model.core.crop import BOX_TO_SIDE, IMAGENET_MEAN, IMAGENET_STD, to_tensor
from model.core.device import RUNTIME_ERRORS, cpu_session, first_line
from model.core.errors import UserError
from model.core.files import whole_file
from model.ttp.networks import NetworkSpec, PoseNetwork

FORMAT = "ttp-pose-onnx-1"
INPUT = "target"
TOLERANCE = 1e-4
"""The largest difference between PyTorch and ONNX Runtime that is accepted, in any output.

A share of the output's largest value where that is above 1: logits reach 70, and are rounded so.
"""
# What PyTorch's exporter translates to directly: any other version is converted from it.
_OPSET = 18

NORMALIZATION_RULE = (
    "Divide the pixels (0..255) by 255, then subtract mean and divide by std channel by channel; "
    "the first channel is the first letter of channel_order, and mean and std are listed by "
    "position, whatever the order."
)
_OUTPUTS = ("heatmaps", "self_heatmaps", "affinity")


@dataclass(frozen=True)
class ExportReport:
    """What was written, and how far ONNX Runtime's outputs are from PyTorch's.

    ``differences`` has the largest difference of each output, by its name, as ``TOLERANCE``
    measures it.
    """

    path: Path
    metadata_path: Path
    differences: Mapping[str, float]


class _PoseBranch(nn.Module):
    """The pose branch with a tuple of tensors as its output, as exporters want it."""

    def __init__(self, network: PoseNetwork) -> None:
        super().__init__()
        # A private copy: exporting changes neither the network's mode nor where it lives.
        self.network = copy.deepcopy(network).cpu().float()
        # The exporter translates BatchNorm as in eval mode without a word, whatever its mode.
        self.eval().requires_grad_(False)

    def forward(self, target: Tensor) -> tuple[Tensor, ...]:
        output = self.network.pose(target)
        return tuple(getattr(output, name) for name in output_names(self.network.spec))


def output_names(spec: NetworkSpec) -> tuple[str, ...]:
    """The outputs that a network of this kind has, in order."""
    if spec.variant == "transformer":
        return _OUTPUTS
    return ("heatmaps", "self_heatmaps") if spec.reconstructs else ("heatmaps",)


def export_onnx(
    network: PoseNetwork, path: str | Path, metadata: Mapping[str, str] | None = None
) -> ExportReport:
    """Write the pose branch of ``network`` to ``path`` (``.onnx``) and its description beside it.

    The input ``target`` is (N, 3, S, S) float32, normalised, S being ``network.spec.crop_size``;
    the outputs are those of ``output_names``; N is free. The written file is run by ONNX Runtime;
    if any output differs by more than ``TOLERANCE`` from PyTorch's, or anything else fails, older
    files stay as they were and no new one is left.

    Args:
        network: any of the four variants, with any backbone; it is left as it is.
        path: where to write, ``NAME.onnx``; the description goes to ``NAME.json``.
        metadata: more entries for the description (licence, version); the network's own count.

    Returns:
        What was written, and how far its outputs are from PyTorch's.

    Raises:
        UserError: the name does not end in ``.onnx``, the place cannot be written, or the network
            cannot be translated or computes something else.
    """
    path = Path(path)
    if path.suffix != ".onnx" or path.is_dir():
        raise UserError(f"{path} cannot be the exported file: give a file name that ends in .onnx.")
    branch = _PoseBranch(network)
    description = describe(network.spec, metadata or {})
    model = _translate(branch, output_names(network.spec))
    onnx.helper.set_model_props(
        model, {k: v if isinstance(v, str) else json.dumps(v) for k, v in description.items()}
    )
    metadata_path = path.with_suffix(".json")
    with whole_file(path) as file, whole_file(metadata_path) as metadata_file:
        file.write_bytes(model.SerializeToString())
        metadata_file.write_text(json.dumps(description, indent=2) + "\n", encoding="utf-8")
        differences = _check(branch, file, output_names(network.spec))
    return ExportReport(path, metadata_path, differences)


def describe(spec: NetworkSpec, metadata: Mapping[str, str]) -> dict[str, Any]:
    """What a program needs to run the exported network, as plain values for JSON.

    Args:
        spec: the network's.
        metadata: more entries, which are overruled by the network's own.
    """
    joints = spec.joint_set
    crop, maps = spec.crop_size, spec.heatmap_size
    return {
        **dict(sorted(metadata.items())),
        **asdict(spec),
        "format": FORMAT,
        "joint_names": list(joints.names),
        "limbs": [list(limb) for limb in joints.limbs],
        "flip_pairs": [list(pair) for pair in joints.flip_pairs],
        "input": f"{INPUT}: normalised crops, float32, (N, 3, {crop}, {crop})",
        "outputs": _outputs(spec),
        "mean": list(IMAGENET_MEAN),
        "std": list(IMAGENET_STD),
        "normalization_rule": NORMALIZATION_RULE,
        "crop_size": crop,
        "crop_box_to_side": BOX_TO_SIDE,
        "crop_centre_shift": spec.crop_shift,
        "crop_rule": _crop_rule(crop),
        "heatmap_size": maps,
        "heatmap_stride": crop // maps,
        "decoding_rule": _decoding_rule(maps),
    }


def _outputs(spec: NetworkSpec) -> dict[str, str]:
    """Each output in words."""
    size = f"{spec.heatmap_size}, {spec.heatmap_size}"
    kind = "logits" if spec.logits else "raw"
    words = {
        "heatmaps": f"of the joints, (N, {len(spec.joint_set)}, {size})"
        + (", from 0 to 1" if spec.logits else ""),
        "self_heatmaps": f"of the self-supervised keypoints, {kind}, (N, {spec.k_self}, {size})",
        "affinity": "weight of each self-supervised map in each joint's, "
        f"(N, {len(spec.joint_set)}, {spec.k_self})",
    }
    return {name: words[name] for name in output_names(spec)}


def _crop_rule(size: int) -> str:
    return (
        "A person's tight box (left, top, width, height) in image pixels becomes a square of side "
        f"{BOX_TO_SIDE} * max(width, height), centred at (left + width / 2, top + height / 2 + "
        f"crop_centre_shift * max(width, height)). Warp it bilinearly to {size} x {size} pixels, "
        f"its centre at pixel ({size // 2}, {size // 2}), black outside the image, before "
        "normalization."
    )


def _decoding_rule(size: int) -> str:
    return (
        f"A joint is at its heatmap's maximum, cell (x, y). If 1 < x < {size - 1} and 1 < y < "
        f"{size - 1}, add 0.25 * sign(h[y, x + 1] - h[y, x - 1]) to x and 0.25 * sign(h[y + 1, x] "
        "- h[y - 1, x]) to y. Its confidence is the maximum clamped to 0..1; a joint whose maximum "
        f"is not positive was not found. In the image: (x - {size // 2}) * side / {size} + "
        "centre_x, and the same for y."
    )


def _translate(branch: _PoseBranch, outputs: tuple[str, ...]) -> onnx.ModelProto:
    size = branch.network.spec.crop_size
    # An example batch of 1 would be taken for a constant.
    example = torch.zeros(2, 3, size, size)
    try:
        with _quiet_exporter():
            program = torch.onnx.export(
                branch,
                (example,),
                dynamo=True,
                opset_version=_OPSET,
                input_names=[INPUT],
                output_names=outputs,
                dynamic_shapes=({0: torch.export.Dim("batch")},),
                verbose=False,
            )
    except torch.onnx.OnnxExporterError as error:
        raise UserError(
            f"PyTorch {torch.__version__} cannot translate the network to ONNX "
            f"({first_line(error)}). Install the requirements again."
        ) from error
    assert program is not None
    model = program.model_proto
    # The exporter notes its call stacks, with this machine's folder names, on every node.
    del model.graph.metadata_props[:]
    for part in (*model.graph.node, *model.graph.value_info, *model.graph.initializer):
        del part.metadata_props[:]
    return model


@contextmanager
def _quiet_exporter() -> Iterator[None]:
    """Keep back the exporter's notes on operators and optimisations that it passed over."""
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "onnxscript")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _check(branch: _PoseBranch, file: Path, outputs: tuple[str, ...]) -> dict[str, float]:
    """Largest difference of each output between PyTorch and ``file``; ``UserError`` if large."""
    differences = dict.fromkeys(outputs, 0.0)
    try:
        session = cpu_session(file)
        for images in _test_inputs(branch.network.spec.crop_size):
            found = session.run(list(outputs), {INPUT: images.numpy()})
            for name, wanted, given in zip(outputs, branch(images), found, strict=True):
                difference = float((wanted - torch.from_numpy(given)).abs().max())
                difference /= max(1.0, float(wanted.abs().max()))
                # Written so that a difference that is not a number is seen as well.
                if not difference <= TOLERANCE:
                    raise UserError(
                        f"The exported network computes other {name} than PyTorch: they differ by "
                        f"{difference:.2g}, and {TOLERANCE:g} is allowed. Nothing was written; "
                        "check the weights and the versions of torch, onnx and onnxruntime."
                    )
                differences[name] = max(differences[name], difference)
    except RUNTIME_ERRORS as error:
        raise UserError(
            f"ONNX Runtime cannot run the exported network ({first_line(error)}). "
            "Nothing was written; install the requirements again."
        ) from error
    return differences


def _test_inputs(size: int) -> Iterator[Tensor]:
    """Noise, and pictures with smooth areas and a black border as crops have; 1 and 3 of each."""
    generator = torch.Generator().manual_seed(0)
    for count in (1, 3):
        yield torch.randn(count, 3, size, size, generator=generator)
        coarse = torch.rand(count, 3, 12, 12, generator=generator) * 255
        pictures = functional.interpolate(coarse, size=size, mode="bilinear")
        pictures[..., : size // 8] = 0
        yield to_tensor(list(pictures.byte().permute(0, 2, 3, 1).numpy()))
