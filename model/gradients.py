"""Whether a step can be taken."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import nn


def gradients_finite(parameters: Iterable[nn.Parameter]) -> bool:
    """Whether every gradient is finite; parameters without one do not count.

    Each is judged by its sum, which is not finite if any of its numbers is not.
    """
    sums = [p.grad.sum() for p in parameters if p.grad is not None]
    return bool(torch.isfinite(torch.stack(sums)).all())
