"""What personalization changed, in a few numbers for people, before and after."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from app.assets import KnownJoints
from model.adaptation.comparison import BeforeAfter, Figures


@dataclass(frozen=True)
class Change:
    """One number before and after, in percent; less is better.

    Attributes:
        name: in a word or two.
        meaning: in a sentence.
        trained: with the trained weights.
        personalized: with the present ones.
    """

    name: str
    meaning: str
    trained: float
    personalized: float


@dataclass(frozen=True)
class ChangeReport:
    """Some changes, after how many ``updates``, and on which frames."""

    updates: int
    frames: str
    changes: tuple[Change, ...]

    @classmethod
    def of(
        cls,
        found: BeforeAfter,
        updates: int,
        known: KnownJoints | None = None,
        known_frames: int = 0,
        *,
        held_out: bool,
    ) -> ChangeReport:
        """What there is to tell of a comparison.

        Args:
            found: the comparison.
            updates: how many there were.
            known: the true joints of the frames whose indices are below ``known_frames``.
            known_frames: how many frames have known joints.
            held_out: whether nothing was learnt from the frames compared on.
        """
        count = len(found.views)
        before, after = found.trained, found.personalized
        changes = [Change(*_MIRROR, before.mirror, after.mirror)]
        if before.jitter is not None and after.jitter is not None:
            changes.append(Change(*_JITTER, before.jitter, after.jitter))
        if before.reconstruction is not None and after.reconstruction is not None:
            changes.append(Change(*_REBUILT, before.reconstruction, after.reconstruction))
        frames = f"{count} frames" + (" that were not learnt from" if held_out else "")
        report = cls(updates, frames, tuple(changes))
        if known is None:
            return report
        errors = [_error(found, figures, known, known_frames) for figures in (before, after)]
        return report.with_error(errors[0], errors[1])

    def with_error(self, trained: float | None, personalized: float | None) -> ChangeReport:
        """The same with the true error (percent of the box's side), where it is known."""
        if trained is None or personalized is None:
            return self
        return replace(self, changes=(Change(*_ERROR, trained, personalized), *self.changes))


_ERROR = (
    "Error",
    "Mean distance to the true joints, in percent of the box around the person",
)
_MIRROR = (
    "Mirror difference",
    "How far joints in the picture are from those in its mirror image, in percent of the box "
    "around the person; needs no true joints",
)
_JITTER = (
    "Jitter",
    "How far a joint is from the middle between the frame before and the one after, in percent of "
    "the box around the person",
)
_REBUILT = (
    "Reconstruction",
    "Error of the person rebuilt from another frame, in percent of the error as trained",
)


def _error(
    found: BeforeAfter, figures: Figures, known: KnownJoints, known_frames: int
) -> float | None:
    errors = [
        100 * error / view.box.side
        for view, points in zip(found.views, figures.points, strict=True)
        if view.index < known_frames and (error := known.error(view.index, points)) is not None
    ]
    return float(np.mean(errors)) if errors else None
