"""The differentiable skeleton image (method 2.4).

For a limb from a to b and a pixel m: t = clamp(<m-a, b-a> / max(|b-a|^2, 1e-6), 0, 1), the nearest
point q = a + t(b-a), d = sqrt(|m-q|^2 + 1e-6). The pixel is 2 exp(-min_limbs d / sigma^2) - 1.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from model.keypoint_gan.skeletons import Skeleton

SIGMA = 0.2
SMALLEST_SQUARE = 1e-6


def draw_skeletons(
    points: Tensor, skeleton: Skeleton, size: int = 128, sigma: float = SIGMA
) -> Tensor:
    """Skeleton images (N, 1, size, size), -1 (far from every limb) to 1, with gradient to points.

    ``points`` (N, K, 2), (x, y), -1 and 1 being the centres of the first and last pixel; computed
    in their own precision, or in float32 if that is half.
    """
    if points.dtype in (torch.bfloat16, torch.float16):
        points = points.float()
    first, second = skeleton.ends(points)
    drawn: Tensor = _NearestLimb.apply(first, second, size, sigma)
    return drawn


class _NearestLimb(torch.autograd.Function):
    """One limb after another, keeping the nearest of each pixel.

    All limbs at once would need L pictures of memory; this needs a few, which stay in the cache.
    The gradient reaches the nearest limb alone, as that of a maximum does.
    """

    @staticmethod
    def forward(ctx: Any, first: Tensor, second: Tensor, size: int, sigma: float) -> Tensor:
        batch, limbs = first.shape[:2]
        axis = torch.linspace(-1, 1, size, dtype=first.dtype, device=first.device)
        along = second - first  # N, L, 2
        scaled = along / along.square().sum(-1, keepdim=True).clamp_min(SMALLEST_SQUARE)
        offset = axis - first.unsqueeze(-1)  # N, L, 2, S: m - a, axis by axis
        progress = offset * scaled.unsqueeze(-1)
        best = first.new_full((batch, size, size), torch.inf)
        winner = torch.zeros(batch, size, size, dtype=torch.uint8, device=first.device)
        wanted = ctx.needs_input_grad[0] or ctx.needs_input_grad[1]
        t, x, y = (torch.empty_like(best) for _ in range(3))
        for limb in range(limbs):
            torch.add(progress[:, limb, 1, :, None], progress[:, limb, 0, None, :], out=t)
            t.clamp_(0, 1)
            along_x, along_y = (along[:, limb, i, None, None] for i in (0, 1))
            torch.addcmul(offset[:, limb, 0, None, :], t, along_x, value=-1, out=x)
            torch.addcmul(offset[:, limb, 1, :, None], t, along_y, value=-1, out=y)
            x.square_().addcmul_(y, y)
            if wanted:
                winner.masked_fill_(x < best, limb)
            torch.minimum(best, x, out=best)
        distance = best.add_(SMALLEST_SQUARE).sqrt_()
        image = torch.exp(distance * (-1 / sigma**2)).mul_(2).sub_(1)
        ctx.save_for_backward(first, second, winner, distance, image)
        ctx.sigma = sigma
        return image.unsqueeze(1)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, None, None]:
        first, second, winner, distance, image = ctx.saved_tensors
        batch, limbs = first.shape[:2]
        size = image.shape[-1]
        axis = torch.linspace(-1, 1, size, dtype=first.dtype, device=first.device)
        rows = winner.long().view(batch, -1, 1).expand(-1, -1, 2)  # N, S*S, 2
        a, b = first.gather(1, rows), second.gather(1, rows)
        pixels = torch.stack(torch.meshgrid(axis, axis, indexing="xy"), dim=-1).view(1, -1, 2)
        along, offset = b - a, pixels - a
        t = (offset * along).sum(-1) / along.square().sum(-1).clamp_min(SMALLEST_SQUARE)
        t = t.clamp(0, 1).unsqueeze(-1)
        # dI/dd = -(I + 1) / sigma^2 and dd/dq = -(m - q) / d. Moving t does not move d: either
        # m - q is perpendicular to the limb, or t stays at an end.
        slope = gradients[0].reshape(batch, -1) * (image + 1).view(batch, -1) / ctx.sigma**2
        towards = (slope / distance.view(batch, -1)).unsqueeze(-1) * (offset - t * along)
        zeros = first.new_zeros(batch, limbs, 2)
        return (
            zeros.scatter_add(1, rows, towards * (1 - t)),
            zeros.scatter_add(1, rows, towards * t),
            None,
            None,
        )
