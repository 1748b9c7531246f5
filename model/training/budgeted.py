"""Training for so many minutes: a schedule fitted to the clock, ending with a saved network.

For a machine that is there for a while only. The learning rate falls with the time that is used up,
not with the steps, so that whatever the machine is capable of, it ends with the small steps that a
network is best after.
"""

from __future__ import annotations

import csv
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from model import weights
from model.average import WeightAverage
from model.evaluation.metrics import Pck, pck, torso_of
from model.heatmaps import decode
from model.networks import PoseNetwork
from model.networks.movenet import MoveNetEncoder
from model.normalization import normalized
from model.training.objective import JointObjective
from model.training.resident import Bank, BatchMaker, _warped

_LOGGED_EVERY = 50


@dataclass(frozen=True)
class Budget:
    """How the minutes are used.

    ``rate`` is Adam's for what is new, ``trunk_rate`` for the pretrained trunk and its own neck;
    ``ramp`` steps raise them at the start. ``pairs`` of each batch are reconstructed too, with the
    weight ``self_weight``; 0: supervised only.
    """

    minutes: float
    rate: float = 1e-3
    trunk_rate: float = 2e-4
    ramp: int = 100
    pairs: int = 0
    average: float = 0.998
    low_precision: bool = True
    look_every: float = 45.0


@dataclass
class BudgetedRun:
    """A network, its losses and batches, trained until the time is up.

    ``look`` is called now and then, and at the end, with the averaged weights in place.
    """

    network: PoseNetwork
    objective: JointObjective
    batches: BatchMaker
    budget: Budget
    out: Path
    look: Callable[[], dict[str, float]]
    rows: list[dict[str, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._device = self.network.device
        joint = self.budget.pairs > 0
        used = self.objective.used_parameters(joint=joint)
        freeze_early(self.network)
        self._parameters = {n: p for n, p in used.items() if p.requires_grad}
        trunk = [p for n, p in self._parameters.items() if _pretrained(self.network, n)]
        known = set(map(id, trunk))
        new = [p for p in self._parameters.values() if id(p) not in known]
        groups = [
            {"params": trunk, "rate": self.budget.trunk_rate},
            {"params": new, "rate": self.budget.rate},
        ]
        self._optimiser = torch.optim.Adam(
            [group for group in groups if group["params"]], fused=self._device.type == "cuda"
        )
        self._average = WeightAverage(self._parameters, self.budget.average)

    def train(self) -> int:
        """Train until the minutes are over; returns the steps that were taken."""
        start = time.perf_counter()
        seconds = 60 * self.budget.minutes
        steps, looked, joint = 0, start, self.budget.pairs > 0
        self.network.train()
        while (spent := time.perf_counter() - start) < seconds:
            self._set_rates(steps, spent / seconds)
            batch = self.batches.draw(self.budget.pairs)
            with torch.autocast(
                self._device.type, torch.bfloat16, enabled=self.budget.low_precision
            ):
                losses = self.objective(batch, joint)
            self._optimiser.zero_grad(set_to_none=True)
            losses.total.backward()
            nn.utils.clip_grad_norm_(self._parameters.values(), 1.0, foreach=True)
            self._optimiser.step()
            self._average.add()
            self.objective.settle(losses.errors)
            steps += 1
            if steps % _LOGGED_EVERY == 0:
                if not math.isfinite(float(losses.total)):
                    raise FloatingPointError(f"the loss was {float(losses.total)} at step {steps}")
                self._note(steps, spent, losses.supervised, losses.self_supervised)
            if time.perf_counter() - looked > self.budget.look_every:
                self.look_now(steps, time.perf_counter() - start)
                looked = time.perf_counter()
        self.look_now(steps, time.perf_counter() - start)
        return steps

    def look_now(self, steps: int, spent: float) -> None:
        """Measure and save the averaged weights."""
        with self.averaged():
            figures = self.look()
            weights.save(self.out / "last.safetensors", self.network, half=True)
        self._write({"step": steps, "seconds": spent, **figures})
        print({k: round(v, 3) for k, v in self.rows[-1].items()}, flush=True)

    def averaged(self) -> Any:
        """Inside, the network is in eval mode and has the averaged weights."""
        return _EvalMode(self.network, self._average)

    def _set_rates(self, step: int, share: float) -> None:
        factor = min(1.0, (step + 1) / self.budget.ramp) * 0.5 * (1 + math.cos(math.pi * share))
        for group in self._optimiser.param_groups:
            group["lr"] = group["rate"] * factor

    def _note(self, step: int, spent: float, supervised: Tensor, self_supervised: Tensor) -> None:
        row = {"step": step, "seconds": spent, "supervised": float(supervised)}
        self._write({**row, "self": float(self_supervised)})

    def _write(self, row: dict[str, float]) -> None:
        self.rows.append(row)
        names = list(dict.fromkeys(name for row in self.rows for name in row))
        with (self.out / "log.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, names)
            writer.writeheader()
            writer.writerows(self.rows)


class _EvalMode:
    def __init__(self, network: PoseNetwork, average: WeightAverage) -> None:
        self._network, self._average = network, average

    def __enter__(self) -> None:
        self._network.eval()
        self._swap = self._average.in_place()
        self._swap.__enter__()

    def __exit__(self, *error: object) -> None:
        self._swap.__exit__(None, None, None)
        self._network.train()


def freeze_early(network: PoseNetwork) -> None:
    """Leave a MoveNet's first convolutions, a quarter of them, as they are."""
    if isinstance(network.encoder, MoveNetEncoder):
        trunk = network.encoder.mobilenet
        for module in (trunk.stem, trunk.stages[0], trunk.stages[1]):
            module.requires_grad_(False)


def _pretrained(network: PoseNetwork, name: str) -> bool:
    if isinstance(network.encoder, MoveNetEncoder):
        return name.startswith("encoder.") and not name.startswith("encoder.neck.deep.")
    return name.startswith("encoder.") and not name.startswith("encoder.deconv.")


@torch.inference_mode()
def score(network: PoseNetwork, bank: Bank, batch: int = 64) -> Pck:
    """PCK of a bank's frames, unaugmented, with the network as it is (method 1.12, 1.13)."""
    size, device = network.spec.crop_size, network.device
    points = []
    for rows in torch.arange(len(bank), device=device).split(batch):
        crops = unaugmented(bank, rows, size)
        points.append(decode(network.pose(crops).heatmaps.float())[0])
    cells = torch.cat(points)
    side = bank.boxes[:, None, 2:]
    found = (cells / network.spec.heatmap_size - 0.5) * side + bank.boxes[:, None, :2]
    truth = bank.joints.cpu().numpy()
    torso = torso_of(network.spec.joint_set).lengths(truth)
    return pck(found.cpu().numpy(), truth, bank.weights.cpu().numpy(), torso)


def unaugmented(bank: Bank, rows: Tensor, size: int) -> Tensor:
    """The crops (n, 3, size, size) of some frames, normalised."""
    upright = torch.eye(2, device=rows.device).expand(len(rows), 2, 2)
    return normalized(_warped(bank.pictures[rows], bank.boxes[rows], upright, size).round_())


def spread(batch: int, shares: Sequence[float]) -> Iterator[int]:
    """``batch`` examples, divided by shares; the first takes what rounding leaves."""
    counts = [round(batch * share / sum(shares)) for share in shares]
    counts[0] += batch - sum(counts)
    yield from counts
