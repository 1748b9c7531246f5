"""How right a network is on a data set: predictions beside the truth, scored by person."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from model.crop import crop_matrix, heatmap_to_image, warp
from model.data.conversion import check_common_joints, convert_joints
from model.data.records import BadDataError, Clip, DataSet
from model.errors import UserError
from model.evaluation.metrics import PCK_THRESHOLD, Pck, bbc_accuracy, pck, torso_of
from model.heatmaps import decode
from model.mirror import mirror, mirror_joints
from model.networks import PoseNetwork
from model.normalization import to_tensor
from model.skeleton import BBC7, JointSet

_BATCH = 32


@dataclass(frozen=True, eq=False)
class Predictions:
    """Predicted beside true joints of N frames, in image pixels and the data set's joints.

    ``points`` and ``truth`` (N, K, 2) float32, ``visible`` (N, K) uint8, ``persons`` and ``clips``
    (N,) names; ``order`` (N,) int64 counts the frames of the same unit, a person or a clip, that
    were predicted before. Joints that were not predicted count as not visible. ``skipped`` has a
    sentence for each frame that was left out, as it could not be used.
    """

    joint_set: JointSet
    points: NDArray[np.float32]
    truth: NDArray[np.float32]
    visible: NDArray[np.uint8]
    persons: NDArray[np.str_]
    clips: NDArray[np.str_]
    order: NDArray[np.int64]
    skipped: tuple[str, ...] = ()

    def score(self, threshold: float = PCK_THRESHOLD) -> Pck:
        """The data set's measure, pooled over all frames: BBC Pose's own, else PCK."""
        if self.joint_set == BBC7:
            return bbc_accuracy(self.points, self.truth, self.visible)
        torso = torso_of(self.joint_set).lengths(self.truth)
        return pck(self.points, self.truth, self.visible, torso, threshold)

    def by_person(self, threshold: float = PCK_THRESHOLD) -> dict[str, Pck]:
        """The score of each person."""
        return {
            str(person): self._of(self.persons == person).score(threshold)
            for person in dict.fromkeys(self.persons)
        }

    def _of(self, rows: NDArray[np.bool_]) -> Predictions:
        return Predictions(
            self.joint_set,
            self.points[rows],
            self.truth[rows],
            self.visible[rows],
            self.persons[rows],
            self.clips[rows],
            self.order[rows],
        )


def gathered(
    data_set: DataSet,
    rows: Sequence[tuple[Clip, int]],
    points: Sequence[NDArray[np.floating]],
    joint_set: JointSet,
    skipped: Sequence[str] = (),
    order: NDArray[np.int64] | None = None,
) -> Predictions:
    """Points (K, 2), joints of ``joint_set``, predicted on the frames ``rows``, and their truth.

    Without an ``order`` the frames are taken to follow each other.
    """
    found = np.stack(list(points)).astype(np.float32)
    all_joints = np.ones(found.shape[:2], np.uint8)
    found, predicted = convert_joints(found, all_joints, joint_set, data_set.joint_set)
    return Predictions(
        data_set.joint_set,
        found,
        np.stack([clip.joints[frame] for clip, frame in rows]),
        np.stack([clip.visible[frame] for clip, frame in rows]) * predicted,
        np.array([clip.person for clip, _ in rows]),
        np.array([clip.name for clip, _ in rows]),
        np.arange(len(rows)) if order is None else order,
        tuple(skipped),
    )


def chosen_frames(data_set: DataSet, every: int = 1) -> list[tuple[Clip, int]]:
    """Every ``every``-th frame, counted through the whole data set from its first."""
    rows = [(clip, frame) for clip in data_set for frame in range(len(clip))]
    return rows[::every]


@torch.inference_mode()
def predict_data_set(
    network: PoseNetwork,
    data_set: DataSet,
    *,
    every: int = 1,
    autocast: bool = False,
    skip_bad: bool = False,
    flip_test: bool = False,
    progress: Callable[[int], object] | None = None,
) -> Predictions:
    """Predict every ``every``-th frame with the network as it is, which must be in eval mode.

    The data set's squares must be those of the network's ``crop_shift``. Of a network of other
    joints those are scored that the data set has too; ``UserError`` if there are none. ``autocast``
    computes in bfloat16. ``flip_test`` takes the mean of the answers for a crop and for its mirror
    image. ``BadDataError`` names a frame that cannot be used; with ``skip_bad`` such
    frames are left out, unless no other is left. ``progress`` hears how many more frames are done.
    """
    joint_set = network.spec.joint_set
    check_common_joints(data_set, joint_set)
    device = network.device
    chosen = chosen_frames(data_set, every)
    rows: list[tuple[Clip, int]] = []
    points: list[NDArray[np.float64]] = []
    skipped: list[str] = []
    for start in range(0, len(chosen), _BATCH):
        part = chosen[start : start + _BATCH]
        good, crops = _usable(part, skipped if skip_bad else None)
        if crops:
            batch = to_tensor(crops, bgr=network.spec.bgr)
            batch = batch.to(device, memory_format=torch.channels_last)
            with torch.autocast(device.type, torch.bfloat16, enabled=autocast):
                heatmaps = network.pose(batch).heatmaps
                if flip_test:
                    mirrored = network.pose(mirror(batch)).heatmaps
                    heatmaps = (heatmaps + mirror_joints(mirrored, joint_set.flip_order)) / 2
            cells = decode(heatmaps.float())[0].cpu().numpy()
            points += [
                heatmap_to_image(found, clip.box(frame))
                for found, (clip, frame) in zip(cells, good, strict=True)
            ]
            rows += good
        if progress is not None:
            progress(len(part))
    if not rows:
        raise UserError(f"No frame of {data_set.name} can be used. {skipped[0]}")
    return gathered(data_set, rows, points, joint_set, skipped)


def _usable(
    rows: Sequence[tuple[Clip, int]], skipped: list[str] | None
) -> tuple[list[tuple[Clip, int]], list[NDArray[np.uint8]]]:
    """The frames that can be used and their crops; ``skipped`` takes note of the others."""
    good, crops = [], []
    for clip, frame in rows:
        try:
            clip.check(frame)
            crops.append(warp(clip.frames.read(frame), crop_matrix(clip.box(frame))))
        except BadDataError as error:
            if skipped is None:
                raise
            skipped.append(str(error))
        else:
            good.append((clip, frame))
    return good, crops
