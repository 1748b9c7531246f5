"""The shared feature extractor: a trunk, and a neck that brings it to the maps' resolution.

The published one is a ResNet and three deconvolutions (method 1.2); MoveNet is in ``movenet``.
"""

from __future__ import annotations

import torchvision
from torch import Tensor, nn

from model.core.blocks import FEATURES
from model.core.errors import UserError
from model.ttp.networks.movenet import SIZES, MoveNetEncoder, Taps

RESNETS = ("resnet18", "resnet34", "resnet50")
MOVENETS = tuple(SIZES)
BACKBONES = RESNETS + MOVENETS
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
        resnet = getattr(torchvision.models, backbone)(weights=None)
        channels = resnet.fc.in_features
        self.conv1, self.bn1, self.relu = resnet.conv1, resnet.bn1, resnet.relu
        self.maxpool = resnet.maxpool
        self.layer1, self.layer2 = resnet.layer1, resnet.layer2
        self.layer3, self.layer4 = resnet.layer3, resnet.layer4
        self.deconv = nn.Sequential(
            *_deconvolution(channels), *_deconvolution(FEATURES), *_deconvolution(FEATURES)
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


def _deconvolution(inputs: int) -> list[nn.Module]:
    return [
        nn.ConvTranspose2d(inputs, FEATURES, kernel_size=4, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(FEATURES),
        nn.ReLU(inplace=True),
    ]
