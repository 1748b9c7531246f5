"""VoxCeleb2 as extracted frames: ``id00012/<video>/<clip>/<frame>.jpg``, faces that speak.

The release has videos of 224 x 224 pixels, in ``dev`` and ``test``; their frames are to be
extracted in the same tree.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from model.core.crop import CROP_SIZE
from model.core.errors import UserError
from model.core.skeleton import FACES68
from model.data.frames import NamedImages
from model.data.records import Clip, DataSet, Split

_WHERE = (
    "Get VoxCeleb2 from https://www.robots.ox.ac.uk/~vgg/data/voxceleb/ and extract each video's "
    "frames, for example: ffmpeg -i 00001.mp4 -r 1 00001/%06d.jpg"
)
_PART = {"train": "dev", "test": "test"}


def read_voxceleb2(root: Path, split: Split) -> DataSet:
    """The development or test people of VoxCeleb2, a clip per utterance, without any labels.

    ``root`` holds ``dev`` and ``test``, or the people themselves, which then are for training. The
    joint set is Faces-68, as of the prior that goes with these pictures; all landmarks are absent.
    Pictures are resized to 128 x 128 and are used whole.

    ``UserError`` if ``root`` is no such folder.
    """
    part = root / _PART[split]
    folder = root if split == "train" and not part.is_dir() else part
    clips = tuple(_clips(folder))
    if not clips:
        raise UserError(
            f"{folder} does not hold frames of VoxCeleb2: 'id*/VIDEO/CLIP/*.jpg' are expected. "
            f"{_WHERE}"
        )
    return DataSet(f"VoxCeleb2 ({split})", FACES68, clips)


def _clips(folder: Path) -> Iterator[Clip]:
    middle, side = CROP_SIZE / 2, float(CROP_SIZE)
    for place in sorted(path for path in folder.glob("id*/*/*") if path.is_dir()):
        # By number, though it be written without zeros before it.
        names = sorted((p.name for p in place.glob("[!.]*.jpg")), key=lambda n: (len(n), n))
        if not names:
            continue
        person, video, clip = place.parts[-3:]
        yield Clip(
            name=f"{person}/{video}/{clip}",
            person=person,
            frames=NamedImages(place, names, (CROP_SIZE, CROP_SIZE)),
            boxes=np.tile([middle, middle, side], (len(names), 1)),
            joints=np.full((len(names), len(FACES68), 2), np.nan, np.float32),
            visible=np.zeros((len(names), len(FACES68)), np.uint8),
        )
