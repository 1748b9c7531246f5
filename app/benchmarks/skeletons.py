"""Measures how fast skeleton images are drawn, beside the formula written down as it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass

import torch
from torch import Tensor

from app.benchmarks.timing import medians
from model.keypointgan.rendering import (
    SIGMA,
    SMALLEST_SQUARE,
    Skeleton,
    draw_skeletons,
    skeleton_of,
)


@dataclass(frozen=True)
class SkeletonFigures:
    """Milliseconds per batch on one core: the median of ``repeats``.

    ``times_faster`` than the plain formula, measured in turns with it, holds on noisy machines
    too. ``largest_difference`` is that between the two images, which reach from -1 to 1.
    """

    size: int
    limbs: int
    batch: int
    repeats: int
    draw_ms: float
    draw_and_gradient_ms: float
    formula_ms: float
    times_faster: float
    largest_difference: float

    def rounded(self) -> dict[str, float | int | str]:
        """For ``--json``: floats with two decimals, the difference with seven."""
        values = {k: round(v, 2) if isinstance(v, float) else v for k, v in asdict(self).items()}
        return {**values, "largest_difference": round(self.largest_difference, 7)}


def measure_skeletons(
    *, name: str = "h36m32", size: int = 128, batch: int = 16, repeats: int = 30
) -> SkeletonFigures:
    """Draw random poses on one core; ``UserError`` if there is no such skeleton."""
    skeleton = skeleton_of(name)
    points = torch.rand(batch, len(skeleton), 2) * 1.6 - 0.8
    learnt = points.clone().requires_grad_()
    ways: dict[str, Callable[[], object]] = {
        "draw": lambda: draw_skeletons(points, skeleton, size),
        "gradient": lambda: draw_skeletons(learnt, skeleton, size).sum().backward(),
        "formula": lambda: by_formula(points, skeleton, size),
    }
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        times = medians(ways, repeats)
        difference = draw_skeletons(points, skeleton, size) - by_formula(points, skeleton, size)
    finally:
        torch.set_num_threads(threads)
    return SkeletonFigures(
        size=size,
        limbs=len(skeleton.limbs),
        batch=batch,
        repeats=repeats,
        draw_ms=times["draw"],
        draw_and_gradient_ms=times["gradient"],
        formula_ms=times["formula"],
        times_faster=times["formula"] / times["draw"],
        largest_difference=float(difference.abs().max()),
    )


def by_formula(points: Tensor, skeleton: Skeleton, size: int) -> Tensor:
    """The skeleton image (N, 1, size, size) of ``points`` (N, K, 2) as method 2.4 writes it."""
    axis = torch.linspace(-1, 1, size)
    pixels = torch.stack(torch.meshgrid(axis, axis, indexing="xy"), dim=-1)[None, None]
    first, second = (end[:, :, None, None] for end in skeleton.ends(points))
    along = second - first
    t = ((pixels - first) * along).sum(-1) / along.square().sum(-1).clamp_min(SMALLEST_SQUARE)
    nearest = first + t.clamp(0, 1).unsqueeze(-1) * along
    distance = ((pixels - nearest).square().sum(-1) + SMALLEST_SQUARE).sqrt()
    return 2 * (-distance / SIGMA**2).exp().amax(dim=1, keepdim=True) - 1
