"""Small building blocks shared by the encoders and renderers."""

from __future__ import annotations

from torch import nn

# Channels of the shared features F (method 1.1).
FEATURES = 256


def conv_bn_relu(inputs: int, outputs: int, kernel: int = 3, stride: int = 1) -> list[nn.Module]:
    """Bias-free convolution, BatchNorm, ReLU ("CBR" in the papers' tables)."""
    return [
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    ]
