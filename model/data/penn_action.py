"""Penn Action in its owners' layout: ``frames/0001/000001.jpg`` and ``labels/0001.mat``."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from model.data.boxes import squares
from model.data.frames import ImageFiles
from model.data.matlab import read_mat
from model.data.records import ABSENT, VISIBLE, BadDataError, Clip, DataSet, Split
from model.errors import UserError
from model.skeleton import PENN13

_WHERE = "Get Penn Action from http://dreamdragon.github.io/PennAction/ and unpack all of it."
_TRAIN = 1
_NEEDED = ("nframes", "bbox", "x", "y", "visibility", "train")


def read_penn_action(root: Path, split: Split) -> DataSet:
    """The training or test videos of Penn Action, one clip and one person per video.

    Boxes are the label's by the published rule (method 1.8). Joints are marked 1-based and are
    moved to pixel centres from 0 here, where the released code moves the boxes only. Both splits
    are, so PCK, which compares the two, does not change; a network trained by the released code
    puts its joints one pixel to the right and below of these. Joints that are not visible count
    as absent, as they are neither trained nor scored in the paper (many lie at (1, 1)).

    ``UserError`` if ``root`` is no such folder; ``BadDataError`` names a damaged label file.
    """
    labels = sorted((root / "labels").glob("[0-9]*.mat"))
    if not labels or not (root / "frames").is_dir():
        raise UserError(
            f"{root} does not hold Penn Action: 'frames' and 'labels/*.mat' are expected. {_WHERE}"
        )
    clips = (_read_video(root, path, split) for path in labels)
    kept = tuple(clip for clip in clips if clip is not None)
    return DataSet(f"Penn Action ({split})", PENN13, kept)


def _read_video(root: Path, path: Path, split: Split) -> Clip | None:
    label = read_mat(path, _NEEDED, _WHERE)
    try:
        if (int(label["train"]) == _TRAIN) != (split == "train"):
            return None
        count = int(label["nframes"])
        # A video of one frame comes without its first axis.
        x, y, visibility = (label[key].reshape(-1, 13) for key in ("x", "y", "visibility"))
        boxes = label["bbox"].reshape(-1, 4)
        joints = np.stack([x, y], axis=-1)[:count] - 1
        visible = np.where(visibility[:count] == 1, VISIBLE, ABSENT)
        # Two of the videos lack the box of their last frame; the last row stands for it.
        boxes = boxes[np.minimum(np.arange(count), len(boxes) - 1)]
    except (TypeError, ValueError, IndexError) as error:
        raise BadDataError(f"{path} is no label of Penn Action ({error}). {_WHERE}") from error
    left, top, right, bottom = boxes.astype(np.float64).T
    # The published centre is (left + right - 1) / 2 - 1; the square's is left + width / 2.
    person = np.stack([left - 2, top - 2, right - left + 1, bottom - top + 1], axis=1)
    folder = root / "frames" / path.stem
    return Clip(
        name=path.stem,
        person=path.stem,
        frames=ImageFiles([folder / f"{number:06d}.jpg" for number in range(1, count + 1)]),
        boxes=squares(person),
        joints=joints.astype(np.float32),
        visible=visible.astype(np.uint8),
    )
