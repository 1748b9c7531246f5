"""A whole training of IMM, from what was asked for to the files it leaves."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from model.data.catalogue import Request
from model.device import choose_device
from model.files import whole_file
from model.imm.look import NEWEST, ImmLook
from model.imm.networks import Imm, ImmSpec
from model.imm.pairs import ImmExamples, PairDrawer
from model.imm.settings import ImmSettings
from model.imm.training import ImmLearner, make_loss
from model.ranks import check_alone
from model.unsupervised.run import Run, Schedule, identity_of

# What may differ when a run goes on: how often it looks up, not what it computes.
_FREE = ("steps", "look_every", "checkpoint_every")


@dataclass(frozen=True)
class ImmJob:
    """What to train, on what, and where to. ``data`` is learnt from without its labels."""

    spec: ImmSpec
    settings: ImmSettings
    data: Request
    out: Path
    features: Path
    skip_bad: bool = False
    resume: bool = False
    until: int | None = None
    device: str | None = None
    workers: int = 0
    quiet: bool = False


@dataclass(frozen=True)
class ImmResult:
    """``steps`` steps are done, ``finished`` if that is all; ``weights`` is the network."""

    steps: int
    finished: bool
    weights: Path


def run_imm_training(job: ImmJob, stopping: Callable[[], bool] = lambda: False) -> ImmResult:
    """Train; ``stopping`` is asked between steps.

    ``UserError`` for what cannot be read, does not fit, or would overwrite another run.
    """
    check_alone("IMM")
    torch.manual_seed(job.settings.seed)
    device = choose_device(job.device).device
    settings = job.settings
    people = job.data.read("train", job.data.source.crop_shift)
    network = Imm(job.spec).to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    drawer = PairDrawer(settings.pairs, job.spec.size, flip=settings.flip)
    metadata = {
        "settings": json.dumps(asdict(settings)),
        "data": f"{job.data.source.name}={job.data.root.name}, {len(people)} frames",
        "versions": f"Python {platform.python_version()}, torch {torch.__version__}",
    }
    kept: dict[str, Any] = {k: v for k, v in asdict(settings).items() if k not in _FREE}
    run = Run(
        ImmLearner(network, settings, make_loss(settings, job.features)),
        ImmExamples(people, drawer),
        Schedule.of(settings),
        job.out,
        identity_of(**kept, **asdict(job.spec), data=[people.name, len(people)]),
        ImmLook(network, job.out, people, drawer, metadata),
        skip_bad=job.skip_bad,
        workers=job.workers,
        quiet=job.quiet,
    )
    steps = run.run(resume=job.resume, stopping=stopping, until=job.until)
    with whole_file(job.out / "run.json") as path:
        path.write_text(json.dumps(metadata, indent=2))
    return ImmResult(steps, steps >= settings.steps, job.out / NEWEST)
