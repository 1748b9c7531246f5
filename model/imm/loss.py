"""What IMM minimises: how far the repainted picture is from the target in a frozen VGG-16 (3.2)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, cast

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from model.core.crop import IMAGENET_MEAN, IMAGENET_STD
from model.core.errors import UserError
from model.core.perceptual import VGGFeatures
from model.imm.networks import resize

FeatureKind = Literal["imagenet", "colorization"]

# Where torchvision's ``features`` has the convolutions that Caffe calls conv1_1 to conv5_2.
_LAYERS = {
    "conv1_1": 0,
    "conv1_2": 2,
    "conv2_1": 5,
    "conv2_2": 7,
    "conv3_1": 10,
    "conv3_2": 12,
    "conv3_3": 14,
    "conv4_1": 17,
    "conv4_2": 19,
    "conv4_3": 21,
    "conv5_1": 24,
    "conv5_2": 26,
}
_GREY_MEAN = 114.451 / 255


class ImageNetFeatures(nn.Module):
    """RGB (N, 3, H, W), 0..255, to the maps after relu1_2, 2_2, 3_2, 4_2 and 5_2."""

    mean: Tensor
    std: Tensor

    def __init__(self, features: nn.Module) -> None:
        super().__init__()
        self.features = features
        mean, std = torch.tensor(IMAGENET_MEAN), torch.tensor(IMAGENET_STD)
        self.register_buffer("mean", 255 * mean.view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", 255 * std.view(1, 3, 1, 1), persistent=False)

    def forward(self, image: Tensor) -> list[Tensor]:
        return cast(list[Tensor], self.features((image - self.mean) / self.std))


class ColorizationFeatures(nn.Module):
    """The same maps of a network that sees grey: the mean of the channels / 255 - 114.451 / 255."""

    def __init__(self, features: nn.Module) -> None:
        super().__init__()
        self.features = features

    def forward(self, image: Tensor) -> list[Tensor]:
        grey = image.mean(dim=1, keepdim=True) / 255 - _GREY_MEAN
        return cast(list[Tensor], self.features(grey))


def load_features(path: Path, kind: FeatureKind = "imagenet") -> nn.Module:
    """The network in the safetensors file ``path``; ``UserError`` if it holds no such network.

    ``imagenet`` reads torchvision's VGG-16 ``features`` (``0.weight`` ...). ``colorization`` is the
    authors' choice, the self-supervised VGG-16 of Larsson et al. 2017, whose first layer has one
    channel: in the same names, or in Caffe's (``conv1_1.0`` the weight and ``.1`` the bias), where
    ``batch_conv1_1.0``, ``.1`` and ``.2`` (mean, variance and their common divisor), if there,
    are folded into the convolution.
    """
    if kind == "imagenet":
        return ImageNetFeatures(_filled(VGGFeatures(), _read(path), path))
    network = VGGFeatures()
    first = cast(nn.Sequential, network.blocks[0])
    first[0] = nn.Conv2d(1, 64, 3, padding=1)
    network.requires_grad_(False)
    return ColorizationFeatures(_filled(network, _from_caffe(_read(path)), path))


def _read(path: Path) -> dict[str, Tensor]:
    try:
        return {name: tensor.float() for name, tensor in load_file(path).items()}
    except (OSError, SafetensorError) as error:
        raise UserError(
            f"The perceptual weights {path} cannot be read ({error}). "
            "Give a whole safetensors file, or restore the one in the project's assets."
        ) from error


def _from_caffe(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Caffe's names as torchvision's, with the batch statistics folded in; others as they are."""
    if "conv1_1.0" not in tensors:
        return dict(tensors)
    plain = {}
    for name, index in _LAYERS.items():
        if not {f"{name}.0", f"{name}.1"} <= tensors.keys():
            continue  # told as missing when the network is filled
        weight, bias = tensors[f"{name}.0"], tensors[f"{name}.1"].flatten()
        statistics = [tensors.get(f"batch_{name}.{part}") for part in range(3)]
        mean, variance, divisor = statistics
        if mean is not None and variance is not None and divisor is not None:
            sd = torch.sqrt(1e-5 + variance / divisor)
            weight, bias = weight / sd.view(-1, 1, 1, 1), (bias - mean / divisor) / sd
        plain[f"{index}.weight"], plain[f"{index}.bias"] = weight, bias
    return plain


