"""Tiny clip shards in the layout of the real ones: coloured squares that move, with joints."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

SIZE = 160
Picture = NDArray[np.uint8]


def write_shard(path: Path, *, people: int = 3, frames: int = 4, seed: int = 0) -> Path:
    """A shard of ``people`` clips of ``frames`` frames of 160 x 160 pixels with 13 joints."""
    rng = np.random.default_rng(seed)
    files, joints = [], []
    for _ in range(people):
        colour = rng.integers(0, 256, 3)
        body = rng.uniform(50, 110, (13, 2))
        body[:3, 1], body[7:9, 1] = 60, 100  # shoulders above hips: a torso to measure by
        background = rng.integers(0, 256, (20, 20, 3), np.uint8)
        for frame in range(frames):
            image = cv2.resize(background, (SIZE, SIZE))
            moved = body + 3 * frame
            for x, y in moved.astype(int):
                cv2.circle(image, (int(x), int(y)), 5, colour.tolist(), -1)
            files.append(cv2.imencode(".jpg", image)[1])
            joints.append(moved)
    number = np.repeat(np.arange(people), frames).astype(np.int32)
    write_arrays(
        path,
        files,
        joints=np.array(joints, np.float32),
        visible=np.full((len(files), 13), 2, np.uint8),
        clip=number,
        person=number,
        frame=np.tile(np.arange(frames), people).astype(np.int32),
    )
    return path


def write_arrays(path: Path, files: list[Picture], **arrays: NDArray[Any]) -> None:
    """A shard with these JPEG files and label arrays."""
    offset = np.cumsum([0, *(len(file) for file in files)]).astype(np.int64)
    np.savez(path, jpeg=np.concatenate(files), offset=offset, **arrays)  # type: ignore[arg-type]
