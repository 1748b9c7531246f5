"""Videos of people with their joints, each data set in its owners' layout.

- Penn Action, and its poses alone as a prior for method 2.8.
- BBC Pose: ``1/1.jpg`` (video, frame) and ``bbcpose.mat``. The labels are one variable ``bbcpose``,
  a structure array of which the first 20 records are BBC Pose and the others its extension. Used
  are ``train_frames`` (1, N) and ``train_joints`` (2, 7, N) of videos 1 to 10, ``test_frames`` and
  ``test_joints`` of videos 11 to 20. The file comes with the owners' code and lies in that
  archive's folder, or beside the videos.
- J-HMDB: ``splits/ACTION_test_split1.txt``, ``Rename_Images/ACTION/VIDEO/00001.png``,
  ``joint_positions/ACTION/VIDEO/joint_positions.mat`` and, where unpacked,
  ``puppet_mask/ACTION/VIDEO/puppet_mask.mat``.
"""

from __future__ import annotations

import re
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
from model.core.skeleton import BBC7, JHMDB15, PENN13
from model.data.files import Half, half_of, read_mat
from model.data.frames import ImageFiles, NumberedImages
from model.data.poses import pose_clip
from model.data.records import ABSENT, VISIBLE, BadDataError, Clip, DataSet, Split
from model.data.sampling import boxes_of_joints, squares

_PENN_POSES = "Get Penn Action's labels from http://dreamdragon.github.io/PennAction/."
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
                f"expected. {_PENN_POSES}"
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
    label = read_mat(path, _LABELS, _PENN_POSES)
    try:
        if (int(label["train"]) == 1) != (split == "train"):
            return []
        # A video of one frame comes without its first axis.
        x, y, seen = (label[key].reshape(-1, len(PENN13)) for key in ("x", "y", "visibility"))
        joints = np.stack([x, y], axis=-1)
        if joints.shape[:2] != seen.shape:
            raise ValueError(f"visibility has {len(seen)} rows, not {len(joints)}")
    except (TypeError, ValueError) as error:
        raise BadDataError(f"{path} is no label of Penn Action ({error}). {_PENN_POSES}") from error
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
        raise BadDataError(f"{path} is no whole file of poses ({error}). {_PENN_POSES}") from error


_PENN = "Get Penn Action from http://dreamdragon.github.io/PennAction/ and unpack all of it."
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
            f"{root} does not hold Penn Action: 'frames' and 'labels/*.mat' are expected. {_PENN}"
        )
    videos: dict[str, list[Clip]] = {}
    for path in labels:
        found = _penn_video(root, path, split, as_released=as_released)
        if found is not None:
            videos.setdefault(found[0], []).append(found[1])
    kept = [clip for clips in videos.values() for clip in half_of(clips, half)]
    kept.sort(key=lambda clip: clip.name)
    part = "" if half is None else f", {half} half"
    return DataSet(f"Penn Action ({split}{part})", PENN13, tuple(kept))


def _penn_video(
    root: Path, path: Path, split: Split, *, as_released: bool
) -> tuple[str, Clip] | None:
    """A video's action and clip, if it is of the split."""
    label = read_mat(path, _NEEDED, _PENN)
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
        raise BadDataError(f"{path} is no label of Penn Action ({error}). {_PENN}") from error
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


_BBC = (
    "Get BBC Pose, its data and its code, from https://www.robots.ox.ac.uk/~vgg/data/pose/ and "
    "unpack all of it into one folder."
)
_BBC_LABELS = ("bbcpose.mat", "code/bbcpose.mat", "bbcpose_extbbcpose_code_1.0/bbcpose.mat")
_BBC_VIDEOS = {"train": range(1, 11), "test": range(11, 21)}
_BBC_MARGIN = 60
_BBC_PICTURE = np.array([720, 480])


