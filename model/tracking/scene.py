"""Noticing that a video cuts to another scene, where what was learnt may no longer fit."""

from __future__ import annotations

from collections import deque

import cv2
import numpy as np
from numpy.typing import NDArray

_SIDE = 32
_SAMPLES = 8 * _SIDE  # a whole multiple, for which OpenCV is quick
_MARGIN = 3  # cells by which a camera may turn between two frames: 9 % of the picture
_ZOOMS = (0.85, 1.0, 1.18)  # and by how much it, or the box around a person, may zoom
_HISTOGRAM_WEIGHT = 0.5
_FLAT = 4.0  # grey levels (standard deviation): white, black and covered lenses show no scene
# Scores of single frames (0: the same picture): the demo clips and webcam clips reach 0.12 without
# a cut and 0.53 and more at one. J-HMDB's person crops, which jump and zoom, have 1 % of their
# pairs from two clips below 0.4, and 0.4 % of neighbouring frames above.
_CUT = 0.4
_MOST = 0.7  # a cut is one in the wildest video
_UNKNOWN_LEVEL = 0.1
_RECENT = 16
_QUIET = 4  # frames after a cut in which it would only be seen again: blended or badly coded ones

_Thumbnail = NDArray[np.float32]


class SceneChange:
    """Compares each image with the one before it.

    Two distances are added: how badly the thumbnails correlate at the best shift and zoom, which
    motion, shake and light hardly change, and how far apart their colours are. They are judged
    against what recent frames gave, so restless videos need a clearer cut. An image without
    structure, such as a white flash or a fade to black, is passed over: the next one is compared
    with the last that had some. Slow cross-fades are no cuts. Not part of the paper, which is told
    where videos end (section 1.10).
    """

    def __init__(self) -> None:
        self._last: _Thumbnail | None = None
        self._recent: deque[float] = deque(maxlen=_RECENT)
        self._since_cut = _QUIET

    def changed(self, image: NDArray[np.uint8]) -> bool:
        """Whether ``image`` (H x W x 3, uint8 RGB) is the first of another scene.

        Give whole frames, or the images of one person's views; their size may change. Never true
        for the first image. Takes about half a millisecond for 640 x 480.
        """
        thumbnail = _thumbnail(image)
        if thumbnail.std() < _FLAT:
            return False
        last, self._last = self._last, thumbnail
        if last is None:
            return False
        score = _structure_distance(last, thumbnail) + _HISTOGRAM_WEIGHT * _colour_distance(
            last, thumbnail
        )
        level = float(np.median(self._recent)) if self._recent else _UNKNOWN_LEVEL
        self._since_cut += 1
        if self._since_cut > _QUIET and score > min(_CUT + level, _MOST):
            self._recent.clear()
            self._since_cut = 0
            return True
        self._recent.append(score)
        return False


def _thumbnail(image: NDArray[np.uint8]) -> _Thumbnail:
    # Means over all pixels would take several milliseconds for large frames and change nothing.
    some = cv2.resize(image, (_SAMPLES, _SAMPLES), interpolation=cv2.INTER_NEAREST)
    small = cv2.resize(some, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32)


def _structure_distance(last: _Thumbnail, image: _Thumbnail) -> float:
    """1 - correlation at the best shift and zoom: 0 for the same layout, 1 for an unrelated one.

    Blind to gain, and to an offset in each colour.
    """
    best = -1.0
    for zoom in _ZOOMS:
        # What is seen from further away is enlarged; its middle is searched for in the other.
        inner, outer = (last, image) if zoom >= 1 else (image, last)
        part = _zoomed(inner, max(zoom, 1 / zoom))[_MARGIN:-_MARGIN, _MARGIN:-_MARGIN]
        best = max(best, float(cv2.matchTemplate(outer, part, cv2.TM_CCOEFF_NORMED).max()))
    return 1 - best


def _zoomed(image: _Thumbnail, zoom: float) -> _Thumbnail:
    """``image`` enlarged around its centre, at the same size."""
    if zoom == 1:
        return image
    centre = (_SIDE - 1) / 2
    matrix = np.array([[zoom, 0, centre * (1 - zoom)], [0, zoom, centre * (1 - zoom)]])
    return np.asarray(cv2.warpAffine(image, matrix, (_SIDE, _SIDE)), np.float32)


def _colour_distance(last: _Thumbnail, image: _Thumbnail) -> float:
    """How far the values of each colour must move to become the other's, in mean brightness.

    The earth mover's distance of the two histograms; sorted values need no bins.
    """
    first, second = (
        np.sort(picture.reshape(-1, 3) / (picture.mean() + 8), axis=0) for picture in (last, image)
    )
    return float(np.abs(first - second).mean())
