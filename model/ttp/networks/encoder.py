"""The shared feature extractor: a trunk, and a neck that brings it to the maps' resolution.

The published one is a ResNet and three deconvolutions (method 1.2). The other is MoveNet:
MobileNetV2, a feature pyramid, a keypoint head, and new channels. MoveNet (Google, Apache-2.0) is a
CenterNet-like single-person network. Its convolutions are kept as they are, BatchNorm folded in, so
that its own joint maps can be read off the shared features; the features are filled up to 256
channels from the trunk's deeper taps. Not in the paper (method 1.2).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torchvision
from torch import Tensor, nn
from torch.nn import functional
from torchvision.models.resnet import BasicBlock

from model.core.blocks import FEATURES
from model.core.crop import IMAGENET_MEAN, IMAGENET_STD
from model.core.errors import UserError

_EXPANSION = 6
_PYRAMID = (64, 32, 24)  # channels at strides 32 and 16, 8, 4
_DEEP = 128  # width of the new branch on its way from stride 32 to stride 4


@dataclass(frozen=True)
class MoveNetSize:
    """``crop`` pixels a side go in; ``stem`` channels, then ``stages`` as MobileNetV2 has them."""

    crop: int
    stem: int
    stages: tuple[int, ...]


SIZES = {
    "movenet-thunder": MoveNetSize(256, 56, (32, 40, 56, 112, 168, 280, 560)),
    "movenet-lightning": MoveNetSize(192, 32, (16, 24, 32, 64, 96, 160, 320)),
}
_BLOCKS = (1, 2, 3, 4, 3, 3, 1)
_STRIDES = (1, 2, 2, 2, 1, 2, 1)
_LAST = 1280
# What a trunk gives: features at one or several strides, finest first.
Taps = tuple[Tensor, ...]


class SameConv2d(nn.Conv2d):
    """A convolution with TensorFlow's padding: at stride 2 only on the right and below."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1
    ) -> None:
        padding = kernel // 2 if stride == 1 else 0
        super().__init__(inputs, outputs, kernel, stride, padding, groups=groups)

    def forward(self, input: Tensor) -> Tensor:
        if self.stride[0] == 2:
            input = functional.pad(input, (0, 1, 0, 1))
        return super().forward(input)


class InvertedResidual(nn.Module):
    """Expand, filter each channel, project; the input is added where shapes allow."""

    def __init__(self, inputs: int, outputs: int, stride: int, expansion: int) -> None:
        super().__init__()
        inner = inputs * expansion
        expand = [SameConv2d(inputs, inner, 1), nn.ReLU6()] if expansion > 1 else []
        self.layers = nn.Sequential(
            *expand,
            SameConv2d(inner, inner, 3, stride, groups=inner),
            nn.ReLU6(),
            SameConv2d(inner, outputs, 1),
        )
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        return x + self.layers(x) if self.residual else self.layers(x)


class MobileNetV2(nn.Module):
    """Image (N, 3, S, S), -1 to 1, to its taps at strides 4, 8, 16 and 32.

    Tapped are the outputs of the stages ``TAPPED``, and the last convolution's.
    """

    TAPPED = (1, 2, 3)

    def __init__(self, size: MoveNetSize) -> None:
        super().__init__()
        self.stem = SameConv2d(3, size.stem, 3, 2)
        stages, inputs = [], size.stem
        for number, outputs in enumerate(size.stages):
            expansion = _EXPANSION if number else 1
            blocks = []
            for block in range(_BLOCKS[number]):
                stride = _STRIDES[number] if block == 0 else 1
                blocks.append(InvertedResidual(inputs, outputs, stride, expansion))
                inputs = outputs
            stages.append(nn.Sequential(*blocks))
        self.stages = nn.Sequential(*stages)
        self.last = SameConv2d(inputs, _LAST, 1)

    def forward(self, image: Tensor) -> Taps:
        x = functional.relu6(self.stem(image))
        taps = []
        for number, stage in enumerate(self.stages):
            x = stage(x)
            if number in self.TAPPED:
                taps.append(x)
        return (*taps, functional.relu6(self.last(x)))


