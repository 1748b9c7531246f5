"""Tiny data sets in exactly their owners' layouts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np
import scipy.io
from numpy.typing import NDArray

LSP_STILLS, LSP_EXTENDED_STILLS = 2000, 10000


def write_picture(path: Path, number: int, height: int = 24, width: int = 32) -> None:
    """A plain picture, RGB (number, 100, 200); a JPEG file keeps it to a few levels."""
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = np.full((height, width, 3), (200, 100, number), np.uint8)
    assert cv2.imwrite(str(path), picture)


def write_penn_video(
    root: Path,
    number: int,
    joints: NDArray[np.float64],
    visibility: NDArray[np.uint8],
    boxes: NDArray[np.float64],
    *,
    train: bool,
) -> Path:
    """One video of Penn Action: ``joints`` (N, 13, 2) and ``boxes`` (N, 4) as labelled, 1-based."""
    count = len(joints)
    for frame in range(count):
        write_picture(root / "frames" / f"{number:04d}" / f"{frame + 1:06d}.jpg", 10 * frame)
    label = root / "labels" / f"{number:04d}.mat"
    label.parent.mkdir(parents=True, exist_ok=True)
    scipy.io.savemat(
        label,
        {
            "action": "baseball_pitch",
            "pose": "back",
            "x": joints[..., 0],
            "y": joints[..., 1],
            "visibility": visibility,
            "train": np.array([[1 if train else -1]], np.int32),
            "bbox": boxes,
            "dimensions": np.array([[24, 32, count]], np.uint16),
            "nframes": np.array([[count]], np.uint8),
        },
        do_compression=True,
    )
    return label


def write_jhmdb_split(root: Path, action: str, lines: Mapping[str, int], number: int = 1) -> Path:
    path = root / "splits" / f"{action}_test_split{number}.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{video}.avi {mark}\n" for video, mark in lines.items()))
    return path


def write_jhmdb_video(
    root: Path,
    action: str,
    video: str,
    joints: NDArray[np.float64],
    mask: NDArray[np.uint8] | None = None,
) -> Path:
    """One video of J-HMDB: ``joints`` (2, 15, N), 1-based; ``mask`` (H, W, N)."""
    count = joints.shape[2]
    for frame in range(count):
        folder = root / "Rename_Images" / action / video
        write_picture(folder / f"{frame + 1:05d}.png", 10 * frame)
    label = root / "joint_positions" / action / video / "joint_positions.mat"
    label.parent.mkdir(parents=True)
    scipy.io.savemat(
        label,
        {
            "pos_img": joints,
            "pos_world": joints / 100,
            "scale": np.ones((1, count)),
            "viewpoint": "N",
        },
        do_compression=True,
    )
    if mask is not None:
        path = root / "puppet_mask" / action / video / "puppet_mask.mat"
        path.parent.mkdir(parents=True)
        scipy.io.savemat(path, {"part_mask": mask}, do_compression=True)
    return label


def write_lsp(root: Path, labels: NDArray[np.float64], pictures: list[int]) -> None:
    """LSP with ``labels`` (3, 14, 2000), and the numbered pictures only."""
    assert labels.shape == (3, 14, LSP_STILLS)
    _write_stills(root, labels, [f"im{number:04d}.jpg" for number in pictures])


def write_lsp_extended(root: Path, labels: NDArray[np.float64], pictures: list[int]) -> None:
    """LSP Extended with ``labels`` (14, 3, 10000), and the numbered pictures only."""
    assert labels.shape == (14, 3, LSP_EXTENDED_STILLS)
    _write_stills(root, labels, [f"im{number:05d}.jpg" for number in pictures])


def _write_stills(root: Path, labels: NDArray[np.float64], names: list[str]) -> None:
    for position, name in enumerate(names):
        write_picture(root / "images" / name, 10 * position)
    scipy.io.savemat(root / "joints.mat", {"joints": labels}, do_compression=True)