def read_bbc_pose(
    root: Path, split: Split, *, as_released: bool = False, extra: bool = False
) -> DataSet:
    """The training or test videos of BBC Pose, one clip and one person per video.

    The person box reaches 60 px past the joints within the picture, of 720 x 480 px (method
    1.8). Joints are marked 1-based and are moved to pixel centres from 0, where the released code
    moves the boxes only. They are in the file's own order, the person's right side first. All
    count as visible.

    Args:
        root: the folder.
        split: videos 1 to 10, or 11 to 20.
        as_released: leave the joints where they are marked.
        extra: of the test videos also the frames that the file lists for training, in the order
            of their numbers and without their labels, as the released code adds them (EXTRA_VAL).

    ``BadDataError`` names a label file or a video's folder that is missing or damaged.
    """
    found = [root / name for name in _BBC_LABELS if (root / name).is_file()]
    path = found[0] if found else root / _BBC_LABELS[0]
    records = np.atleast_1d(read_mat(path, ("bbcpose",), _BBC)["bbcpose"])
    clips = []
    for number in _BBC_VIDEOS[split]:
        if not (root / str(number)).is_dir():
            raise BadDataError(
                f"There is no folder {root / str(number)} of a video's frames. {_BBC}"
            )
        try:
            frames, marks, known = _bbc_frames(records[number - 1], split, extra)
        except (LookupError, TypeError, ValueError) as error:
            raise BadDataError(
                f"Record {number} of {path} is no video of BBC Pose ({error!r}). {_BBC}"
            ) from error
        clips.append(
            Clip(
                name=str(number),
                person=str(number),
                frames=NumberedImages(root / str(number), "{}.jpg", frames),
                boxes=_bbc_squares(marks),
                joints=(marks if as_released else marks - 1).astype(np.float32),
                visible=np.where(known, VISIBLE, ABSENT)[:, None].repeat(7, 1).astype(np.uint8),
            )
        )
    more = ", with unlabelled frames" if extra else ""
    return DataSet(f"BBC Pose ({split}{more})", BBC7, tuple(clips))


def _bbc_frames(
    record: dict[str, Any], split: Split, extra: bool
) -> tuple[NDArray[np.int32], NDArray[np.float64], NDArray[np.bool_]]:
    """As ``_bbc_labels``, by frame number, and whether a frame's labels may be used (N,)."""
    frames, marks = _bbc_labels(record, split)
    known = np.ones(len(frames), bool)
    if not (extra and split == "test"):
        return frames, marks, known
    others, poses = _bbc_labels(record, "train")
    new = ~np.isin(others, frames)
    frames = np.concatenate([frames, others[new]])
    marks = np.concatenate([marks, poses[new]])
    known = np.concatenate([known, np.zeros(new.sum(), bool)])
    order = np.argsort(frames, kind="stable")
    return frames[order], marks[order], known[order]


def _bbc_labels(
    record: dict[str, Any], split: Split
) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """Frame numbers (N,) and joints (N, 7, 2), 1-based."""
    frames = np.atleast_1d(record[f"{split}_frames"]).astype(np.int32)
    # A single frame comes without its axis.
    marks = np.asarray(record[f"{split}_joints"], np.float64).reshape(2, len(BBC7), -1)
    if marks.shape[2] != len(frames):
        raise ValueError(f"{len(frames)} frame numbers and {marks.shape[2]} poses")
    return frames, marks.transpose(2, 1, 0)


def _bbc_squares(marks: NDArray[np.float64]) -> NDArray[np.float64]:
    low = np.maximum(marks.min(axis=1) - _BBC_MARGIN, 0)
    high = np.minimum(marks.max(axis=1) + _BBC_MARGIN, _BBC_PICTURE)
    # The published centre is (low + high) / 2 - 1; the square's is the left edge + width / 2.
    return squares(np.hstack([low - 1.5, high - low + 1]))


_JHMDB = (
    "Get J-HMDB from http://jhmdb.is.tue.mpg.de/ (images, joint positions, splits and puppet "
    "masks) and unpack all of it into one folder."
)
_JHMDB_MARKS = {"train": "1", "test": "2"}
# What HMDB's names end with: body part, camera motion, number of people, view, quality, number.
_TAGS = r"_[fhlu]_[cn]m_np\d+_(ba|fr|le|ri)_(bad|goo|med)_\d+$"


