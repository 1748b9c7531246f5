"""CelebA and its part MAFL, for method 3: aligned faces of 178 x 218 pixels with 5 landmarks.

``img_align_celeba/000001.jpg`` with ``list_landmarks_align_celeba.txt`` and
``list_eval_partition.txt``, also in the folders ``Img``, ``Anno`` and ``Eval`` that the archives
come with; MAFL's lists are ``MAFL/training.txt`` and ``MAFL/testing.txt``.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.core.crop import CROP_SIZE
from model.core.skeleton import CELEBA5
from model.data.files import Part, read_lines, training_part
from model.data.frames import still_clips
from model.data.records import VISIBLE, BadDataError, DataSet, Split

_WHERE = (
    "Get CelebA's aligned images, landmarks and partition from "
    "https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html, and MAFL's training.txt and testing.txt "
    "from https://github.com/zhzhanp/TCDCN-face-alignment; or all of it from "
    "http://www.robots.ox.ac.uk/~vgg/research/unsupervised_landmarks/resources/celeba.zip."
)
_IMAGES = (
    "img_align_celeba", "Img/img_align_celeba", "img_align_celeba_hq", "Img/img_align_celeba_hq"
)  # fmt: skip
_ALIGNED = (178, 218)
_RESIZED = 160
_TRAINING = "0"


def read_celeba(root: Path, split: Split) -> DataSet:
    """What IMM trains on without labels, or MAFL's test faces; stills (method 3.6).

    Training is the official training partition without MAFL's test faces and the last 10 % of its
    training faces. Pictures are resized to 160 x 160, whatever that does to their proportions, and
    squares are the 128 pixels in the middle. Landmarks are multiplied by the same ratios, as in the
    released code, and all are visible.

    ``BadDataError`` names what is missing or damaged.
    """
    if split == "test":
        return read_mafl(root, "test")
    names, joints = _landmarks(root)
    partition = _partition(root)
    left_out = set(_mafl(root, names, "test")) | set(_mafl(root, names, "train10"))
    chosen = [
        row
        for row, name in enumerate(names)
        if partition.get(name) == _TRAINING and row not in left_out
    ]
    return _data_set(root, "CelebA (train)", names, joints, chosen)


def read_mafl(root: Path, part: Part) -> DataSet:
    """MAFL's faces to fit landmarks on ("train"), held out of these ("train10"), or to test on.

    The last 10 % are those with the highest numbers (method 3.5). Otherwise as ``read_celeba``.
    """
    names, joints = _landmarks(root)
    return _data_set(root, f"MAFL ({part})", names, joints, _mafl(root, names, part))


def _mafl(root: Path, names: list[str], part: Part) -> list[int]:
    """The rows of a part of MAFL in CelebA's list."""
    path = _found(root, ("MAFL", "mafl", "."), "testing.txt" if part == "test" else "training.txt")
    listed = set(read_lines(path, _WHERE))
    rows = [row for row, name in enumerate(names) if name in listed]
    if len(rows) != len(listed):
        raise BadDataError(
            f"{path} lists {len(listed)} pictures, of which CelebA has {len(rows)}. {_WHERE}"
        )
    return rows[training_part(len(rows), part)]


def _landmarks(root: Path) -> tuple[list[str], NDArray[np.float32]]:
    """All pictures by name, and their landmarks (N, 5, 2) in the resized picture."""
    path = _found(root, (".", "Anno"), "list_landmarks_align_celeba.txt")
    rows = [line.split() for line in read_lines(path, _WHERE)[2:]]
    try:
        joints = np.array([row[1:] for row in rows], np.float32).reshape(len(rows), 5, 2)
    except ValueError as error:
        raise BadDataError(
            f"{path} is no list of landmarks ({error}): a number, names, then for each picture its "
            f"name and 10 numbers are expected. {_WHERE}"
        ) from error
    # As released: multiplied by the sizes' ratio, wherever pixels have their centres.
    ratio = np.float32(_RESIZED) / np.array(_ALIGNED, np.float32)
    return [row[0] for row in rows], joints * ratio


def _partition(root: Path) -> dict[str, str]:
    """To which part each picture belongs: 0 training, 1 validation, 2 test."""
    path = _found(root, (".", "Eval"), "list_eval_partition.txt")
    rows = [line.split() for line in read_lines(path, _WHERE)]
    if any(len(row) != 2 for row in rows):
        raise BadDataError(f"{path} does not have a name and a number in each line. {_WHERE}")
    return dict(rows)


def _data_set(
    root: Path, title: str, names: list[str], joints: NDArray[np.float32], rows: list[int]
) -> DataSet:
    folder = next((root / name for name in _IMAGES if (root / name).is_dir()), None)
    if folder is None:
        raise BadDataError(f"There is no folder of images {root / _IMAGES[0]}. {_WHERE}")
    square = [_RESIZED / 2, _RESIZED / 2, float(CROP_SIZE)]
    clips = still_clips(
        folder,
        [names[row] for row in rows],
        np.tile(square, (len(rows), 1)),
        joints[rows],
        np.full((len(rows), len(CELEBA5)), VISIBLE, np.uint8),
        size=(_RESIZED, _RESIZED),
    )
    return DataSet(title, CELEBA5, tuple(clips))


def _found(root: Path, folders: tuple[str, ...], name: str) -> Path:
    places = [root / folder / name for folder in folders]
    found = next((path for path in places if path.is_file()), None)
    if found is None:
        raise BadDataError(f"There is no list {' or '.join(map(str, places))}. {_WHERE}")
    return found
