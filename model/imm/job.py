"""A whole training of IMM, from what was asked for to the files it leaves."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from model.core.crop import CROP_SIZE
from model.core.device import choose_device
from model.core.errors import UserError
from model.core.files import whole_file
from model.core.panels import draw_points, enlarged, tile
from model.data.catalogue import Request
from model.data.records import DataSet, readable
from model.engine.batches import ExampleStream, Loader, MicroBatchPlan
from model.engine.checkpoint import identity_of
from model.engine.ranks import joined_ranks
from model.engine.run import Callback, Run, Schedule, TrainingResult, start_from
from model.imm import weights
from model.imm.data import ImmExamples, PairDrawer
from model.imm.networks import Imm, ImmSpec
from model.imm.training import ImmSettings, ImmStep, make_loss

_ROWS = 6
NEWEST = "last.safetensors"


class ImmCallback(Callback):
    """Draws pairs of ``people`` and keeps the network as ``last.safetensors`` in ``folder``."""

    def __init__(
        self,
        network: Imm,
        folder: Path,
        people: DataSet,
        drawer: PairDrawer,
        metadata: Mapping[str, str] | None = None,
    ) -> None:
        self._network = network
        self._folder = folder
        self._people = people
        self._drawer = drawer
        self._metadata = dict(metadata or {})

    def look(self, step: int, *, probe: bool) -> dict[str, float | NDArray[np.uint8]]:
        """Keeps the network; the panel, and how far the points of a picture lie apart."""
        self.keep(step)
        picture, apart = panel(self._network, self._people, self._drawer)
        return {"points/spread": apart, "panel": picture}

    def keep(self, step: int) -> None:
        """Write the network."""
        metadata = {**self._metadata, "steps": str(step)}
        weights.save(self._folder / NEWEST, self._network, metadata)


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


# What may differ when a run goes on: how often it looks up, not what it computes.
_FREE = ("steps", "look_every", "checkpoint_every")


@dataclass(frozen=True)
class ImmJob:
    """What to train, on what, and where to. ``data`` is learnt from without its labels.

    ``start`` is what to go on from: another run's ``checkpoint.pt``, as the released networks for
    AFLW went on from those for CelebA, with the optimiser and the learning rate as they were
    (method 3.3); or a weight file, with a new optimiser and schedule.
    """

    spec: ImmSpec
    settings: ImmSettings
    data: Request
    out: Path
    features: Path
    start: Path | None = None
    skip_bad: bool = False
    resume: bool = False
    until: int | None = None
    device: str | None = None
    workers: int = 0
    quiet: bool = False


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
    metadata = {
        "settings": json.dumps(asdict(settings)),
        "data": f"{job.data.source.name}={job.data.root.name}, {len(people)} frames",
        "versions": f"Python {platform.python_version()}, torch {torch.__version__}",
    }
    kept: dict[str, Any] = {k: v for k, v in asdict(settings).items() if k not in _FREE}
    with joined_ranks(choose_device(job.device).device) as ranks:
        network = _network(job)
        network.to(ranks.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        learner = ImmStep(network, settings, make_loss(settings, job.features), ranks)
        if job.start is not None and not _is_weights(job.start) and not job.resume:
            start_from(job.start, learner)
        stream = ExampleStream(ImmExamples(people, drawer), settings.seed, skip_bad=job.skip_bad)
        run = Run(
            learner,
            Loader(stream, MicroBatchPlan.of(settings, ranks), job.workers),
            Schedule(settings.steps, settings.look_every, settings.checkpoint_every),
            job.out,
            identity_of(**kept, **asdict(job.spec), data=[people.name, len(people)]),
            ImmCallback(network, job.out, people, drawer, metadata),
            ranks=ranks,
            quiet=job.quiet,
        )
        steps = run.run(resume=job.resume, stopping=stopping, until=job.until)
    if ranks.first:
        with whole_file(job.out / "run.json") as path:
            path.write_text(json.dumps(metadata, indent=2))
    return TrainingResult(steps, run.finished, job.out / NEWEST, ranks.rank)


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
