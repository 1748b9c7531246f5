"""Left and right at test time: a skeleton image does not tell them apart (method 2.10)."""

from __future__ import annotations

import torch
from torch import Tensor

from model.heatmaps import marginal_mean_points
from model.keypoint_gan.network import KeypointGan, Translation


def corrected(
    network: KeypointGan, translation: Translation, used: list[int] | None = None
) -> tuple[Tensor, Tensor]:
    """The points with left and right as the offline regressor has them.

    The offline regressor, frozen since its pre-training, reads the drawn skeleton; a prediction
    that comes closer to it (mean distance over the ``used`` points; None: all) with all left and
    right points swapped is swapped. Returns points (N, K, 2) and which were swapped (N,).
    """
    offline = marginal_mean_points(network.offline_regressor(translation.clean))
    order = torch.from_numpy(network.spec.skeleton.joint_set.flip_order).to(network.device)
    plain, swapped = translation.points, translation.points[:, order]
    rows = slice(None) if used is None else used

    def distance(points: Tensor) -> Tensor:
        return (points - offline)[:, rows].norm(dim=-1).mean(dim=-1)

    swap = distance(swapped) < distance(plain)
    return torch.where(swap[:, None, None], swapped, plain), swap
