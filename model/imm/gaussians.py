"""Points back to maps: all that the renderer learns about the target (method 3.1)."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

GaussianMode = Literal["rot", "flat", "ankush"]


def point_maps(points: Tensor, size: int, sigma: float = 0.1, mode: GaussianMode = "rot") -> Tensor:
    """One map per point, highest at the point (method 3.1).

    ``points`` (N, K, 2), (x, y) in [-1, 1], which are the centres of the outermost cells; ``sigma``
    in the same units. Returns (N, K, size, size). The modes are named as in the released code:

    - ``rot``: exp(-d^2 / sigma^2). Without the usual 2: equals a Gaussian of sd sigma / sqrt 2.
    - ``flat``: exp(-(d^2 / sigma^2 + 1e-5)^(1/4)), which falls slowly.
    - ``ankush``: the product over both axes of exp(-sqrt(1e-4 + |offset| / sigma)).
    """
    cells = torch.linspace(-1, 1, size, device=points.device, dtype=points.dtype)
    offsets = (cells - points.unsqueeze(-1)) / sigma  # N, K, 2, size
    if mode == "flat":
        squares = offsets**2
        distance = squares[:, :, 1, :, None] + squares[:, :, 0, None, :]
        return torch.exp(-((distance + 1e-5) ** 0.25))
    if mode == "rot":
        along = torch.exp(-(offsets**2))
    else:
        along = torch.exp(-torch.sqrt(1e-4 + offsets.abs()))
    return along[:, :, 1, :, None] * along[:, :, 0, None, :]
