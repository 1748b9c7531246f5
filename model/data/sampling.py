"""Target-source pairs for training: what is drawn, in which order, and how it is cut out.

Crop squares follow method 1.8.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from model.core.augmentation import Augmentation, Augmenter, random_thin_plate_warp
from model.core.crop import (
    BOX_TO_SIDE,
    CENTRE_SHIFT,
    CROP_SIZE,
    PERSON_TO_JOINTS,
    square_from_person_box,
    transform,
    warp,
)
from model.core.errors import UserError
from model.core.skeleton import JointSet
from model.data.records import ABSENT, Clip, DataSet


def squares(boxes: NDArray[np.floating]) -> NDArray[np.float64]:
    """Crop squares (N, 3), as in ``Clip.boxes``, of person boxes (N, 4): left, top, width, height.

    They are moved down by the published ``CENTRE_SHIFT``. Boxes that hold NaN give NaN.
    """
    found = (
        square_from_person_box(*box, shift=CENTRE_SHIFT)
        for box in np.asarray(boxes, np.float64).tolist()
    )
    return np.array([(square.x, square.y, square.side) for square in found]).reshape(-1, 3)


def boxes_of_joints(joints: NDArray[np.float32], visible: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Person boxes (N, 4) from joints (N, K, 2) and visibility (N, K): left, top, width, height.

    A person is taken to reach past the marked joints by as much as Penn Action's boxes do. With
    fewer than two different joints there is no telling: such a row is NaN, which refuses the
    frame when it is used.
    """
    marked = np.where((visible != ABSENT)[..., None], joints.astype(np.float64), np.nan)
    low, high = np.fmin.reduce(marked, axis=1), np.fmax.reduce(marked, axis=1)
    size = high - low
    size[~(size.max(axis=1) > 0)] = np.nan
    return np.hstack([(low + high - PERSON_TO_JOINTS * size) / 2, PERSON_TO_JOINTS * size])


def recentred(data_set: DataSet, shift: float, wanted: float) -> DataSet:
    """The data set with squares that are moved down by ``wanted`` where they are by ``shift``.

    Both are shares of the person boxes' longest sides, as ``NetworkSpec.crop_shift`` is.
    """
    if shift == wanted:
        return data_set
    step = (wanted - shift) / BOX_TO_SIDE  # in shares of the squares' sides
    clips = []
    for clip in data_set:
        x, y, side = clip.boxes.T
        clips.append(replace(clip, boxes=np.column_stack([x, y + step * side, side])))
    return replace(data_set, clips=tuple(clips))


@dataclass(frozen=True)
class Example:
    """One training example.

    ``target`` (S, S, 3) and ``source`` (128, 128, 3), uint8 RGB, S being the network's crop size;
    ``joints`` (K, 2) float32, (x, y) in the target crop's pixels; ``weights`` (K,) float32, 0 or 1.
    ``source`` is None where none was asked for. ``mask`` and ``source_mask`` (128, 128) uint8 tell
    where the person is in target and source; None without a source, and if the clip has no masks.
    """

    target: NDArray[np.uint8]
    source: NDArray[np.uint8] | None
    joints: NDArray[np.float32]
    weights: NDArray[np.float32]
    mask: NDArray[np.uint8] | None = None
    source_mask: NDArray[np.uint8] | None = None


