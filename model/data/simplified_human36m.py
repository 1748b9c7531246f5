"""Simplified Human3.6M, as "Unsupervised Discovery of Object Landmarks" gave it out (method 2.8).

Of each subject ``S1/WithBackground/<sequence>/<frame>.jpg``, pictures of 128 x 128 pixels;
``S1/BackgroudMask/<sequence>/<frame>.png``, white where the person is (the release spells it so;
``BackgroundMask`` is read as well); ``S1/Landmarks/<sequence>/<frame>.mat``, whose variable
``keypoints_2d`` (32, 2) has row and column of each joint from 0 to 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.core.crop import CROP_SIZE
from model.core.errors import UserError
from model.core.skeleton import H36M32
from model.data.files import Half, half_of, read_mat
from model.data.frames import NumberedImages
from model.data.records import ABSENT, VISIBLE, BadDataError, Clip, DataSet, Frames, Split

ACTIVITIES = ("directions", "discussion", "greeting", "posing", "waiting", "walking")
"""The six activities, by which the sequences' names begin."""

_WHERE = (
    "Get Simplified Human3.6M from "
    "http://fy.z-yt.net/files.ytzhang.net/lmdis-rep/release-v1/human3.6m/human_images.tar.gz "
    "and give the folder that holds S1, S5 and so on."
)
_SUBJECTS = {"train": ("S1", "S5", "S6", "S7", "S8", "S9"), "test": ("S11",)}
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
    subjects = [root / name for name in _SUBJECTS[split] if (root / name).is_dir()]
    if not subjects:
        raise UserError(
            f"{root} does not hold Simplified Human3.6M's {split} subjects: folders "
            f"{', '.join(_SUBJECTS[split])} are expected. {_WHERE}"
        )
    clips = [
        _clip(subject, pictures, masks, sequence, half, masked, labels)
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


class MaskedImages:
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
                f"pixels, not {CROP_SIZE} x {CROP_SIZE}. {_WHERE}"
            )
        return found


def _folders(subject: Path, masked: bool) -> tuple[Path, Path | None]:
    """The folders of a subject's pictures and of its masks, which only ``masked`` needs."""
    masks = next((subject / name for name in _MASKS if (subject / name).is_dir()), None)
    if not (subject / _PICTURES).is_dir() or (masked and masks is None):
        found = sorted(path.name for path in subject.iterdir() if path.is_dir())
        raise UserError(
            f"{subject} has the folders {', '.join(found) or 'none'}; {_PICTURES}, {_MASKS[0]} and "
            f"{_LANDMARKS} are expected. {_WHERE}"
        )
    return subject / _PICTURES, masks


def _sequences(pictures: Path, activity: str) -> list[str]:
    names = (path.name for path in pictures.iterdir() if path.is_dir())
    return sorted(name for name in names if name.lower().startswith(activity.lower()))


def _clip(
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
            joints[row] = _joints(folder / f"{number}.mat")
    shown = NumberedImages(pictures / sequence, "{}.jpg", numbers)
    covers = masks and masked and NumberedImages(masks / sequence, "{}.png", numbers)
    return Clip(
        name=f"{subject.name}/{sequence}",
        person=subject.name,
        frames=MaskedImages(shown, covers or None),
        boxes=np.tile([CROP_SIZE / 2, CROP_SIZE / 2, float(CROP_SIZE)], (len(numbers), 1)),
        joints=joints,
        visible=np.full(joints.shape[:2], VISIBLE if labels else ABSENT, np.uint8),
    )


def _numbers(folder: Path) -> list[int]:
    if not folder.is_dir():
        raise BadDataError(f"There is no folder {folder}. {_WHERE}")
    return sorted(int(path.stem) for path in folder.iterdir() if path.stem.isdecimal())


def _joints(path: Path) -> NDArray[np.float32]:
    found = read_mat(path, (_VARIABLE,), _WHERE)[_VARIABLE]
    if found.shape != (len(H36M32), 2) or found.dtype.kind not in "iuf":
        raise BadDataError(
            f"{path} has {_VARIABLE} of shape {found.shape} and type {found.dtype}; numbers of "
            f"shape ({len(H36M32)}, 2) are expected. {_WHERE}"
        )
    return (found[:, ::-1] * CROP_SIZE).astype(np.float32)
