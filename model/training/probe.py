"""Looking at the self-supervised branch: does its renderer use the keypoints at all?"""

from __future__ import annotations

import torch
from torch import Tensor

from model.crop import CROP_SIZE
from model.networks import PerceptualLoss, PoseNetwork
from model.normalization import reduced


@torch.no_grad()
def keypoint_use(
    network: PoseNetwork, perceptual: PerceptualLoss, target: Tensor, source: Tensor
) -> tuple[float, float]:
    """The perceptual loss with each target's own keypoints, and with another target's.

    ``target`` (N, 3, S, S) and ``source`` (N, 3, 128, 128), N > 1. A renderer that uses the
    keypoints does clearly worse with those of the next target in the batch; one that copies the
    source does not.
    """
    points = network.points_of(network.self_heatmaps(target))
    wanted = reduced(target, CROP_SIZE)
    losses = []
    for used in (points, points.roll(1, dims=0)):
        errors = perceptual.errors(network.rebuild(used, source).float(), wanted)
        losses.append(float((errors / perceptual.means).sum()))
    return losses[0], losses[1]


def spread(network: PoseNetwork, target: Tensor) -> float:
    """Mean distance (pixels of 128) between self-supervised keypoints and their mean, per image.

    Keypoints that have collapsed into one place cannot describe a pose: near 0 is a failure.
    """
    with torch.no_grad():
        cells = network.points_of(network.self_heatmaps(target))  # N, M, 2
        points = cells * (CROP_SIZE / network.spec.heatmap_size)
    return float((points - points.mean(dim=1, keepdim=True)).norm(dim=-1).mean())
