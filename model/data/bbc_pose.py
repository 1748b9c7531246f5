"""BBC Pose in its owners' layout: ``1/1.jpg`` (video, frame) and ``bbcpose.mat``.

The labels are one variable ``bbcpose``, a structure array of which the first 20 records are BBC
Pose and the others its extension. Used are ``train_frames`` (1, N) and ``train_joints`` (2, 7, N)
of videos 1 to 10, ``test_frames`` and ``test_joints`` of videos 11 to 20. The file comes with the
owners' code and lies in that archive's folder, or beside the videos.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.core.skeleton import BBC7
from model.data.files import read_mat
from model.data.frames import NumberedImages
from model.data.records import ABSENT, VISIBLE, BadDataError, Clip, DataSet, Split
from model.data.sampling import squares

_WHERE = (
    "Get BBC Pose, its data and its code, from https://www.robots.ox.ac.uk/~vgg/data/pose/ and "
    "unpack all of it into one folder."
)
_LABELS = ("bbcpose.mat", "code/bbcpose.mat", "bbcpose_extbbcpose_code_1.0/bbcpose.mat")
_VIDEOS = {"train": range(1, 11), "test": range(11, 21)}
_MARGIN = 60
_PICTURE = np.array([720, 480])


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
    found = [root / name for name in _LABELS if (root / name).is_file()]
    path = found[0] if found else root / _LABELS[0]
    records = np.atleast_1d(read_mat(path, ("bbcpose",), _WHERE)["bbcpose"])
    clips = []
    for number in _VIDEOS[split]:
        if not (root / str(number)).is_dir():
            raise BadDataError(
                f"There is no folder {root / str(number)} of a video's frames. {_WHERE}"
            )
        try:
            frames, marks, known = _frames(records[number - 1], split, extra)
        except (LookupError, TypeError, ValueError) as error:
            raise BadDataError(
                f"Record {number} of {path} is no video of BBC Pose ({error!r}). {_WHERE}"
            ) from error
        clips.append(
            Clip(
                name=str(number),
                person=str(number),
                frames=NumberedImages(root / str(number), "{}.jpg", frames),
                boxes=_squares(marks),
                joints=(marks if as_released else marks - 1).astype(np.float32),
                visible=np.where(known, VISIBLE, ABSENT)[:, None].repeat(7, 1).astype(np.uint8),
            )
        )
    more = ", with unlabelled frames" if extra else ""
    return DataSet(f"BBC Pose ({split}{more})", BBC7, tuple(clips))


def _frames(
    record: dict[str, Any], split: Split, extra: bool
) -> tuple[NDArray[np.int32], NDArray[np.float64], NDArray[np.bool_]]:
    """As ``_labels``, by frame number, and whether a frame's labels may be used (N,)."""
    frames, marks = _labels(record, split)
    known = np.ones(len(frames), bool)
    if not (extra and split == "test"):
        return frames, marks, known
    others, poses = _labels(record, "train")
    new = ~np.isin(others, frames)
    frames = np.concatenate([frames, others[new]])
    marks = np.concatenate([marks, poses[new]])
    known = np.concatenate([known, np.zeros(new.sum(), bool)])
    order = np.argsort(frames, kind="stable")
    return frames[order], marks[order], known[order]


def _labels(record: dict[str, Any], split: Split) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """Frame numbers (N,) and joints (N, 7, 2), 1-based."""
    frames = np.atleast_1d(record[f"{split}_frames"]).astype(np.int32)
    # A single frame comes without its axis.
    marks = np.asarray(record[f"{split}_joints"], np.float64).reshape(2, len(BBC7), -1)
    if marks.shape[2] != len(frames):
        raise ValueError(f"{len(frames)} frame numbers and {marks.shape[2]} poses")
    return frames, marks.transpose(2, 1, 0)


def _squares(marks: NDArray[np.float64]) -> NDArray[np.float64]:
    low = np.maximum(marks.min(axis=1) - _MARGIN, 0)
    high = np.minimum(marks.max(axis=1) + _MARGIN, _PICTURE)
    # The published centre is (low + high) / 2 - 1; the square's is the left edge + width / 2.
    return squares(np.hstack([low - 1.5, high - low + 1]))
