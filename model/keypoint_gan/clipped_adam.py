"""One optimiser of the three: Adam on a clipped gradient (method 2.6)."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from model.gradients import gradients_finite
from model.keypoint_gan.settings import GanSettings


class ClippedAdam:
    """Adam for the parameters of ``module``, its gradient's norm cut at the settings' clip."""

    def __init__(self, module: nn.Module, settings: GanSettings) -> None:
        self._parameters = list(module.parameters())
        self._clip = settings.clip
        self._adam = torch.optim.Adam(
            self._parameters, lr=settings.learning_rate, betas=(settings.beta1, 0.999)
        )

    def step(self, loss: Tensor) -> None:
        """Go down ``loss`` once; not at all if a gradient is not finite."""
        self._adam.zero_grad(set_to_none=True)
        loss.backward()
        if gradients_finite(self._parameters):
            nn.utils.clip_grad_norm_(self._parameters, self._clip)
            self._adam.step()

    def state(self) -> dict[str, Any]:
        """All that is needed to go on exactly."""
        return self._adam.state_dict()

    def load_state(self, state: dict[str, Any]) -> None:
        """Take over what ``state`` returned."""
        self._adam.load_state_dict(state)
