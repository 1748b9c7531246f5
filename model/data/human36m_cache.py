"""The caches of "Integral Human Pose Regression" for Human3.6M, and the paper's variant of them.

Beside ``images/s_01_act_02_subact_01_ca_01/s_01_act_02_subact_01_ca_01_000001.jpg`` (subject,
action, sub-action, camera, frame counted from 1) lies one pickle for each set of frames:
``HM36_train_cache/HM36_train_w256xh256_keypoint_db_sample200.pkl`` or ``HM36_validmin_cache/...``,
a list with one dictionary per frame, made by the data set class of that paper's public code; or
``HM36Vid_trainfull_all_cache/HM36Vid_trainfull_all_w128xh128_keypoint_db_sample-1.pkl``, which the
public code of test-time personalization reads: a dictionary from (subject, action, sub-action,
camera) to such lists. Of a frame's dictionary these are used: ``image``, a path whose last part is
as above; ``center_x``, ``center_y``, ``width``, ``height``, the 2000 x 2000 mm square about the
pelvis in pixels; ``joints_3d`` (K, 3), pixels and a depth; ``joints_3d_vis`` (K, 3). K is 18
there and 16 in the variant.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from model.data.boxes import squares
from model.data.frames import NumberedImages
from model.data.pickles import read_pickle
from model.data.records import ABSENT, VISIBLE, BadDataError, Clip, Split
from model.errors import UserError
from model.skeleton import H36M16

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


def find_cache(root: Path, split: Split) -> Path | None:
    """The pickle of a split under ``root``; None if there is none, ``UserError`` if several."""
    name = f"HM36*_{_SET[split]}*_cache/*_keypoint_db_sample*.pkl"
    found = sorted(root.glob(name))
    if len(found) > 1:
        raise UserError(
            f"{root} has {len(found)} caches for the {split} split: "
            f"{', '.join(path.name for path in found)}. Keep the one to use."
        )
    return found[0] if found else None


def read_cache(path: Path, root: Path) -> list[Clip]:
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
