"""A moving average of the weights, and whether a step can be taken."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager

import torch
from torch import Tensor, nn

from model.core.weights import swapped


class WeightAverage:
    """The exponential moving average of some tensors, such as parameters.

    After every step the average keeps ``decay`` (0..1) of itself and takes the rest from the
    parameters; early on it keeps less, (1 + n) / (10 + n) after n steps, to follow the first ones.
    With a decay of 0 it is the parameters themselves.
    """

    def __init__(self, parameters: Mapping[str, Tensor], decay: float) -> None:
        self._parameters = parameters
        self._decay = decay
        self.restart()

    @classmethod
    def of(cls, network: nn.Module, decay: float) -> WeightAverage:
        """That of all parameters and statistics of a network."""
        named = {**dict(network.named_parameters()), **dict(network.named_buffers())}
        return cls({name: t for name, t in named.items() if t.is_floating_point()}, decay)

    @torch.no_grad()
    def restart(self) -> None:
        """Begin again from the parameters as they are."""
        self._steps = 0
        self._average = (
            {name: p.detach().clone() for name, p in self._parameters.items()}
            if self._decay
            else {}
        )

    @torch.no_grad()
    def add(self) -> None:
        """Take in the parameters after one more step."""
        self._steps += 1
        kept = min(self._decay, (1 + self._steps) / (10 + self._steps))
        for name, average in self._average.items():
            average.lerp_(self._parameters[name].detach(), 1 - kept)

    @property
    def steps(self) -> int:
        """How many steps were taken in."""
        return self._steps

    def tensors(self) -> dict[str, Tensor]:
        """The averaged tensors by name; not copies."""
        return self._average or {name: p.detach() for name, p in self._parameters.items()}

    def copy(self) -> dict[str, Tensor]:
        """Copies of the averaged tensors; empty without an average."""
        return {name: tensor.clone() for name, tensor in self._average.items()}

    @torch.no_grad()
    def load(self, tensors: Mapping[str, Tensor], steps: int | None = None) -> None:
        """Go on from what ``copy`` gave, after so many ``steps`` (None: as many as there were)."""
        self._steps = self._steps if steps is None else steps
        for name, average in self._average.items():
            average.copy_(tensors[name])

    def in_place(self) -> AbstractContextManager[None]:
        """Inside, the network computes with the average. For computing without gradients."""
        return swapped(self._parameters, self._average)


def gradients_finite(parameters: Iterable[nn.Parameter]) -> bool:
    """Whether every gradient is finite; parameters without one do not count.

    Each is judged by its sum, which is not finite if any of its numbers is not.
    """
    sums = [p.grad.sum() for p in parameters if p.grad is not None]
    return bool(torch.isfinite(torch.stack(sums)).all())
