"""Human3.6M: the official release, the published experiments' caches, and Simplified Human3.6M.

The last is what "Unsupervised Discovery of Object Landmarks" gave out (method 2.8). Of each subject
``S1/WithBackground/<sequence>/<frame>.jpg``, pictures of 128 x 128 pixels;
``S1/BackgroudMask/<sequence>/<frame>.png``, white where the person is (the release spells it so;
``BackgroundMask`` is read as well); ``S1/Landmarks/<sequence>/<frame>.mat``, whose variable
``keypoints_2d`` (32, 2) has row and column of each joint from 0 to 1.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.core.crop import CROP_SIZE
from model.core.errors import UserError
from model.core.skeleton import H36M16, H36M32
from model.data.files import Half, half_of, read_mat, read_pickle
from model.data.frames import NumberedImages, VideoFrames
from model.data.isolation import ParserDied, cdf_variable, isolated
from model.data.records import ABSENT, VISIBLE, BadDataError, Clip, DataSet, Frames, Split
from model.data.sampling import boxes_of_joints, squares

_WHERE_CACHES = (
    "Get the cache and its images as described at https://github.com/JimmySuen/integral-human-pose."
)
_SET = {"train": "train", "test": "valid"}
_IMAGE = re.compile(r"(s_\d\d_act_\d\d_subact_\d\d_ca_\d\d)_(\d{6})\.jpg$")
_CACHE18 = (
    "pelvis", "right hip", "right knee", "right ankle", "left hip", "left knee", "left ankle",
    "spine", "neck", "nose", "head top", "left shoulder", "left elbow", "left wrist",
    "right shoulder", "right elbow", "right wrist", "thorax",
)  # fmt: skip
# Joints by their number K.
_ORDERS = {
    len(H36M16): list(range(len(H36M16))),
    len(_CACHE18): [_CACHE18.index(name) for name in H36M16.names],
}
_Frame = dict[str, Any]


def _find_cache(root: Path, split: Split) -> Path | None:
    """The pickle of a split under ``root``; None if there is none, ``UserError`` if several."""
    name = f"HM36*_{_SET[split]}*_cache/*_keypoint_db_sample*.pkl"
    found = sorted(root.glob(name))
    if len(found) > 1:
        raise UserError(
            f"{root} has {len(found)} caches for the {split} split: "
            f"{', '.join(path.name for path in found)}. Keep the one to use."
        )
    return found[0] if found else None


def _read_cache(path: Path, root: Path) -> list[Clip]:
    """All frames of a cache as clips, one per folder of images under ``root``.

    Which frames there are was decided when the cache was made. ``BadDataError`` names a cache that
    is damaged, or a folder of images that is missing.
    """
    database: Any = read_pickle(path, _WHERE_CACHES)
    try:
        lists = database.values() if isinstance(database, dict) else [database]
        folders = _by_folder(chain.from_iterable(lists))
        return [_cached_clip(root, folder, folders[folder]) for folder in sorted(folders)]
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise BadDataError(
            f"{path} is no Human3.6M keypoint cache ({error!r}). {_WHERE_CACHES}"
        ) from error


def _by_folder(frames: Iterable[_Frame]) -> dict[str, dict[int, _Frame]]:
    """The frames of each folder by number, which is counted from 1."""
    folders: dict[str, dict[int, _Frame]] = {}
    for frame in frames:
        match = _IMAGE.search(frame["image"])
        if match is None:
            raise ValueError(f"{frame['image']} does not name an image of Human3.6M")
        folders.setdefault(match[1], {})[int(match[2])] = frame
    return folders


def _cached_clip(root: Path, folder: str, numbered: dict[int, _Frame]) -> Clip:
    images = root / "images" / folder
    if not images.is_dir():
        raise BadDataError(f"There is no folder {images}. {_WHERE_CACHES}")
    # A cache that drew frames at random has them in any order.
    numbers = sorted(numbered)
    frames = [numbered[number] for number in numbers]
    joints = np.array([frame["joints_3d"] for frame in frames], np.float32)
    marks = np.array([frame["joints_3d_vis"] for frame in frames])
    order = _ORDERS[joints.shape[1]]
    x, y, width, height = np.array(
        [[frame[key] for key in ("center_x", "center_y", "width", "height")] for frame in frames]
    ).T
    return Clip(
        name=folder,
        person=f"S{int(folder[2:4])}",
        frames=NumberedImages(images, folder + "_{:06d}.jpg", numbers),
        boxes=squares(np.stack([x - width / 2, y - height / 2, width, height], axis=1)),
        joints=joints[:, order, :2],
        visible=np.where(marks[:, order, 0] > 0, VISIBLE, ABSENT).astype(np.uint8),
    )


_WHERE = (
    "Get Human3.6M from http://vision.imar.ro/human3.6m (for research, on registration): the "
    "videos and the 'D2 positions' of each subject."
)
_SUBJECTS = {"train": ("S1", "S5", "S6", "S7", "S8"), "test": ("S9", "S11")}
_STEP = {"train": 5, "test": 200}
_POSES = ("MyPoseFeatures/D2_Positions", "D2_Positions")
# The release's own file of this video is corrupt; published experiments leave it out.
_CORRUPT = ("S11", "Directions.54138969")
# The release's numbers. Its 16 others are toes, fingers, copies and helpers of its skeleton.
_JOINTS = {
    "pelvis": 0, "right hip": 1, "right knee": 2, "right ankle": 3, "left hip": 6, "left knee": 7,
    "left ankle": 8, "neck": 13, "head top": 15, "left shoulder": 17, "left elbow": 18,
    "left wrist": 19, "right shoulder": 25, "right elbow": 26, "right wrist": 27,
}  # fmt: skip
# What cdflib was seen to raise on files cut off or changed.
_DAMAGE = (
    OSError, EOFError, ValueError, TypeError, LookupError, OverflowError, MemoryError, zlib.error,
    ParserDied,
)  # fmt: skip


def read_human36m(root: Path, split: Split, *, all_joints: bool = False) -> DataSet:
    """Human3.6M's training subjects (1, 5, 6, 7, 8) or test subjects (9, 11), in H36M-16 joints.

    With ``all_joints`` the release's own 32, as KeypointGAN takes them; the
    squares stay those of these 16. Caches do not have them, so the release is read.

    A person is a subject, a clip one camera's view of one recording (methods 1.8 and 1.10). A
    cache under ``root`` (see ``_find_cache``) is preferred and gives all its frames, with
    its own squares. The release gives every 5th frame for training, every 200th for the test;
    its thorax is the middle between the shoulders (17 and 25, as in the caches, there in 3D), its
    neck is joint 13, the neck's base, and its head top joint 15, the end of the head. As 2D poses
    do not tell what 2000 mm are, its squares are those of the 16 joints. Joints of both are in
    pixels as marked, unshifted, and joints of the release all count as visible.

    ``UserError`` if ``root`` holds neither; ``BadDataError`` names a file that is missing or
    damaged.
    """
    cache = None if all_joints else _find_cache(root, split)
    if cache is not None:
        clips = _read_cache(cache, root)
    elif any((root / subject).is_dir() for subject in _SUBJECTS[split]):
        clips = [
            clip
            for subject in _SUBJECTS[split]
            for clip in _subject(root, subject, split, all_joints)
        ]
    else:
        raise UserError(
            f"{root} does not hold Human3.6M's {split} subjects: folders "
            f"{', '.join(_SUBJECTS[split])} or a cache 'HM36*_cache' are expected. {_WHERE}"
        )
    return DataSet(f"Human3.6M ({split})", H36M32 if all_joints else H36M16, tuple(clips))


def _subject(root: Path, subject: str, split: Split, all_joints: bool) -> list[Clip]:
    # A capital, as some systems leave hidden files that end alike.
    found = (sorted((root / subject / place).glob("[A-Z]*.cdf")) for place in _POSES)
    paths = next(filter(None, found), None)
    if paths is None:
        raise BadDataError(f"There are no 2D poses {root / subject / _POSES[0]}/*.cdf. {_WHERE}")
    wanted = (path for path in paths if (subject, path.stem) != _CORRUPT)
    videos = root / subject / "Videos"
    return [
        _view(subject, path, videos / f"{path.stem}.mp4", _STEP[split], all_joints)
        for path in wanted
    ]


def _view(subject: str, path: Path, video: Path, step: int, all_joints: bool) -> Clip:
    if not video.is_file():
        raise BadDataError(f"There is no video {video} to go with {path}. {_WHERE}")
    pose = _pose(path)
    body = _h36m16(pose[::step])
    joints = pose[::step] if all_joints else body
    visible = np.full(joints.shape[:2], VISIBLE, np.uint8)
    return Clip(
        name=f"{subject} {path.stem}",
        person=subject,
        frames=VideoFrames(video, range(0, len(pose), step)),
        boxes=squares(boxes_of_joints(body, np.full(body.shape[:2], VISIBLE, np.uint8))),
        joints=joints,
        visible=visible,
    )


def _pose(path: Path) -> NDArray[np.float32]:
    """All frames of a file of 2D poses, (N, 32, 2)."""
    try:
        pose = isolated(cdf_variable)(path, "Pose")
    except _DAMAGE as error:
        raise BadDataError(
            f"{path} is not a whole CDF file with 'Pose' ({error}). {_WHERE}"
        ) from error
    if pose.ndim != 3 or pose.shape[::2] != (1, 64):
        raise BadDataError(f"{path} has a 'Pose' of shape {pose.shape}, not (1, N, 64). {_WHERE}")
    return pose.reshape(-1, 32, 2).astype(np.float32)


def _h36m16(pose: NDArray[np.float32]) -> NDArray[np.float32]:
    """The release's joints (N, 32, 2) in the order of H36M-16, (N, 16, 2)."""
    named = {name: pose[:, index] for name, index in _JOINTS.items()}
    named["thorax"] = np.mean([named["left shoulder"], named["right shoulder"]], axis=0)
    return np.stack([named[name] for name in H36M16.names], axis=1)


