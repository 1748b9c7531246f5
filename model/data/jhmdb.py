"""J-HMDB in its owners' layout.

``splits/ACTION_test_split1.txt``, ``Rename_Images/ACTION/VIDEO/00001.png``,
``joint_positions/ACTION/VIDEO/joint_positions.mat`` and, where unpacked,
``puppet_mask/ACTION/VIDEO/puppet_mask.mat``.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.core.errors import UserError
from model.core.skeleton import JHMDB15
from model.data.files import read_mat
from model.data.frames import ImageFiles
from model.data.records import ABSENT, VISIBLE, BadDataError, Clip, DataSet, Split
from model.data.sampling import boxes_of_joints, squares

_WHERE = (
    "Get J-HMDB from http://jhmdb.is.tue.mpg.de/ (images, joint positions, splits and puppet "
    "masks) and unpack all of it into one folder."
)
_MARKS = {"train": "1", "test": "2"}
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
            f"{root} does not hold J-HMDB: 'splits/*_test_split{number}.txt' is expected. {_WHERE}"
        )
    clips = []
    for path in lists:
        action = path.name.removesuffix(f"_test_split{number}.txt")
        clips += [_read_video(root, action, video) for video in _videos(path, _MARKS[split])]
    return DataSet(f"J-HMDB split {number} ({split})", JHMDB15, tuple(clips))


def _videos(path: Path, mark: str) -> list[str]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BadDataError(f"The split {path} cannot be read ({error}). {_WHERE}") from error
    videos = []
    for line in filter(str.strip, lines):
        name, dot, found = line.rpartition(".avi ")
        if not dot or found.strip() not in ("0", "1", "2"):
            raise BadDataError(
                f"{path} has the line {line!r}; a video's name and 0, 1 or 2 are expected. {_WHERE}"
            )
        if found.strip() == mark:
            videos.append(name)
    return videos


def _read_video(root: Path, action: str, video: str) -> Clip:
    path = root / "joint_positions" / action / video / "joint_positions.mat"
    marked = read_mat(path, ("pos_img",), _WHERE)["pos_img"]
    if marked.shape[:2] != (2, len(JHMDB15)) or marked.ndim > 3:
        raise BadDataError(
            f"{path} has pos_img of shape {marked.shape}; (2, 15, frames) is expected. {_WHERE}"
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
    mask = read_mat(path, ("part_mask",), _WHERE)["part_mask"]
    if mask.ndim not in (2, 3):
        raise BadDataError(
            f"{path} has part_mask of shape {mask.shape}; (height, width, frames) is expected. "
            f"{_WHERE}"
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
