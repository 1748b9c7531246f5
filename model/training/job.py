"""A whole training run, from what was asked for to the files it leaves."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import torch

from model import weights
from model.data.catalogue import Request, weights_of
from model.data.conversion import converted
from model.data.records import DataSet
from model.data.sampling import Mixture
from model.device import choose_device
from model.errors import UserError
from model.files import whole_file
from model.networks import NetworkSpec, PerceptualLoss, PoseNetwork, load_perceptual_loss
from model.networks.imagenet import load_imagenet
from model.ranks import joined_ranks
from model.training.checkpoint import FILE_NAME
from model.training.journal import read_log
from model.training.settings import TrainingSettings
from model.training.trainer import Trainer
from model.training.watch import ProbePlan, RunWatcher


@dataclass(frozen=True)
class TrainingJob:
    """What to train, on what, and where to.

    ``start`` is a weight file to go on from, ``imagenet`` where the backbone's first weights come
    from (None: random). ``aside`` (0..1) is the share of people kept for development.
    ``until`` ends the run early, its schedule being that of ``settings.steps``.
    """

    spec: NetworkSpec
    settings: TrainingSettings
    data: Sequence[Request]
    out: Path
    perceptual: Path
    validation: Sequence[Request] = ()
    aside: float = 0.0
    start: Path | None = None
    imagenet: str | None = None
    resume: bool = False
    until: int | None = None
    device: str | None = None
    workers: int = 2
    probe: ProbePlan = field(default_factory=ProbePlan)
    quiet: bool = False


@dataclass(frozen=True)
class TrainingResult:
    """``steps`` steps are done, ``finished`` if that is all; ``weights`` is the kept network."""

    steps: int
    finished: bool
    weights: Path


def run_training(
    job: TrainingJob, stopping: Callable[[], bool] = lambda: False
) -> TrainingResult | None:
    """Train; the result in the first process, None in the others of a ``torchrun``.

    ``stopping`` is asked between steps. ``UserError`` for what cannot be read, does not fit, or
    would overwrite another run.
    """
    _check_folder(job)
    device = choose_device(job.device).device
    with joined_ranks(device) as ranks:
        device = ranks.device(device)
        train, development = _training_data(job)
        mixture = Mixture(train, weights_of(job.data), seed=job.settings.seed)
        perceptual = load_perceptual_loss(job.perceptual) if job.spec.personalizable else None
        trainer = Trainer(
            _network(job),
            mixture,
            job.settings,
            job.out,
            perceptual=perceptual,
            device=device,
            ranks=ranks,
            workers=job.workers,
        )
        if job.resume:
            trainer.resume()
        if not ranks.first:
            trainer.run(None, stopping, job.until)
            return None
        description = _description(job, mixture)
        with _watcher(job, development, perceptual, description, trainer.step) as watcher:
            finished = trainer.run(watcher, stopping, job.until)
            if watcher.kept_step != trainer.step:
                watcher.keep(trainer.step, trainer.kept)
        _draw_curves(job.out)
        return TrainingResult(trainer.step, finished, job.out / "last.safetensors")


def _check_folder(job: TrainingJob) -> None:
    exists = (job.out / FILE_NAME).exists()
    if exists and not job.resume:
        raise UserError(
            f"{job.out} holds a run already. Add --resume to go on with it, or give another folder."
        )


def _training_data(job: TrainingJob) -> tuple[list[DataSet], list[DataSet]]:
    """The data sets as the network needs them, and the people kept aside from each."""
    train, development = [], []
    for request in job.data:
        data_set = converted(request.read("train", job.spec.crop_shift), job.spec.joint_set)
        rest, aside = data_set.divided(job.aside)
        train.append(rest)
        if aside is not None:
            development.append(replace(aside, name=f"{aside.name} aside"))
    return train, development


def _network(job: TrainingJob) -> PoseNetwork:
    torch.manual_seed(job.settings.seed)
    if job.start is not None:
        start = weights.load(job.start)
        if start.spec == job.spec:
            return start
        if replace(start.spec, variant=job.spec.variant) != job.spec:
            raise UserError(
                f"{job.start} holds {start.spec}, but {job.spec} is to be trained. "
                "Start from weights of the same network, or of another variant of it."
            )
        network = PoseNetwork(job.spec)
        own = network.state_dict()
        network.load_state_dict(
            {**own, **{name: t for name, t in start.state_dict().items() if name in own}}
        )
        return network
    network = PoseNetwork(job.spec)
    if job.imagenet is not None:
        load_imagenet(network, job.imagenet)
    return network


def _watcher(
    job: TrainingJob,
    development: Sequence[DataSet],
    perceptual: PerceptualLoss | None,
    description: Mapping[str, str],
    start: int,
) -> RunWatcher:
    validation = [request.read("test", job.spec.crop_shift) for request in job.validation]
    with whole_file(job.out / "run.json") as path:
        path.write_text(json.dumps(description, indent=2))
    return RunWatcher(
        job.out,
        job.settings.steps,
        start=start,
        validation=[*validation, *development],
        development=development[0] if development else None,
        perceptual=perceptual,
        plan=job.probe,
        autocast=job.settings.precision == "bfloat16",
        metadata=description,
        quiet=job.quiet,
    )


def _draw_curves(folder: Path) -> None:
    # Only here, as drawing is slow to import and a run is long.
    from model.training.curves import plot_curves

    if len(read_log(folder / "log.csv")):
        plot_curves(folder / "log.csv", folder / "curves.png")


def _description(job: TrainingJob, mixture: Mixture) -> dict[str, str]:
    return {
        "settings": json.dumps(asdict(job.settings)),
        "data": ", ".join(f"{r.source.name}={r.root.name}@{r.weight}" for r in job.data),
        "frames": str(len(mixture)),
        "start": job.start.name if job.start is not None else f"ImageNet: {job.imagenet}",
        "versions": f"Python {platform.python_version()}, torch {torch.__version__}",
    }
