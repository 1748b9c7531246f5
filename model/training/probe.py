"""Looking at the self-supervised branch: does its renderer use the keypoints at all?"""

from __future__ import annotations

import torch
from torch import Tensor

from model.heatmaps import marginal_expectation
from model.networks import PerceptualLoss, PoseNetwork


@torch.no_grad()
def keypoint_use(
    network: PoseNetwork, perceptual: PerceptualLoss, target: Tensor, source: Tensor
) -> tuple[float, float]:
    """The perceptual loss with each target's own keypoints, and with another target's.

    ``target`` and ``source`` (N, 3, 128, 128), N > 1. A renderer that uses the keypoints does
    clearly worse with those of the next target in the batch; one that copies the source does not.
    """
    maps = network.self_heatmaps(target)
    losses = []
    for used in (maps, maps.roll(1, dims=0)):
        errors = perceptual.errors(network.reconstruction(used, source).float(), target)
        losses.append(float((errors / perceptual.means).sum()))
    return losses[0], losses[1]


def spread(network: PoseNetwork, target: Tensor) -> float:
    """Mean distance (crop pixels) between self-supervised keypoints and their mean, per image.

    Keypoints that have collapsed into one place cannot describe a pose: near 0 is a failure.
    """
    with torch.no_grad():
        points = 4 * marginal_expectation(network.self_heatmaps(target).float())  # N, M, 2
    return float((points - points.mean(dim=1, keepdim=True)).norm(dim=-1).mean())