class _Separable(nn.Sequential):
    """A filter for each channel, a projection, ReLU."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(
            nn.Conv2d(inputs, inputs, 3, padding=1, groups=inputs, bias=False),
            nn.Conv2d(inputs, outputs, 1),
            nn.ReLU(),
        )


class _Pyramid(nn.Module):
    """MoveNet's own: taps to 24 channels at stride 4."""

    def __init__(self, channels: tuple[int, ...]) -> None:
        super().__init__()
        wide, middle, narrow = _PYRAMID
        self.laterals = nn.ModuleList(
            nn.Conv2d(inputs, outputs, 1)
            for inputs, outputs in zip(channels, (narrow, middle, wide, wide), strict=True)
        )
        self.merges = nn.ModuleList(
            [_Separable(wide, middle), _Separable(middle, narrow), _Separable(narrow, narrow)]
        )

    def forward(self, taps: Taps) -> Tensor:
        x = self.laterals[3](taps[3])
        for merge, level in zip(self.merges, (2, 1, 0), strict=True):
            x = merge(_doubled(x) + self.laterals[level](taps[level]))
        return x


class _DeepBranch(nn.Module):
    """New channels: what the deeper taps know, brought to stride 4."""

    def __init__(self, channels: tuple[int, ...], outputs: int) -> None:
        super().__init__()
        widths = (outputs, _DEEP, _DEEP, _DEEP)
        self.laterals = nn.ModuleList(
            nn.Conv2d(inputs, width, 1) for inputs, width in zip(channels, widths, strict=True)
        )
        self.merges = nn.ModuleList(
            [nn.Conv2d(_DEEP, _DEEP, 3, padding=1), nn.Conv2d(_DEEP, outputs, 3, padding=1)]
        )

    def filtered(self, taps: Taps) -> Tensor:
        """All but the last step: what its filters make of the deeper taps, at stride 8."""
        x = functional.relu(self.laterals[3](taps[3]))
        for merge, level in zip(self.merges, (2, 1), strict=True):
            x = functional.relu(_doubled(x) + self.laterals[level](taps[level]))
            x = functional.relu(merge(x))
        return x

    def forward(self, taps: Taps) -> Tensor:
        filtered = taps[4] if len(taps) > 4 else self.filtered(taps)
        return functional.relu(_doubled(filtered) + self.laterals[0](taps[0]))


class Neck(nn.Module):
    """Taps to the shared features (N, 256, S/4, S/4).

    A fifth tap is what the deep branch's filters made of the others (``MoveNetEncoder.kept``). In
    this order: the 96 channels that MoveNet's joint maps are read from, the pyramid's 24, and
    136 new ones.
    """

    HEAD = 96
    PARTS = (HEAD, _PYRAMID[-1], FEATURES - HEAD - _PYRAMID[-1])

    def __init__(self, channels: tuple[int, ...]) -> None:
        super().__init__()
        self.pyramid = _Pyramid(channels)
        self.head = _Separable(_PYRAMID[-1], self.HEAD)
        self.deep = _DeepBranch(channels, self.PARTS[-1])

    def forward(self, taps: Taps) -> Tensor:
        pyramid = self.pyramid(taps)
        return torch.cat([self.head(pyramid), pyramid, self.deep(taps)], dim=1)


class MoveNetEncoder(nn.Module):
    """Image (N, 3, S, S), normalised, to features (N, 256, S/4, S/4); S is 256 or 192."""

    scale: Tensor
    shift: Tensor

    def __init__(self, backbone: str) -> None:
        super().__init__()
        size = SIZES[backbone]
        self.mobilenet = MobileNetV2(size)
        self.neck = Neck((*(size.stages[number] for number in MobileNetV2.TAPPED), _LAST))
        # From ImageNet's mean and deviation to MoveNet's -1..1.
        mean, deviation = torch.tensor(IMAGENET_MEAN), torch.tensor(IMAGENET_STD)
        self.register_buffer("scale", (2 * deviation).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("shift", (2 * mean - 1).view(1, 3, 1, 1), persistent=False)

    def trunk(self, image: Tensor) -> Taps:
        """MobileNetV2 alone: what a personalization that leaves it be can keep of a frame."""
        return self.mobilenet(image * self.scale + self.shift)

    def kept(self, image: Tensor) -> Taps:
        """The trunk's four taps, and what the deep branch's filters make of them.

        That is what can be kept of a frame where the scope ``last`` is personalized.
        """
        taps = self.trunk(image)
        return (*taps, self.neck.deep.filtered(taps))

    def forward(self, image: Tensor) -> Tensor:
        return self.neck(self.trunk(image))


def _doubled(x: Tensor) -> Tensor:
    return functional.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)


