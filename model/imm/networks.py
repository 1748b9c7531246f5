"""IMM's network: an image encoder, a pose encoder and a renderer (method 3.1).

It was written in TensorFlow 1, which pads and resizes otherwise than PyTorch (method 5.3).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor, nn
from torch.nn import functional

from model.core.errors import check_choices, check_number
from model.core.heatmaps import marginal_mean_points


def same_padding(length: int, kernel: int, stride: int) -> tuple[int, int]:
    """Zeros before and after an axis of ``length``, so that ceil(length / stride) come out.

    An odd one goes behind: at stride 2 an even picture is padded at the bottom and right only.
    """
    outputs = -(-length // stride)
    total = max((outputs - 1) * stride + kernel - length, 0)
    return total // 2, total - total // 2


class SameConv2d(nn.Conv2d):
    """A biased convolution with TensorFlow's SAME padding, which depends on the picture's size."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1) -> None:
        super().__init__(inputs, outputs, kernel, stride)

    def forward(self, x: Tensor) -> Tensor:
        height, width = x.shape[-2:]
        kernel, stride = self.kernel_size[0], self.stride[0]
        rows = same_padding(height, kernel, stride)
        columns = same_padding(width, kernel, stride)
        if rows == columns and rows[0] == rows[1]:  # no padded copy where PyTorch can do it
            return functional.conv2d(x, self.weight, self.bias, self.stride, rows[0])
        return super().forward(functional.pad(x, (*columns, *rows)))


def resize(images: Tensor, size: int) -> Tensor:
    """``tf.image.resize_images`` of TensorFlow 1: (N, C, H, W) to (N, C, size, size).

    Bilinear, and output pixel i is read at i * (old size / new size): without the half-pixel
    offset that came later, so that the picture moves up and left when it grows, and only every
    second pixel is read when it is halved. What lies past the last pixel repeats it.
    """
    height, width = images.shape[-2:]
    if (height, width) == (size, size):
        return images
    # With one more pixel on either side, aligned corners are exactly this rule.
    longer = functional.pad(images, (0, 1, 0, 1), mode="replicate")
    full = functional.interpolate(longer, (size + 1, size + 1), mode="bilinear", align_corners=True)
    return full[..., :size, :size]


def initialise(network: nn.Module) -> None:
    """The published start of every convolution: truncated normal weights, sd 0.01, and bias 0.

    As in TensorFlow, what lies beyond two standard deviations is drawn again.
    """
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.trunc_normal_(module.weight, std=0.01, a=-0.02, b=0.02)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)


GaussianMode = Literal["rot", "flat", "ankush"]


def point_maps(points: Tensor, size: int, sigma: float = 0.1, mode: GaussianMode = "rot") -> Tensor:
    """One map per point, highest at the point (method 3.1).

    ``points`` (N, K, 2), (x, y) in [-1, 1], which are the centres of the outermost cells; ``sigma``
    in the same units. Returns (N, K, size, size). The modes are named as in the released code:

    - ``rot``: exp(-d^2 / sigma^2). Without the usual 2: equals a Gaussian of sd sigma / sqrt 2.
    - ``flat``: exp(-(d^2 / sigma^2 + 1e-5)^(1/4)), which falls slowly.
    - ``ankush``: the product over both axes of exp(-sqrt(1e-4 + |offset| / sigma)).
    """
    cells = torch.linspace(-1, 1, size, device=points.device, dtype=points.dtype)
    offsets = (cells - points.unsqueeze(-1)) / sigma  # N, K, 2, size
    if mode == "flat":
        squares = offsets**2
        distance = squares[:, :, 1, :, None] + squares[:, :, 0, None, :]
        return torch.exp(-((distance + 1e-5) ** 0.25))
    if mode == "rot":
        along = torch.exp(-(offsets**2))
    else:
        along = torch.exp(-torch.sqrt(1e-4 + offsets.abs()))
    return along[:, :, 1, :, None] * along[:, :, 0, None, :]


Upsampling = Literal["tensorflow", "pytorch"]

_CHOICES: dict[str, tuple[str, ...]] = {
    "upsampling": get_args(Upsampling),
    "gaussians": get_args(GaussianMode),
}
# The encoders halve a picture three times, the renderer doubles it as often.
_REDUCTION = 8


