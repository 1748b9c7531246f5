"""Weights to begin with: MoveNet's from its ONNX file, and ImageNet's of the ResNets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.error import URLError

import numpy as np
import onnx
import torch
import torchvision
from google.protobuf.message import DecodeError
from onnx import numpy_helper
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from model.core.errors import UserError
from model.core.skeleton import COCO17
from model.ttp.networks.encoder import RESNETS, SIZES, MoveNetEncoder, Neck
from model.ttp.networks.variants import NetworkSpec, PoseNetwork, Variant

# Heads of MoveNet that are not kept: they refine and choose, which training does away with.
_OTHER_HEADS = ("kpt_regress", "kpt_offset", "center_0")
# Affinity logits of a joint's own map at the start, the other 29 being 0: W is 0.99 there.
_OWN_MAP = 8.0

Convolution = tuple[Tensor, Tensor | None]


def read_movenet(path: Path, variant: Variant = "transformer") -> PoseNetwork:
    """Make a network that predicts Penn Action's joints as MoveNet does.

    What MoveNet has no counterpart of is initialised at random, but the same every time.

    Args:
        path: MoveNet's single-person ONNX file; Thunder and Lightning differ in their input.
        variant: which of our networks to make of it.

    Returns:
        The network, in eval mode, float32.

    Raises:
        UserError: the file cannot be read or is neither of the two, or there is no such variant.
    """
    backbone = _backbone(_graph(path), path)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = PoseNetwork(NetworkSpec(variant, backbone))
    load_movenet(network, path)
    return network.eval()


def load_movenet(network: PoseNetwork, path: Path) -> None:
    """Fill a network with MoveNet's weights, so that it predicts what MoveNet does.

    Of its self-supervised maps (or, without a transformer, of its supervised ones) the first become
    MoveNet's joint maps, and the affinity nearly one-hot on them; the head's is the mean of its
    ears'. What MoveNet has no counterpart of keeps its initialisation.

    Args:
        network: a network with a MoveNet backbone.
        path: MoveNet's single-person ONNX file of the same size.

    Raises:
        UserError: the file cannot be read, is no MoveNet or is one of another size.
    """
    encoder = network.encoder
    if not isinstance(encoder, MoveNetEncoder):
        raise UserError(
            f"MoveNet's weights do not fit the backbone {network.spec.backbone!r}. "
            "Choose movenet-thunder or movenet-lightning."
        )
    convolutions = read_convolutions(path)
    own = list(movenet_convolutions(encoder))
    fits = len(convolutions) == len(own) + 1 and all(
        layer.weight.shape == weight.shape
        for layer, (weight, _) in zip(own, convolutions, strict=False)
    )
    if not fits:
        raise UserError(
            f"{path} does not hold the convolutions of {network.spec.backbone}. Give MoveNet's own "
            "file of that size: Thunder takes 256 x 256 pixels, Lightning 192 x 192."
        )
    with torch.no_grad():
        for layer, (weight, bias) in zip(own, convolutions, strict=False):
            layer.weight.copy_(weight)
            if layer.bias is not None and bias is not None:
                layer.bias.copy_(bias)
        _start_maps(network, *convolutions[-1])
        if network.spec.variant == "transformer":
            _start_affinity(network)


def movenet_convolutions(encoder: MoveNetEncoder) -> Iterator[nn.Conv2d]:
    """MoveNet's own convolutions up to the head's features, in the order of its graph."""
    pyramid = encoder.neck.pyramid
    yield from _convolutions(encoder.mobilenet)
    yield pyramid.laterals[3]  # type: ignore[misc]
    for level, merge in zip((2, 1, 0), pyramid.merges, strict=True):
        yield pyramid.laterals[level]  # type: ignore[misc]
        yield from _convolutions(merge)
    yield from _convolutions(encoder.neck.head)


def _convolutions(module: nn.Module) -> Iterator[nn.Conv2d]:
    return (layer for layer in module.modules() if isinstance(layer, nn.Conv2d))


def read_convolutions(path: Path) -> list[Convolution]:
    """Weight and bias of the convolutions up to the 17 joint maps, in the graph's order.

    Raises:
        UserError: the file is missing, damaged or no MoveNet.
    """
    graph = _graph(path)
    stored = {tensor.name: tensor for tensor in graph.initializer}
    # Stored as float16 and cast at the start of the graph.
    casts = {node.output[0]: node.input[0] for node in graph.node if node.op_type == "Cast"}

    def value(name: str) -> Tensor:
        tensor = stored.get(name) or stored.get(casts.get(name, ""))
        if tensor is None:
            raise UserError(
                f"{path} computes the weights {name!r}; no MoveNet known here does. "
                "Give MoveNet's single-person .onnx file."
            )
        return torch.from_numpy(np.array(numpy_helper.to_array(tensor), np.float32))

    return [
        (value(node.input[1]), value(node.input[2]) if len(node.input) > 2 else None)
        for node in graph.node
        if node.op_type == "Conv" and not any(head in node.output[0] for head in _OTHER_HEADS)
    ]


def _graph(path: Path) -> onnx.GraphProto:
    if not path.is_file():
        raise UserError(f"There is no file {path}. Give MoveNet's single-person .onnx file.")
    try:
        # Weights in files beside it, which it may name, are not read.
        return onnx.load(path, format="protobuf", load_external_data=False).graph
    except (DecodeError, OSError) as error:
        raise UserError(f"{path} is no whole ONNX file ({error}). Copy it again.") from error


def _backbone(graph: onnx.GraphProto, path: Path) -> str:
    """Which backbone a MoveNet is the origin of, from the size of its input."""
    known = {(1, size.crop, size.crop, 3): backbone for backbone, size in SIZES.items()}
    given = [
        tuple(side.dim_value or "any" for side in value.type.tensor_type.shape.dim)
        for value in graph.input
    ]
    for shape in given:
        if shape in known:
            return known[shape]
    found = " and ".join(" x ".join(map(str, shape)) or "a number" for shape in given) or "nothing"
    raise UserError(
        f"{path} is no single-person MoveNet: its input is {found}, and Thunder's is "
        "1 x 256 x 256 x 3, Lightning's 1 x 192 x 192 x 3. Give the .onnx file of one of these."
    )


def _start_maps(network: PoseNetwork, weight: Tensor, bias: Tensor | None) -> None:
    """Let the first self-supervised maps, or the supervised ones, be MoveNet's joint maps."""
    spec = network.spec
    heads = [network.self_head] if spec.reconstructs else []
    if spec.variant != "transformer":
        heads.append(network.supervised_head)
    for head in heads:
        for joint, name in enumerate(spec.joint_set.names):
            rows = _coco_rows(name)
            if joint >= head.out_channels or not rows:
                continue
            head.weight[joint].zero_()
            head.weight[joint, : Neck.HEAD] = weight[rows].mean(dim=0)
            if bias is not None and head.bias is not None:
                head.bias[joint] = bias[rows].mean()


