"""Leeds Sports Pose and its extended training set in their owners' layout: stills, one person each.

``images/im0001.jpg`` and ``joints.mat``; the extended set counts in five digits.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.core.skeleton import LSP14
from model.data.files import read_mat
from model.data.frames import ImageFiles
from model.data.records import ABSENT, OCCLUDED, VISIBLE, BadDataError, Clip, DataSet, Split
from model.data.sampling import boxes_of_joints, squares

_LSP = "Get Leeds Sports Pose from http://sam.johnson.io/research/lsp.html."
_EXTENDED = "Get Leeds Sports Pose Extended from http://sam.johnson.io/research/lspet.html."
_TRAINING = 1000


def read_lsp(root: Path, split: Split) -> DataSet:
    """Leeds Sports Pose: the first 1,000 stills for training, the others for the test.

    Its third row tells joints that are occluded; all 14 are marked. Boxes are those of the joints.
    ``BadDataError`` names a label file that is missing or damaged.
    """
    path = root / "joints.mat"
    labels = read_mat(path, ("joints",), _LSP)["joints"]
    if labels.ndim != 3 or labels.shape[:2] != (3, len(LSP14)):
        raise BadDataError(
            f"{path} has joints of shape {labels.shape}, not (3, 14, stills). {_LSP}"
        )
    marks = labels.transpose(2, 1, 0)
    visible = np.where(marks[..., 2] == 1, OCCLUDED, VISIBLE)
    files = [root / "images" / f"im{number:04d}.jpg" for number in range(1, len(marks) + 1)]
    half = slice(_TRAINING) if split == "train" else slice(_TRAINING, None)
    return _stills(f"LSP ({split})", files[half], marks[half, :, :2], visible[half])


def read_lsp_extended(root: Path) -> DataSet:
    """Leeds Sports Pose Extended, stills for training only.

    Its third column tells joints that are marked: the others are absent. Boxes are those of the
    marked joints. ``BadDataError`` names a label file that is missing or damaged.
    """
    path = root / "joints.mat"
    labels = read_mat(path, ("joints",), _EXTENDED)["joints"]
    if labels.ndim != 3 or labels.shape[:2] != (len(LSP14), 3):
        raise BadDataError(
            f"{path} has joints of shape {labels.shape}, not (14, 3, stills). {_EXTENDED}"
        )
    marks = labels.transpose(2, 0, 1)
    visible = np.where(marks[..., 2] == 1, VISIBLE, ABSENT)
    files = [root / "images" / f"im{number:05d}.jpg" for number in range(1, len(marks) + 1)]
    return _stills("LSP Extended", files, marks[..., :2], visible)


def _stills(
    name: str, files: list[Path], marks: NDArray[np.floating], visible: NDArray[np.int_]
) -> DataSet:
    """A clip of one frame per file; ``marks`` (N, 14, 2) are 1-based."""
    joints, seen = (marks - 1).astype(np.float32), visible.astype(np.uint8)
    joints[seen == ABSENT] = np.nan  # what stands there is no place
    boxes = squares(boxes_of_joints(joints, seen))
    clips = (
        Clip(
            name=file.stem,
            person=file.stem,
            frames=ImageFiles([file]),
            boxes=boxes[row : row + 1],
            joints=joints[row : row + 1],
            visible=seen[row : row + 1],
        )
        for row, file in enumerate(files)
    )
    return DataSet(name, LSP14, tuple(clips))
