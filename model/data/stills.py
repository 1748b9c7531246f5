"""Stills of people in their owners' layout: Leeds Sports Pose, its extended set, and COCO.

- Leeds Sports Pose, one person each: ``images/im0001.jpg`` and ``joints.mat``; the extended
  training set counts in five digits.
- COCO keypoints, with any number of people: ``annotations/person_keypoints_train2017.json`` and
  ``train2017/000000000009.jpg`` (or ``images/train2017/...``); the test split is ``val2017``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.core.skeleton import COCO17, LSP14
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


_COCO = (
    "Get the 2017 images and 'train/val annotations' from https://cocodataset.org/#download and "
    "unpack them into one folder."
)
_PART = {"train": "train2017", "test": "val2017"}


def read_coco(root: Path, split: Split) -> DataSet:
    """COCO's training or validation people, each of them a still.

    People without a marked joint and crowds are left out. Joints are pixel numbers from 0, that
    is pixel centres, and are taken as they are; boxes are measured from the picture's corner, half
    a pixel further, which is left as it is. COCO's flags 0, 1, 2 are those of ``Clip.visible``.

    ``BadDataError`` names what is missing or damaged.
    """
    part = _PART[split]
    folders = [root / part, root / "images" / part]
    images = next((folder for folder in folders if folder.is_dir()), None)
    if images is None:
        raise BadDataError(f"There is no folder of images {folders[0]}. {_COCO}")
    path = root / "annotations" / f"person_keypoints_{part}.json"
    content = _coco_content(path)
    try:
        names = {image["id"]: image["file_name"] for image in content["images"]}
        people = [
            person
            for person in content["annotations"]
            if person["num_keypoints"] > 0 and not person["iscrowd"]
        ]
        marks = np.array([person["keypoints"] for person in people]).reshape(-1, len(COCO17), 3)
        joints, visible = marks[..., :2].astype(np.float32), marks[..., 2].astype(np.uint8)
        joints[visible == ABSENT] = np.nan  # they stand at (0, 0), which is no place
        boxes = np.array([person["bbox"] for person in people], np.float64).reshape(-1, 4)
        files = [names[person["image_id"]] for person in people]
        numbers = [str(person["id"]) for person in people]
    except (LookupError, TypeError, ValueError) as error:
        raise BadDataError(f"{path} holds no COCO keypoints ({error!r}). {_COCO}") from error
    boxes[~(boxes[:, 2:].max(axis=1, initial=0) > 0)] = np.nan  # refused when used
    found = squares(boxes)
    clips = (
        Clip(
            name=number,
            person=number,
            frames=ImageFiles([images / files[row]]),
            boxes=found[row : row + 1],
            joints=joints[row : row + 1],
            visible=visible[row : row + 1],
        )
        for row, number in enumerate(numbers)
    )
    return DataSet(f"COCO ({split})", COCO17, tuple(clips))


def _coco_content(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise BadDataError(f"There is no label file {path}. {_COCO}")

    def without_outlines(entry: dict[str, Any]) -> dict[str, Any]:
        # They are most of the file, and of the memory it would take.
        entry.pop("segmentation", None)
        return entry

    try:
        with path.open("rb") as file:
            content: dict[str, Any] = json.load(file, object_hook=without_outlines)
    except (OSError, ValueError) as error:
        raise BadDataError(f"{path} is not a whole JSON file ({error}). {_COCO}") from error
    return content