class Mixture:
    """Several data sets with one joint set, in an order that mixes them by weight.

    The weights are the shares of an epoch that each data set fills (they are normalised); None
    gives each its number of frames. Within its share a data set is gone through in random order,
    every frame once before any comes again.
    """

    def __init__(
        self,
        data_sets: Sequence[DataSet],
        weights: Sequence[float] | None = None,
        *,
        epoch_size: int | None = None,
        seed: int = 0,
    ) -> None:
        sizes = np.array([len(data_set) for data_set in data_sets])
        if len({data_set.joint_set for data_set in data_sets}) != 1:
            raise UserError(
                "Data sets that are mixed need one joint set; these have "
                f"{', '.join(f'{d.name}: {d.joint_set.name}' for d in data_sets)}. Convert them."
            )
        shares = np.array(sizes if weights is None else weights, np.float64)
        if shares.shape != sizes.shape or not ((shares > 0) & np.isfinite(shares)).all():
            raise UserError(
                f"There are {len(sizes)} data sets and the weights {list(shares)}; give one "
                "positive weight for each."
            )
        self.joint_set: JointSet = data_sets[0].joint_set
        self.epoch_size = epoch_size or int(sizes.sum())
        bounds = np.cumsum([0.0, *(shares / shares.sum())]) * self.epoch_size
        self._quotas = np.diff(np.round(bounds).astype(int))
        for data_set, quota in zip(data_sets, self._quotas, strict=True):
            if not quota:
                raise UserError(
                    f"The weight of {data_set.name} is too small: it fills no frame of an epoch "
                    f"of {self.epoch_size}. Give it a larger one, or leave it out."
                )
        self._sizes = sizes
        self._seed = seed
        self._clips = [clip for data_set in data_sets for clip in data_set]
        lengths = [[len(clip) for clip in data_set] for data_set in data_sets]
        # Row r of a data set is frame (clip, frame) = self._places[data set][r].
        first = np.cumsum([0, *(len(clips) for clips in lengths)])
        self._places = [
            np.concatenate(
                [
                    np.column_stack([np.full(n, first[k] + c), np.arange(n)])
                    for c, n in enumerate(clips)
                ]
            )
            for k, clips in enumerate(lengths)
        ]
        self._epoch = -1
        self._order: NDArray[np.intp] = np.empty((0, 2), np.intp)

    def __len__(self) -> int:
        """Number of different frames."""
        return int(self._sizes.sum())

    def place(self, position: int) -> tuple[Clip, int]:
        """The clip and frame at a position (0, 1, ... without end) of the run."""
        epoch, within = divmod(position, self.epoch_size)
        if epoch != self._epoch:
            self._epoch, self._order = epoch, self._epoch_order(epoch)
        clip, frame = self._order[within]
        return self._clips[clip], int(frame)

    def _epoch_order(self, epoch: int) -> NDArray[np.intp]:
        chosen = []
        for number, quota in enumerate(self._quotas):
            # Where the last epoch stopped within this data set, so that no frame is left out.
            start, size = epoch * int(quota), int(self._sizes[number])
            rows = [
                np.random.default_rng((self._seed, number, cycle)).permutation(size)
                for cycle in range(start // size, (start + int(quota) - 1) // size + 1)
            ]
            begin = start % size
            chosen.append(self._places[number][np.concatenate(rows)[begin : begin + int(quota)]])
        order = np.concatenate(chosen)
        return np.random.default_rng((self._seed, epoch)).permutation(order)


class PairCutter:
    """Cuts examples out of clips: one augmentation for target, source and joints (method 1.8).

    The source is a uniformly random frame of the same clip, cut with the target's box; a clip of
    one frame gives a random thin-plate-spline warp of that frame instead (method 2.9). A share
    ``independent`` (0..1, the paper's 0) of the sources is placed by a draw of its own. Targets
    have ``crop_size`` pixels a side, sources 128.
    """

    def __init__(
        self,
        joint_set: JointSet,
        augmenter: Augmenter,
        independent: float = 0.0,
        crop_size: int = CROP_SIZE,
    ) -> None:
        self._flip_order = joint_set.flip_order
        self._augmenter = augmenter
        self._independent = independent
        self._size = crop_size

    def cut(
        self, clip: Clip, frame: int, rng: np.random.Generator, *, with_source: bool
    ) -> Example:
        """The example of one frame. ``BadDataError`` names a frame that cannot be used."""
        drawn = self._augmenter.draw(rng)
        if with_source:
            drawn = replace(drawn, hidden=None)  # nothing tells the renderer of a grey patch
        joints, weights = self._labels(clip, frame)
        matrix = drawn.matrix(clip.box(frame), self._size)
        target = drawn.retouch(warp(clip.frames.read(frame), matrix, self._size))
        joints = transform(joints, matrix).astype(np.float32)
        if drawn.flip:
            joints, weights = joints[self._flip_order], weights[self._flip_order]
        if not with_source:
            return Example(target, None, joints, weights)
        source, source_mask = self._source(clip, frame, drawn, rng)
        mask = _cut_mask(clip, frame, drawn.matrix(clip.box(frame)))
        return Example(target, source, joints, weights, mask, source_mask)

    def _source(
        self, clip: Clip, frame: int, drawn: Augmentation, rng: np.random.Generator
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8] | None]:
        """Another frame, and its mask if there is one."""
        other = int(rng.integers(len(clip)))
        if rng.random() < self._independent:
            own = self._augmenter.draw(rng)
            drawn = replace(own, gains=drawn.gains, gamma=drawn.gamma, hidden=None)
        matrix = drawn.matrix(clip.box(frame))
        source = drawn.retouch(warp(clip.frames.read(other), matrix))
        mask = _cut_mask(clip, other, matrix)
        if len(clip) > 1:
            return source, mask
        if mask is None:
            return random_thin_plate_warp(source, rng), None
        both = random_thin_plate_warp(np.dstack([source, mask]), rng)
        return np.ascontiguousarray(both[..., :3]), both[..., 3]

    @staticmethod
    def _labels(clip: Clip, frame: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        clip.check(frame)
        weights = (clip.visible[frame] != ABSENT).astype(np.float32)
        # Absent joints may hold anything; zero keeps what is computed from them finite.
        return np.where(weights[:, None] > 0, clip.joints[frame], np.float32(0)), weights


def _cut_mask(clip: Clip, frame: int, matrix: NDArray[np.float64]) -> NDArray[np.uint8] | None:
    """The mask (128, 128) of a crop, if the clip has masks."""
    mask = clip.mask(frame)
    return None if mask is None else mask.crop(matrix)
