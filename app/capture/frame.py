"""One captured picture, as it travels from a source through the ring to everybody else."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Frame:
    """A frame as read out of the ring; ``image`` is the reader's own copy.

    ``index`` counts captured frames from 0 and never repeats in a session. ``timestamp`` is when
    the frame was taken, in seconds of ``time.perf_counter``. ``image`` is height x width x 3,
    uint8, **RGB**. ``media_index`` is the frame's number inside its file (it starts again when a
    clip loops) and equals ``index`` for a camera.
    """

    index: int
    timestamp: float
    image: NDArray[np.uint8]
    media_index: int
