"""Small networks for tests: real architecture, random weights that predict something."""

from __future__ import annotations

import copy
import functools
import itertools
from pathlib import Path

import pytest
import torch
from torch import nn

from app.assets import PERCEPTUAL_WEIGHTS
from model.core.crop import CROP_SIZE
from model.core.perceptual import PerceptualLoss, VGGFeatures, load_perceptual_loss
from model.ttp.networks import NetworkSpec, PoseNetwork, Variant

SMALL_BACKBONES = ("resnet-mini", "movenet-lightning")
"""The smallest of either kind of encoder."""


def small_network(
    variant: Variant = "transformer",
    joints: str = "penn13",
    backbone: str = "resnet-mini",
    rebuilt: int = CROP_SIZE // 2,
) -> PoseNetwork:
    """A network in eval mode whose maps differ between images and between joints.

    It rebuilds pictures of 64 pixels, not the published 128, at a quarter of the cost.
    """
    network = copy.deepcopy(_small_network(variant, joints, backbone, rebuilt))
    torch.manual_seed(1)  # whether it was made anew or not
    return network


@functools.lru_cache(maxsize=3)
def _small_network(variant: Variant, joints: str, backbone: str, rebuilt: int) -> PoseNetwork:
    torch.manual_seed(1)
    spec = NetworkSpec(variant=variant, backbone=backbone, joints=joints, rebuilt=rebuilt)
    network = PoseNetwork(spec)
    flat = ("encoder.deconv", "encoder.mobilenet", "encoder.neck", "supervised_head", "affinity.de")
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            # The published initialisation of 0.001 would leave every map flat, PyTorch's a MoveNet.
            if name.startswith(flat) and parameter.dim() > 1:
                # What of a deconvolution PyTorch calls "out" are the channels that go in.
                transposed = name.startswith("encoder.deconv")
                nn.init.kaiming_normal_(parameter, mode="fan_out" if transposed else "fan_in")
    return network.eval()


class _SmallFeatures(VGGFeatures):
    """Five feature maps of ever coarser detail, as the VGG gives, at a hundredth of its cost."""

    def __init__(self) -> None:
        nn.Module.__init__(self)
        torch.manual_seed(2)
        widths = (3, 4, 8, 8, 8, 8)
        self.blocks = nn.ModuleList(
            nn.Sequential(nn.Conv2d(a, b, 3, 2, 1), nn.ReLU())
            for a, b in itertools.pairwise(widths)
        )
        self.requires_grad_(False).eval()


def small_perceptual_loss() -> PerceptualLoss:
    """A loss of the same form over small random features."""
    return PerceptualLoss(_SmallFeatures())


def perceptual_loss() -> PerceptualLoss:
    """The loss over the VGG weights in the box."""
    path = Path(PERCEPTUAL_WEIGHTS)
    if not path.is_file():
        pytest.fail(f"the perceptual weights {path} are missing from assets")
    return load_perceptual_loss(path)
