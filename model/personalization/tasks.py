"""The self-supervised tasks whose gradient personalizes the network, batch by batch.

A task receives a batch in one or several micro-batches. In eval mode samples do not see each
other, so the summed gradients of the micro-batches are the batch's.
"""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional

from model.networks import PerceptualLoss, PoseNetwork


class SelfSupervisedTask(Protocol):
    """Adds gradients of one batch to the network, and tells its loss."""

    def accumulate(self, target: Tensor, source: Tensor, share: float) -> Tensor | None:
        """Backpropagate a micro-batch that makes up ``share`` (0..1) of the batch.

        Images are (n, 3, 128, 128). Returns the reconstruction (n, 3, 128, 128), detached, if
        the task makes one.
        """

    def finish(self) -> float:
        """Close the batch and return its loss."""

    def discard(self) -> None:
        """Forget an open batch."""

    def reset(self) -> None:
        """Forget an open batch and bring running statistics back to their start."""


class ReconstructionTask:
    """Rebuild the target from the source's appearance and the target's keypoints (method 1.6).

    The perceptual loss divides each of its six errors by a running mean that includes the
    batch's own error with a weight of 1 %. Within a batch fed in pieces, that error is known only
    for the pieces so far; the divisors of early pieces are therefore off by 1 % of the pieces'
    spread. The running means themselves end exactly where the whole batch would put them.
    """

    def __init__(self, network: PoseNetwork, perceptual: PerceptualLoss) -> None:
        self._network = network
        self._perceptual = perceptual
        self.discard()

    def discard(self) -> None:
        self._errors = torch.zeros_like(self._perceptual.means)
        self._share = 0.0

    def accumulate(self, target: Tensor, source: Tensor, share: float) -> Tensor:
        reconstruction = self._network.reconstruct(target, source).float()
        errors = self._perceptual.errors(reconstruction, target)
        self._errors += share * errors.detach()
        self._share += share
        divisors = self._perceptual.means_after(self._errors / self._share)
        (share * (errors / divisors).sum()).backward()
        return reconstruction.detach()

    def finish(self) -> float:
        errors = self._errors / self._share
        self.discard()
        means = self._perceptual.means_after(errors)
        if means.isfinite().all():
            self._perceptual.means.copy_(means)
        return float((errors / means).sum())

    def reset(self) -> None:
        self._perceptual.reset()
        self.discard()


class RotationTask:
    """Tell by how many quarter turns the target was rotated (method 1.6)."""

    def __init__(self, network: PoseNetwork) -> None:
        self._network = network
        self._loss = 0.0

    def accumulate(self, target: Tensor, source: Tensor, share: float) -> None:
        turns = torch.arange(4, device=target.device)
        turned = torch.cat([target.rot90(int(turn), (-2, -1)) for turn in turns])
        logits = self._network.rotation_logits(turned)
        loss = functional.cross_entropy(logits.float(), turns.repeat_interleave(len(target)))
        (share * loss).backward()
        self._loss += share * float(loss.detach())

    def finish(self) -> float:
        loss = self._loss
        self.discard()
        return loss

    def discard(self) -> None:
        self._loss = 0.0

    def reset(self) -> None:
        self.discard()


def task_for(network: PoseNetwork, perceptual: PerceptualLoss) -> SelfSupervisedTask:
    """The task that the network's variant was trained with."""
    if network.spec.reconstructs:
        return ReconstructionTask(network, perceptual)
    return RotationTask(network)
