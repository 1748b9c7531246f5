"""Joint sets: names, flip pairs, limbs, each joint's side of the body, and angles between them.

Orders and flip pairs are those of the data sets as the published experiments use them. A name means
the same in every set: 'head' is the head's centre, 'head top' its crown, 'neck' the neck's base,
'thorax' the middle between the shoulders, 'spine' the middle of the back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from model.core.errors import UserError

Side = Literal["left", "right", "middle"]

SURE = 0.1
"""Confidence from which a joint counts as seen: is drawn, and has angles."""


@dataclass(frozen=True)
class JointSet:
    """An ordered set of supervised keypoints.

    ``names`` has one entry per joint; ``flip_pairs`` lists (left, right) indices that swap in a
    mirrored image; ``limbs`` lists index pairs that are drawn as lines.
    """

    name: str
    names: tuple[str, ...]
    flip_pairs: tuple[tuple[int, int], ...]
    limbs: tuple[tuple[int, int], ...]

    def __len__(self) -> int:
        return len(self.names)

    @property
    def flip_order(self) -> NDArray[np.intp]:
        """Index array: ``joints[..., flip_order, :]`` swaps left and right. Shape (K,)."""
        order = np.arange(len(self))
        for left, right in self.flip_pairs:
            order[left], order[right] = right, left
        return order

    def side(self, joint: int) -> Side:
        """Which side of the body the joint is on, from its name."""
        name = self.names[joint]
        if name.startswith("left "):
            return "left"
        return "right" if name.startswith("right ") else "middle"

    def limb_side(self, limb: tuple[int, int]) -> Side:
        """A limb is left or right when both its ends are not on opposite sides, else middle."""
        sides = {self.side(limb[0]), self.side(limb[1])} - {"middle"}
        return sides.pop() if len(sides) == 1 else "middle"

    def index(self, name: str) -> int:
        """Index of the joint called ``name``; ``KeyError`` if the set has none."""
        try:
            return self.names.index(name)
        except ValueError:
            raise KeyError(name) from None


def _left_right(*parts: str) -> tuple[str, ...]:
    return tuple(f"{side} {part}" for part in parts for side in ("left", "right"))


def _right_left(*parts: str) -> tuple[str, ...]:
    return tuple(f"{side} {part}" for part in parts for side in ("right", "left"))


PENN13 = JointSet(
    name="penn13",
    names=("head", *_left_right("shoulder", "elbow", "wrist", "hip", "knee", "ankle")),
    flip_pairs=((1, 2), (3, 4), (5, 6), (7, 8), (9, 10), (11, 12)),
    limbs=(
        (1, 2), (1, 3), (3, 5), (2, 4), (4, 6), (1, 7), (2, 8),
        (7, 8), (7, 9), (9, 11), (8, 10), (10, 12),
    ),
)  # fmt: skip

BBC7 = JointSet(
    name="bbc7",
    names=("head", *_right_left("wrist", "elbow", "shoulder")),
    flip_pairs=((2, 1), (4, 3), (6, 5)),
    limbs=((5, 6), (5, 3), (3, 1), (6, 4), (4, 2)),
)

H36M16 = JointSet(
    name="h36m16",
    names=(
        "right ankle", "right knee", "right hip", "left hip", "left knee", "left ankle",
        "pelvis", "thorax", "neck", "head top",
        "right wrist", "right elbow", "right shoulder", "left shoulder", "left elbow", "left wrist",
    ),
    flip_pairs=((5, 0), (4, 1), (3, 2), (15, 10), (14, 11), (13, 12)),
    limbs=(
        (0, 1), (1, 2), (2, 6), (3, 6), (3, 4), (4, 5), (6, 7), (7, 8), (8, 9),
        (7, 12), (12, 11), (11, 10), (7, 13), (13, 14), (14, 15),
    ),
)  # fmt: skip

COCO17 = JointSet(
    name="coco17",
    names=(
        "nose",
        *_left_right("eye", "ear", "shoulder", "elbow", "wrist", "hip", "knee", "ankle"),
    ),
    flip_pairs=tuple((i, i + 1) for i in range(1, 17, 2)),
    limbs=(
        (0, 1), (0, 2), (1, 3), (2, 4), (5, 6), (5, 7), (7, 9), (6, 8), (8, 10),
        (5, 11), (6, 12), (11, 12), (11, 13), (13, 15), (12, 14), (14, 16),
    ),
)  # fmt: skip

JHMDB15 = JointSet(
    name="jhmdb15",
    names=(
        "neck", "belly", "face",
        *_right_left("shoulder", "hip", "elbow", "knee", "wrist", "ankle"),
    ),
    flip_pairs=tuple((i + 1, i) for i in range(3, 15, 2)),
    limbs=(
        (2, 0), (0, 1), (0, 3), (0, 4), (3, 7), (7, 11), (4, 8), (8, 12),
        (1, 5), (1, 6), (5, 9), (9, 13), (6, 10), (10, 14),
    ),
)  # fmt: skip

LSP14 = JointSet(
    name="lsp14",
    names=(
        "right ankle", "right knee", "right hip", "left hip", "left knee", "left ankle",
        "right wrist", "right elbow", "right shoulder", "left shoulder", "left elbow", "left wrist",
        "neck", "head top",
    ),
    flip_pairs=((5, 0), (4, 1), (3, 2), (11, 6), (10, 7), (9, 8)),
    limbs=(
        (0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (2, 8), (3, 9), (6, 7), (7, 8), (8, 12),
        (12, 9), (9, 10), (10, 11), (12, 13),
    ),
)  # fmt: skip

H36M32 = JointSet(
    name="h36m32",
    names=(
        "hip root",
        *(f"{side} {part}" for side in ("right", "left")
          for part in ("hip", "knee", "ankle", "ball", "toes")),
        "pelvis", "spine", "neck", "head", "head top",
        *(f"{side} {part}" for side in ("left", "right") for part in (
            "collar", "shoulder", "elbow", "wrist", "wrist end", "thumb", "little finger",
            "little finger end")),
    ),
    flip_pairs=(*((i + 5, i) for i in range(1, 6)), *((i, i + 8) for i in range(16, 24))),
    limbs=(
        (1, 11), (2, 1), (3, 2), (5, 3), (6, 11), (7, 6), (8, 7), (10, 8), (13, 11), (15, 13),
        (17, 13), (18, 17), (19, 18), (25, 13), (26, 25), (27, 26),
    ),
)  # fmt: skip

MPI28 = JointSet(
    name="mpi28",
    names=(
        "spine 3", "spine 4", "spine 2", "spine", "pelvis", "neck", "head", "head top",
        *(f"{side} {part}" for side in ("left", "right")
          for part in ("clavicle", "shoulder", "elbow", "wrist", "hand")),
        *(f"{side} {part}" for side in ("left", "right")
          for part in ("hip", "knee", "ankle", "foot", "toes")),
    ),
    flip_pairs=tuple((i, i + 5) for i in (*range(8, 13), *range(18, 23))),
    limbs=(
        (18, 4), (19, 18), (20, 19), (22, 20), (23, 4), (24, 23), (25, 24), (27, 25), (5, 4),
        (7, 5), (9, 5), (10, 9), (11, 10), (14, 5), (15, 14), (16, 15),
    ),
)  # fmt: skip

FACES68 = JointSet(
    name="faces68",
    names=tuple(f"landmark {i}" for i in range(1, 69)),
    flip_pairs=(
        *((16 - i, i) for i in range(8)), *((26 - i, 17 + i) for i in range(5)),
        (35, 31), (34, 32), (45, 36), (44, 37), (43, 38), (42, 39), (46, 41), (47, 40),
        (54, 48), (53, 49), (52, 50), (55, 59), (56, 58), (64, 60), (63, 61), (65, 67),
    ),
    limbs=tuple(
        (i, j)
        for ring, closed in (
            (range(17), False), (range(17, 22), False), (range(22, 27), False),
            (range(27, 31), False), (range(31, 36), False), (range(36, 42), True),
            (range(42, 48), True), (range(48, 60), True), (range(60, 68), True),
        )
        for i, j in [*pairwise(ring), *([(ring[-1], ring[0])] * closed)]
    ),
)  # fmt: skip

CELEBA5 = JointSet(  # of CelebA, MAFL and AFLW; left is on the picture's left
    name="celeba5",
    names=("left eye", "right eye", "nose", "left mouth", "right mouth"),
    flip_pairs=((0, 1), (3, 4)),
    limbs=((0, 1), (0, 2), (1, 2), (2, 3), (2, 4), (3, 4)),
)

CAT7 = JointSet(
    name="cat7",
    names=(
        "left eye", "right eye", "mouth", "left ear base", "left ear tip", "right ear tip",
        "right ear base",
    ),
    flip_pairs=((0, 1), (3, 6), (4, 5)),
    limbs=((0, 1), (0, 2), (1, 2), (0, 3), (3, 4), (4, 0), (1, 6), (6, 5), (5, 1)),
)  # fmt: skip

_JOINT_SETS = {
    s.name: s
    for s in (
        PENN13, BBC7, H36M16, COCO17, JHMDB15, LSP14, H36M32, MPI28, FACES68, CELEBA5,
        CAT7,
    )
}  # fmt: skip
_BY_SIZE = {len(s): s for s in (PENN13, BBC7, H36M16)}


def joint_set(name: str) -> JointSet:
    """The joint set called ``name``; ``joints-N`` is a nameless set of N joints without limbs."""
    if name in _JOINT_SETS:
        return _JOINT_SETS[name]
    prefix, _, count = name.partition("-")
    if prefix == "joints" and count.isdigit() and int(count) > 0:
        names = tuple(f"joint {i}" for i in range(int(count)))
        return JointSet(name=name, names=names, flip_pairs=(), limbs=())
    raise UserError(
        f"There is no joint set called {name!r}. Choose one of: {', '.join(sorted(_JOINT_SETS))}."
    )


def joint_set_of_size(count: int) -> JointSet:
    """The published joint set with ``count`` joints, or a nameless one of that size.

    TTP's three data sets have 13 (Penn Action), 16 (Human3.6M) and 7 (BBC Pose) joints, so the
    size of a checkpoint tells the set.
    """
    return _BY_SIZE.get(count) or joint_set(f"joints-{count}")


class Angle(NamedTuple):
    """The angle at ``vertex`` between the lines to ``first`` and to ``last``, joints by name."""

    vertex: str
    first: str
    last: str


ANGLES: tuple[Angle, ...] = tuple(
    Angle(f"{side} {vertex}", f"{side} {first}", f"{side} {last}")
    for vertex, first, last in (
        ("elbow", "shoulder", "wrist"),
        ("knee", "hip", "ankle"),
        ("shoulder", "hip", "elbow"),
        ("hip", "shoulder", "knee"),
    )
    for side in ("left", "right")
)
"""A stretched arm or leg and an upright trunk have 180 degrees, an arm along the trunk 0."""


def joint_angles(
    names: Sequence[str],
    keypoints: NDArray[np.floating],
    confidence: NDArray[np.floating],
    least: float = SURE,
) -> NDArray[np.float64]:
    """The ``ANGLES`` of one person as the picture shows them, in degrees.

    A limb that points towards the camera or away from it looks shorter, and its angle is another
    than in space.

    Args:
        names: The joints' names (K), as in a ``JointSet``.
        keypoints: (K, 2), (x, y) in pixels; none (0, 2) where nobody was found.
        confidence: (K,), 0..1.
        least: The confidence that all three joints of an angle must have.

    Returns:
        (8,), 0..180, in the order of ``ANGLES``; NaN where a joint is missing or unsure, or lies
        on the vertex.
    """
    found = np.full(len(ANGLES), np.nan)
    if not len(keypoints):
        return found
    index = {name: i for i, name in enumerate(names)}
    for number, angle in enumerate(ANGLES):
        if any(name not in index for name in angle):
            continue
        vertex, first, last = (index[name] for name in angle)
        if not np.min(confidence[[vertex, first, last]]) >= least:  # so that NaN is unsure
            continue
        (ax, ay), (bx, by) = (keypoints[[first, last]] - keypoints[vertex]).astype(float)
        if (ax or ay) and (bx or by):
            turn = np.arctan2(ax * by - ay * bx, ax * bx + ay * by)
            found[number] = abs(np.degrees(turn))
    return found
