"""What personalization changed, in a few numbers for people, before and after."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from app.assets import KnownJoints
from app.runtime.live.results import PoseResult
from model.adaptation import Personalizer, PersonView, SourceMemory
from model.adaptation.comparison import BeforeAfter, Figures, compare, jitter

COMPARED = 12
"""On so many of the last views before and after are compared where none was held out."""


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
        frames = f"{count} frames that were not learnt from" if held_out else f"{count} frames"
        report = cls(updates, frames, tuple(changes))
        if known is None:
            return report
        trained, personalized = (
            _error(found, figures, known, known_frames) for figures in (before, after)
        )
        if trained is None or personalized is None:
            return report
        return report.with_error((trained, personalized))

    def with_error(self, error: tuple[float, float] | None) -> ChangeReport:
        """The same with the true ``error`` (trained, personalized), where it is known."""
        if error is None:
            return self
        return replace(self, changes=(Change(*_ERROR, *error), *self.changes))


def change_since_trained(
    personalizer: Personalizer, memory: SourceMemory, moving: Sequence[PersonView]
) -> ChangeReport | None:
    """Before and after, if anything was learnt: on the views that ``memory`` holds out, if any.

    Args:
        personalizer: what learnt.
        memory: what it learnt from.
        moving: neighbouring views, for the jitter, and for the rest where none is held out.
    """
    updates, held = personalizer.updates, memory.held()
    views = held or moving
    if not (updates and views):
        return None
    return ChangeReport.of(compare(personalizer, views, moving), updates, held_out=bool(held))


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
    "How far a joint is from the straight way between its neighbours in time, in percent of "
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


# About ten seconds where every frame is predicted both ways.
_RECENT = 100
# Neighbouring results that are further apart (seconds) tell of movement, not of trembling.
_NEIGHBOURS = 0.5


class ComparisonMeter:
    """Means over the last results that were predicted both ways: error, if known, and jitter."""

    def __init__(self) -> None:
        self._results: deque[PoseResult] = deque(maxlen=3)
        self._errors: deque[tuple[float, float]] = deque(maxlen=_RECENT)
        self._jitters: deque[tuple[float, float]] = deque(maxlen=_RECENT)

    def clear(self) -> None:
        """What comes next has nothing to do with what came before."""
        self._results.clear()
        self._errors.clear()
        self._jitters.clear()

    def add(self, result: PoseResult, error: tuple[float, float] | None) -> None:
        """Take in the next result, with its ``error`` (personalized, trained) where it is known."""
        if result.box is None:
            self._results.clear()
            return
        if result.unpersonalized is None:
            return
        if error is not None:
            self._errors.append((error[1], error[0]))
        before = self._results[-1] if self._results else None
        if before is not None and not 0 < result.timestamp - before.timestamp < _NEIGHBOURS:
            self._results.clear()
        self._results.append(result)
        if len(self._results) == 3:
            self._jitters.append(_jitters(*self._results))

    @property
    def error(self) -> tuple[float, float] | None:
        """Mean distance (trained, personalized) to the true joints in percent of the box's side."""
        return _mean(self._errors)

    @property
    def notes(self) -> tuple[str, str]:
        """The number to show beside either prediction, with its name; empty without any."""
        name, values = ("error", self.error) if self._errors else ("jitter", _mean(self._jitters))
        if values is None:
            return "", ""
        return f"{name} {values[0]:.2f} %", f"{name} {values[1]:.2f} %"


def _jitters(first: PoseResult, middle: PoseResult, last: PoseResult) -> tuple[float, float]:
    """Of three results: the jitter as trained and personalized."""
    three = (first, middle, last)
    assert middle.box is not None
    times, sure, side = [each.timestamp for each in three], middle.confidence, middle.box.side
    trained = np.array([each.unpersonalized for each in three])
    personalized = np.array([each.keypoints for each in three])
    return jitter(trained, times, sure, side), jitter(personalized, times, sure, side)


def _mean(pairs: Iterable[tuple[float, float]]) -> tuple[float, float] | None:
    found = np.array(list(pairs))
    return (float(found[:, 0].mean()), float(found[:, 1].mean())) if len(found) else None
