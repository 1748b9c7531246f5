"""A whole training run, from what was asked for to the files it leaves."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path

import torch

from model.core.device import choose_device
from model.core.errors import UserError
from model.core.files import whole_file
from model.core.perceptual import PerceptualLoss, load_perceptual_loss
from model.data.catalogue import Request, weights_of
from model.data.conversion import converted
from model.data.masks import Masks
from model.data.records import DataSet
from model.data.sampling import Mixture
from model.engine.checkpoint import CHECKPOINT, check_new
from model.engine.metrics import draw_curves
from model.engine.ranks import joined_ranks
from model.engine.run import TrainingResult
from model.ttp import weights
from model.ttp.networks import NetworkSpec, PoseNetwork
from model.ttp.networks.encoder import MOVENETS
from model.ttp.networks.imagenet import load_imagenet
from model.ttp.objective import JointObjective
from model.ttp.training.budgeted import BudgetedRun
from model.ttp.training.callbacks import ProbePlan, RunCallback
from model.ttp.training.resident import Bank, BatchMaker, load_bank
from model.ttp.training.settings import ResidentSettings, TrainingSettings
from model.ttp.training.trainer import Trainer

# What may be another in the network that a training starts from.
_MAY_DIFFER = ("variant", "mask", "rebuilt")


@dataclass(frozen=True, kw_only=True)
class Job:
    """What to train, on what, and where to.

    ``start`` is a weight file to go on from; ``imagenet`` and ``movenet`` say where the backbone's
    first weights come from (None: random). ``aside`` (0..1) is the share of people kept for
    development. A network that is ``masked`` needs ``masks``.
    """

    spec: NetworkSpec
    settings: TrainingSettings | ResidentSettings
    data: Sequence[Request]
    out: Path
    perceptual: Path
    validation: Sequence[Request] = ()
    aside: float = 0.0
    start: Path | None = None
    imagenet: str | None = None
    movenet: Path | None = None
    device: str | None = None
    workers: int = 2
    probe: ProbePlan = field(default_factory=ProbePlan)
    quiet: bool = False
    masks: Masks | None = None


@dataclass(frozen=True, kw_only=True)
class TrainingJob(Job):
    """Training by steps; ``until`` ends it early, its schedule being that of ``settings.steps``."""

    settings: TrainingSettings
    resume: bool = False
    until: int | None = None


@dataclass(frozen=True, kw_only=True)
class ResidentJob(Job):
    """Training for so many minutes with all pictures on the device.

    Data sets are spoken of by name or by a pattern such as ``lspet-*``. ``joint_weights`` says what
    joints count (0..1), else 1; ``pairs_from`` which sets give pairs, else all that have clips;
    ``outside`` which label absent joints outside the picture where they are.
    """

    settings: ResidentSettings
    joint_weights: Mapping[str, float] = field(default_factory=dict)
    pairs_from: Sequence[str] = ()
    outside: Sequence[str] = ()


def run_training(
    job: TrainingJob, stopping: Callable[[], bool] = lambda: False
) -> TrainingResult | None:
    """Train; the result in the first process, None in the others of a ``torchrun``.

    ``stopping`` is asked between steps. ``UserError`` for what cannot be read, does not fit, or
    would overwrite another run.
    """
    if not job.resume:
        check_new(job.out)
    device = choose_device(job.device).device
    with joined_ranks(device) as ranks:
        device = ranks.device(device)
        train, development = _training_data(job)
        masks = _masks(job)
        if masks is not None:
            train = list(map(masks, train))
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
        description = _description(job, len(mixture))
        with _callback(
            job, development, perceptual, description, job.settings.steps, trainer.step
        ) as callback:
            finished = trainer.run(callback, stopping, job.until)
            if callback.kept_step != trainer.step:
                callback.keep(trainer.step, trainer.kept)
        draw_curves(job.out)
        return TrainingResult(trainer.step, finished, job.out / "last.safetensors")


def run_resident(job: ResidentJob, stopping: Callable[[], bool] = lambda: False) -> TrainingResult:
    """Train for the job's minutes, which begin when all pictures are loaded.

    Args:
        job: what to train.
        stopping: asked between steps whether to stop early; the network is saved all the same.

    Returns:
        How far it came, and where the network is.

    Raises:
        UserError: something cannot be read, does not fit, or would overwrite another run.
    """
    _check_resident(job)
    device = choose_device(job.device).device
    given_shares = weights_of(job.data)
    perceptual = load_perceptual_loss(job.perceptual) if job.spec.personalizable else None
    network = _network(job).to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    train, development = _training_data(job)
    banks = _banks(job, train, device)
    objective = JointObjective(
        network,
        perceptual.to(device) if perceptual is not None and job.spec.reconstructs else None,
        self_weight=job.settings.self_weight,
    )
    shares = given_shares or [len(bank) for bank in banks]
    run = BudgetedRun(objective, BatchMaker(banks, shares, job.spec, job.settings), job.settings)
    description = _description(job, sum(map(len, banks))) | _said_of_data(job)
    with _callback(job, development, perceptual, description) as callback:
        finished = run.train(callback, stopping)
        if callback.kept_step != run.step:
            with run.averaged():
                callback.keep(run.step, network)
    draw_curves(job.out)
    return TrainingResult(run.step, finished, job.out / "last.safetensors")


def _check_resident(job: ResidentJob) -> None:
    if any((job.out / name).exists() for name in (CHECKPOINT, "last.safetensors")):
        raise UserError(f"{job.out} holds a run already. Give another folder.")
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise UserError("--resident trains in one process on one device. Start without torchrun.")
    if job.spec.backbone in MOVENETS and not (job.start or job.movenet or job.imagenet):
        raise UserError(
            f"--resident leaves the first convolutions of {job.spec.backbone} as they are, so they "
            "must not be random. Give MoveNet's weights with --movenet, or a network with --start."
        )


def _banks(job: ResidentJob, train: Sequence[DataSet], device: torch.device) -> list[Bank]:
    names = [data.name for data in train]
    counts = dict.fromkeys(names, 1.0)
    for pattern, weight in job.joint_weights.items():
        counts |= dict.fromkeys(_matching([pattern], names, "--joint-weight"), weight)
    paired = _matching(job.pairs_from or ["*"], names, "--pairs-from")
    outside = _matching(job.outside, names, "--outside")
    masks = _masks(job)
    banks = []
    for data in train:
        bank = load_bank(
            masks(data) if masks is not None and data.name in paired else data,
            device,
            joint_weight=counts[data.name],
            paired=data.name in paired,
            outside=data.name in outside,
            threads=job.workers,
        )
        if job.pairs_from and data.name in paired and not bank.paired:
            raise UserError(
                f"{data.name} cannot give pairs: most of its frames are alone in their clip. "
                "Leave it out of --pairs-from."
            )
        banks.append(bank)
    return banks


def _matching(patterns: Sequence[str], names: Sequence[str], option: str) -> set[str]:
    """The names that are, or match, one of the patterns; each must match one."""
    found = set()
    for pattern in patterns:
        matches = {name for name in names if name == pattern or fnmatchcase(name, pattern)}
        if not matches:
            raise UserError(
                f"{option} speaks of {pattern}, but the data sets are called {', '.join(names)}. "
                "Give one of these, or a pattern with *."
            )
        found |= matches
    return found


def _said_of_data(job: ResidentJob) -> dict[str, str]:
    return {
        "joint_weights": json.dumps(dict(job.joint_weights)),
        "pairs_from": ", ".join(job.pairs_from),
        "outside": ", ".join(job.outside),
    }


def _training_data(job: Job) -> tuple[list[DataSet], list[DataSet]]:
    """The data sets as the network needs them, and the people kept aside from each."""
    train, development = [], []
    for request in job.data:
        data_set = converted(request.read("train", job.spec.crop_shift), job.spec.joint_set)
        rest, aside = data_set.divided(job.aside)
        train.append(rest)
        if aside is not None:
            development.append(replace(aside, name=f"{aside.name} aside"))
    return train, development


def _masks(job: Job) -> Masks | None:
    """What gives data sets their masks, if the network needs them."""
    if job.spec.masked and job.masks is None:
        raise ValueError("a masked network needs a source of masks")
    return job.masks if job.spec.masked else None


def _network(job: Job) -> PoseNetwork:
    torch.manual_seed(job.settings.seed)
    if job.start is not None:
        start = weights.load(job.start)
        if start.spec == job.spec:
            return start
        if replace(start.spec, **{k: getattr(job.spec, k) for k in _MAY_DIFFER}) != job.spec:
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
    if job.movenet is not None:
        # Only here, as onnx is slow to import.
        from model.ttp.networks.movenet_weights import load_movenet

        load_movenet(network, job.movenet)
    return network


def _callback(
    job: Job,
    development: Sequence[DataSet],
    perceptual: PerceptualLoss | None,
    description: Mapping[str, str],
    steps: int = 0,
    start: int = 0,
) -> RunCallback:
    validation = [request.read("test", job.spec.crop_shift) for request in job.validation]
    masks, shown = _masks(job), development[0] if development else None
    with whole_file(job.out / "run.json") as path:
        path.write_text(json.dumps(description, indent=2))
    return RunCallback(
        job.out,
        steps,
        start=start,
        validation=[*validation, *development],
        development=masks(shown) if masks is not None and shown is not None else shown,
        perceptual=perceptual,
        masker=None if masks is None else masks.masker,
        plan=job.probe,
        autocast=job.settings.precision == "bfloat16",
        metadata=description,
        quiet=job.quiet,
    )


def _description(job: Job, frames: int) -> dict[str, str]:
    return {
        "settings": json.dumps(asdict(job.settings)),
        "data": ", ".join(f"{r.source.name}={r.root.name}@{r.weight}" for r in job.data),
        "frames": str(frames),
        "start": _start(job),
        "versions": f"Python {platform.python_version()}, torch {torch.__version__}",
    }


def _start(job: Job) -> str:
    if job.start is not None:
        return job.start.name
    if job.movenet is not None:
        return f"MoveNet: {job.movenet.name}"
    return f"ImageNet: {job.imagenet}" if job.imagenet is not None else "random"
