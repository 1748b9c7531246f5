"""Noticing that the picture changed at once: a cut, a camera that was turned, a looping clip."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

_THUMBNAIL = (32, 24)
# Mean difference in grey levels. Cuts in the demo clips give 38 and more, quick motion over
# four frames at most 9.
_CUT = 20.0


class SceneWatch:
    """Compares each picture with the one before, as thumbnails."""

    def __init__(self) -> None:
        self._last: NDArray[np.float32] | None = None

    def changed(self, image: NDArray[np.uint8]) -> bool:
        """Whether ``image`` (height x width x 3, uint8) shows another scene than the last one."""
        small = cv2.resize(image, _THUMBNAIL, interpolation=cv2.INTER_AREA)
        thumbnail = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32)
        last, self._last = self._last, thumbnail
        return last is not None and float(np.abs(thumbnail - last).mean()) > _CUT
