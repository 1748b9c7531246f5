"""The regressor's own training, before all else: from drawn skeletons to points (method 2.7)."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from model.keypoint_gan.clipped_adam import ClippedAdam
from model.keypoint_gan.network import KeypointGan
from model.keypoint_gan.prior import PosePrior
from model.keypoint_gan.settings import GanSettings


class PoseExample(NamedTuple):
    """One pose of the prior, ``pose`` (K, 2) float32 in -1..1; in a batch a tensor (N, K, 2)."""

    pose: NDArray[np.float32] | Tensor


class PoseExamples:
    """Draws poses alone; no picture is looked at."""

    def __init__(self, prior: PosePrior) -> None:
        self._prior = prior

    def draw(self, rng: np.random.Generator) -> PoseExample:
        """One pose."""
        return PoseExample(self._prior.draw(rng))


class RegressorLearner:
    """Teaches the regressor of ``network`` to find the points of drawn skeletons.

    When it is done, ``network.keep_regressor()`` remembers it for the test.
    """

    def __init__(self, network: KeypointGan, settings: GanSettings) -> None:
        self.network = network.train()
        self._adam = ClippedAdam(network.regressor, settings)
        self._precise = settings.precision == "float32"

    def step(self, batch: PoseExample) -> dict[str, float]:
        """Learn from one batch of poses: the mean squared error of the points."""
        device = self.network.device
        pose = torch.as_tensor(batch.pose).to(device)
        with torch.autocast(device.type, torch.bfloat16, enabled=not self._precise):
            found = self.network.locate(self.network.draw(pose))
        loss = functional.mse_loss(found, pose)
        self._adam.step(loss)
        return {"regressor": float(loss.detach())}

    def state(self) -> dict[str, Any]:
        """All that is needed to go on exactly."""
        return {"regressor": self.network.regressor.state_dict(), "adam": self._adam.state()}

    def load_state(self, state: dict[str, Any]) -> None:
        """Take over what ``state`` returned."""
        self.network.regressor.load_state_dict(state["regressor"])
        self._adam.load_state(state["adam"])