def _filled(network: VGGFeatures, tensors: Mapping[str, Tensor], path: Path) -> VGGFeatures:
    layers = network.flat
    try:
        network.fill({name: tensors[name] for name in layers.state_dict() if name in tensors})
    except RuntimeError as error:
        channels = cast(nn.Conv2d, layers[0]).in_channels
        raise UserError(
            f"{path} does not hold a VGG-16 whose first layer has {channels} channel"
            f"{'s' if channels > 1 else ''}. Give the weights of that network, or choose the "
            "other kind of perceptual network."
        ) from error
    return network


InitialMeans = Literal["published", "first batch"]

PUBLISHED_MEANS = (100.0, 1.6, 2.3, 1.8, 2.8, 100.0)
MOMENTUM = 0.01
SCALE = 1000.0


class ImmPerceptualLoss(nn.Module):
    """Six masked mean squared errors, each over its running mean, summed, times 1000.

    The six are of the raw RGB picture and of the five maps that ``features`` gives for it.
    ``means`` (6,) moves 1 % of the way to every batch's errors, in training mode only; the batch
    at hand is counted in either mode. As released, the divisor is not detached, so that 1 % of the
    gradient passes through it; ``detached`` leaves that out.

    ``initial_means``: the ``published`` constants, which belong to the colourization network, or
    those of the ``first batch``, for a network whose errors have another size.
    """

    means: Tensor
    started: Tensor

    def __init__(
        self,
        features: nn.Module,
        *,
        initial_means: InitialMeans = "first batch",
        detached: bool = False,
    ) -> None:
        super().__init__()
        self.features = features
        self._detached = detached
        self.register_buffer("means", torch.tensor(PUBLISHED_MEANS))
        self.register_buffer("started", torch.tensor(initial_means == "published"))

    def errors(self, reconstruction: Tensor, target: Tensor, mask: Tensor) -> Tensor:
        """The six masked mean squared errors (6,), with gradient to ``reconstruction`` only.

        The mean is over all places, those that the mask hides included.
        """
        with torch.no_grad():
            wanted = [target, *self.features(target)]
        found = [reconstruction, *self.features(reconstruction)]
        return torch.stack([masked_error(f, w, mask) for f, w in zip(found, wanted, strict=True)])

    def forward(self, reconstruction: Tensor, target: Tensor, mask: Tensor) -> Tensor:
        """The loss of a batch (scalar); moves the means in training mode.

        Pictures (N, 3, S, S), 0..255; ``mask`` (N, 1, S, S), 0..1.
        """
        errors = self.errors(reconstruction, target, mask)
        before = torch.where(self.started, self.means, errors.detach())
        means = torch.lerp(before, errors.detach() if self._detached else errors, MOMENTUM)
        if self.training:
            self.means.copy_(means.detach())
            self.started.fill_(True)
        # Twice the same black picture has no error and no mean to divide by.
        return SCALE * (errors / means.clamp(min=torch.finfo(means.dtype).tiny)).sum()


class ImmSquaredLoss(nn.Module):
    """The plain alternative: the masked mean squared error of the picture, times 1000 / 255."""

    def forward(self, reconstruction: Tensor, target: Tensor, mask: Tensor) -> Tensor:
        """The loss of a batch (scalar); see ``ImmPerceptualLoss.forward``."""
        return SCALE / 255 * masked_error(reconstruction, target, mask)


def masked_error(found: Tensor, wanted: Tensor, mask: Tensor) -> Tensor:
    """Mean of the mask times the squared difference of two maps (N, C, H, H); a scalar, float32.

    ``mask`` (N, 1, S, S) is resized to the maps as TensorFlow 1 does it.
    """
    squares = (found.float() - wanted.float()).square()
    return (squares * resize(mask.float(), found.shape[-1])).mean()


def weight_loss(network: nn.Module) -> Tensor:
    """Half the squared norm of all convolution weights, biases left out; a scalar."""
    convolutions = [m.weight for m in network.modules() if isinstance(m, nn.Conv2d)]
    return 0.5 * torch.stack([weight.square().sum() for weight in convolutions]).sum()
