"""What every reader of a data set yields: clips of one person, frame by frame, and their joints.

Nothing outside this package knows a data set by name: readers bring boxes, joints and visibility
into one form, and the rest of the code sees only that form.

For mixing data sets and for testing on another one (paper, Table 6), joints correspond by name. A
joint without a counterpart is absent: it is neither trained nor scored, and never made up from
others (the pelvis is not put between the hips, as each data set marks its own).
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from model.core.crop import SquareBox
from model.core.errors import UserError
from model.core.masking import MASK_SIZE, PersonMask
from model.core.skeleton import JointSet

Split = Literal["train", "test"]
_Shown = TypeVar("_Shown")

ABSENT, OCCLUDED, VISIBLE = 0, 1, 2


class BadDataError(UserError):
    """One frame or label file that cannot be used; the message names the file."""


class Frames(Protocol):
    """The pictures of one clip."""

    def __len__(self) -> int:
        """Number of frames."""

    def read(self, index: int) -> NDArray[np.uint8]:
        """Frame ``index`` as H x W x 3 uint8, RGB. ``BadDataError`` names what cannot be read."""

    def describe(self, index: int) -> str:
        """Where frame ``index`` comes from, in words for a message."""


@dataclass(frozen=True)
class Clip:
    """A run of frames of one person, or a set of stills of one person.

    ``boxes`` (N, 3) float64: centre x, centre y and side of each frame's crop square, in image
    pixels, by the data set's own rule. ``joints`` (N, K, 2) float32: (x, y) in image pixels, the
    centre of the first pixel at (0, 0). ``visible`` (N, K) uint8: 0 absent (neither trained nor
    scored), 1 occluded, 2 visible. An absent joint's place is the label's, which the published
    metrics measure torsos by, or NaN where the label gives none. ``masks`` (N, 128, 128) uint8 are
    where the person is, as ``PersonMask.values``; None where nobody asked.
    """

    name: str
    person: str
    frames: Frames
    boxes: NDArray[np.float64]
    joints: NDArray[np.float32]
    visible: NDArray[np.uint8]
    masks: NDArray[np.uint8] | None = None

    def __post_init__(self) -> None:
        count = len(self.frames)
        shapes = (self.boxes.shape, self.joints.shape[::2], self.visible.shape[:1])
        if shapes != ((count, 3), (count, 2), (count,)) or (
            self.joints.shape[:2] != self.visible.shape
        ):
            raise BadDataError(
                f"The clip {self.name} has {count} frames, but boxes {self.boxes.shape}, joints "
                f"{self.joints.shape} and visibility {self.visible.shape}. Its labels do not fit."
            )
        if self.masks is not None and self.masks.shape != (count, MASK_SIZE, MASK_SIZE):
            raise ValueError(f"{count} frames cannot have masks of the shape {self.masks.shape}")

    def __len__(self) -> int:
        return len(self.frames)

    def part(self, rows: NDArray[np.intp]) -> Clip:
        """The clip with only the frames ``rows``, in that order."""
        frames = _ChosenFrames(self.frames, rows)
        return replace(
            self,
            frames=frames,
            boxes=self.boxes[rows],
            joints=self.joints[rows],
            visible=self.visible[rows],
            masks=None if self.masks is None else self.masks[rows],
        )

    def check(self, index: int) -> None:
        """``BadDataError`` if frame ``index`` has no square, or a marked joint no place."""
        self.check_box(index)
        if not np.isfinite(self.joints[index][self.visible[index] != ABSENT]).all():
            raise self._bad_labels(index, "numbers that are not finite")

    def check_box(self, index: int) -> None:
        """``BadDataError`` if frame ``index`` has no square to be cut by; joints are not read."""
        box = self.boxes[index]
        if not np.isfinite(box).all():
            raise self._bad_labels(index, "numbers that are not finite")
        if box[2] <= 0:
            raise self._bad_labels(index, "a square without a size")

    def _bad_labels(self, index: int, what: str) -> BadDataError:
        return BadDataError(
            f"The labels of {self.frames.describe(index)} (clip {self.name}) hold {what}. "
            "Correct the label file, or leave the clip out."
        )

    def box(self, index: int) -> SquareBox:
        """The crop square of frame ``index``."""
        x, y, side = self.boxes[index]
        return SquareBox(float(x), float(y), float(side))

    def mask(self, index: int) -> PersonMask | None:
        """Where the person is in frame ``index``, if the clip has masks."""
        return None if self.masks is None else PersonMask(self.masks[index], self.box(index))


class _ChosenFrames:
    """Some frames of a clip."""

    def __init__(self, frames: Frames, rows: NDArray[np.intp]) -> None:
        self._frames = frames
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    def read(self, index: int) -> NDArray[np.uint8]:
        return self._frames.read(int(self._rows[index]))

    def describe(self, index: int) -> str:
        return self._frames.describe(int(self._rows[index]))


@dataclass(frozen=True)
class DataSet:
    """Clips that share a joint set. ``name`` is for messages, logs and cards."""

    name: str
    joint_set: JointSet
    clips: tuple[Clip, ...]

    def __post_init__(self) -> None:
        if not any(len(clip) for clip in self.clips):
            raise UserError(
                f"The data set {self.name} has no frames. Check its folder and the chosen split."
            )

    def __len__(self) -> int:
        """Number of frames in all clips."""
        return sum(len(clip) for clip in self.clips)

    @property
    def persons(self) -> dict[str, tuple[Clip, ...]]:
        """The clips of each person, in order of first appearance."""
        groups: dict[str, list[Clip]] = {}
        for clip in self.clips:
            groups.setdefault(clip.person, []).append(clip)
        return {person: tuple(clips) for person, clips in groups.items()}

    def divided(self, share: float) -> tuple[DataSet, DataSet | None]:
        """The data set without, and with only, the people kept aside for development.

        About ``share`` (0..1) of the people, chosen by their names alone, so that the same people
        stay aside in every run. Stills show nobody twice and are never kept aside. The second is
        None if nobody is; ``UserError`` if everybody would be.
        """
        aside = {
            person
            for person, clips in self.persons.items()
            if sum(map(len, clips)) > 1 and zlib.crc32(person.encode()) % 1000 < 1000 * share
        }
        if not aside:
            return self, None
        if aside == set(self.persons):
            raise UserError(
                f"Keeping {share:.0%} of the people aside from {self.name} leaves nobody to train "
                "on. Give a smaller share."
            )
        return self.without(aside), self.only(aside)

    def only(self, persons: set[str]) -> DataSet:
        """The same data set with the clips of ``persons`` only."""
        kept = tuple(clip for clip in self.clips if clip.person in persons)
        return DataSet(self.name, self.joint_set, kept)

    def without(self, persons: set[str]) -> DataSet:
        """The same data set without the clips of ``persons``."""
        return self.only(set(self.persons) - persons)

    def __iter__(self) -> Iterator[Clip]:
        return iter(self.clips)


def readable(
    clips: Sequence[Clip], count: int, read: Callable[[Clip], _Shown]
) -> tuple[list[Clip], list[_Shown]]:
    """At most ``count`` clips and what ``read`` makes of each, without those that are damaged.

    ``BadDataError`` if all that were tried are.
    """
    chosen: list[Clip] = []
    shown: list[_Shown] = []
    problem: BadDataError | None = None
    for clip in spread(clips, count):
        try:
            shown.append(read(clip))
        except BadDataError as error:
            problem = error
        else:
            chosen.append(clip)
    if problem is not None and not chosen:
        raise problem
    return chosen, shown


def spread(clips: Sequence[Clip], count: int) -> list[Clip]:
    """At most ``count`` clips, of different people where there are enough."""
    filled = [clip for clip in clips if len(clip)]
    by_person = {clip.person: clip for clip in reversed(filled)}
    chosen = list(by_person.values()) if len(by_person) >= count else filled
    rows = np.linspace(0, len(chosen) - 1, min(count, len(chosen))).round().astype(int)
    return [chosen[row] for row in rows]


# J-HMDB's face is the middle of its puppet's head, which Penn Action and BBC Pose call the head.
_SAME_AS = {"face": "head"}


def correspondence(source: JointSet, target: JointSet) -> NDArray[np.intp]:
    """For each joint of ``target`` its index in ``source``, -1 where there is none. Shape (K,)."""
    indices = {_SAME_AS.get(name, name): index for index, name in enumerate(source.names)}
    return np.array([indices.get(_SAME_AS.get(name, name), -1) for name in target.names], np.intp)


def convert_joints(
    joints: NDArray[np.float32], visible: NDArray[np.uint8], source: JointSet, target: JointSet
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Joints (..., K, 2) and visibility (..., K) of ``source`` in the order of ``target``.

    Joints without a counterpart are absent, at NaN, so that no torso is measured by them.
    """
    index = correspondence(source, target)
    found = index >= 0
    return (
        np.where(found[:, None], joints[..., index, :], np.float32(np.nan)),
        np.where(found, visible[..., index], np.uint8(ABSENT)),
    )


def check_common_joints(data_set: DataSet, joint_set: JointSet) -> None:
    """``UserError`` if no joint of the data set is one of ``joint_set``."""
    if (correspondence(data_set.joint_set, joint_set) < 0).all():
        raise UserError(
            f"No joint of {data_set.name} ({data_set.joint_set.name}) is one of {joint_set.name}. "
            "Choose data sets of the same joints."
        )


def converted(data_set: DataSet, target: JointSet) -> DataSet:
    """The data set with the joints of ``target``. ``UserError`` if none of them corresponds."""
    source = data_set.joint_set
    if source == target:
        return data_set
    check_common_joints(data_set, target)
    clips = []
    for clip in data_set:
        joints, visible = convert_joints(clip.joints, clip.visible, source, target)
        clips.append(replace(clip, joints=joints, visible=visible))
    return DataSet(data_set.name, target, tuple(clips))
