"""What IMM minimises: how far the repainted picture is from the target (method 3.2)."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from model.imm.tensorflow_layers import resize

InitialMeans = Literal["published", "first batch"]

PUBLISHED_MEANS = (100.0, 1.6, 2.3, 1.8, 2.8, 100.0)
MOMENTUM = 0.01
SCALE = 1000.0


class ImmPerceptualLoss(nn.Module):
    """Six masked mean squared errors, each over its running mean, summed, times 1000.

    The six are of the raw RGB picture and of the five maps that ``features`` gives for it.
    ``means`` (6,) moves 1 % of the way to every batch's errors, in training mode only; the batch
    at hand is counted in either mode. As released, the divisor is not detached, so that 1 % of the
    gradient passes through it; ``detached`` leaves that out.

    ``initial_means``: the ``published`` constants, which belong to the colourization network, or
    those of the ``first batch``, for a network whose errors have another size.
    """

    means: Tensor
    started: Tensor

    def __init__(
        self,
        features: nn.Module,
        *,
        initial_means: InitialMeans = "first batch",
        detached: bool = False,
    ) -> None:
        super().__init__()
        self.features = features
        self._detached = detached
        self.register_buffer("means", torch.tensor(PUBLISHED_MEANS))
        self.register_buffer("started", torch.tensor(initial_means == "published"))

    def errors(self, reconstruction: Tensor, target: Tensor, mask: Tensor) -> Tensor:
        """The six masked mean squared errors (6,), with gradient to ``reconstruction`` only.

        The mean is over all places, those that the mask hides included.
        """
        with torch.no_grad():
            wanted = [target, *self.features(target)]
        found = [reconstruction, *self.features(reconstruction)]
        return torch.stack([masked_error(f, w, mask) for f, w in zip(found, wanted, strict=True)])

    def forward(self, reconstruction: Tensor, target: Tensor, mask: Tensor) -> Tensor:
        """The loss of a batch (scalar); moves the means in training mode.

        Pictures (N, 3, S, S), 0..255; ``mask`` (N, 1, S, S), 0..1.
        """
        errors = self.errors(reconstruction, target, mask)
        before = torch.where(self.started, self.means, errors.detach())
        means = torch.lerp(before, errors.detach() if self._detached else errors, MOMENTUM)
        if self.training:
            self.means.copy_(means.detach())
            self.started.fill_(True)
        # Twice the same black picture has no error and no mean to divide by.
        return SCALE * (errors / means.clamp(min=torch.finfo(means.dtype).tiny)).sum()


class ImmSquaredLoss(nn.Module):
    """The plain alternative: the masked mean squared error of the picture, times 1000 / 255."""

    def forward(self, reconstruction: Tensor, target: Tensor, mask: Tensor) -> Tensor:
        """The loss of a batch (scalar); see ``ImmPerceptualLoss.forward``."""
        return SCALE / 255 * masked_error(reconstruction, target, mask)


def masked_error(found: Tensor, wanted: Tensor, mask: Tensor) -> Tensor:
    """Mean of the mask times the squared difference of two maps (N, C, H, H); a scalar, float32.

    ``mask`` (N, 1, S, S) is resized to the maps as TensorFlow 1 does it.
    """
    squares = (found.float() - wanted.float()).square()
    return (squares * resize(mask.float(), found.shape[-1])).mean()


def weight_loss(network: nn.Module) -> Tensor:
    """Half the squared norm of all convolution weights, biases left out; a scalar."""
    convolutions = [m.weight for m in network.modules() if isinstance(m, nn.Conv2d)]
    return 0.5 * torch.stack([weight.square().sum() for weight in convolutions]).sum()
