"""What a skeleton image shows, and the differentiable drawing of it (method 2.4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from model.core.errors import UserError
from model.core.skeleton import CAT7, FACES68, H36M32, MPI28, PENN13, JointSet

Group = tuple[int, ...]


@dataclass(frozen=True)
class Skeleton:
    """The points of a joint set and the limbs that are drawn of them.

    A limb runs from the mean of one group of points to that of another. Points that are in no
    group never appear in a skeleton image: nothing but the prior says where they are.
    """

    joint_set: JointSet
    limbs: tuple[tuple[Group, Group], ...]

    def __post_init__(self) -> None:
        for ends in self.limbs:
            for group in ends:
                if not group or not all(0 <= i < len(self.joint_set) for i in group):
                    raise ValueError(f"a limb of {self.name} ends in the points {group}")

    def __len__(self) -> int:
        """Number of points."""
        return len(self.joint_set)

    @property
    def name(self) -> str:
        return self.joint_set.name

    def ends(self, points: Tensor) -> tuple[Tensor, Tensor]:
        """Where the limbs begin and end: ``points`` (N, K, 2) to two tensors (N, L, 2)."""
        first, second = (self._mean(points, side) for side in (0, 1))
        return first, second

    def _mean(self, points: Tensor, side: int) -> Tensor:
        groups = [limb[side] for limb in self.limbs]
        if all(len(group) == 1 for group in groups):
            return points[:, [group[0] for group in groups]]
        return torch.stack([points[:, list(group)].mean(dim=1) for group in groups], dim=1)


def _single(*limbs: tuple[int, int]) -> tuple[tuple[Group, Group], ...]:
    return tuple(((a,), (b,)) for a, b in limbs)


SKELETONS: dict[str, Skeleton] = {
    skeleton.name: skeleton
    for skeleton in (
        # "simple2" of the released code: 17 of the 32 points are seen.
        Skeleton(H36M32, _single(*H36M32.limbs)),
        # Ours: Penn Action marks no neck, which is half-way between the shoulders.
        Skeleton(PENN13, (((0,), (1, 2)), *_single(*PENN13.limbs))),
        Skeleton(MPI28, _single(*MPI28.limbs)),
        Skeleton(FACES68, _single(*FACES68.limbs)),
        Skeleton(CAT7, _single(*CAT7.limbs)),
    )
}
"""The skeletons by the name of their joint set."""


def skeleton_of(name: str) -> Skeleton:
    """The skeleton of the joint set called ``name``; ``UserError`` if none is known."""
    if name not in SKELETONS:
        raise UserError(
            f"There is no skeleton to draw of the joint set {name!r}. Choose one of: "
            f"{', '.join(SKELETONS)}."
        )
    return SKELETONS[name]


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
