"""Small helpers for panels of pictures and for writing them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from model.crop import CROP_SIZE
from model.files import whole_file
from model.training.panels import Picture, enlarge



def write_picture(path: Path, picture: Picture) -> None:
    """Write an RGB picture as PNG; ``UserError`` if the place cannot be written."""
    with whole_file(path) as temporary:
        temporary.write_bytes(cv2.imencode(".png", picture[..., ::-1])[1].tobytes())


def resized(picture: Picture, size: int) -> Picture:
    """A square RGB picture (S, S, 3) as one of (size, size, 3)."""
    side = picture.shape[0]
    if side == size:
        return picture
    kind = cv2.INTER_AREA if size < side else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(picture, (size, size), interpolation=kind), np.uint8)


def enlarged(pictures: Sequence[Picture], *, zoom: bool = True) -> list[Picture]:
    """Square pictures of any size as a panel's columns take them; crops without ``zoom``."""
    crops = [resized(picture, CROP_SIZE) for picture in pictures]
    return [enlarge(crop) for crop in crops] if zoom else crops
