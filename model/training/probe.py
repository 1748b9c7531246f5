"""Looking at the self-supervised branch: does its renderer use the keypoints at all?"""

from __future__ import annotations

import torch
from torch import Tensor

from model.crop import CROP_SIZE
from model.masking import on_person
from model.networks import PerceptualLoss, PoseNetwork
from model.training.objective import TensorBatch


@torch.no_grad()
def keypoint_use(
    network: PoseNetwork, perceptual: PerceptualLoss, batch: TensorBatch
) -> tuple[float, float]:
    """The perceptual loss with each target's own keypoints, and with another target's.

    All examples of the ``batch``, more than one, have a source. A renderer that uses the keypoints
    does clearly worse with those of the next target in the batch; one that copies the source does
    not.
    """
    points = network.points_of(network.self_heatmaps(batch.target))
    losses = []
    for used in (points, points.roll(1, dims=0)):
        rebuilt = network.rebuild(used, batch.source).float()
        errors = perceptual.errors(rebuilt, batch.target, batch.masks)
        losses.append(float((errors / perceptual.means).sum()))
    return losses[0], losses[1]


@torch.no_grad()
def share_on_person(network: PoseNetwork, batch: TensorBatch) -> float:
    """The share (0..1) of the self-supervised keypoints that lie on the person's dilated mask."""
    assert batch.masks is not None
    points = network.points_of(network.self_heatmaps(batch.target))
    return float(on_person(points, batch.masks, network.spec.heatmap_size).float().mean())


def spread(network: PoseNetwork, target: Tensor) -> float:
    """Mean distance (pixels of 128) between self-supervised keypoints and their mean, per image.

    Keypoints that have collapsed into one place cannot describe a pose: near 0 is a failure.
    """
    with torch.no_grad():
        cells = network.points_of(network.self_heatmaps(target))  # N, M, 2
        points = cells * (CROP_SIZE / network.spec.heatmap_size)
    return float((points - points.mean(dim=1, keepdim=True)).norm(dim=-1).mean())
