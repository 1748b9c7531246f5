"""Checkpoints as the authors' released code writes them: its names and shapes, filled by a rule."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator

import torch
import torchvision
from torch import Tensor
from torch.nn import functional

from model.ttp.networks import Variant

Shapes = dict[str, tuple[int, ...]]
_ATTENTION: Shapes = {
    "in_proj_weight": (768, 256),
    "in_proj_bias": (768,),
    "out_proj.weight": (256, 256),
    "out_proj.bias": (256,),
}


def recorded_shapes(names: Iterable[object], shapes: Iterable[object]) -> Shapes:
    """Those beside reference outputs, where a shape is text such as ``(64, 3, 7, 7)``."""
    found: Shapes = {}
    for name, shape in zip(names, shapes, strict=True):
        sides = str(shape).strip("()").split(",")
        found[str(name)] = tuple(int(side) for side in sides if side)
    return found


def released_shapes(variant: Variant, backbone: str, joints: int) -> Shapes:
    """Names and shapes of a whole checkpoint; a baseline is the pose network alone."""
    pose = dict(_pose_network(variant, backbone, joints))
    if variant == "baseline":
        return pose
    whole = {f"pose_net.{name}": shape for name, shape in pose.items()}
    for name, inputs in (("image_encoder", 3), ("pose_encoder", 30)):
        widths = (inputs, 32, 64, 128, 256)
        for layer in range(1, 5):
            kernel = 7 if layer == 1 else 3
            outputs = widths[layer]
            prefix = f"{name}.layer{layer}"
            whole |= _conv_bn(prefix, 0, (outputs, widths[layer - 1], kernel, kernel))
            whole |= _conv_bn(prefix, 3, (outputs, outputs, 3, 3))
    for layer, inputs in enumerate((512, 256, 128, 64), start=1):
        outputs = inputs // 2
        whole |= _conv_bn(f"image_renderer.layer{layer}", 0, (outputs, inputs, 3, 3))
        whole |= _conv_bn(f"image_renderer.layer{layer}", 3, (outputs, outputs, 3, 3))
    return whole | {
        "image_renderer.layer4.6.weight": (3, 32, 3, 3),
        "image_renderer.layer4.6.bias": (3,),
    }


def _pose_network(
    variant: Variant, backbone: str, joints: int
) -> Iterator[tuple[str, tuple[int, ...]]]:
    with torch.device("meta"):
        resnet = torchvision.models.get_model(backbone, weights=None)
    for name, value in resnet.state_dict().items():
        if not name.startswith("fc."):
            yield name, tuple(value.shape)
    for index, inputs in enumerate((resnet.fc.in_features, 256, 256)):
        yield f"deconv_layers.{3 * index}.weight", (inputs, 256, 4, 4)
        yield from _batch_norm(f"deconv_layers.{3 * index + 1}", 256).items()
    if variant != "baseline":
        yield "final_layer_unsup.weight", (30, 256, 1, 1)
        yield "final_layer_unsup.bias", (30,)
    if variant == "transformer":
        yield from _transformer(joints).items()
    else:
        yield "final_layer.weight", (joints, 256, 1, 1)
        yield "final_layer.bias", (joints,)


def _transformer(joints: int) -> Shapes:
    layer = "mh_attn.decoder.layers.0"
    shapes: Shapes = {"sup_query.weight": (256, joints)}
    for attention in ("self_attn", "multihead_attn"):
        shapes |= {f"{layer}.{attention}.{name}": shape for name, shape in _ATTENTION.items()}
    shapes |= {
        f"{layer}.linear1.weight": (1024, 256),
        f"{layer}.linear1.bias": (1024,),
        f"{layer}.linear2.weight": (256, 1024),
        f"{layer}.linear2.bias": (256,),
        "sup_weight.weight": (30, 256),
        "sup_weight.bias": (30,),
    }
    for norm in (f"{layer}.norm1", f"{layer}.norm2", f"{layer}.norm3", "mh_attn.decoder.norm"):
        shapes |= {f"{norm}.weight": (256,), f"{norm}.bias": (256,)}
    return shapes


def _conv_bn(prefix: str, index: int, shape: tuple[int, ...]) -> Shapes:
    norm = _batch_norm(f"{prefix}.{index + 1}", shape[0])
    return {f"{prefix}.{index}.weight": shape, **norm}


def _batch_norm(prefix: str, channels: int) -> Shapes:
    names = ("weight", "bias", "running_mean", "running_var")
    shapes: Shapes = {f"{prefix}.{name}": (channels,) for name in names}
    return {**shapes, f"{prefix}.num_batches_tracked": ()}


def filled(shapes: Shapes) -> dict[str, Tensor]:
    """Tensors of these names and shapes, each value following from its name alone."""
    return {name: _fill(name, shape) for name, shape in shapes.items()}


def _fill(name: str, shape: tuple[int, ...]) -> Tensor:
    if name.endswith("num_batches_tracked"):
        return torch.tensor(0)
    x = torch.randn(shape, generator=torch.Generator().manual_seed(zlib.crc32(name.encode())))
    if name.endswith("running_var"):
        return 1 + 0.5 * torch.tanh(x)
    if name.endswith("running_mean"):
        return 0.1 * x
    if len(shape) == 1:
        return 1 + 0.1 * x if name.endswith("weight") else 0.1 * x
    return x * (1 / x[0].numel()) ** 0.5


def image(seed: int, count: int) -> Tensor:
    """Smooth pictures (count, 3, 128, 128) that follow from ``seed``."""
    coarse = torch.randn(count, 3, 16, 16, generator=torch.Generator().manual_seed(seed))
    return functional.interpolate(coarse, size=128, mode="bilinear", align_corners=False)
