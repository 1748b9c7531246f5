"""The poses of Penn Action without its pictures, as a prior for method 2.8.

Either the label files ``labels/0001.mat`` (or ``0001.mat``), or ``penn-poses.npz``, the same
packed: ``joints`` (N, 13, 2), counted from 1 as in the labels, ``visible`` (N, 13), ``video`` (N),
``action`` (N) and the actions' names, ``action_name``.
"""

from __future__ import annotations

import tokenize
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.data.lists import Half, half_of
from model.data.matlab import read_mat
from model.data.poses import pose_clip
from model.data.records import ABSENT, VISIBLE, BadDataError, Clip, DataSet, Split
from model.errors import UserError
from model.skeleton import PENN13

_WHERE_POSES = "Get Penn Action's labels from http://dreamdragon.github.io/PennAction/."
_FILE = "penn-poses.npz"
_ARRAYS = ("joints", "visible", "video", "action", "action_name")
_LABELS = ("x", "y", "visibility", "action", "train")
# What NumPy was seen to raise on files cut off or changed.
_DAMAGE = (
    OSError, EOFError, ValueError, TypeError, LookupError, NotImplementedError, RuntimeError,
    MemoryError, zipfile.BadZipFile, zlib.error, tokenize.TokenError,
)  # fmt: skip


@dataclass(frozen=True)
class _Video:
    """``joints`` (N, 13, 2) from 1, ``seen`` (N, 13) 0 or 1."""

    name: str
    action: str
    joints: NDArray[Any]
    seen: NDArray[Any]
    source: str

    def clip(self) -> Clip:
        joints = self.joints.astype(np.float32) - 1
        visible = np.where(self.seen == 1, VISIBLE, ABSENT).astype(np.uint8)
        return pose_clip(self.name, self.name, joints, visible, self.source)


def read_penn_poses(
    root: Path,
    split: Split,
    *,
    actions: Sequence[str] | None = None,
    half: Half | None = None,
) -> DataSet:
    """Penn Action's poses, one clip and one person per video, in Penn-13 joints.

    ``root`` is a folder of labels, of which the training or the test videos are read, or the
    packed file, which belongs to whatever split it is used for. Only videos of ``actions``, if
    given; ``half`` keeps one half of the videos of each action (method 2.8). Joints are counted
    from 0 here; those that are not visible are absent. Squares are those of the visible joints.

    ``UserError`` if ``root`` is neither, or there is no such action; ``BadDataError`` names a
    damaged file.
    """
    packed = root if root.suffix == ".npz" else root / _FILE
    if packed.is_file():
        videos = _packed(packed)
    else:
        places = (root / "labels", root)
        found = (sorted(place.glob("[0-9]*.mat")) for place in places if place.is_dir())
        paths = next(filter(None, found), None)
        if paths is None:
            raise UserError(
                f"{root} does not hold Penn Action's poses: 'labels/*.mat' or {_FILE} are "
                f"expected. {_WHERE_POSES}"
            )
        videos = [video for path in paths for video in _label(path, split)]
    clips = (video.clip() for video in _chosen(videos, actions, half))
    kept = tuple(clip for clip in clips if len(clip))
    return DataSet(f"poses of Penn Action ({split})", PENN13, kept)


def _chosen(videos: list[_Video], actions: Sequence[str] | None, half: Half | None) -> list[_Video]:
    known = sorted({video.action for video in videos})
    unknown = set(actions or ()) - set(known)
    if unknown:
        raise UserError(
            f"Penn Action has no videos of {', '.join(sorted(unknown))} here. Choose of: "
            f"{', '.join(known)}."
        )
    wanted = known if actions is None else [action for action in known if action in actions]
    groups = ([video for video in videos if video.action == action] for action in wanted)
    return [video for group in groups for video in half_of(group, half)]


def _label(path: Path, split: Split) -> list[_Video]:
    label = read_mat(path, _LABELS, _WHERE_POSES)
    try:
        if (int(label["train"]) == 1) != (split == "train"):
            return []
        # A video of one frame comes without its first axis.
        x, y, seen = (label[key].reshape(-1, len(PENN13)) for key in ("x", "y", "visibility"))
        joints = np.stack([x, y], axis=-1)
        if joints.shape[:2] != seen.shape:
            raise ValueError(f"visibility has {len(seen)} rows, not {len(joints)}")
    except (TypeError, ValueError) as error:
        raise BadDataError(f"{path} is no label of Penn Action ({error}). {_WHERE_POSES}") from error
    return [_Video(path.stem, str(label["action"]), joints, seen, str(path))]


def _packed(path: Path) -> list[_Video]:
    try:
        with path.open("rb") as stream:
            file = np.load(stream, allow_pickle=False)
            arrays = {key: file[key] for key in _ARRAYS}
        numbers = arrays["video"]
        expected = (len(numbers), len(PENN13))
        if arrays["joints"].shape != (*expected, 2) or arrays["visible"].shape != expected:
            raise ValueError(f"joints are {arrays['joints'].shape}, not {(*expected, 2)}")
        videos = [np.flatnonzero(numbers == number) for number in np.unique(numbers)]
        return [
            _Video(
                f"{numbers[rows[0]]:04d}",
                str(arrays["action_name"][arrays["action"][rows[0]]]),
                arrays["joints"][rows],
                arrays["visible"][rows],
                f"video {numbers[rows[0]]} in {path}",
            )
            for rows in videos
        ]
    except _DAMAGE as error:
        raise BadDataError(f"{path} is no whole file of poses ({error}). {_WHERE_POSES}") from error
