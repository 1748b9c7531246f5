"""COCO keypoints in their owners' layout: stills with any number of people.

``annotations/person_keypoints_train2017.json`` and ``train2017/000000000009.jpg`` (or
``images/train2017/...``); the test split is ``val2017``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from model.core.skeleton import COCO17
from model.data.frames import ImageFiles
from model.data.records import ABSENT, BadDataError, Clip, DataSet, Split
from model.data.sampling import squares

_WHERE = (
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
        raise BadDataError(f"There is no folder of images {folders[0]}. {_WHERE}")
    path = root / "annotations" / f"person_keypoints_{part}.json"
    content = _content(path)
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
        raise BadDataError(f"{path} holds no COCO keypoints ({error!r}). {_WHERE}") from error
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


def _content(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise BadDataError(f"There is no label file {path}. {_WHERE}")

    def without_outlines(entry: dict[str, Any]) -> dict[str, Any]:
        # They are most of the file, and of the memory it would take.
        entry.pop("segmentation", None)
        return entry

    try:
        with path.open("rb") as file:
            content: dict[str, Any] = json.load(file, object_hook=without_outlines)
    except (OSError, ValueError) as error:
        raise BadDataError(f"{path} is not a whole JSON file ({error}). {_WHERE}") from error
    return content