ACTIVITIES = ("directions", "discussion", "greeting", "posing", "waiting", "walking")
"""The six activities, by which the sequences' names begin."""

_WHERE_SIMPLIFIED = (
    "Get Simplified Human3.6M from "
    "http://fy.z-yt.net/files.ytzhang.net/lmdis-rep/release-v1/human3.6m/human_images.tar.gz "
    "and give the folder that holds S1, S5 and so on."
)
_SIMPLIFIED_SUBJECTS = {"train": ("S1", "S5", "S6", "S7", "S8", "S9"), "test": ("S11",)}
_PICTURES = "WithBackground"
_MASKS = ("BackgroudMask", "BackgroundMask")
_LANDMARKS = "Landmarks"
_VARIABLE = "keypoints_2d"


def read_simplified_human36m(
    root: Path,
    split: Split,
    *,
    half: Half | None = None,
    masked: bool = True,
    labels: bool = True,
    activities: Sequence[str] = ACTIVITIES,
) -> DataSet:
    """The training subjects (1, 5, 6, 7, 8, 9) or the test subject (11), in H36M-32 joints.

    A clip is a sequence, called ``subject/sequence``, and its square the whole picture. ``half``
    keeps one half of each sequence: in the paper pictures come from the first, poses of the prior
    from the second. ``masked`` makes all black that is not the person. Without ``labels`` all
    joints are absent, which spares reading a file per frame. ``activities`` are the sequences
    wanted. Joints all count as visible.

    ``UserError`` if ``root`` is no such folder; ``BadDataError`` names a file that is missing or
    damaged.
    """
    subjects = [root / name for name in _SIMPLIFIED_SUBJECTS[split] if (root / name).is_dir()]
    if not subjects:
        raise UserError(
            f"{root} does not hold Simplified Human3.6M's {split} subjects: folders "
            f"{', '.join(_SIMPLIFIED_SUBJECTS[split])} are expected. {_WHERE_SIMPLIFIED}"
        )
    clips = [
        _sequence(subject, pictures, masks, sequence, half, masked, labels)
        for subject in subjects
        for pictures, masks in [_folders(subject, masked)]
        for activity in activities
        for sequence in _sequences(pictures, activity)
    ]
    return DataSet(
        f"Simplified Human3.6M ({split})", H36M32, tuple(clip for clip in clips if len(clip))
    )


