"""The data sets that can be asked for by name: the one place that lists the readers."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from model.core.crop import CENTRE_SHIFT
from model.core.errors import UserError
from model.data.faces import (
    read_300w,
    read_aflw,
    read_cat_heads,
    read_celeba,
    read_multipie,
    read_voxceleb2,
)
from model.data.files import Half
from model.data.human36m import read_human36m, read_simplified_human36m
from model.data.poses import read_mpi_inf_3dhp
from model.data.records import DataSet, Split
from model.data.sampling import recentred
from model.data.shards import read_shards
from model.data.stills import read_coco, read_lsp, read_lsp_extended
from model.data.videos import read_bbc_pose, read_jhmdb, read_penn_action, read_penn_poses


@dataclass(frozen=True)
class Source:
    """A kind of data set: ``read(root, split)`` gives its people, in its joint set ``joints``.

    Its crop squares are moved down by ``crop_shift`` of the person boxes' longest sides. ``half``
    reads one half of the videos of each action, where the published experiments divide a data set
    so (method 2.8).
    """

    name: str
    title: str
    joints: str
    read: Callable[[Path, Split], DataSet]
    crop_shift: float = CENTRE_SHIFT
    half: Callable[[Path, Split, Half], DataSet] | None = None


def _shards(pattern: Path, split: Split) -> DataSet:
    """All shards that a path with * matches; a shard belongs to whatever split it is used for."""
    del split
    # A name may have what else counts as a pattern, such as brackets.
    paths = [pattern] if pattern.exists() else sorted(pattern.parent.glob(pattern.name))
    if not paths:
        raise UserError(f"No file matches {pattern}. Give the path of .npz clip shards.")
    return read_shards(paths, pattern.stem.partition("*")[0].rstrip("-") or pattern.parent.name)


def _penn_half(root: Path, split: Split, half: Half, *, as_released: bool = False) -> DataSet:
    return read_penn_action(root, split, as_released=as_released, half=half)


def _training_only(title: str, read: Callable[[Path], DataSet]) -> Callable[[Path, Split], DataSet]:
    def reader(root: Path, split: Split) -> DataSet:
        if split != "train":
            raise UserError(f"{title} is a training set; it has no test split.")
        return read(root)

    return reader


SOURCES: dict[str, Source] = {
    source.name: source
    for source in (
        Source("penn", "Penn Action", "penn13", read_penn_action, half=_penn_half),
        Source("human36m", "Human3.6M, the official release", "h36m16", read_human36m),
        Source(
            "human36m-32",
            "Human3.6M, the official release with all of its joints",
            "h36m32",
            partial(read_human36m, all_joints=True),
        ),
        Source("bbc", "BBC Pose", "bbc7", read_bbc_pose),
        Source(
            "penn-as-released",
            "Penn Action with joints a pixel right and down, where the released code has them",
            "penn13",
            partial(read_penn_action, as_released=True),
            half=partial(_penn_half, as_released=True),
        ),
        Source(
            "bbc-as-released",
            "BBC Pose with joints a pixel right and down, where the released code has them",
            "bbc7",
            partial(read_bbc_pose, as_released=True),
        ),
        Source(
            "bbc-extra",
            "BBC Pose with more frames of the test videos, whose labels are not used",
            "bbc7",
            partial(read_bbc_pose, extra=True),
        ),
        Source("jhmdb", "J-HMDB", "jhmdb15", read_jhmdb),
        Source("lsp", "Leeds Sports Pose", "lsp14", read_lsp),
        Source(
            "lsp-extended",
            "Leeds Sports Pose Extended",
            "lsp14",
            _training_only("LSP-Extended", read_lsp_extended),
        ),
        Source("coco", "COCO keypoints", "coco17", read_coco),
        Source(
            "shards",
            "clip shards (.npz); * in the path stands for several",
            "penn13",
            _shards,
            crop_shift=0.0,  # cut about the boxes' centres
        ),
        Source(
            "simplified-human36m",
            "Simplified Human3.6M",
            "h36m32",
            read_simplified_human36m,
            crop_shift=0.0,
        ),
        Source(
            "simplified-human36m-unmasked",
            "Simplified Human3.6M with its backgrounds",
            "h36m32",
            partial(read_simplified_human36m, masked=False),
            crop_shift=0.0,
        ),
        Source(
            "mpi-inf-3dhp",
            "MPI-INF-3DHP, poses only",
            "mpi28",
            _training_only("MPI-INF-3DHP", read_mpi_inf_3dhp),
        ),
        Source("300w", "300-W", "faces68", read_300w, crop_shift=0.0),
        Source(
            "multipie",
            "MultiPIE, landmarks only",
            "faces68",
            _training_only("MultiPIE", read_multipie),
            crop_shift=0.0,
        ),
        Source(
            "voxceleb2",
            "VoxCeleb2, extracted frames without labels",
            "faces68",
            read_voxceleb2,
            crop_shift=0.0,
        ),
        Source("celeba", "CelebA, tested on MAFL", "celeba5", read_celeba, crop_shift=0.0),
        Source("aflw", "AFLW", "celeba5", read_aflw, crop_shift=0.0),
        Source("cats", "cat heads", "cat7", read_cat_heads, crop_shift=0.0),
        Source(
            "penn-poses",
            "Penn Action, poses only",
            "penn13",
            read_penn_poses,
            half=lambda root, split, half: read_penn_poses(root, split, half=half),
        ),
    )
}


@dataclass(frozen=True)
class Request:
    """What ``NAME=ROOT`` or ``NAME=ROOT@WEIGHT`` asks for; ``weight`` is its share in a mixture."""

    source: Source
    root: Path
    weight: float | None = None

    @classmethod
    def parse(cls, text: str) -> Request:
        """Understand the text; ``UserError`` says what is wrong with it.

        A path that ends in .npz is a shard, without any name.
        """
        name, equals, place = text.partition("=")
        if not equals and text.endswith(".npz"):
            name, place = "shards", text
        folder, at, tail = place.rpartition("@")
        try:
            weight = float(tail) if at else None
        except ValueError:
            weight = None  # an @ that is part of the path
        root = place if weight is None else folder
        if name not in SOURCES or not root:
            raise UserError(
                f"The data {text!r} is not of the form NAME=FOLDER or NAME=FOLDER@WEIGHT with one "
                f"of these names: {', '.join(SOURCES)}."
            )
        if weight is not None and not 0 < weight < math.inf:
            raise UserError(f"The weight in {text!r} must be a positive number.")
        return cls(SOURCES[name], Path(root), weight)

    @property
    def named(self) -> str:
        """``NAME=FOLDER``, the folder without what leads there."""
        return f"{self.source.name}={self.root.name}"

    def same_videos(self, other: Request) -> bool:
        """Whether both are read from one data set's videos, by the first words of their names."""
        first, second = (r.source.name.partition("-")[0] for r in (self, other))
        return first == second

    def read_half(self, half: Half) -> DataSet:
        """One half of the training videos of each action; ``source.half`` must know how."""
        assert self.source.half is not None
        return self.source.half(self.root, "train", half)

    def read(self, split: Split, crop_shift: float) -> DataSet:
        """Read the labels, for a network whose crops are moved down by ``crop_shift``."""
        return recentred(self.source.read(self.root, split), self.source.crop_shift, crop_shift)


def weights_of(requests: Sequence[Request]) -> list[float] | None:
    """The weights for a mixture, None if none is given; ``UserError`` if only some are."""
    given = [request.weight for request in requests if request.weight is not None]
    if given and len(given) != len(requests):
        raise UserError("Give every data set a weight (NAME=FOLDER@WEIGHT), or none of them.")
    return given or None


def people_aside(data: Request, share: float | None, crop_shift: float) -> DataSet:
    """The training people, or those of them that training with ``--aside share`` keeps out.

    ``UserError`` if that is nobody.
    """
    data_set = data.read("train", crop_shift)
    if share is None:
        return data_set
    aside = data_set.divided(share)[1]
    if aside is None:
        raise UserError(f"A share of {share} keeps nobody of {data_set.name} aside.")
    return aside
