"""Keypoints in the format of the COCO data set, as pycocotools and labelling tools read it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from app.live.records import NetworkInfo, PoseResult
from app.recordings.pipeline import ProcessedFrame

SURE = 0.1
"""Confidence from which a joint counts as seen; the window draws joints from the same value on."""

_PERSON = 1
_VISIBLE, _GUESSED = 2, 1


class CocoJson:
    """Collects one image per frame and one annotation per frame with a person.

    ``keypoints`` holds x, y and visibility of every joint: 2 for a joint that is ``SURE``, 1 for
    a guess. ``score`` is the mean confidence, ``keypoint_scores`` has each joint's. ``bbox`` (x, y,
    width, height) just holds the joints, as in results that pycocotools loads. Images carry
    ``frame`` and ``time_s`` beside what the format asks for; ``name_of`` gives their
    ``file_name`` by number (from 0). Ids count from 1.
    """

    def __init__(
        self, path: Path, network: NetworkInfo, name_of: Callable[[int], str], description: str
    ) -> None:
        self._path = path
        self._name_of = name_of
        self._images: list[dict[str, Any]] = []
        self._annotations: list[dict[str, Any]] = []
        self._head = {
            "info": {"description": description},
            "licenses": [],
            "categories": [_category(network)],
        }

    def add(self, processed: ProcessedFrame) -> None:
        result = processed.result
        height, width = processed.frame.image.shape[:2]
        image_id = len(self._images) + 1
        self._images.append(
            {
                "id": image_id,
                "file_name": self._name_of(result.media_index),
                "width": width,
                "height": height,
                "frame": result.media_index,
                "time_s": round(result.timestamp, 6),
            }
        )
        if result.box is not None:
            identity = len(self._annotations) + 1
            self._annotations.append(_annotation(result, identity, image_id))

    def finish(self) -> None:
        whole = {**self._head, "images": self._images, "annotations": self._annotations}
        self._path.write_text(json.dumps(whole, allow_nan=False) + "\n", encoding="utf-8")

    def close(self) -> None:
        """Nothing is open."""


def _category(network: NetworkInfo) -> dict[str, Any]:
    return {
        "id": _PERSON,
        "name": "person",
        "supercategory": "person",
        "keypoints": [name.replace(" ", "_") for name in network.joint_names],
        "skeleton": [[a + 1, b + 1] for a, b in network.limbs],
    }


def _annotation(result: PoseResult, identity: int, image_id: int) -> dict[str, Any]:
    visibility = np.where(result.confidence >= SURE, _VISIBLE, _GUESSED).tolist()
    points = np.round(result.keypoints.astype(np.float64), 2)
    keypoints: list[float] = []
    for (x, y), visible in zip(points.tolist(), visibility, strict=True):
        keypoints += [x, y, visible]
    low, high = points.min(axis=0), points.max(axis=0)
    width, height = np.round(high - low, 2).tolist()
    return {
        "id": identity,
        "image_id": image_id,
        "category_id": _PERSON,
        "iscrowd": 0,
        "keypoints": keypoints,
        "num_keypoints": len(visibility),
        "keypoint_scores": np.round(result.confidence.astype(np.float64), 4).tolist(),
        "score": round(float(result.confidence.mean()), 4),
        "bbox": [*low.tolist(), width, height],
        "area": round(width * height, 2),
    }
