"""What KeypointGAN's tables are made from: pictures to measure on, and networks.

A network that no weights are given for is trained, where the request says on what; a table that
was stopped goes on where it was, and tables share what they have in common.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from model.core.device import choose_device
from model.core.errors import UserError, check_number
from model.core.files import make_folder, sha256_of
from model.core.skeleton import H36M32, MPI28, JointSet
from model.core.weights import read_metadata
from model.data.catalogue import Request
from model.data.human36m import activity_of
from model.data.masks import Masks
from model.data.poses import H36M32_SHARED17, MPI28_SHARED17
from model.data.records import ABSENT, Clip, DataSet, Split, converted
from model.engine.checkpoint import CHECKPOINT
from model.engine.ranks import check_alone
from model.evaluation.metrics import fit_point_map
from model.experiments.context import described, versions
from model.imm import landmarks
from model.imm import weights as imm_weights
from model.imm.data import cut as imm_cut
from model.keypointgan import hourglass, weights
from model.keypointgan.evaluation import Found, Unit, find_points, read_points
from model.keypointgan.job import REGRESSOR_FOLDER, KeypointGanJob, run_gan_training
from model.keypointgan.networks import KeypointGan
from model.keypointgan.settings import VARIANTS

_NETWORKS = "keypointgan-networks"
_SIDE = 128
_BEGUN = (CHECKPOINT, f"{REGRESSOR_FOLDER}/{CHECKPOINT}")
FULL = "keypointgan"
HOURGLASS, IMM = "hourglass", "imm"
ROLES = (*VARIANTS, "mpi", HOURGLASS, IMM)


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
    labels post-processing and IMM's regression are fitted to.
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
        if IMM in self.weights and self.labelled is None:
            raise UserError(
                "IMM's points have no names: its joints are regressed from them, with labelled "
                "training pictures. Give those with --labelled NAME=ROOT."
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
        return self._find(
            partial(find_points, network), self.shown(network, people), labelled=people is not None
        )

    def find_by_others(self, joint_set: JointSet) -> dict[str, Found]:
        """The joints as other methods' networks find them, by title, if their weights are given.

        They are shown the pictures as they come. IMM's points become joints by its own protocol
        (method 3.5).
        """
        found = {}
        if HOURGLASS in self.request.weights:
            supervised = hourglass.load(self._given(HOURGLASS), self._device)
            finder = partial(
                read_points,
                partial(hourglass.read, supervised),
                partial(hourglass.cut, size=supervised.spec.size),
            )
            people = fitting(self.people, supervised.spec.joint_set)
            found["hourglass (supervised), ours"] = self._find(finder, people)
        if IMM in self.request.weights:
            imm = imm_weights.load(self._given(IMM), self._device)
            finder = partial(
                read_points,
                partial(landmarks.points_of, imm),
                lambda clip, frame: imm_cut(clip, frame, frame, imm.spec.size),
            )
            seen = self._find(finder, fitting(self.people, joint_set))
            people = fitting(self._labelled_people(), joint_set)
            known = _all_marked(self._find(finder, people, labelled=True))
            result = landmarks.evaluate_landmarks(known, (seen.points, _pixels(seen.truth)), None)
            regressed = seen.with_points(2 * result.landmarks / _SIDE - 1)
            found["IMM + regression to labels, ours"] = regressed
        return found

    def post_processed(self, network: KeypointGan, found: Found) -> Found:
        """The points moved by a linear map that is fitted to the labelled people (method 2.11).

        Least squares without intercept in pixels of a 128-pixel picture, as IMM's (method 3.5).
        ``UserError`` if there are no labelled people.
        """
        return found.with_points(moved(self.find(network, self._labelled_people()), found))

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
                role: {**read_metadata(path), "sha256": sha256_of(path), "file": path.name}
                for role, path in self.used.items()
            },
            "training": None if training is None else asdict(training.settings),
            "then": [each.named for each in request.then],
            "versions": versions(),
        }

    def _find(
        self, finder: Callable[..., Found], people: DataSet, *, labelled: bool = False
    ) -> Found:
        """What is found in the people to measure on, or in those that are ``labelled``."""
        every = self.request.every
        hidden = True if self.request.quiet else None
        with tqdm(total=len(people) // every, unit="picture", disable=hidden) as bar:

            def progress(count: int) -> None:
                bar.update(count)
                if self.stopping():
                    raise KeyboardInterrupt

            found = finder(
                people,
                every=every,
                group=_whole if labelled else _group(self.request.data.source.name),
                progress=progress,
            )
        self.skipped += [text for text in found.skipped if text not in self.skipped]
        return found

    def _labelled_people(self) -> DataSet:
        labelled = self.labelled()
        return labelled.read("train", labelled.source.crop_shift)

    def _given(self, role: str) -> Path:
        self.used[role] = self.request.weights[role]
        return self.used[role]

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
    points, labels = _all_marked(known)
    fitted = fit_point_map(_pixels(points), labels)
    return 2 * fitted.move(_pixels(found.points)) / _SIDE - 1


def _all_marked(known: Found) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The points of pictures with all their labels, and these labels in pixels of a picture."""
    whole = known.marked.all(axis=1)
    if not whole.any():
        raise UserError(
            "None of the labelled pictures has all its points marked, so no map can be fitted. "
            "Choose others."
        )
    return known.points[whole], _pixels(known.truth[whole])


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
