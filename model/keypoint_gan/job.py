"""A whole training of KeypointGAN, from what was asked for to the files it leaves."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from model.data.catalogue import Request, weights_of
from model.data.conversion import converted
from model.data.masks import Masks
from model.data.records import DataSet
from model.device import choose_device
from model.errors import UserError
from model.files import whole_file
from model.keypoint_gan import weights
from model.keypoint_gan.learner import GanLearner
from model.keypoint_gan.look import NEWEST, GanLook
from model.keypoint_gan.losses import RatioPerceptualLoss, load_features
from model.keypoint_gan.network import KeypointGan
from model.keypoint_gan.pairs import GanExamples
from model.keypoint_gan.pretraining import PoseExamples, RegressorLearner
from model.keypoint_gan.prior import PosePrior, halves
from model.keypoint_gan.settings import GanSettings
from model.keypoint_gan.spec import GanSpec
from model.ranks import check_alone
from model.unsupervised.run import CHECKPOINT, Run, Schedule, identity_of

REGRESSOR_FOLDER = "regressor"
# What may differ when a run goes on: how often it looks up, not what it computes.
_FREE = ("steps", "look_every", "checkpoint_every")


@dataclass(frozen=True)
class GanJob:
    """What to train, on what, and where to.

    ``images`` are the data sets whose pictures are learnt from, ``prior`` those whose poses are;
    without the latter, pictures come from the first half of every clip and poses from the second.
    ``prior_size`` draws that many poses of the prior, and no more are ever seen. ``aside`` (0..1)
    is the share of the pictures' people kept for development; ``validation`` are further sets with
    labels. Labels of pictures are used to measure by and for nothing else. ``regressor`` is a
    weight file whose regressor spares the pre-training, ``perceptual`` the reconstruction loss's.
    ``start`` is a weight file to go on from instead. A ``spec`` with a mask needs ``masks``.
    """

    spec: GanSpec
    settings: GanSettings
    images: Sequence[Request]
    out: Path
    perceptual: Path
    prior: Sequence[Request] = ()
    prior_size: int | None = None
    validation: Sequence[Request] = ()
    aside: float = 0.0
    regressor: Path | None = None
    start: Path | None = None
    masks: Masks | None = None
    skip_bad: bool = False
    resume: bool = False
    until: int | None = None
    device: str | None = None
    workers: int = 0
    quiet: bool = False


@dataclass(frozen=True)
class GanResult:
    """``steps`` steps are done, ``finished`` if that is all; ``weights`` is the network."""

    steps: int
    finished: bool
    weights: Path


@dataclass(frozen=True)
class _Material:
    pictures: list[DataSet]
    prior: PosePrior
    labelled: list[DataSet] = field(default_factory=list)


def run_gan_training(job: GanJob, stopping: Callable[[], bool] = lambda: False) -> GanResult:
    """Train the regressor, then all networks.

    ``stopping`` is asked between steps. ``UserError`` for what cannot be read, does not fit, or
    would overwrite another run.
    """
    check_alone("KeypointGAN")
    _check_resumed(job)
    torch.manual_seed(job.settings.seed)
    device = choose_device(job.device).device
    material = _material(job)
    network = _network(job).to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    result = GanResult(0, False, job.out / NEWEST)
    _describe(job, material)
    main = job.resume and (job.out / CHECKPOINT).exists()
    if not main and not _pretrained(job, network, material, stopping):
        return result
    if stopping():
        return result
    features = load_features(job.perceptual, linear=job.settings.perceptual == "linear")
    features.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    settings = job.settings
    learner = GanLearner(network, settings, RatioPerceptualLoss(features))
    look = GanLook(
        network,
        job.out,
        material.pictures[0],
        material.labelled,
        _metadata(job, material),
        autocast=settings.precision == "bfloat16",
        averaged=learner.averaged,
    )
    run = Run(
        learner,
        GanExamples(
            material.pictures,
            material.prior,
            job.spec.size,
            settings.window,
            shares=weights_of(job.images),
            warp_target=settings.warp_target,
        ),
        Schedule.of(settings),
        job.out,
        _identity(job, material),
        look,
        skip_bad=job.skip_bad,
        workers=job.workers,
        quiet=job.quiet,
    )
    steps = run.run(resume=main, stopping=stopping, until=job.until)
    return replace(result, steps=steps, finished=steps >= settings.steps)


def _check_resumed(job: GanJob) -> None:
    folders = (job.out, job.out / REGRESSOR_FOLDER)
    if job.resume and not any((folder / CHECKPOINT).exists() for folder in folders):
        raise UserError(f"There is no checkpoint in {job.out}. Start without --resume.")


def _network(job: GanJob) -> KeypointGan:
    if job.start is None:
        return KeypointGan(job.spec)
    network = weights.load(job.start)
    if replace(network.spec, mask=job.spec.mask) != job.spec:
        raise UserError(
            f"{job.start} holds {network.spec}, but {job.spec} is to be trained. Start from "
            "weights of the same networks, with the same --preset."
        )
    network.spec = job.spec
    return network.train()


def _pretrained(
    job: GanJob, network: KeypointGan, material: _Material, stopping: Callable[[], bool]
) -> bool:
    """Give the network a regressor that knows skeletons; False if that was interrupted."""
    if job.start is not None:
        return True
    if job.regressor is not None:
        source = weights.load(job.regressor)
        if source.spec.skeleton_name != job.spec.skeleton_name or (
            source.spec.width != job.spec.width
        ):
            raise UserError(
                f"{job.regressor} has a regressor for {source.spec.skeleton_name} of width "
                f"{source.spec.width}; this training needs {job.spec.skeleton_name} of width "
                f"{job.spec.width}. Choose another, or leave --regressor out."
            )
        network.regressor.load_state_dict(source.offline_regressor.state_dict())
        network.keep_regressor()
        return True
    settings = job.settings
    if settings.regressor_steps:
        folder = job.out / REGRESSOR_FOLDER
        run = Run(
            RegressorLearner(network, settings),
            PoseExamples(material.prior),
            Schedule.of(settings, settings.regressor_steps),
            folder,
            _identity(job, material),
            workers=0,
            quiet=job.quiet,
        )
        resume = job.resume and (folder / CHECKPOINT).exists()
        if run.run(resume=resume, stopping=stopping) < settings.regressor_steps:
            return False
    network.keep_regressor()
    return True


def _material(job: GanJob) -> _Material:
    joint_set = job.spec.skeleton.joint_set
    pictures, labelled, poses = [], [], []
    for request in job.images:
        data_set = request.read("train", request.source.crop_shift)
        data_set, aside = data_set.divided(job.aside)
        if not job.prior:
            data_set, second = halves(data_set)
            poses.append(converted(second, joint_set))
        pictures.append(data_set)
        if aside is not None:
            labelled.append(replace(converted(aside, joint_set), name=f"{aside.name} aside"))
    poses += [
        converted(request.read("train", request.source.crop_shift), joint_set)
        for request in job.prior
    ]
    labelled += [
        converted(request.read("test", request.source.crop_shift), joint_set)
        for request in job.validation
    ]
    masks = None if job.spec.mask == "none" else job.masks
    if job.spec.mask == "person" and masks is None:
        raise ValueError("a masked network needs a source of masks")
    if masks is not None:
        pictures, labelled = list(map(masks, pictures)), list(map(masks, labelled))
    prior = PosePrior.of(*poses)
    if job.prior_size is not None:
        prior = prior.subset(job.prior_size, job.settings.seed)
    return _Material(pictures, prior, labelled)


def _identity(job: GanJob, material: _Material) -> dict[str, str]:
    settings: dict[str, Any] = {k: v for k, v in asdict(job.settings).items() if k not in _FREE}
    frames = [(data_set.name, len(data_set)) for data_set in material.pictures]
    return identity_of(
        **settings,
        **asdict(job.spec),
        images=frames,
        prior=[material.prior.name, len(material.prior)],
    )


def _metadata(job: GanJob, material: _Material) -> dict[str, str]:
    names = [f"{request.source.name}={request.root.name}" for request in job.images]
    return {
        "settings": json.dumps(asdict(job.settings)),
        "images": ", ".join(names),
        "pictures": str(sum(map(len, material.pictures))),
        "prior": f"{len(material.prior)} poses: {material.prior.name}",
        "versions": f"Python {platform.python_version()}, torch {torch.__version__}",
    }


def _describe(job: GanJob, material: _Material) -> None:
    with whole_file(job.out / "run.json") as path:
        path.write_text(json.dumps(_metadata(job, material), indent=2))
