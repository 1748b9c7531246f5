"""Poses without any pictures, as the prior of method 2.8: clips of them, and MPI-INF-3DHP's.

MPI-INF-3DHP has ``S1/Seq1/annot.mat`` for each recording, whose variable ``annot2`` is a cell of 14
cameras, each (N, 56): x and y of 28 joints in pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from model.core.crop import BOX_TO_SIDE
from model.core.errors import UserError
from model.core.skeleton import MPI28
from model.data.files import read_mat
from model.data.records import VISIBLE, BadDataError, Clip, DataSet
from model.data.sampling import boxes_of_joints, squares


class NoPictures:
    """The frames of a clip that has poses only: ``count`` of them, from ``name``."""

    def __init__(self, count: int, name: str) -> None:
        self._count = count
        self._name = name

    def __len__(self) -> int:
        return self._count

    def describe(self, index: int) -> str:
        return f"pose {index} of {self._name}"

    def read(self, index: int) -> NoReturn:
        raise BadDataError(
            f"There is no picture of {self.describe(index)}: this data set has poses only. Use it "
            "as the prior, and another one for pictures."
        )


def pose_clip(
    name: str,
    person: str,
    joints: NDArray[np.float32],
    visible: NDArray[np.uint8],
    source: str,
) -> Clip:
    """A clip of a person's poses ``joints`` (N, K, 2) and ``visible`` (N, K), as in ``Clip``.

    The squares are those that pictures of such people are cut by. A pose with fewer than two
    different joints has none and is left out. ``source`` is the file, for messages.
    """
    return _clip(name, person, joints, visible, squares(boxes_of_joints(joints, visible)), source)


def head_clip(
    name: str, person: str, joints: NDArray[np.float32], visible: NDArray[np.uint8], source: str
) -> Clip:
    """The same for landmarks of heads, with ``head_squares``."""
    return _clip(name, person, joints, visible, head_squares(joints, visible), source)


def head_squares(joints: NDArray[np.float32], visible: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Crop squares (N, 3) about the landmarks (N, K, 2) of heads, not moved down.

    Their sides are 1.5 times the landmarks' longest extent, as those of people's squares are. With
    fewer than two different landmarks the row is NaN.
    """
    left, top, width, height = boxes_of_joints(joints, visible).T
    side = BOX_TO_SIDE * np.maximum(width, height)
    return np.column_stack([left + width / 2, top + height / 2, side])


def _clip(
    name: str,
    person: str,
    joints: NDArray[np.float32],
    visible: NDArray[np.uint8],
    boxes: NDArray[np.float64],
    source: str,
) -> Clip:
    rows = np.flatnonzero(np.isfinite(boxes).all(axis=1))
    frames = NoPictures(len(joints), source)
    return Clip(name, person, frames, boxes, joints, visible).part(rows)


SIDE_CAMERAS = (0, 1, 2, 4, 5, 6, 7, 8)
"""The cameras at the height of a person; the others look up from the knees or down."""

MPI28_SHARED17 = (7, 5, 14, 15, 16, 9, 10, 11, 23, 24, 25, 18, 19, 20, 4, 3, 6)
"""The joints of MPI-28 that Human3.6M has as well, by which the two are compared (method 2.8)."""

H36M32_SHARED17 = (15, 13, 25, 26, 27, 17, 18, 19, 1, 2, 3, 6, 7, 8, 11, 12, 14)
"""The joints of H36M-32 that go with ``MPI28_SHARED17``, one by one.

Head top, neck, right shoulder, elbow, wrist, the left ones, right hip, knee, ankle, the left ones,
pelvis, spine, head. They are the 17 joints of method 2.10.
"""

_WHERE = (
    "Get MPI-INF-3DHP from https://vcai.mpi-inf.mpg.de/3dhp-dataset (for research); of its "
    "training set the annotations are enough."
)


def read_mpi_inf_3dhp(
    root: Path, *, cameras: Sequence[int] = SIDE_CAMERAS, every: int = 1
) -> DataSet:
    """The poses of the training recordings, without pictures, in MPI-28 joints.

    A person is a subject, a clip the view of one of the ``cameras`` (0 to 13) of a recording, of
    which every ``every``-th frame is taken. Which cameras the paper used is not known; those at a
    person's height are our choice, as Human3.6M has no others. Joints are in pixels as given and
    all count as visible; squares are those of the joints.

    ``UserError`` if ``root`` is no such folder; ``BadDataError`` names a damaged file.
    """
    paths = sorted(root.glob("S[0-9]*/Seq[0-9]*/annot.mat"))
    if not paths:
        raise UserError(
            f"{root} does not hold MPI-INF-3DHP: 'S*/Seq*/annot.mat' are expected. {_WHERE}"
        )
    clips = [clip for path in paths for clip in _recording(path, cameras, every)]
    return DataSet("MPI-INF-3DHP", MPI28, tuple(clip for clip in clips if len(clip)))


def _recording(path: Path, cameras: Sequence[int], every: int) -> list[Clip]:
    views = read_mat(path, ("annot2",), _WHERE)["annot2"]
    subject, sequence = path.parts[-3:-1]
    try:
        poses = [_poses(views[camera])[::every] for camera in cameras]
    except (IndexError, TypeError, ValueError) as error:
        raise BadDataError(
            f"{path} has no 'annot2' of 14 cameras with 56 columns each ({error}). {_WHERE}"
        ) from error
    return [
        pose_clip(
            f"{subject}/{sequence}/camera {camera}",
            subject,
            joints,
            np.full(joints.shape[:2], VISIBLE, np.uint8),
            f"camera {camera} in {path}",
        )
        for camera, joints in zip(cameras, poses, strict=True)
    ]


def _poses(view: NDArray[np.floating]) -> NDArray[np.float32]:
    """A camera's view (N, 56) as (N, 28, 2); a recording of one frame comes without its axis."""
    found = np.asarray(view, np.float32)
    if found.shape[-1] != 2 * len(MPI28):
        raise ValueError(f"one has the shape {found.shape}")
    return found.reshape(-1, len(MPI28), 2)
