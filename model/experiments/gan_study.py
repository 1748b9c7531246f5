"""What KeypointGAN's tables are made from: pictures to measure on, and networks.

A network that no weights are given for is trained, where the request says on what; a table that
was stopped goes on where it was, and tables share what they have in common.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from model.core.device import choose_device
from model.core.errors import UserError, check_number
from model.core.files import make_folder, sha256_of
from model.core.skeleton import H36M32, MPI28, JointSet
from model.data.catalogue import Request
from model.data.conversion import converted
from model.data.masks import Masks
from model.data.mpi_inf_3dhp import H36M32_SHARED17, MPI28_SHARED17
from model.data.records import ABSENT, Clip, DataSet, Split
from model.data.simplified_human36m import activity_of
from model.engine.checkpoint import CHECKPOINT
from model.engine.ranks import check_alone
from model.evaluation.regression import fit_point_map
from model.experiments.context import described, versions
from model.keypointgan import weights
from model.keypointgan.evaluation import Found, Unit, find_points
from model.keypointgan.job import REGRESSOR_FOLDER, KeypointGanJob, run_gan_training
from model.keypointgan.networks import KeypointGan
from model.keypointgan.settings import VARIANTS

_NETWORKS = "keypointgan-networks"
_SIDE = 128
_BEGUN = (CHECKPOINT, f"{REGRESSOR_FOLDER}/{CHECKPOINT}")
FULL = "keypointgan"
ROLES = (*VARIANTS, "mpi")


def _prior_size(role: str) -> int | None:
    """The N of ``prior-N``."""
    kind, _, size = role.partition("-")
    return int(size) if kind == "prior" and size.isdecimal() else None


@dataclass(frozen=True)
class GanRequest:
    """The values of the command line; nothing is opened yet.

    ``training`` is how to train networks that are not given: its folder, ablation and prior's size
    are set for each. With ``then``, each goes on with these pictures for ``then_steps`` more steps
    (None: as many again): faces of 300-W after VoxCeleb2. ``labelled`` are training people whose
    labels post-processing is fitted to.
    """

    data: Request
    split: Split
    weights: Mapping[str, Path]
    out: Path
    training: KeypointGanJob | None = None
    then: tuple[Request, ...] = ()
    then_steps: int | None = None
    labelled: Request | None = None
    sizes: tuple[int, ...] = (5000, 500, 50)
    unit: Unit | None = None
    every: int = 1
    #: Only the points that Human3.6M's own 17 joints are ("original"), or "all".
    points: Literal["all", "original"] | None = None
    #: For networks that see masked pictures.
    masks: Masks | None = None
    device: str | None = None
    quiet: bool = False
    command: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_number("every", self.every, self.every >= 1, "1 or more")
        for size in self.sizes:
            check_number("sizes", size, size >= 1, "1 or more poses each")
        unknown = [role for role in self.weights if role not in ROLES and not _prior_size(role)]
        if unknown:
            raise UserError(
                f"The weights have the role {unknown[0]!r}; the roles are {', '.join(ROLES)} and "
                "prior-N."
            )


@dataclass
class GanStudy:
    """An opened request; ``folder`` receives the experiment's files."""

    request: GanRequest
    folder: Path
    stopping: Callable[[], bool] = lambda: False
    skipped: list[str] = field(default_factory=list)
    used: dict[str, Path] = field(default_factory=dict)

    def __post_init__(self) -> None:
        make_folder(self.folder)
        source = self.request.data.source
        self.people = self.request.data.read(self.request.split, source.crop_shift)
        self._device = choose_device(self.request.device).device

    @property
    def has_labelled(self) -> bool:
        return self.request.labelled is not None

    def network(self, role: str) -> KeypointGan:
        """The network of a role: an ablation's name, or ``prior-N`` for one that saw N poses.

        ``UserError`` if it is neither given nor can be trained.
        """
        path = self.request.weights.get(role) or self._trained(role)
        self.used[role] = path
        return weights.load(path, self._device)

    def shown(self, network: KeypointGan, people: DataSet | None = None) -> DataSet:
        """The pictures to measure on, or ``people``, as the network is shown them."""
        chosen = fitting(people or self.people, network.spec.skeleton.joint_set)
        if network.spec.mask == "none":
            return chosen
        if self.request.masks is None:
            raise ValueError("a masked network needs a source of masks")
        return self.request.masks(chosen)

    def find(self, network: KeypointGan, people: DataSet | None = None) -> Found:
        """The points of the pictures to measure on, or of other ``people``."""
        chosen = self.shown(network, people)
        every = self.request.every
        hidden = True if self.request.quiet else None
        with tqdm(total=len(chosen) // every, unit="picture", disable=hidden) as bar:

            def progress(count: int) -> None:
                bar.update(count)
                if self.stopping():
                    raise KeyboardInterrupt

            found = find_points(
                network,
                chosen,
                every=every,
                group=_whole if people else _group(self.request.data.source.name),
                progress=progress,
            )
        self.skipped += [text for text in found.skipped if text not in self.skipped]
        return found

    def post_processed(self, network: KeypointGan, found: Found) -> Found:
        """The points moved by a linear map that is fitted to the labelled people (method 2.11).

        Least squares without intercept in pixels of a 128-pixel picture, as IMM's (method 3.5).
        ``UserError`` if there are no labelled people.
        """
        labelled = self.labelled()
        people = labelled.read("train", labelled.source.crop_shift)
        known = self.find(network, people)
        return found.with_points(moved(known, found))

    def labelled(self) -> Request:
        """The training people to fit to; ``UserError`` if none were given."""
        if self.request.labelled is None:
            raise UserError(
                "Post-processing is fitted to labelled training pictures. Give them with "
                "--labelled NAME=ROOT."
            )
        return self.request.labelled

    def configuration(self) -> dict[str, Any]:
        """What was measured, on what and by which networks, as plain values."""
        request = self.request
        training = request.training
        return {
            "command": shlex.join(request.command),
            "data": described(self.people),
            "split": request.split,
            "every": request.every,
            "weights": {
                role: {**weights.read_metadata(path), "sha256": sha256_of(path), "file": path.name}
                for role, path in self.used.items()
            },
            "training": None if training is None else asdict(training.settings),
            "then": [f"{each.source.name}={each.root.name}" for each in request.then],
            "versions": versions(),
        }

    def _trained(self, role: str) -> Path:
        training = self.request.training
        if training is None or role == "mpi":
            raise UserError(
                f"This table needs the network {role!r}. Add --weights {role}=FILE, or say what "
                "to train it on: --pictures NAME=ROOT and --prior NAME=ROOT."
            )
        folder = self.request.out / _NETWORKS / role
        spec = replace(training.spec, **VARIANTS.get(role, VARIANTS[FULL])[1])
        regressor = training.regressor
        if role in VARIANTS and role != FULL and regressor is None:
            # All see the same prior, so one pre-trained regressor serves them all.
            regressor = self.request.weights.get(FULL) or self._trained(FULL)
        job = replace(
            training,
            spec=spec,
            out=folder,
            prior_size=_prior_size(role),
            regressor=regressor,
            resume=any((folder / name).exists() for name in _BEGUN),
        )
        weights_file = self._finished(role, job)
        if not self.request.then:
            return weights_file
        steps = self.request.then_steps or job.settings.steps
        more = folder / "then"
        return self._finished(
            role,
            replace(
                job,
                images=self.request.then,
                settings=replace(job.settings, steps=steps),
                start=folder / CHECKPOINT,
                out=more,
                resume=(more / CHECKPOINT).exists(),
            ),
        )

    def _finished(self, role: str, job: KeypointGanJob) -> Path:
        """The weights of a training that is through; ``UserError`` if it was stopped."""
        check_alone("A study of KeypointGAN")
        result = run_gan_training(job, self.stopping)
        if not result.finished:
            raise UserError(
                f"The training of {role} was stopped after {result.steps} steps. Give the same "
                "command again to go on."
            )
        return result.weights


def moved(known: Found, found: Found) -> NDArray[np.float64]:
    """The points of ``found`` by the map from ``known`` points to their labels; (N, K, 2)."""
    whole = known.marked.all(axis=1)
    if not whole.any():
        raise UserError(
            "None of the labelled pictures has all its points marked, so no map can be fitted. "
            "Choose others."
        )
    fitted = fit_point_map(_pixels(known.points[whole]), _pixels(known.truth[whole]))
    return 2 * fitted.move(_pixels(found.points)) / _SIDE - 1


def _pixels(points: NDArray[np.float64]) -> NDArray[np.float64]:
    return (points + 1) / 2 * _SIDE


def fitting(people: DataSet, joint_set: JointSet) -> DataSet:
    """The data set in a network's joints, by their names, or by the 17 that MPI-INF-3DHP shares."""
    if people.joint_set == H36M32 and joint_set == MPI28:
        return replace(people, joint_set=MPI28, clips=tuple(_as_mpi(clip) for clip in people.clips))
    return converted(people, joint_set)


def _as_mpi(clip: Clip) -> Clip:
    joints = np.full((len(clip), len(MPI28), 2), np.nan, np.float32)
    visible = np.full((len(clip), len(MPI28)), ABSENT, np.uint8)
    joints[:, list(MPI28_SHARED17)] = clip.joints[:, list(H36M32_SHARED17)]
    visible[:, list(MPI28_SHARED17)] = clip.visible[:, list(H36M32_SHARED17)]
    return replace(clip, joints=joints, visible=visible)


def _group(source: str) -> Callable[[Clip], str]:
    return activity_of if source.startswith("simplified-human36m") else _whole


def _whole(clip: Clip) -> str:
    del clip
    return "all"