def activity_of(clip: Clip) -> str:
    """Which of the ``ACTIVITIES`` a clip of this data set shows; ``KeyError`` if none."""
    sequence = clip.name.partition("/")[2].lower()
    for activity in ACTIVITIES:
        if sequence.startswith(activity):
            return activity
    raise KeyError(clip.name)


class _MaskedImages:
    """Pictures of 128 x 128 pixels that are black where their masks are."""

    def __init__(self, pictures: Frames, masks: Frames | None) -> None:
        self._pictures = pictures
        self._masks = masks

    def __len__(self) -> int:
        return len(self._pictures)

    def describe(self, index: int) -> str:
        return self._pictures.describe(index)

    def read(self, index: int) -> NDArray[np.uint8]:
        picture = self._square(self._pictures, index)
        if self._masks is None:
            return picture
        mask = self._square(self._masks, index)[..., :1]
        return ((picture.astype(np.uint16) * mask + 127) // 255).astype(np.uint8)

    @staticmethod
    def _square(frames: Frames, index: int) -> NDArray[np.uint8]:
        found = frames.read(index)
        if found.shape[:2] != (CROP_SIZE, CROP_SIZE):
            raise BadDataError(
                f"The picture {frames.describe(index)} has {found.shape[1]} x {found.shape[0]} "
                f"pixels, not {CROP_SIZE} x {CROP_SIZE}. {_WHERE_SIMPLIFIED}"
            )
        return found


def _folders(subject: Path, masked: bool) -> tuple[Path, Path | None]:
    """The folders of a subject's pictures and of its masks, which only ``masked`` needs."""
    masks = next((subject / name for name in _MASKS if (subject / name).is_dir()), None)
    if not (subject / _PICTURES).is_dir() or (masked and masks is None):
        found = sorted(path.name for path in subject.iterdir() if path.is_dir())
        raise UserError(
            f"{subject} has the folders {', '.join(found) or 'none'}; {_PICTURES}, {_MASKS[0]} and "
            f"{_LANDMARKS} are expected. {_WHERE_SIMPLIFIED}"
        )
    return subject / _PICTURES, masks


def _sequences(pictures: Path, activity: str) -> list[str]:
    names = (path.name for path in pictures.iterdir() if path.is_dir())
    return sorted(name for name in names if name.lower().startswith(activity.lower()))


def _sequence(
    subject: Path,
    pictures: Path,
    masks: Path | None,
    sequence: str,
    half: Half | None,
    masked: bool,
    labels: bool,
) -> Clip:
    # Frames are those that have masks, as in the published code: it decides where halves end.
    listed = pictures if masks is None else masks
    numbers = half_of(_numbers(listed / sequence), half)
    joints = np.full((len(numbers), len(H36M32), 2), np.nan, np.float32)
    if labels:
        folder = subject / _LANDMARKS / sequence
        for row, number in enumerate(numbers):
            joints[row] = _landmarks(folder / f"{number}.mat")
    shown = NumberedImages(pictures / sequence, "{}.jpg", numbers)
    covers = masks and masked and NumberedImages(masks / sequence, "{}.png", numbers)
    return Clip(
        name=f"{subject.name}/{sequence}",
        person=subject.name,
        frames=_MaskedImages(shown, covers or None),
        boxes=np.tile([CROP_SIZE / 2, CROP_SIZE / 2, float(CROP_SIZE)], (len(numbers), 1)),
        joints=joints,
        visible=np.full(joints.shape[:2], VISIBLE if labels else ABSENT, np.uint8),
    )


def _numbers(folder: Path) -> list[int]:
    if not folder.is_dir():
        raise BadDataError(f"There is no folder {folder}. {_WHERE_SIMPLIFIED}")
    return sorted(int(path.stem) for path in folder.iterdir() if path.stem.isdecimal())


def _landmarks(path: Path) -> NDArray[np.float32]:
    found = read_mat(path, (_VARIABLE,), _WHERE_SIMPLIFIED)[_VARIABLE]
    if found.shape != (len(H36M32), 2) or found.dtype.kind not in "iuf":
        raise BadDataError(
            f"{path} has {_VARIABLE} of shape {found.shape} and type {found.dtype}; numbers of "
            f"shape ({len(H36M32)}, 2) are expected. {_WHERE_SIMPLIFIED}"
        )
    return (found[:, ::-1] * CROP_SIZE).astype(np.float32)
