"""Several processes training one network: PyTorch's own distributed engine under ``torchrun``."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, distributed, nn

from model.core.errors import UserError


@dataclass(frozen=True)
class Ranks:
    """This process's number among ``world`` processes, and the device it computes on."""

    rank: int = 0
    world: int = 1
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))

    @property
    def first(self) -> bool:
        """Whether this process writes files and speaks to the user."""
        return self.rank == 0

    def mean(self, tensor: Tensor) -> Tensor:
        """The mean of a tensor over all processes."""
        if self.world == 1:
            return tensor
        total = tensor.clone()
        distributed.all_reduce(total)
        return total / self.world

    def losses(self, found: Sequence[Mapping[str, Tensor]]) -> dict[str, float]:
        """The means, over micro-batches and processes, of what each micro-batch gave by name."""
        rows = torch.stack(
            [torch.stack(list(losses.values())).detach().float() for losses in found]
        )
        return dict(zip(found[0], self.mean(rows.mean(dim=0)).tolist(), strict=True))

    @torch.no_grad()
    def share_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Give the parameters of every process the mean of all processes' gradients."""
        gradients = [p.grad for p in parameters if p.grad is not None]
        if self.world > 1 and gradients:
            _fill(gradients, self.mean(_flat(gradients)))

    def gathered(self, own: list[Any]) -> list[Any]:
        """What every process has of a list that was dealt to them like cards, in its order."""
        if self.world == 1:
            return own
        lists: list[list[Any]] = [[] for _ in range(self.world)]
        distributed.all_gather_object(lists, own)
        return [item for dealt in zip(*lists, strict=True) for item in dealt]

    def any(self, flag: bool) -> bool:
        """Whether the flag is set in any process."""
        return bool(self.mean(torch.tensor(float(flag), device=self.device)) > 0)


def launched() -> tuple[int, int]:
    """This process's number, from 0, and how many ``torchrun`` started; 0 and 1 without it."""
    return int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))


def own_gpu() -> torch.device:
    """The GPU of its machine that is this process's own under ``torchrun``."""
    return torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))


def check_alone(what: str) -> None:
    """``UserError`` if ``torchrun`` started several processes, which ``what`` makes no use of."""
    if launched()[1] > 1:
        raise UserError(f"{what} runs in one process on one device. Start without torchrun.")


@contextmanager
def joined_ranks(device: torch.device) -> Iterator[Ranks]:
    """Join the other processes if ``torchrun`` started this one, and leave them at the end.

    Each process of a machine has a GPU of its own, if it is to compute on one.
    """
    rank, world = launched()
    if world == 1:
        yield Ranks(device=device)
        return
    if device.type == "cuda":
        device = own_gpu()
        torch.cuda.set_device(device)
    distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield Ranks(rank, world, device)
    finally:
        distributed.destroy_process_group()


class BatchStatistics:
    """Running statistics that do not depend on who computed which micro-batch.

    Every micro-batch of a step moves the statistics from where the step found them, and they are
    put back; ``finish`` makes them the mean of these over all micro-batches of all processes.

    Args:
        statistics: what moves with every micro-batch, such as BatchNorm's (``running``).
    """

    def __init__(self, statistics: Iterable[Tensor]) -> None:
        self._statistics = list(statistics)
        self._before: list[Tensor] = []
        self._sums: list[Tensor] = []

    @torch.no_grad()
    def begin(self) -> None:
        """Before the first micro-batch of a step."""
        self._before = [tensor.clone() for tensor in self._statistics]
        self._sums = [torch.zeros_like(t, dtype=torch.float32) for t in self._statistics]

    @torch.no_grad()
    def collect(self) -> None:
        """After each micro-batch."""
        for total, before, own in zip(self._sums, self._before, self._statistics, strict=True):
            total += own
            own.copy_(before)

    @torch.no_grad()
    def finish(self, ranks: Ranks, count: int) -> None:
        """After the last of ``count`` micro-batches of this process, if they are to count."""
        if self._statistics:  # MoveNet's convolutions have taken BatchNorm in
            _fill(self._statistics, ranks.mean(_flat(self._sums)) / count)


def running(network: nn.Module) -> list[Tensor]:
    """The running statistics of a network's BatchNorm."""
    named = network.named_buffers()
    return [b for name, b in named if name.endswith((".running_mean", ".running_var", "_tracked"))]


def _flat(tensors: Sequence[Tensor]) -> Tensor:
    return torch.cat([tensor.flatten() for tensor in tensors])


def _fill(tensors: Sequence[Tensor], flat: Tensor) -> None:
    sizes = [tensor.numel() for tensor in tensors]
    for tensor, values in zip(tensors, flat.split(sizes), strict=True):
        tensor.copy_(values.view_as(tensor))
