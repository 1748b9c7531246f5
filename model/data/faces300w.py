"""Faces with 68 landmarks in ``.pts`` files: 300-W, and MultiPIE as the prior of method 2.8."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.core.errors import UserError
from model.core.skeleton import FACES68
from model.data.files import read_text
from model.data.frames import still_clips
from model.data.poses import head_clip, head_squares
from model.data.records import VISIBLE, BadDataError, Clip, DataSet, Split

_COUNT = re.compile(r"n_points:\s*(\d+)\s*$")


def read_pts(path: Path, where: str) -> NDArray[np.float32]:
    """The points (N, 2) of a file, (x, y) in pixels, the centre of the first pixel at (0, 0).

    ``where`` is a sentence that says how to get the data set. ``BadDataError`` names a file that is
    missing or damaged.
    """
    head, _, rest = read_text(path, where).partition("{")
    body, closed, _ = rest.partition("}")
    announced = _COUNT.search(head)
    try:
        points = np.array(body.split(), np.float64).reshape(-1, 2)
    except ValueError:
        points = np.empty((0, 2))
    whole = announced is not None and closed and len(points) == int(announced[1]) > 0
    if not whole or not np.isfinite(points).all():
        raise BadDataError(
            f"{path} is no whole landmark file: 'n_points: N', then N pairs of numbers between "
            f"braces are expected. {where}"
        )
    return (points - 1).astype(np.float32)


_300W = (
    "Get 300-W (AFW, HELEN, LFPW and IBUG) from "
    "https://ibug.doc.ic.ac.uk/resources/facial-point-annotations/."
)
_MULTIPIE = (
    "Get MultiPIE's landmarks from https://ibug.doc.ic.ac.uk/resources/facial-point-annotations/."
)
_FOLDERS = {
    "train": ("afw", "helen/trainset", "lfpw/trainset"),
    "test": ("helen/testset", "lfpw/testset", "ibug"),
}
_PICTURES = (".jpg", ".png", ".jpeg", ".JPG", ".PNG")


def read_300w(root: Path, split: Split) -> DataSet:
    """300-W's 3,148 training or 689 test faces, stills, in Faces-68 landmarks.

    The test faces are the protocol's full set; clips are called ``folder/name``, so that its
    challenging subset is those that begin with ``ibug/``. Squares are about the landmarks
    (``head_squares``), which are counted from 0 here and all count as visible.

    ``UserError`` names folders that are missing, ``BadDataError`` a file.
    """
    folders = [root / name for name in _FOLDERS[split]]
    missing = [str(folder) for folder in folders if not folder.is_dir()]
    if missing:
        raise UserError(f"300-W's {split} faces lack the folders {', '.join(missing)}. {_300W}")
    clips = [
        clip
        for folder, name in zip(folders, _FOLDERS[split], strict=True)
        for clip in _stills(folder, name)
    ]
    return DataSet(f"300-W ({split})", FACES68, tuple(clips))


def read_multipie(root: Path) -> DataSet:
    """MultiPIE's 68 landmarks without pictures, one clip per subject.

    Faces in profile have 39 landmarks and are left out. Squares are about the landmarks
    (``head_squares``), which all count as visible.

    ``UserError`` if there are none; ``BadDataError`` names a damaged file.
    """
    subjects: dict[str, list[Path]] = {}
    for path in sorted(root.rglob("[!.]*.pts")):
        subjects.setdefault(path.stem.partition("_")[0], []).append(path)
    clips = [_subject(subject, paths) for subject, paths in subjects.items()]
    kept = tuple(clip for clip in clips if len(clip))
    if not kept:
        raise UserError(
            f"{root} does not hold MultiPIE's landmarks: files '*.pts' with 68 points are "
            f"expected in it or below. {_MULTIPIE}"
        )
    return DataSet("MultiPIE", FACES68, kept)


def _stills(folder: Path, name: str) -> list[Clip]:
    paths = sorted(folder.glob("[!.]*.pts"))
    if not paths:
        raise BadDataError(f"There are no landmarks {folder}/*.pts. {_300W}")
    marks = [read_pts(path, _300W) for path in paths]
    for path, points in zip(paths, marks, strict=True):
        if len(points) != len(FACES68):
            raise BadDataError(f"{path} has {len(points)} points, not {len(FACES68)}. {_300W}")
    joints = np.stack(marks)
    visible = np.full(joints.shape[:2], VISIBLE, np.uint8)
    pictures = [_picture(path) for path in paths]
    boxes = head_squares(joints, visible)
    return list(still_clips(folder, pictures, boxes, joints, visible, prefix=f"{name}/"))


def _picture(path: Path) -> str:
    for suffix in _PICTURES:
        if path.with_suffix(suffix).is_file():
            return path.stem + suffix
    raise BadDataError(
        f"There is no picture {path.with_suffix('.jpg')} or .png beside its .pts file. {_300W}"
    )


def _subject(subject: str, paths: list[Path]) -> Clip:
    found = (read_pts(path, _MULTIPIE) for path in paths)
    marks = [points for points in found if len(points) == len(FACES68)]
    joints = np.array(marks, np.float32).reshape(-1, len(FACES68), 2)
    visible = np.full(joints.shape[:2], VISIBLE, np.uint8)
    return head_clip(subject, subject, joints, visible, f"MultiPIE's subject {subject}")
