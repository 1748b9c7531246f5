"""Several processes training one network: PyTorch's own distributed engine under ``torchrun``."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass

import torch
from torch import Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel

from model.core.errors import UserError


@dataclass(frozen=True)
class Ranks:
    """This process's number among ``world`` processes, and the number on its machine."""

    rank: int = 0
    world: int = 1
    local: int = 0

    @property
    def first(self) -> bool:
        """Whether this process writes files and speaks to the user."""
        return self.rank == 0

    def device(self, chosen: torch.device) -> torch.device:
        """The device of this process: each process of a machine has a GPU of its own."""
        if chosen.type == "cuda" and self.world > 1:
            return torch.device("cuda", self.local)
        return chosen

    def wrapped(self, module: nn.Module) -> nn.Module:
        """The module with gradients averaged over the processes during backward."""
        if self.world == 1:
            return module
        return DistributedDataParallel(module)

    def unsynchronised(self, module: nn.Module, last: bool) -> AbstractContextManager[None]:
        """Within it, gradients stay in the process, unless this is the step's last micro-batch."""
        if last or not isinstance(module, DistributedDataParallel):
            return nullcontext()
        return module.no_sync()

    def mean(self, tensor: Tensor) -> Tensor:
        """The mean of a tensor over all processes."""
        if self.world == 1:
            return tensor
        total = tensor.clone()
        distributed.all_reduce(total)
        return total / self.world

    def any(self, flag: bool, device: torch.device) -> bool:
        """Whether the flag is set in any process."""
        return bool(self.mean(torch.tensor(float(flag), device=device)) > 0)


def check_alone(what: str) -> None:
    """``UserError`` if ``torchrun`` started several processes, which ``what`` makes no use of."""
    world = int(os.environ.get("WORLD_SIZE", "1"))
    if world > 1:
        raise UserError(
            f"{what} trains in one process, and torchrun started {world}. Start it with python; "
            "--device chooses the GPU."
        )


@contextmanager
def joined_ranks(device: torch.device) -> Iterator[Ranks]:
    """Join the other processes if ``torchrun`` started this one, and leave them at the end."""
    world = int(os.environ.get("WORLD_SIZE", "1"))
    if world == 1:
        yield Ranks()
        return
    ranks = Ranks(int(os.environ["RANK"]), world, int(os.environ.get("LOCAL_RANK", "0")))
    if device.type == "cuda":
        torch.cuda.set_device(ranks.local)
    distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield ranks
    finally:
        distributed.destroy_process_group()


class BatchStatistics:
    """Running statistics of BatchNorm that do not depend on who computed which micro-batch.

    Every micro-batch of a step moves the statistics from where the step found them, and they are
    put back; ``finish`` makes them the mean of these over all micro-batches of all processes.
    """

    def __init__(self, network: nn.Module) -> None:
        self._running: list[Tensor] = [
            buffer for name, buffer in network.named_buffers() if "running_" in name
        ]
        self._before: list[Tensor] = []
        self._sums: list[Tensor] = []

    @torch.no_grad()
    def begin(self) -> None:
        """Before the first micro-batch of a step."""
        self._before = [buffer.clone() for buffer in self._running]
        self._sums = [torch.zeros_like(buffer) for buffer in self._running]

    @torch.no_grad()
    def collect(self) -> None:
        """After each micro-batch."""
        for total, before, buffer in zip(self._sums, self._before, self._running, strict=True):
            total += buffer
            buffer.copy_(before)

    @torch.no_grad()
    def finish(self, ranks: Ranks, count: int) -> None:
        """After the last of ``count`` micro-batches of this process."""
        if not self._running:  # MoveNet's convolutions have taken BatchNorm in
            return
        flat = ranks.mean(_flat(self._sums)) / count
        sizes = [buffer.numel() for buffer in self._running]
        for buffer, values in zip(self._running, flat.split(sizes), strict=True):
            buffer.copy_(values.view_as(buffer))


def _flat(tensors: Sequence[Tensor]) -> Tensor:
    return torch.cat([tensor.flatten() for tensor in tensors])
