"""Frames of an embedded clip in which a person was found: what benchmarks compute with."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from app.assets import demo as demo_called
from app.runtime.capture.files import VideoSource
from model.core.crop import SquareBox
from model.core.errors import UserError
from model.tracking import PersonFollower

Sight = tuple[NDArray[np.uint8], SquareBox]
"""A frame (H x W x 3, uint8 RGB) and the person's square."""


def found_people(demo: str, follower: PersonFollower, count: int) -> list[Sight]:
    """The first ``count`` frames of a clip that show a person, or as many as there are.

    ``UserError`` if there is no such clip, or nobody in it.
    """
    seen: list[Sight] = []
    source = VideoSource(demo_called(demo).video)
    source.open()
    try:
        while len(seen) < count and (grab := source.read()) is not None:
            box = follower.locate(grab.image, grab.time)
            if box is not None:
                seen.append((grab.image, box))
    finally:
        source.close()
    if not seen:
        raise UserError(f"Nobody was found in the clip {demo}. Choose another.")
    return seen