def read_jhmdb(root: Path, split: Split, number: int = 1) -> DataSet:
    """The training or test videos of J-HMDB's split ``number`` (1 to 3), one clip per video.

    The square is that of the puppet mask's tight box by the published rule; without a mask, that
    of the joints within the picture. All joints are marked, 1-based, also those outside the
    picture, which are absent here; J-HMDB does not tell which are occluded. The first picture of
    a video without a mask is opened to learn its size.

    ``UserError`` if ``root`` is no such folder; ``BadDataError`` names a file that is damaged.
    """
    lists = sorted((root / "splits").glob(f"[!.]*_test_split{number}.txt"))
    if not lists:
        raise UserError(
            f"{root} does not hold J-HMDB: 'splits/*_test_split{number}.txt' is expected. {_JHMDB}"
        )
    clips = []
    for path in lists:
        action = path.name.removesuffix(f"_test_split{number}.txt")
        clips += [
            _jhmdb_video(root, action, video) for video in _jhmdb_videos(path, _JHMDB_MARKS[split])
        ]
    return DataSet(f"J-HMDB split {number} ({split})", JHMDB15, tuple(clips))


def _jhmdb_videos(path: Path, mark: str) -> list[str]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BadDataError(f"The split {path} cannot be read ({error}). {_JHMDB}") from error
    videos = []
    for line in filter(str.strip, lines):
        name, dot, found = line.rpartition(".avi ")
        if not dot or found.strip() not in ("0", "1", "2"):
            raise BadDataError(
                f"{path} has the line {line!r}; a video's name and 0, 1 or 2 are expected. {_JHMDB}"
            )
        if found.strip() == mark:
            videos.append(name)
    return videos


def _jhmdb_video(root: Path, action: str, video: str) -> Clip:
    path = root / "joint_positions" / action / video / "joint_positions.mat"
    marked = read_mat(path, ("pos_img",), _JHMDB)["pos_img"]
    if marked.shape[:2] != (2, len(JHMDB15)) or marked.ndim > 3:
        raise BadDataError(
            f"{path} has pos_img of shape {marked.shape}; (2, 15, frames) is expected. {_JHMDB}"
        )
    # A video of one frame comes without its last axis.
    joints = np.atleast_3d(marked).transpose(2, 1, 0).astype(np.float32) - 1
    folder = root / "Rename_Images" / action / video
    frames = ImageFiles([folder / f"{number:05d}.png" for number in range(1, len(joints) + 1)])
    mask = _puppet_mask(root / "puppet_mask" / action / video / "puppet_mask.mat")
    height, width = frames.read(0).shape[:2] if mask is None else mask.shape[:2]
    inside = ((joints >= -0.5) & (joints < np.array([width, height]) - 0.5)).all(axis=-1)
    visible = np.where(inside, VISIBLE, ABSENT).astype(np.uint8)
    boxes = boxes_of_joints(joints, visible)
    if mask is not None:
        of_mask = _boxes_of_mask(mask)[: len(boxes)]
        known = np.flatnonzero(np.isfinite(of_mask).all(axis=1))
        boxes[known] = of_mask[known]
    return Clip(
        name=f"{action}/{video}",
        person=source_video(video, action),
        frames=frames,
        boxes=squares(boxes),
        joints=joints,
        visible=visible,
    )


def source_video(video: str, action: str) -> str:
    """The name of the film or web video that a clip was cut from, which stands for its person.

    HMDB names a clip ``SOURCE_ACTION_TAGS_NUMBER``. Clips of one source mostly show the
    same person in the same clothes, so they must not be on both sides of a comparison. A name
    of another form stands for itself.
    """
    return re.sub(f"_{re.escape(action)}{_TAGS}", "", video)


def _puppet_mask(path: Path) -> NDArray[np.uint8] | None:
    """The person's mask (height, width, frames), or None where there is no file."""
    if not path.is_file():
        return None
    mask = read_mat(path, ("part_mask",), _JHMDB)["part_mask"]
    if mask.ndim not in (2, 3):
        raise BadDataError(
            f"{path} has part_mask of shape {mask.shape}; (height, width, frames) is expected. "
            f"{_JHMDB}"
        )
    return np.atleast_3d(mask)


def _boxes_of_mask(mask: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Tight boxes (frames, 4), left, top, width, height, pixel edges; NaN for an empty mask."""
    boxes = np.full((mask.shape[2], 4), np.nan)
    columns, rows = mask.max(axis=0), mask.max(axis=1)
    for frame in range(len(boxes)):
        x, y = np.flatnonzero(columns[:, frame]), np.flatnonzero(rows[:, frame])
        if len(x):
            boxes[frame] = x[0] - 0.5, y[0] - 0.5, x[-1] - x[0] + 1, y[-1] - y[0] + 1
    return boxes
