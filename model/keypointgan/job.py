"""A whole training of KeypointGAN, from what was asked for to the files it leaves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from model.core.crop import CROP_SIZE, crop_matrix, transform
from model.core.device import choose_device
from model.core.errors import UserError
from model.core.panels import draw_skeleton, enlarged, resized, tile
from model.core.skeleton import JointSet
from model.data.catalogue import Request, weights_of
from model.data.masks import Masks
from model.data.records import Clip, DataSet, converted, readable
from model.engine.batches import ExampleStream, Loader, MicroBatchPlan
from model.engine.checkpoint import CHECKPOINT
from model.engine.job import (
    NEWEST,
    KeepingCallback,
    StepsJob,
    description,
    identity,
    write_description,
)
from model.engine.ranks import Ranks, joined_ranks
from model.engine.run import Run, Schedule, TrainingResult, start_from
from model.keypointgan import weights
from model.keypointgan.data import GanExamples, PosePrior, cut, halves
from model.keypointgan.evaluation import corrected, find_points, score
from model.keypointgan.losses import RatioPerceptualLoss, load_features
from model.keypointgan.networks import KeypointGan, to_pixels, to_unit
from model.keypointgan.settings import KeypointGanSettings, KeypointGanSpec
from model.keypointgan.training import KeypointGanStep, PoseExamples, RegressorStep

_ROWS = 6
_PICTURES = 256  # of each set are measured, at most
_CHECKPOINT = Path(CHECKPOINT).suffix


class GanCallback(KeepingCallback):
    """Measures and draws the network, and keeps it.

    ``labelled`` are sets with labels, used for nothing but the numbers; the panel shows the first
    of them, else ``pictures``.
    """

    def __init__(
        self,
        network: KeypointGan,
        pictures: DataSet,
        labelled: Sequence[DataSet],
        folder: Path,
        metadata: Mapping[str, str],
        *,
        autocast: bool = False,
    ) -> None:
        super().__init__(folder, metadata)
        self._network = network
        self._labelled = labelled
        self._shown = labelled[0] if labelled else pictures
        self._autocast = autocast

    def look(self, step: int, *, probe: bool) -> dict[str, float | NDArray[np.uint8]]:
        """The errors by name, % of the image's side, and the panel; keeps the network."""
        self.keep(step)  # whatever else may fail
        values: dict[str, float] = {}
        for data_set in self._labelled:
            every = -(-len(data_set) // _PICTURES)
            found = find_points(self._network, data_set, every=every, autocast=self._autocast)
            measured = score(found)
            values[f"error/{data_set.name}"] = measured.macro
            if np.isfinite(measured.either):
                values[f"error/{data_set.name}, either side"] = measured.either
        self.keep(step, values)
        return {**values, "panel": panel(self._network, self._shown)}

    def write(self, path: Path, metadata: Mapping[str, str]) -> None:
        weights.save(path, self._network, metadata, discriminators=False)


@torch.inference_mode()
def panel(network: KeypointGan, people: DataSet, rows: int = _ROWS) -> NDArray[np.uint8]:
    """A row of pictures for some of ``people``; RGB (H, W, 3) uint8. The network is in eval mode.

    Columns: picture, another picture, skeleton image, skeleton of the points, the picture redrawn
    from the two, the points, the labels. Damaged pictures are left out.
    """
    clips, pairs = readable(
        people.clips,
        rows,
        lambda clip: (cut(clip, len(clip) // 2, CROP_SIZE), cut(clip, len(clip) - 1, CROP_SIZE)),
    )
    crops, others = ([pair[side] for pair in pairs] for side in (0, 1))
    translation = network.translate(_tensor(network, crops))
    rebuilt = network.rebuild(translation, _tensor(network, others))
    points, _ = corrected(network, translation)
    joint_set = network.spec.skeleton.joint_set
    labels = [_labels(clip, len(clip) // 2, joint_set) for clip in clips]
    return tile(
        {
            "picture": enlarged(crops),
            "appearance": enlarged(others),
            "skeleton image": enlarged(_pictures(translation.skeleton_image)),
            "skeleton of points": enlarged(_pictures(translation.clean)),
            "redrawn": enlarged(_pictures(rebuilt)),
            "points": [
                draw_skeleton(crop, (found + 1) * (CROP_SIZE / 2), joint_set)
                for crop, found in zip(crops, points.cpu().numpy(), strict=True)
            ],
            "labels": [
                None if label is None else draw_skeleton(crop, label[0], joint_set, label[1])
                for crop, label in zip(crops, labels, strict=True)
            ],
        }
    )


def _labels(
    clip: Clip, frame: int, joint_set: JointSet
) -> tuple[NDArray[np.float64], NDArray[np.float32]] | None:
    """Where the labels mark points in the crop (K, 2), and which (K,); None without labels."""
    if clip.visible.shape[1] != len(joint_set) or not clip.visible[frame].any():
        return None
    return transform(clip.joints[frame], crop_matrix(clip.box(frame))), clip.visible[frame].astype(
        np.float32
    )


def _tensor(network: KeypointGan, pictures: Sequence[NDArray[np.uint8]]) -> torch.Tensor:
    small = [resized(picture, network.spec.size) for picture in pictures]
    pixels = torch.from_numpy(np.stack(small))
    return to_unit(pixels.permute(0, 3, 1, 2).to(network.device))


def _pictures(images: torch.Tensor) -> list[NDArray[np.uint8]]:
    pixels = to_pixels(images).permute(0, 2, 3, 1).cpu()
    return list(np.ascontiguousarray(pixels.expand(-1, -1, -1, 3).numpy()))


REGRESSOR_FOLDER = "regressor"


@dataclass(frozen=True, kw_only=True)
class KeypointGanJob(StepsJob):
    """What to train, on what, and where to.

    ``images`` are the data sets whose pictures are learnt from, ``prior`` those whose poses are;
    without the latter, pictures come from the first half of every clip and poses from the second,
    of Penn Action from the two halves of each action's videos. That also where ``prior`` has the
    poses of the very videos that the pictures are of.
    ``prior_size`` draws that many poses of the prior, and no more are ever seen. ``aside`` (0..1)
    is the share of the pictures' people kept for development; ``validation`` are further sets with
    labels. Labels of pictures are used to measure by and for nothing else. ``regressor`` is a
    weight file whose regressor spares the pre-training, ``perceptual`` the reconstruction loss's.
    ``start`` is what to go on from instead: a weight file, or another run's ``checkpoint.pt``,
    which has the discriminators and the optimisers as well. A ``spec`` with a mask needs ``masks``.
    """

    spec: KeypointGanSpec
    settings: KeypointGanSettings
    images: Sequence[Request]
    perceptual: Path
    prior: Sequence[Request] = ()
    prior_size: int | None = None
    validation: Sequence[Request] = ()
    aside: float = 0.0
    regressor: Path | None = None
    start: Path | None = None
    masks: Masks | None = None


@dataclass(frozen=True)
class _Material:
    pictures: list[DataSet]
    prior: PosePrior
    labelled: list[DataSet] = field(default_factory=list)


def run_gan_training(
    job: KeypointGanJob, stopping: Callable[[], bool] = lambda: False
) -> TrainingResult:
    """Train the regressor, then all networks.

    Args:
        job: what to train.
        stopping: asked between steps whether to stop early.

    Returns:
        How far it came.

    Raises:
        UserError: something cannot be read, does not fit, or would overwrite another run.
    """
    _check_resumed(job)
    torch.manual_seed(job.settings.seed)
    with joined_ranks(choose_device(job.device).device) as ranks:
        material = _material(job)
        network = _network(job)
        network.to(ranks.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        if ranks.first:
            write_description(job.out, _description(job, material))
        main = job.resume and (job.out / CHECKPOINT).exists()
        result = TrainingResult(0, False, job.out / NEWEST, ranks.rank)
        if (main or _pretrained(job, network, material, stopping, ranks)) and not (
            ranks.any(stopping())
        ):
            run = _main_run(job, network, material, ranks, start=None if main else job.start)
            steps = run.run(resume=main, stopping=stopping, until=job.until)
            result = replace(result, steps=steps, finished=run.finished)
        return result


def _main_run(
    job: KeypointGanJob,
    network: KeypointGan,
    material: _Material,
    ranks: Ranks,
    start: Path | None,
) -> Run:
    """The training of all networks, from another run's checkpoint if ``start`` is one."""
    settings = job.settings
    features = load_features(job.perceptual, linear=settings.perceptual == "linear")
    features.to(ranks.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    learner = KeypointGanStep(network, settings, RatioPerceptualLoss(features), ranks)
    if start is not None and start.suffix == _CHECKPOINT:
        start_from(start, learner)
    examples = GanExamples(
        material.pictures,
        material.prior,
        job.spec.size,
        settings.window,
        shares=weights_of(job.images),
        warp_target=settings.warp_target,
    )
    callback = GanCallback(
        network,
        material.pictures[0],
        material.labelled,
        job.out,
        _description(job, material),
        autocast=settings.precision == "bfloat16",
    )
    return job.run_of(learner, examples, settings, _identity(job, material), callback, ranks)


def _check_resumed(job: KeypointGanJob) -> None:
    folders = (job.out, job.out / REGRESSOR_FOLDER)
    if job.resume and not any((folder / CHECKPOINT).exists() for folder in folders):
        raise UserError(f"There is no checkpoint in {job.out}. Start without --resume.")


def _network(job: KeypointGanJob) -> KeypointGan:
    if job.start is None or job.start.suffix == _CHECKPOINT:
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
    job: KeypointGanJob,
    network: KeypointGan,
    material: _Material,
    stopping: Callable[[], bool],
    ranks: Ranks,
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
        stream = ExampleStream(PoseExamples(material.prior), settings.seed)
        run = Run(
            RegressorStep(network, settings, ranks),
            Loader(stream, MicroBatchPlan.of(settings, ranks)),
            Schedule(settings.regressor_steps, checkpoint_every=settings.checkpoint_every),
            folder,
            _identity(job, material),
            ranks=ranks,
            quiet=job.quiet,
        )
        resume = job.resume and (folder / CHECKPOINT).exists()
        if run.run(resume=resume, stopping=stopping) < settings.regressor_steps:
            return False
    network.keep_regressor()
    return True


def _material(job: KeypointGanJob) -> _Material:
    joint_set = job.spec.skeleton.joint_set
    pictures, labelled, poses = [], [], []
    for request in job.images:
        halved = request.source.half is not None
        apart = halved and (not job.prior or any(map(request.same_videos, job.prior)))
        data_set = request.read_half("first") if apart else _read(request)
        data_set, aside = data_set.divided(job.aside)
        if not job.prior:
            second = request.read_half("second") if halved else None
            if second is None:
                data_set, second = halves(data_set)
            poses.append(converted(second, joint_set))
        pictures.append(data_set)
        if aside is not None:
            labelled.append(replace(converted(aside, joint_set), name=f"{aside.name} aside"))
    for request in job.prior:
        apart = request.source.half is not None and any(map(request.same_videos, job.images))
        data_set = request.read_half("second") if apart else _read(request)
        poses.append(converted(data_set, joint_set))
    labelled += [
        converted(request.read("test", request.source.crop_shift), joint_set)
        for request in job.validation
    ]
    masks = None if job.spec.mask == "none" else job.masks
    if job.spec.mask == "person" and masks is None:
        raise ValueError("a masked network needs a source of masks")
    if masks is not None:
        pictures, labelled = list(map(masks, pictures)), list(map(masks, labelled))
    settings = job.settings
    by_clip = settings.prior_draw == "clips"
    prior = PosePrior.of(*poses, whole=settings.whole_poses, by_clip=by_clip)
    if job.prior_size is not None:
        prior = prior.subset(job.prior_size, job.settings.seed)
    return _Material(pictures, prior, labelled)


def _read(request: Request) -> DataSet:
    return request.read("train", request.source.crop_shift)


def _identity(job: KeypointGanJob, material: _Material) -> dict[str, str]:
    return identity(
        job.settings,
        job.spec,
        images=[(data_set.name, len(data_set)) for data_set in material.pictures],
        prior=[material.prior.name, len(material.prior)],
    )


def _description(job: KeypointGanJob, material: _Material) -> dict[str, str]:
    return description(
        job.settings,
        images=", ".join(request.named for request in job.images),
        pictures=str(sum(map(len, material.pictures))),
        prior=f"{len(material.prior)} poses: {material.prior.name}",
    )
