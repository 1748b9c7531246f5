"""Penn Action in its owners' layout, and its poses alone as a prior for method 2.8."""

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

from model.core.errors import UserError
from model.core.skeleton import PENN13
from model.data.files import Half, half_of, read_mat
from model.data.frames import ImageFiles
from model.data.poses import pose_clip
from model.data.records import ABSENT, VISIBLE, BadDataError, Clip, DataSet, Split
from model.data.sampling import squares

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
        raise BadDataError(
            f"{path} is no label of Penn Action ({error}). {_WHERE_POSES}"
        ) from error
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


_WHERE = "Get Penn Action from http://dreamdragon.github.io/PennAction/ and unpack all of it."
_TRAIN = 1
_NEEDED = ("nframes", "bbox", "x", "y", "visibility", "train", "action")


def read_penn_action(
    root: Path, split: Split, *, as_released: bool = False, half: Half | None = None
) -> DataSet:
    """The training or test videos of Penn Action, one clip and one person per video.

    Boxes are the label's by the published rule (method 1.8). Joints are marked 1-based and are
    moved to pixel centres from 0 here, where the released code moves the boxes only. Both splits
    are, so PCK, which compares the two, does not change; a network trained by the released code
    puts its joints one pixel to the right and below of these. ``as_released`` leaves them where
    they are marked. Joints that are not visible count as absent, as they are neither trained nor
    scored in the paper (many lie at (1, 1)). ``half`` keeps one half of the videos of each action
    (method 2.8).

    ``UserError`` if ``root`` is no such folder; ``BadDataError`` names a damaged label file.
    """
    labels = sorted((root / "labels").glob("[0-9]*.mat"))
    if not labels or not (root / "frames").is_dir():
        raise UserError(
            f"{root} does not hold Penn Action: 'frames' and 'labels/*.mat' are expected. {_WHERE}"
        )
    videos: dict[str, list[Clip]] = {}
    for path in labels:
        found = _read_video(root, path, split, as_released=as_released)
        if found is not None:
            videos.setdefault(found[0], []).append(found[1])
    kept = [clip for clips in videos.values() for clip in half_of(clips, half)]
    kept.sort(key=lambda clip: clip.name)
    part = "" if half is None else f", {half} half"
    return DataSet(f"Penn Action ({split}{part})", PENN13, tuple(kept))


def _read_video(
    root: Path, path: Path, split: Split, *, as_released: bool
) -> tuple[str, Clip] | None:
    """A video's action and clip, if it is of the split."""
    label = read_mat(path, _NEEDED, _WHERE)
    try:
        if (int(label["train"]) == _TRAIN) != (split == "train"):
            return None
        count = int(label["nframes"])
        # A video of one frame comes without its first axis.
        x, y, visibility = (label[key].reshape(-1, 13) for key in ("x", "y", "visibility"))
        boxes = label["bbox"].reshape(-1, 4)
        joints = np.stack([x, y], axis=-1)[:count] - (0 if as_released else 1)
        visible = np.where(visibility[:count] == 1, VISIBLE, ABSENT)
        # Two of the videos lack the box of their last frame; the last row stands for it.
        boxes = boxes[np.minimum(np.arange(count), len(boxes) - 1)]
    except (TypeError, ValueError, IndexError) as error:
        raise BadDataError(f"{path} is no label of Penn Action ({error}). {_WHERE}") from error
    left, top, right, bottom = boxes.astype(np.float64).T
    # The published centre is (left + right - 1) / 2 - 1; the square's is left + width / 2.
    person = np.stack([left - 2, top - 2, right - left + 1, bottom - top + 1], axis=1)
    folder = root / "frames" / path.stem
    return str(label["action"]), Clip(
        name=path.stem,
        person=path.stem,
        frames=ImageFiles([folder / f"{number:06d}.jpg" for number in range(1, count + 1)]),
        boxes=squares(person),
        joints=joints.astype(np.float32),
        visible=visible.astype(np.uint8),
    )
