"""What a skeleton image shows: limbs between points or between the means of points (method 2.4)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from model.errors import UserError
from model.skeleton import CAT7, FACES68, H36M32, MPI28, PENN13, JointSet

Group = tuple[int, ...]


@dataclass(frozen=True)
class Skeleton:
    """The points of a joint set and the limbs that are drawn of them.

    A limb runs from the mean of one group of points to that of another. Points that are in no
    group never appear in a skeleton image: nothing but the prior says where they are.
    """

    joint_set: JointSet
    limbs: tuple[tuple[Group, Group], ...]

    def __post_init__(self) -> None:
        for ends in self.limbs:
            for group in ends:
                if not group or not all(0 <= i < len(self.joint_set) for i in group):
                    raise ValueError(f"a limb of {self.name} ends in the points {group}")

    def __len__(self) -> int:
        """Number of points."""
        return len(self.joint_set)

    @property
    def name(self) -> str:
        return self.joint_set.name

    def ends(self, points: Tensor) -> tuple[Tensor, Tensor]:
        """Where the limbs begin and end: ``points`` (N, K, 2) to two tensors (N, L, 2)."""
        first, second = (self._mean(points, side) for side in (0, 1))
        return first, second

    def _mean(self, points: Tensor, side: int) -> Tensor:
        groups = [limb[side] for limb in self.limbs]
        if all(len(group) == 1 for group in groups):
            return points[:, [group[0] for group in groups]]
        return torch.stack([points[:, list(group)].mean(dim=1) for group in groups], dim=1)


def _single(*limbs: tuple[int, int]) -> tuple[tuple[Group, Group], ...]:
    return tuple(((a,), (b,)) for a, b in limbs)


SKELETONS: dict[str, Skeleton] = {
    skeleton.name: skeleton
    for skeleton in (
        # "simple2" of the released code: 17 of the 32 points are seen.
        Skeleton(H36M32, _single(*H36M32.limbs)),
        # Ours: Penn Action marks no neck, which is half-way between the shoulders.
        Skeleton(PENN13, (((0,), (1, 2)), *_single(*PENN13.limbs))),
        Skeleton(MPI28, _single(*MPI28.limbs)),
        Skeleton(FACES68, _single(*FACES68.limbs)),
        Skeleton(CAT7, _single(*CAT7.limbs)),
    )
}
"""The skeletons by the name of their joint set."""


def skeleton_of(name: str) -> Skeleton:
    """The skeleton of the joint set called ``name``; ``UserError`` if none is known."""
    if name not in SKELETONS:
        raise UserError(
            f"There is no skeleton to draw of the joint set {name!r}. Choose one of: "
            f"{', '.join(SKELETONS)}."
        )
    return SKELETONS[name]
