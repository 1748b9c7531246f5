"""Where TensorFlow 1, which IMM was written in, computes otherwise than PyTorch (method 5.3)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


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