RESNETS = ("resnet18", "resnet34", "resnet50")
# One block a stage, a quarter of the channels: for first tries on a slow computer, and for tests.
_MINI = "resnet-mini"
MOVENETS = tuple(SIZES)
BACKBONES = (*RESNETS, _MINI, *MOVENETS)
# How the names of what is between trunk and heads begin, in either kind of encoder.
NECKS = ("encoder.deconv.", "encoder.neck.")
# What of these comes last: in MoveNet's all but the filters that join the deeper taps.
LAST = (
    "encoder.deconv.6.",
    "encoder.neck.pyramid.",
    "encoder.neck.head.",
    "encoder.neck.deep.laterals.0.",
)
# The filters of MoveNet's neck, which is all that is in ``kept`` beside the trunk.
_FILTERS = "encoder.neck.deep."


class ResNetEncoder(nn.Module):
    """Image (N, 3, 128, 128) to features (N, 256, 32, 32)."""

    def __init__(self, backbone: str) -> None:
        super().__init__()
        mini = backbone == _MINI
        resnet = _MiniResNet() if mini else getattr(torchvision.models, backbone)(weights=None)
        channels, between = resnet.fc.in_features, FEATURES // 4 if mini else FEATURES
        self.conv1, self.bn1, self.relu = resnet.conv1, resnet.bn1, resnet.relu
        self.maxpool = resnet.maxpool
        self.layer1, self.layer2 = resnet.layer1, resnet.layer2
        self.layer3, self.layer4 = resnet.layer3, resnet.layer4
        self.deconv = nn.Sequential(
            *_deconvolution(channels, between),
            *_deconvolution(between, between),
            *_deconvolution(between, FEATURES),
        )
        self._initialise_deconvolutions()

    def _initialise_deconvolutions(self) -> None:
        for module in self.deconv:
            if isinstance(module, nn.ConvTranspose2d):
                nn.init.normal_(module.weight, std=0.001)

    def trunk(self, image: Tensor) -> Taps:
        """The ResNet alone: image (N, 3, 128, 128) to one tap (N, C, 4, 4)."""
        x = self.maxpool(self.relu(self.bn1(self.conv1(image))))  # N, 64, 32, 32
        return (self.layer4(self.layer3(self.layer2(self.layer1(x)))),)

    def kept(self, image: Tensor) -> Taps:
        """What can be kept of a frame: the trunk's tap."""
        return self.trunk(image)

    def neck(self, taps: Taps) -> Tensor:
        """The trunk's tap to features (N, 256, 32, 32)."""
        return self.deconv(taps[0])

    def forward(self, image: Tensor) -> Tensor:
        return self.neck(self.trunk(image))


def make_encoder(backbone: str) -> ResNetEncoder | MoveNetEncoder:
    """The encoder of that name; ``UserError`` lists the names there are."""
    if backbone not in BACKBONES:
        raise UserError(
            f"There is no backbone called {backbone!r}. Choose one of: {', '.join(BACKBONES)}."
        )
    return MoveNetEncoder(backbone) if backbone in MOVENETS else ResNetEncoder(backbone)


def is_trunk(parameter: str) -> bool:
    """Whether a network's parameter of that name belongs to its encoder's trunk."""
    return parameter.startswith("encoder.") and not parameter.startswith(NECKS)


def is_filter(parameter: str) -> bool:
    """Whether it belongs to the filters that an encoder's ``kept`` has beside the trunk."""
    return parameter.startswith(_FILTERS) and not parameter.startswith(LAST)


def without_filtered(taps: Taps) -> Taps:
    """What an encoder has ``kept``, without what was made by filters that are others now."""
    return taps[:4]


def _deconvolution(inputs: int, outputs: int) -> list[nn.Module]:
    return [
        nn.ConvTranspose2d(inputs, outputs, kernel_size=4, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    ]


class _MiniResNet(nn.Module):
    """The parts of a ResNet, by torchvision's names, with stages of one block."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 7, 2, 3, bias=False)
        self.bn1, self.relu = nn.BatchNorm2d(16), nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        self.layer1 = nn.Sequential(BasicBlock(16, 16))
        self.layer2, self.layer3, self.layer4 = (_halving(16), _halving(32), _halving(64))
        self.fc = nn.Linear(128, 1000)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):  # as torchvision does
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")


def _halving(inputs: int) -> nn.Sequential:
    """Half the resolution, twice the channels."""
    shortcut = nn.Sequential(
        nn.Conv2d(inputs, 2 * inputs, 1, 2, bias=False), nn.BatchNorm2d(2 * inputs)
    )
    return nn.Sequential(BasicBlock(inputs, 2 * inputs, 2, shortcut))
