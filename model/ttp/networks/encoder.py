"""The shared feature extractor: a trunk, and a neck that brings it to the maps' resolution.

The published one is a ResNet and three deconvolutions (method 1.2); MoveNet is in ``movenet``.
"""

from __future__ import annotations

import torchvision
from torch import Tensor, nn
from torchvision.models.resnet import BasicBlock

from model.core.blocks import FEATURES
from model.core.errors import UserError
from model.ttp.networks.movenet import SIZES, MoveNetEncoder, Taps

RESNETS = ("resnet18", "resnet34", "resnet50")
# One block a stage, a quarter of the channels: for first tries on a slow computer, and for tests.
MINI = "resnet-mini"
MOVENETS = tuple(SIZES)
BACKBONES = (*RESNETS, MINI, *MOVENETS)
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
        mini = backbone == MINI
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
