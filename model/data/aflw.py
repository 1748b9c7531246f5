"""AFLW as IMM's authors give it out (method 3.6): cut faces with 5 landmarks.

``output/image00002_00001.jpg``, ``aflw_train_images.txt`` with a name per line, and
``aflw_train_keypoints.mat`` with ``gt`` (N, 5, 2), row and column in pixels, and ``hw`` (N, 2),
the pictures' heights and widths; the same for ``test``.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from model.core.crop import CROP_SIZE
from model.core.skeleton import CELEBA5
from model.data.files import Part, read_lines, read_mat, training_part
from model.data.frames import resized_points, still_clips
from model.data.records import VISIBLE, BadDataError, DataSet

_WHERE = (
    "Get AFLW from http://www.robots.ox.ac.uk/~vgg/research/unsupervised_landmarks/resources/"
    "aflw_release-2.zip (for research)."
)


def read_aflw(root: Path, part: Part) -> DataSet:
    """AFLW's training faces without their last 10 %, these, or the test faces; stills.

    Pictures are resized to 128 x 128, whatever that does to their proportions, and are used whole.
    Landmarks are taken as given and all are visible. ``BadDataError`` names what is missing or
    damaged.
    """
    file = "test" if part == "test" else "train"
    names = read_lines(root / f"aflw_{file}_images.txt", _WHERE)
    path = root / f"aflw_{file}_keypoints.mat"
    labels = read_mat(path, ("gt", "hw"), _WHERE)
    count = len(names)
    try:
        marks = labels["gt"].astype(np.float64).reshape(count, len(CELEBA5), 2)
        sizes = labels["hw"].astype(np.float64).reshape(count, 1, 2)
        if not (sizes > 0).all():
            raise ValueError("a picture has no size")
    except (TypeError, ValueError) as error:
        raise BadDataError(
            f"{path} does not have 5 points and a size for each of the {count} pictures listed "
            f"({error}). {_WHERE}"
        ) from error
    size = (CROP_SIZE, CROP_SIZE)
    joints = resized_points(marks[..., ::-1], sizes[..., ::-1], size)
    rows = training_part(count, part)
    clips = still_clips(
        root / "output",
        names[rows],
        np.tile([CROP_SIZE / 2, CROP_SIZE / 2, float(CROP_SIZE)], (count, 1))[rows],
        joints[rows],
        np.full((count, len(CELEBA5)), VISIBLE, np.uint8)[rows],
        size=size,
    )
    return DataSet(f"AFLW ({part})", CELEBA5, tuple(clips))
