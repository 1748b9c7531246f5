"""Heatmaps and points: the keypoint bottleneck of the self-supervised task, and decoding.

Points are in heatmap cells, (x, y) order, 0..31, unless a docstring says otherwise.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

SIGMA_CELLS = 2.0
# Targets of maps that are logits, which are twice as fine.
LOGIT_SIGMA = 1.8


def marginal_expectation(heatmaps: Tensor) -> Tensor:
    """Soft-argmax through the marginals (method 1.4).

    ``heatmaps`` (N, M, H, W) raw scores. Rows and columns are *summed*, a softmax over each
    marginal gives a distribution, and its expectation against integer cells the point.
    Returns (N, M, 2), (x, y) in cells.
    """
    height, width = heatmaps.shape[-2:]
    rows = heatmaps.sum(dim=-1).softmax(dim=-1)  # N, M, H
    columns = heatmaps.sum(dim=-2).softmax(dim=-1)  # N, M, W
    cells_y = torch.arange(height, device=heatmaps.device, dtype=heatmaps.dtype)
    cells_x = torch.arange(width, device=heatmaps.device, dtype=heatmaps.dtype)
    # Not a matrix product, which autocast would round to an eighth of a cell.
    return torch.stack([(columns * cells_x).sum(-1), (rows * cells_y).sum(-1)], dim=-1)


def spatial_expectation(logits: Tensor) -> Tensor:
    """Soft-argmax of maps that are logits: one softmax over all their cells (ours).

    Sums of a row's logits, as ``marginal_expectation`` takes them, say more of where the person is
    than of where the joint is. ``logits`` (N, M, H, W). Returns (N, M, 2), (x, y) in cells.
    """
    height, width = logits.shape[-2:]
    share = logits.flatten(2).softmax(dim=-1).unflatten(2, (height, width))
    cells_y = torch.arange(height, device=logits.device, dtype=logits.dtype)
    cells_x = torch.arange(width, device=logits.device, dtype=logits.dtype)
    x, y = (share.sum(dim=-2) * cells_x).sum(-1), (share.sum(dim=-1) * cells_y).sum(-1)
    return torch.stack([x, y], dim=-1)


def marginal_mean_points(maps: Tensor) -> Tensor:
    """Soft-argmax of KeypointGAN and IMM: marginals are *means* (methods 2.3, 3.1).

    ``maps`` (N, K, H, W) raw scores. The same maps give a softmax that is H times softer than that
    of ``marginal_expectation``. Returns (N, K, 2), (x, y), -1 and 1 being the centres of the
    first and last cell.
    """
    height, width = maps.shape[-2:]
    maps = maps.float() if maps.dtype in (torch.bfloat16, torch.float16) else maps
    rows = maps.mean(dim=-1).softmax(dim=-1)  # N, K, H
    columns = maps.mean(dim=-2).softmax(dim=-1)  # N, K, W
    y = torch.linspace(-1, 1, height, device=maps.device, dtype=maps.dtype)
    x = torch.linspace(-1, 1, width, device=maps.device, dtype=maps.dtype)
    return torch.stack([(columns * x).sum(-1), (rows * y).sum(-1)], dim=-1)


def gaussian_maps(points: Tensor, size: int, sigma: float = SIGMA_CELLS) -> Tensor:
    """Unit-peak Gaussians exp(-|u - p|^2 / (2 sigma^2)) on a ``size`` x ``size`` grid.

    ``points`` (N, M, 2), (x, y) in cells. Returns (N, M, size, size) (method 1.4).
    """
    cells = torch.arange(size, device=points.device, dtype=points.dtype)
    along = torch.exp(-((cells - points.unsqueeze(-1)) ** 2) / (2 * sigma**2))  # N, M, 2, size
    return along[:, :, 1, :, None] * along[:, :, 0, None, :]


def decode(heatmaps: Tensor) -> tuple[Tensor, Tensor]:
    """Arg-max with quarter-cell shift (method 1.12).

    ``heatmaps`` (N, K, H, W). Returns points (N, K, 2), (x, y) in cells, and the maximum of each
    map clamped to 0..1 (N, K): the confidence, as targets have peak 1. A map whose maximum is
    not positive decodes to (0, 0).
    """
    n, k, height, width = heatmaps.shape
    peak, flat = heatmaps.flatten(2).max(dim=-1)  # N, K
    x, y = flat % width, flat // width
    inside = (x > 1) & (x < width - 1) & (y > 1) & (y < height - 1)
    cx, cy = x.clamp(1, width - 2), y.clamp(1, height - 2)
    rows = torch.arange(n, device=heatmaps.device)[:, None].expand(n, k)
    maps = torch.arange(k, device=heatmaps.device)[None].expand(n, k)
    shift_x = torch.sign(heatmaps[rows, maps, cy, cx + 1] - heatmaps[rows, maps, cy, cx - 1])
    shift_y = torch.sign(heatmaps[rows, maps, cy + 1, cx] - heatmaps[rows, maps, cy - 1, cx])
    shift = torch.stack([shift_x, shift_y], dim=-1) * (0.25 * inside.unsqueeze(-1))
    points = torch.stack([x, y], dim=-1).to(heatmaps.dtype) + shift
    return points * (peak > 0).unsqueeze(-1), peak.clamp(0, 1)


def matched(maps: Tensor, sigma: float) -> Tensor:
    """Maps of 0 to 1 seen through the very Gaussian that their targets are made of (ours).

    ``maps`` (N, K, H, W) of a network trained towards unit-peak Gaussians of ``sigma`` cells.
    Returns float32 of the same shape and with the same maxima, zeros assumed outside; the Gaussian
    of a perfect map becomes sqrt(2) wider. A maximum found there heeds the whole of a peak, not
    its highest cell.
    """
    height, width = maps.shape[-2:]
    # Under autocast the products would be rounded until neighbouring cells are equal.
    with torch.autocast(maps.device.type, enabled=False):
        maps = maps.float()
        seen = _gaussians(height, sigma, maps) @ maps @ _gaussians(width, sigma, maps)
        peaks = maps.amax((-2, -1), keepdim=True) / seen.amax((-2, -1), keepdim=True).clamp(1e-6)
        return seen * peaks


def _gaussians(size: int, sigma: float, like: Tensor) -> Tensor:
    """The matrix (size, size) of Gaussians about each of so many cells."""
    cells = torch.arange(size, device=like.device, dtype=like.dtype)
    return torch.exp(-((cells[:, None] - cells) ** 2) / (2 * sigma**2))


def gaussian_targets(
    points: Tensor, weights: Tensor, size: int, sigma: float = SIGMA_CELLS
) -> tuple[Tensor, Tensor]:
    """Supervised target maps: unit-peak Gaussians cut off at three sigma (method 1.6).

    ``points`` (N, K, 2), (x, y) in cells and possibly outside; ``weights`` (N, K), 0 or 1. Centres
    are rounded to whole cells. Returns maps (N, K, size, size) and the weights, zero where the
    window misses the map by a cell or more at the top or left, or at all at the bottom or right.
    """
    centres = (points + 0.5).trunc()
    radius = 3 * sigma
    offsets = torch.arange(size, device=points.device, dtype=points.dtype) - centres.unsqueeze(-1)
    near = (offsets.abs() <= radius).to(points.dtype)  # N, K, 2, size
    along = near * torch.exp(-(offsets**2) / (2 * sigma**2))
    maps = along[:, :, 1, :, None] * along[:, :, 0, None, :]
    # Published: a window that ends just before cell 0 still counts, with an empty map.
    hit = ((centres + radius >= -1) & (centres - radius <= size - 1)).all(dim=-1)
    return maps, weights * hit


def logit_loss(logits: Tensor, points: Tensor, weights: Tensor, sigma: float) -> Tensor:
    """Cross-entropy of maps that are logits with Gaussians about the true points (ours).

    ``logits`` (N, K, H, W), ``points`` (N, K, 2) in cells and possibly outside, where the map is to
    be empty; ``weights`` (N, K) from 0 to 1. Cells count by 1 + 9 T, T being the target. A scalar:
    the mean over cells and joints, joints without weight counting as zero.
    """
    targets = gaussian_maps(points, logits.shape[-1], sigma)
    importance = (1 + 9 * targets) * weights[:, :, None, None]
    return functional.binary_cross_entropy_with_logits(logits, targets, importance)


def supervised_loss(heatmaps: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
    """Half the mean squared error of the maps, joints without weight counting as zero error.

    ``heatmaps``, ``targets`` (N, K, H, W), ``weights`` (N, K); a scalar (method 1.6).
    """
    difference = (heatmaps - targets) * weights[:, :, None, None]
    return 0.5 * difference.square().mean()
