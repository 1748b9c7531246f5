"""How right a network is on a data set: predictions beside the truth, scored by person."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from model.core.crop import (
    SquareBox,
    crop_matrix,
    heatmap_to_image,
    mirror,
    mirror_joints,
    to_tensor,
    warp,
)
from model.core.errors import UserError
from model.core.heatmaps import decode
from model.core.skeleton import BBC7, JointSet
from model.data.records import BadDataError, Clip, DataSet, check_common_joints, convert_joints
from model.evaluation.metrics import PCK_THRESHOLD, Pck, bbc_accuracy, pck, torso_of
from model.ttp.networks import PoseNetwork, PoseOutput
from model.ttp.onnx_int8 import Range
from model.ttp.trunk import exact_parts

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
    points: Iterable[NDArray[np.floating]],
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


class PointPredictor(Protocol):
    """Finds one person's joints in one square of each picture."""

    def __call__(
        self, images: Sequence[NDArray[np.uint8]], boxes: Sequence[SquareBox], /
    ) -> NDArray[np.floating]:
        """Joints (N, K, 2), (x, y) in pixels, of N pictures (H x W x 3, uint8, RGB)."""


@dataclass(frozen=True, eq=False)
class FoundPoints:
    """What several predictors found on the same squares of N frames.

    Attributes:
        rows: The frames, each its clip and its number there.
        points: For each predictor its joints (N, K, 2), in image pixels.
        skipped: A sentence for each frame that was left out, as it could not be used.
    """

    rows: list[tuple[Clip, int]]
    points: list[NDArray[np.floating]]
    skipped: list[str]


def find_points(
    predictors: Sequence[PointPredictor],
    data_set: DataSet,
    *,
    every: int = 1,
    skip_bad: bool = False,
    progress: Callable[[int], object] | None = None,
) -> FoundPoints:
    """Show every ``every``-th frame to all predictors, each the same square of it.

    Args:
        predictors: One or more of them.
        data_set: The frames and their squares.
        every: 2 for every second frame, counted through the whole data set.
        skip_bad: Leave frames that cannot be used out, unless no other is left.
        progress: Hears how many more frames are done.

    Returns:
        The frames that could be used, and the joints of each predictor on them.

    Raises:
        BadDataError: A frame cannot be used, and ``skip_bad`` is not set.
        UserError: No frame can be used.
    """
    chosen = chosen_frames(data_set, every)
    rows: list[tuple[Clip, int]] = []
    points: list[list[NDArray[np.floating]]] = [[] for _ in predictors]
    skipped: list[str] = []
    for start in range(0, len(chosen), _BATCH):
        part = chosen[start : start + _BATCH]
        good, images = _usable(part, skipped if skip_bad else None)
        if good:
            boxes = [clip.box(frame) for clip, frame in good]
            for predict, found in zip(predictors, points, strict=True):
                found.append(predict(images, boxes))
            rows += good
        if progress is not None:
            progress(len(part))
    if not rows:
        raise UserError(f"No frame of {data_set.name} can be used. {skipped[0]}")
    return FoundPoints(rows, [np.concatenate(found) for found in points], skipped)


def network_predictor(
    network: PoseNetwork,
    *,
    autocast: bool = False,
    flip_test: bool = False,
    ranges: Sequence[Range] | None = None,
) -> PointPredictor:
    """The network, which must be in eval mode, as a predictor of its own joints.

    Args:
        network: It is shown each square at its ``crop_size``.
        autocast: Compute in bfloat16.
        flip_test: Take the mean of the answers for a crop and for its mirror image.
        ranges: Of the trunk's values, to compute it in whole numbers, in ONNX Runtime.
    """
    spec, device = network.spec, network.device
    pose = network.pose if ranges is None else _in_parts(network, ranges)

    @torch.inference_mode()
    def predict(
        images: Sequence[NDArray[np.uint8]], boxes: Sequence[SquareBox], /
    ) -> NDArray[np.floating]:
        size = spec.crop_size
        crops = [
            warp(image, crop_matrix(box, size), size)
            for image, box in zip(images, boxes, strict=True)
        ]
        batch = to_tensor(crops, bgr=spec.bgr)
        batch = batch.to(device, memory_format=torch.channels_last)
        with torch.autocast(device.type, torch.bfloat16, enabled=autocast):
            heatmaps = pose(batch).heatmaps
            if flip_test:
                mirrored = pose(mirror(batch)).heatmaps
                heatmaps = (heatmaps + mirror_joints(mirrored, spec.joint_set.flip_order)) / 2
        cells = decode(heatmaps.float())[0].cpu().numpy()
        return np.stack([
            heatmap_to_image(found, box, spec.heatmap_size)
            for found, box in zip(cells, boxes, strict=True)
        ])  # fmt: skip

    return predict


def _in_parts(network: PoseNetwork, ranges: Sequence[Range]) -> Callable[[Tensor], PoseOutput]:
    """The pose branch with its trunk in whole numbers."""
    trunk, heads = exact_parts(network, torch.get_num_threads(), ranges)
    assert heads is not None, "ranges are those of a MoveNet on the CPU"
    return lambda images: network.output_of(*heads(trunk(images)))


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
    check_common_joints(data_set, network.spec.joint_set)
    predictor = network_predictor(network, autocast=autocast, flip_test=flip_test)
    found = find_points([predictor], data_set, every=every, skip_bad=skip_bad, progress=progress)
    (points,) = found.points
    return gathered(data_set, found.rows, points, network.spec.joint_set, found.skipped)


def _usable(
    rows: Sequence[tuple[Clip, int]], skipped: list[str] | None
) -> tuple[list[tuple[Clip, int]], list[NDArray[np.uint8]]]:
    """The frames that can be used and their pictures; ``skipped`` takes note of the others."""
    good, images = [], []
    for clip, frame in rows:
        try:
            clip.check(frame)
            images.append(clip.frames.read(frame))
        except BadDataError as error:
            if skipped is None:
                raise
            skipped.append(str(error))
        else:
            good.append((clip, frame))
    return good, images
