"""A whole training run, from what was asked for to the files it leaves."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from fnmatch import fnmatchcase
from itertools import repeat
from pathlib import Path

import torch

from model.core.device import choose_device
from model.core.errors import UserError
from model.core.perceptual import load_perceptual_loss
from model.data.catalogue import Request, weights_of
from model.data.masks import Masks
from model.data.records import DataSet, converted
from model.data.sampling import Mixture
from model.engine.checkpoint import CHECKPOINT, check_new, identity_of
from model.engine.job import NEWEST, description, write_description
from model.engine.ranks import check_alone, joined_ranks
from model.engine.run import Callback, Run, Schedule, TimeBudget, TrainingResult
from model.ttp import weights
from model.ttp.networks import NetworkSpec, PoseNetwork
from model.ttp.networks.encoder import MOVENETS
from model.ttp.networks.pretrained import load_imagenet, load_movenet
from model.ttp.objective import JointObjective
from model.ttp.training.callbacks import ProbePlan, RunCallback
from model.ttp.training.resident import Bank, BatchMaker, load_bank
from model.ttp.training.settings import ResidentSettings, TrainingSettings
from model.ttp.training.step import ResidentStep, TtpStep, make_loader

# What may be another in the network that a training starts from.
_MAY_DIFFER = ("variant", "mask", "rebuilt")
# What may differ when a run goes on: how often it looks at itself, not what it computes.
_FREE = ("validate_every", "checkpoint_every", "probe_every", "on_bad_data")


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


def run_training(job: TrainingJob, stopping: Callable[[], bool] = lambda: False) -> TrainingResult:
    """Train by steps.

    Args:
        job: what to train.
        stopping: asked between steps whether to stop early.

    Returns:
        How far it came.

    Raises:
        UserError: something cannot be read, does not fit, or would overwrite another run.
    """
    if not job.resume:
        check_new(job.out)
    with joined_ranks(choose_device(job.device).device) as ranks:
        settings = job.settings
        train, development = _training_data(job)
        masks = _masks(job)
        if masks is not None:
            train = list(map(masks, train))
        mixture = Mixture(train, weights_of(job.data), seed=settings.seed)
        objective = _objective(job, ranks.device, supervised=settings.supervised)
        kept = {k: v for k, v in asdict(settings).items() if k not in _FREE}
        data = f"{len(mixture)} frames, {mixture.joint_set.name}"
        said = _description(job, len(mixture))
        run = Run(
            TtpStep(objective, settings, ranks),
            make_loader(mixture, settings, job.spec, ranks, workers=job.workers),
            Schedule(
                settings.steps,
                settings.validate_every,
                settings.checkpoint_every,
                settings.probe_every,
                look_first=True,
            ),
            job.out,
            identity_of(**kept, **asdict(job.spec), data=data),
            _callback(job, objective, development, said) if ranks.first else None,
            ranks=ranks,
            quiet=job.quiet,
        )
        steps = run.run(resume=job.resume, stopping=stopping, until=job.until)
        return TrainingResult(steps, run.finished, job.out / NEWEST, ranks.rank)


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
    objective = _objective(job, device)
    train, development = _training_data(job)
    banks = _banks(job, train, device)
    shares = given_shares or [len(bank) for bank in banks]
    batches = BatchMaker(banks, shares, job.spec, job.settings)
    said = _description(job, sum(map(len, banks))) | _said_of_data(job)
    callback = _callback(job, objective, development, said)
    run = resident_run(objective, batches, job.settings, job.out, callback, quiet=job.quiet)
    steps = run.run(stopping=stopping)
    return TrainingResult(steps, run.finished, job.out / NEWEST)


def resident_run(
    objective: JointObjective,
    batches: BatchMaker,
    settings: ResidentSettings,
    folder: Path,
    callback: Callback | None = None,
    *,
    quiet: bool = False,
) -> Run:
    """A run that ends with its minutes, which begin after a first look at the network.

    Args:
        objective: the network and its losses, on the device.
        batches: what to learn from, on the same device.
        settings: how long, and how.
        folder: where to.
        callback: measures and keeps the network.
        quiet: whether to show no progress.
    """
    budget = TimeBudget(settings.minutes, settings.look_every)
    return Run(
        ResidentStep(objective, batches, settings, budget),
        lambda steps: repeat(()),
        Schedule(look_first=True),
        folder,
        callback=callback,
        budget=budget,
        patience=1,  # what is not finite has changed the weights
        advice="Go on from the network of its last look with --start, or start again, with a "
        "lower --learning-rate and --trunk-rate.",
        quiet=quiet,
    )


def _check_resident(job: ResidentJob) -> None:
    if any((job.out / name).exists() for name in (CHECKPOINT, NEWEST)):
        raise UserError(f"{job.out} holds a run already. Give another folder.")
    check_alone("--resident")
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
        load_movenet(network, job.movenet)
    return network


def _objective(job: Job, device: torch.device, *, supervised: bool = True) -> JointObjective:
    """The network and its losses, on the device."""
    network = _network(job)
    network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    return JointObjective(
        network,
        load_perceptual_loss(job.perceptual).to(device) if job.spec.personalizable else None,
        self_weight=job.settings.self_weight,
        supervised=supervised,
    )


def _callback(
    job: Job,
    objective: JointObjective,
    development: Sequence[DataSet],
    said: Mapping[str, str],
) -> RunCallback:
    validation = [request.read("test", job.spec.crop_shift) for request in job.validation]
    masks, shown = _masks(job), development[0] if development else None
    write_description(job.out, said)
    return RunCallback(
        objective.network,
        job.out,
        validation=[*validation, *development],
        development=masks(shown) if masks is not None and shown is not None else shown,
        perceptual=objective.perceptual,
        masker=None if masks is None else masks.masker,
        plan=job.probe,
        autocast=job.settings.precision == "bfloat16",
        metadata=said,
        resumed=isinstance(job, TrainingJob) and job.resume,
    )


def _description(job: Job, frames: int) -> dict[str, str]:
    return description(
        job.settings,
        data=", ".join(f"{request.named}@{request.weight}" for request in job.data),
        frames=str(frames),
        start=_start(job),
    )


def _start(job: Job) -> str:
    if job.start is not None:
        return job.start.name
    if job.movenet is not None:
        return f"MoveNet: {job.movenet.name}"
    return f"ImageNet: {job.imagenet}" if job.imagenet is not None else "random"