@dataclass(frozen=True)
class ImmSpec:
    """What network it is. ``UserError`` for values that make none.

    ``points`` is K, the number of landmarks; ``size`` the side of the pictures, published as 128
    and a multiple of 8; ``width`` the channels of the first layer. ``spare_channels`` are rendered
    beside the three of the picture and never used: the released networks have six by mistake and
    keep them. ``upsampling`` is the renderer's, ``tensorflow`` by the rule of that time.
    ``sigma`` and ``gaussians`` are those of ``point_maps``.
    """

    points: int
    size: int = 128
    width: int = 32
    spare_channels: int = 6
    upsampling: Upsampling = "tensorflow"
    sigma: float = 0.1
    gaussians: GaussianMode = "rot"

    def __post_init__(self) -> None:
        check_choices(self, _CHOICES)
        check_number("points", self.points, self.points >= 1, "1 or more")
        good = self.size >= 2 * _REDUCTION and self.size % _REDUCTION == 0
        check_number("size", self.size, good, "a multiple of 8 from 16")
        check_number("width", self.width, self.width >= 1, "1 or more")
        check_number("spare_channels", self.spare_channels, self.spare_channels >= 0, "0 or more")
        check_number("sigma", self.sigma, 0 < self.sigma < math.inf, "above 0")

    @property
    def cells(self) -> int:
        """The side of the maps that points are read from and drawn on: 16 for 128."""
        return self.size // _REDUCTION


@dataclass(frozen=True)
class ImmOutput:
    """``points`` (N, K, 2), (x, y) in [-1, 1], of the target; ``maps`` (N, K, C, C), drawn at them.

    ``reconstruction`` (N, 3, S, S): the source in the target's pose, about 0..255, unclamped.
    """

    points: Tensor
    maps: Tensor
    reconstruction: Tensor


class Imm(nn.Module):
    """The whole of IMM; ``network(target, source)`` repaints the source in the target's pose.

    Pictures are (N, 3, S, S) RGB floats in the raw range 0..255, without normalisation. Points
    are (x, y) everywhere, where the released code has (row, column).
    """

    def __init__(self, spec: ImmSpec) -> None:
        super().__init__()
        self.spec = spec
        features = spec.width * _REDUCTION
        self.image_encoder = ImageEncoder(spec.width)
        self.pose_encoder = ImageEncoder(spec.width)
        self.pose_head = SameConv2d(features, spec.points, 1)
        outputs = 3 + spec.spare_channels
        self.renderer = Renderer(features + spec.points, spec.width, outputs, spec.upsampling)
        initialise(self)

    @property
    def device(self) -> torch.device:
        """Where the network computes."""
        return self.pose_head.weight.device

    def points(self, image: Tensor) -> Tensor:
        """The landmarks of ``image`` (N, 3, S, S): (N, K, 2), (x, y) in [-1, 1], float32.

        -1 and 1 are the centres of the outermost of the C x C cells.
        """
        return marginal_mean_points(self.pose_head(self.pose_encoder(image)))

    def reconstruct(self, target: Tensor, source: Tensor) -> Tensor:
        """``source`` in the pose of ``target``, both (N, 3, S, S): (N, 3, S, S), unclamped."""
        return self(target, source).reconstruction

    def forward(self, target: Tensor, source: Tensor) -> ImmOutput:
        """See the class. The target reaches the renderer through its points alone."""
        points = self.points(target)
        maps = point_maps(points, self.spec.cells, self.spec.sigma, self.spec.gaussians)
        # Autocast mixes types in a concatenation by taking the wider one.
        rendered = self.renderer(torch.cat([self.image_encoder(source), maps], dim=1))
        return ImmOutput(points, maps, rendered[:, :3])


class ImageEncoder(nn.Sequential):
    """(N, 3, S, S) to (N, 8 width, S / 8, S / 8); used for the picture and for the pose."""

    def __init__(self, width: int) -> None:
        layers = [*_block(3, width, 7), *_block(width, width)]
        for _ in range(3):
            layers += [*_block(width, 2 * width, stride=2), *_block(2 * width, 2 * width)]
            width *= 2
        super().__init__(*layers)


class Renderer(nn.Sequential):
    """Features and point maps at S / 8 to ``outputs`` channels at S, the last layer linear."""

    def __init__(self, inputs: int, width: int, outputs: int, upsampling: Upsampling) -> None:
        layers: list[nn.Module] = []
        for channels in (8 * width, 4 * width, 2 * width):
            layers += [
                *_block(inputs, channels),
                *_block(channels, channels),
                _doubling(upsampling),
            ]
            inputs = channels
        super().__init__(*layers, *_block(inputs, width), SameConv2d(width, outputs, 3))


class _LegacyDoubling(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return resize(x, 2 * x.shape[-1])


def _doubling(upsampling: Upsampling) -> nn.Module:
    if upsampling == "pytorch":
        return nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False)
    return _LegacyDoubling()


def _block(inputs: int, outputs: int, kernel: int = 3, stride: int = 1) -> list[nn.Module]:
    """Biased convolution, BatchNorm with TensorFlow's settings (momentum 0.99 there), ReLU."""
    return [
        SameConv2d(inputs, outputs, kernel, stride),
        nn.BatchNorm2d(outputs, eps=1e-3, momentum=0.01),
        nn.ReLU(inplace=True),
    ]
