"""Which drawings lie over the live picture."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Overlays:
    """One switch per overlay, in the order of the keys 1 to 6."""

    skeleton: bool = True
    keypoints: bool = True
    self_keypoints: bool = True
    arrows: bool = True
    box: bool = False
    unpersonalized: bool = False
