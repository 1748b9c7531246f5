"""Clip shards: packed JPEG crops with labels, as real and rendered people come in one file.

A shard is an ``.npz`` with ``jpeg``, ``offset``, ``joints`` (N, 13 or 17, 2), ``visible``,
``person``, ``frame`` and, where a person has several clips, ``clip``; with 17 joints also ``head``.
The crop squares are the central 128 pixels, or ``inner`` where that is given.
"""

from __future__ import annotations

import contextlib
import tokenize
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.core.crop import CROP_SIZE
from model.core.skeleton import COCO17, PENN13
from model.data.frames import PackedImages
from model.data.records import BadDataError, Clip, DataSet

_NEEDED = ("jpeg", "offset", "joints", "visible", "person", "frame")
_MEASURED = ("joints", "head")  # all others are whole numbers
# What NumPy was seen to raise on files cut off or changed.
_DAMAGE = (
    OSError, EOFError, ValueError, LookupError, NotImplementedError, RuntimeError, MemoryError,
    zipfile.BadZipFile, zlib.error, tokenize.TokenError,
)  # fmt: skip
# Rendered shards put pixel centres at a half; real ones at whole numbers, as everything here.
_RENDERED_SHIFT = 0.5


def read_shards(paths: Sequence[Path], name: str) -> DataSet:
    """The clips of several shards as one data set of Penn-13 joints.

    ``BadDataError`` names a file that is missing, damaged or no shard.
    """
    clips = [clip for path in paths for clip in _read_shard(path)]
    return DataSet(name, PENN13, tuple(clips))


def _read_shard(path: Path) -> list[Clip]:
    arrays = _arrays(path)
    _check(arrays, path)
    joints, visible = arrays["joints"].astype(np.float32), arrays["visible"].astype(np.uint8)
    if "head" in arrays:
        joints, visible = _penn_from_coco(joints, visible, arrays["head"].astype(np.float32))
    side = _stored_side(arrays, path)
    inner = int(arrays["inner"]) if "inner" in arrays else CROP_SIZE
    boxes = np.tile([side / 2, side / 2, inner], (len(joints), 1))
    number = arrays.get("clip", arrays["person"])
    clips = []
    for value in np.unique(number):
        rows = np.flatnonzero(number == value)
        rows = rows[np.argsort(arrays["frame"][rows], kind="stable")]
        clips.append(
            Clip(
                name=f"{path.stem}/clip-{value}",
                person=str(arrays["person"][rows[0]]),
                frames=PackedImages(arrays["jpeg"], arrays["offset"], rows, str(path)),
                boxes=boxes[rows],
                joints=joints[rows],
                visible=visible[rows],
            )
        )
    return clips


def _arrays(path: Path) -> dict[str, NDArray[Any]]:
    if not path.is_file():
        raise BadDataError(f"There is no shard {path}. Give the path of an .npz clip shard.")
    try:
        # Opened here, as NumPy leaves a file open that turns out to be damaged.
        with path.open("rb") as stream:
            file = np.load(stream, allow_pickle=False)
            if not isinstance(file, np.lib.npyio.NpzFile):
                raise ValueError("it holds a single array")
            arrays = {key: file[key] for key in file.files}
    except _DAMAGE as error:
        raise BadDataError(f"{path} is not a whole .npz file ({error}). Copy it again.") from error
    missing = [key for key in _NEEDED if key not in arrays]
    if missing:
        raise BadDataError(f"{path} is no clip shard: it lacks {', '.join(missing)}.")
    return arrays


def _check(arrays: dict[str, NDArray[Any]], path: Path) -> None:
    """``BadDataError`` if an array has not the shape and kind that go with the others."""
    count, joints = arrays["offset"].size - 1, len(COCO17 if "head" in arrays else PENN13)
    expected: dict[str, tuple[int, ...]] = {
        "jpeg": (arrays["jpeg"].size,),
        "offset": (count + 1,),
        "joints": (count, joints, 2),
        "head": (count, 2),
        "visible": (count, joints),
        **dict.fromkeys(("clip", "person", "frame"), (count,)),
        **dict.fromkeys(("size", "inner"), ()),
    }
    for key, shape in expected.items():
        found = arrays.get(key)
        kinds = "iuf" if key in _MEASURED else "iu"
        if found is not None and (found.shape != shape or found.dtype.kind not in kinds):
            raise BadDataError(
                f"{path} has {key!r} of shape {found.shape} and type {found.dtype}; for {count} "
                f"pictures the shape {shape} and numbers are expected. Copy it again."
            )
    ends = np.concatenate([[0], arrays["offset"], [arrays["jpeg"].size]])
    if (np.diff(ends) < 0).any():
        raise BadDataError(f"The offsets in {path} do not lie within its pictures. Copy it again.")


def _penn_from_coco(
    joints: NDArray[np.float32], visible: NDArray[np.uint8], head: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Head centre and COCO's body joints, moved to whole-numbered pixel centres."""
    first = COCO17.index("left shoulder")
    penn = np.concatenate([head[:, None], joints[:, first:]], axis=1) - _RENDERED_SHIFT
    # The head's centre has no mark of its own: it counts as seen where any part of the face is.
    face = visible[:, :first].max(axis=1, keepdims=True)
    return penn.astype(np.float32), np.concatenate([face, visible[:, first:]], axis=1)


def _stored_side(arrays: dict[str, NDArray[Any]], path: Path) -> int:
    if "size" in arrays:
        return int(arrays["size"])
    pictures = PackedImages(
        arrays["jpeg"], arrays["offset"], np.arange(arrays["offset"].size - 1), str(path)
    )
    for index in range(len(pictures)):
        # A damaged picture is a matter for whoever reads it.
        with contextlib.suppress(BadDataError):
            return pictures.read(index).shape[0]
    raise BadDataError(f"{path} has no picture that can be read. Copy it again.")
