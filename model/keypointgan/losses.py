"""KeypointGAN's losses (method 2.5)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from model.core.crop import IMAGENET_MEAN, IMAGENET_STD
from model.core.errors import UserError
from model.core.perceptual import VGGFeatures
from model.core.weights import read_tensors
from model.data.files import read_mat

MOMENTUM = 0.01
_SMALLEST_MEAN = 1e-8
MATCONVNET_MEANS = (123.68, 116.779, 103.939)
"""Of red, green and blue, 0 to 255."""
_WHERE = (
    "Get it from https://www.vlfeat.org/matconvnet/pretrained/, or leave the option out, to use "
    "the VGG-16 in the box."
)
_LAST_OF_VGG19 = "30.weight"  # that of conv5_2


def least_squares(scores: Sequence[Tensor], wanted: float) -> Tensor:
    """Mean squared distance of patch scores to ``wanted``, then the mean over the scales."""
    return torch.stack([(s.float() - wanted).square().mean() for s in scores]).mean()


def discriminator_loss(real: Sequence[Tensor], fake: Sequence[Tensor]) -> Tensor:
    """Half of: real patches should score 1, others 0."""
    return 0.5 * (least_squares(real, 1.0) + least_squares(fake, 0.0))


class RatioPerceptualLoss(nn.Module):
    """Six mean squared errors (the image and five taps), each over its running mean; their mean.

    The running mean starts at the first value and moves by 1 % before it divides, detached, so
    that each ratio is about 1 by construction. ``features`` is the perceptual network, frozen;
    pictures are (N, 3, S, S) in -1..1 and reach it as ImageNet's statistics want them.
    """

    means: Tensor
    seen: Tensor

    def __init__(self, features: nn.Module) -> None:
        super().__init__()
        self.features = features
        self.register_buffer("means", torch.zeros(6))
        self.register_buffer("seen", torch.tensor(False))

    def errors(self, rebuilt: Tensor, image: Tensor) -> Tensor:
        """The six mean squared errors (6,), with gradient to ``rebuilt`` only."""
        with torch.no_grad():
            wanted = [image.detach(), *self.features(_for_vgg(image))]
        found = [rebuilt, *self.features(_for_vgg(rebuilt))]
        return torch.stack(
            [functional.mse_loss(f.float(), w.float()) for f, w in zip(found, wanted, strict=True)]
        )

    def forward(self, rebuilt: Tensor, image: Tensor) -> Tensor:
        """The loss of one batch (scalar); moves the running means."""
        errors = self.errors(rebuilt, image)
        now = errors.detach()
        if now.isfinite().all():  # one bad batch must not spoil those to come
            self.means.copy_(torch.lerp(self.means, now, MOMENTUM) if self.seen else now)
            self.seen.fill_(True)
        return (errors / (self.means + _SMALLEST_MEAN)).mean()


class MatConvNetFeatures(VGGFeatures):
    """VGG-19 with MatConvNet's weights, as in the released code.

    It wants colours of 0 to 255 less their means, undivided; pictures come as for the others.
    """

    def forward(self, image: Tensor) -> list[Tensor]:
        mean, std, means = (
            torch.tensor(values, device=image.device).view(1, 3, 1, 1)
            for values in (IMAGENET_MEAN, IMAGENET_STD, MATCONVNET_MEANS)
        )
        return super().forward(255 * (image * std + mean) - means)


def load_features(path: Path, *, linear: bool) -> VGGFeatures:
    """The perceptual network of a file: VGG-16, which is in the box, or a VGG-19.

    That of the released code is MatConvNet's ``imagenet-vgg-verydeep-19.mat``. Otherwise
    torchvision's names of tensors are read, with or without ``features.``, from safetensors or
    ``.pth``, and the network is fed as torchvision's are. Layers above conv5_2 are left out.
    ``UserError`` if it is neither of these.
    """
    if path.suffix == ".mat":
        return _matconvnet(path, linear=linear)
    tensors = {name.removeprefix("features."): t for name, t in read_tensors(path).items()}
    features = VGGFeatures(depth=19 if _LAST_OF_VGG19 in tensors else 16, linear=linear)
    try:
        features.fill({name: tensors[name] for name in features.flat.state_dict()})
    except (KeyError, RuntimeError) as error:
        raise UserError(
            f"{path} is no VGG-16 or VGG-19 under torchvision's names, such as features.0.weight. "
            "Leave the option out, to use the VGG-16 in the box."
        ) from error
    return features


def _matconvnet(path: Path, *, linear: bool) -> VGGFeatures:
    content = read_mat(path, ("layers",), _WHERE)
    features = MatConvNetFeatures(depth=19, linear=linear)
    convolutions = [x for x in features.flat if isinstance(x, nn.Conv2d)]
    try:
        layers = [x for x in content["layers"].ravel().tolist() if x["type"] == "conv"]
        for own, layer in zip(convolutions, layers[: len(convolutions)], strict=True):
            filters, biases = (torch.from_numpy(np.array(w, np.float32)) for w in layer["weights"])
            # Rows, columns, input channels, output channels.
            own.weight.copy_(filters.permute(3, 2, 0, 1).reshape(own.weight.shape))
            own.bias.copy_(biases.reshape(own.bias.shape))  # type: ignore[union-attr]
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise UserError(
            f"{path} is not MatConvNet's imagenet-vgg-verydeep-19.mat ({error}). {_WHERE}"
        ) from error
    return features


def _for_vgg(image: Tensor) -> Tensor:
    mean = torch.tensor(IMAGENET_MEAN, device=image.device).view(1, 3, 1, 1)
    std = torch.tensor(IMAGENET_STD, device=image.device).view(1, 3, 1, 1)
    return ((image + 1) / 2 - mean) / std
