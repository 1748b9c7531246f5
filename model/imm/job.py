"""A whole training of IMM, from what was asked for to the files it leaves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from model.core.crop import CROP_SIZE
from model.core.device import choose_device
from model.core.errors import UserError
from model.core.panels import draw_points, enlarged, tile
from model.data.catalogue import Request
from model.data.records import DataSet, readable
from model.engine.job import KeepingCallback, StepsJob, description, identity
from model.engine.ranks import joined_ranks
from model.engine.run import TrainingResult, start_from
from model.imm import weights
from model.imm.data import ImmExamples, PairDrawer
from model.imm.networks import Imm, ImmSpec
from model.imm.training import ImmSettings, ImmStep, make_loss

_ROWS = 6


class ImmCallback(KeepingCallback):
    """Draws pairs of ``people``, and keeps the network."""

    def __init__(
        self,
        network: Imm,
        people: DataSet,
        drawer: PairDrawer,
        folder: Path,
        metadata: Mapping[str, str],
    ) -> None:
        super().__init__(folder, metadata)
        self._network = network
        self._people = people
        self._drawer = drawer

    def look(self, step: int, *, probe: bool) -> dict[str, float | NDArray[np.uint8]]:
        """Keeps the network; the panel, and how far the points of a picture lie apart."""
        self.keep(step)
        picture, apart = panel(self._network, self._people, self._drawer)
        return {"points/spread": apart, "panel": picture}

    def write(self, path: Path, metadata: Mapping[str, str]) -> None:
        weights.save(path, self._network, metadata)


@torch.inference_mode()
def panel(
    network: Imm, people: DataSet, drawer: PairDrawer, rows: int = _ROWS
) -> tuple[NDArray[np.uint8], float]:
    """Source, target, reconstruction and points of some people; RGB (H, W, 3), eval mode.

    With it the mean distance of a picture's points from their middle, in pictures' sides: near 0
    when they have collapsed.
    """
    rng = np.random.default_rng(0)
    _, pairs = readable(people.clips, rows, lambda clip: drawer.draw(clip, len(clip) // 2, rng))
    target, source = (
        torch.from_numpy(np.stack(side)).permute(0, 3, 1, 2).float().to(network.device)
        for side in ([pair.target for pair in pairs], [pair.source for pair in pairs])
    )
    output = network(target, source)
    rebuilt = output.reconstruction.clamp(0, 255).round().to(torch.uint8).permute(0, 2, 3, 1)
    points = output.points.cpu().numpy()
    middle = points.mean(axis=1, keepdims=True)
    targets = enlarged([pair.target for pair in pairs], zoom=False)
    picture = tile(
        {
            "source": enlarged([pair.source for pair in pairs]),
            "target": enlarged([pair.target for pair in pairs]),
            "reconstruction": enlarged(list(rebuilt.cpu().numpy())),
            "points": [
                draw_points(crop, (found + 1) * ((CROP_SIZE - 1) / 2))
                for crop, found in zip(targets, points, strict=True)
            ],
        }
    )
    return picture, float(np.linalg.norm(points - middle, axis=-1).mean() / 2)


@dataclass(frozen=True, kw_only=True)
class ImmJob(StepsJob):
    """What to train, on what, and where to. ``data`` is learnt from without its labels.

    ``start`` is what to go on from: another run's ``checkpoint.pt``, as the released networks for
    AFLW went on from those for CelebA, with the optimiser and the learning rate as they were
    (method 3.3); or a weight file, with a new optimiser and schedule.
    """

    spec: ImmSpec
    settings: ImmSettings
    data: Request
    features: Path
    start: Path | None = None


def run_imm_training(job: ImmJob, stopping: Callable[[], bool] = lambda: False) -> TrainingResult:
    """Train.

    Args:
        job: what to train.
        stopping: asked between steps whether to stop early.

    Returns:
        How far it came.

    Raises:
        UserError: something cannot be read, does not fit, or would overwrite another run.
    """
    torch.manual_seed(job.settings.seed)
    settings = job.settings
    people = job.data.read("train", job.data.source.crop_shift)
    drawer = PairDrawer(settings.pairs, job.spec.size, flip=settings.flip)
    said = description(settings, data=f"{job.data.named}, {len(people)} frames")
    with joined_ranks(choose_device(job.device).device) as ranks:
        network = _network(job)
        network.to(ranks.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        learner = ImmStep(network, settings, make_loss(settings, job.features), ranks)
        if job.start is not None and not _is_weights(job.start) and not job.resume:
            start_from(job.start, learner)
        run = job.run_of(
            learner,
            ImmExamples(people, drawer),
            settings,
            identity(settings, job.spec, data=[people.name, len(people)]),
            ImmCallback(network, people, drawer, job.out, said),
            ranks,
        )
        return job.finish(run, said, stopping)


def _network(job: ImmJob) -> Imm:
    if job.start is None or not _is_weights(job.start):
        return Imm(job.spec)
    network = weights.load(job.start)
    if network.spec != job.spec:
        raise UserError(
            f"{job.start} holds {network.spec}, but {job.spec} is to be trained. Start from "
            "weights of the same network, or give its --points."
        )
    return network.train()


def _is_weights(path: Path) -> bool:
    return path.suffix == ".safetensors"