def _coco_rows(joint: str) -> list[int]:
    if joint == "head":
        return [COCO17.index("left ear"), COCO17.index("right ear")]
    return [COCO17.index(joint)] if joint in COCO17.names else []


def _start_affinity(network: PoseNetwork) -> None:
    """Project each query, as the fresh decoder passes it on, to its own map alone."""
    affinity = network.affinity
    training = affinity.training
    affinity.eval()
    memory = torch.zeros(1, affinity.queries.shape[0], 1, 1, device=network.device)
    decoded = affinity.decode(memory)[0]  # k_sup, 256
    count = min(len(decoded), affinity.projection.out_features)
    affinity.projection.weight.zero_()
    affinity.projection.bias.zero_()
    affinity.projection.weight[:count] = _OWN_MAP * torch.linalg.pinv(decoded).T[:count]
    affinity.train(training)


TORCHVISION = "torchvision"
# The papers' networks began with these; newer ones of ResNet-50 were trained by another recipe.
_VERSION = "IMAGENET1K_V1"


def load_imagenet(network: PoseNetwork, source: str) -> None:
    """Fill the network's ResNet with ImageNet weights.

    ``source`` is ``torchvision``, which downloads its own first weights of that backbone, or the
    path of a safetensors file with torchvision's names. ``UserError`` if they cannot be
    had or do not fit.
    """
    backbone = network.spec.backbone
    state = _downloaded(backbone) if source == TORCHVISION else _read(Path(source))
    own = {
        name: value
        for name, value in network.encoder.state_dict().items()
        if not name.startswith("deconv.") and not name.endswith("num_batches_tracked")
    }
    unfit = [n for n, v in own.items() if n not in state or state[n].shape != v.shape]
    if unfit:
        raise UserError(
            f"The ImageNet weights of {source} do not fit {backbone} ({len(unfit)} tensors are "
            f"missing or of another shape, first: {unfit[0]}). Give those of {backbone}."
        )
    network.encoder.load_state_dict({n: state[n].float() for n in own}, strict=False)


def _downloaded(backbone: str) -> dict[str, Tensor]:
    if backbone not in RESNETS:
        raise UserError(
            f"torchvision has no weights of {backbone}, only of {', '.join(RESNETS)}. Choose one "
            "of these with --backbone, or leave --imagenet out."
        )
    try:
        return dict(getattr(torchvision.models, backbone)(weights=_VERSION).state_dict())
    except (URLError, OSError) as error:
        raise UserError(
            f"torchvision's weights of {backbone} could not be downloaded ({error}). Connect to "
            "the network once, or give a safetensors file of them with --imagenet FILE."
        ) from error


def _read(path: Path) -> dict[str, Tensor]:
    if not path.is_file():
        raise UserError(f"There is no file {path} with ImageNet weights. Give one, or torchvision.")
    try:
        return load_file(path)
    except (OSError, SafetensorError) as error:
        raise UserError(
            f"{path} is not a whole safetensors file ({error}). Copy it again."
        ) from error
