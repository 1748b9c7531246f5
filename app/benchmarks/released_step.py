"""One step of the released code's online loop, organised as it is there (method 1.10)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from model.adaptation.parameters import configure
from model.core.perceptual import PerceptualLoss
from model.ttp.networks import PoseNetwork


@dataclass(frozen=True)
class ReleasedResult:
    """``loss`` before the step, ``logged`` after it, and the batch's ``heatmaps`` (B, K, H, H)."""

    loss: float
    logged: float
    heatmaps: Tensor


class ReleasedStep:
    """Update on a batch of pairs, then predict the same batch, in float32 and all at once.

    As in the released code, the loss is computed a second time after the step, to be logged, for
    which the VGG sees all targets and all reconstructions again (pitfall 5); and the whole batch is
    predicted, though only its first sample is the frame itself (pitfall 6). The loss that is logged
    has running means of its own here, so that it changes nothing.

    Args:
        network: is updated in place, by Adam.
        perceptual: the loss; its running means move.
        learning_rate: the published 1e-4.
    """

    def __init__(
        self, network: PoseNetwork, perceptual: PerceptualLoss, learning_rate: float = 1e-4
    ) -> None:
        self._network = network
        self._perceptual = perceptual
        self._logging = PerceptualLoss(perceptual.features).to(network.device)
        parameters = configure(network, "all").values()
        self._optimiser = torch.optim.Adam(parameters, lr=learning_rate)

    def __call__(self, target: Tensor, source: Tensor) -> ReleasedResult:
        """One step on targets (B, 3, S, S) and sources (B, 3, 128, 128), normalised."""
        loss = self._perceptual(self._network(target, source).reconstruction, target)
        self._optimiser.zero_grad()
        loss.backward()
        self._optimiser.step()
        with torch.no_grad():
            output = self._network(target, source)
            logged = self._logging(output.reconstruction, target)
        return ReleasedResult(float(loss.detach()), float(logged), output.heatmaps)
