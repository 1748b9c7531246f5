"""From the pose branch's output to points on the image, and a lean predictor of that branch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from model.core.crop import SquareBox, crop_matrix, heatmap_to_image, to_tensor, warp
from model.core.device import denormals_are_zero
from model.core.heatmaps import decode
from model.core.motion import MotionFusion
from model.ttp.networks import NetworkSpec, PoseNetwork, PoseOutput
from model.ttp.networks.encoder import is_filter, is_trunk, without_filtered
from model.ttp.onnx_pose import OnnxHeads
from model.ttp.trunk import FrozenTrunk, Key, keys_of

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Pose:
    """One person's keypoints in image pixels, (x, y) order, float32.

    ``keypoints`` (K, 2); ``confidence`` (K,) in 0..1; ``self_keypoints`` (M, 2), empty without
    self-supervised keypoints; ``affinity`` (K, M), empty (0, 0) without a transformer.
    """

    keypoints: Array
    confidence: Array
    self_keypoints: Array
    affinity: Array

    @property
    def contribution(self) -> Array:
        """c_j = sum_i W_ij (M,): how much each self-supervised keypoint is used."""
        return self.affinity.sum(axis=0)


def pose_in_image(output: PoseOutput, box: SquareBox, index: int = 0) -> Pose:
    """Decode sample ``index`` of a pose output whose crop was ``box`` (method 1.12)."""
    points, confidence = decode(output.heatmaps[index : index + 1].float())
    side = output.heatmaps.shape[-1]
    self_keypoints = np.zeros((0, 2), np.float32)
    if output.self_points is not None:
        cells = output.self_points[index].cpu().numpy()
        self_keypoints = heatmap_to_image(cells, box, side).astype(np.float32)
    affinity = np.zeros((0, 0), np.float32)
    if output.affinity is not None:
        affinity = output.affinity[index].float().cpu().numpy()
    return Pose(
        heatmap_to_image(points[0].cpu().numpy(), box, side).astype(np.float32),
        confidence[0].cpu().numpy(),
        self_keypoints,
        affinity,
    )


def crop_picture(image: NDArray[np.uint8], box: SquareBox, spec: NetworkSpec) -> NDArray[np.uint8]:
    """One square of an RGB image as a network with ``spec`` is shown it, (S, S, 3)."""
    return warp(image, crop_matrix(box, spec.crop_size), spec.crop_size)


def crop_tensor(image: NDArray[np.uint8], box: SquareBox, spec: NetworkSpec) -> Tensor:
    """The input (1, 3, S, S) of a network with ``spec`` for one square of an RGB image."""
    return to_tensor([crop_picture(image, box, spec)], bgr=spec.bgr)


@denormals_are_zero()
@torch.inference_mode()
def predict_pose(network: PoseNetwork, image: NDArray[np.uint8], box: SquareBox) -> Pose:
    """Predict the person in ``box`` of an RGB image (H x W x 3, uint8), by the pose branch alone.

    The crop is computed on the network's device and in its precision.
    """
    return pose_in_image(_pose_of(network, crop_tensor(image, box, network.spec)), box)


def _pose_of(network: PoseNetwork, crop: Tensor) -> PoseOutput:
    """The whole pose branch on a crop (1, 3, S, S), on the network's device, in its precision."""
    return network.pose(crop.to(network.device, network.dtype, memory_format=torch.channels_last))


class PosePredictor:
    """A private copy of the pose branch that only predicts, in the precision that is fastest.

    The copy shares nothing with the network it comes from, so that one thread can predict while
    another personalizes; ``load`` takes over new weights in one step. ``trunk`` computes the
    features for as long as no trunk's weights are among these, and ``heads``, if given, the rest
    of the network, until weights are loaded without new ones.
    """

    def __init__(
        self,
        network: PoseNetwork,
        dtype: torch.dtype = torch.float32,
        trunk: FrozenTrunk | None = None,
        heads: OnnxHeads | None = None,
    ) -> None:
        self._branch = network.pose_branch()
        self._branch.to(dtype=dtype, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._trunk = trunk
        self._trunk_as_trained = self._filters_as_trained = True
        self._heads = heads

    @property
    def in_onnx_runtime(self) -> bool:
        """Whether it has ``heads``."""
        return self._heads is not None

    def load(self, weights: Mapping[str, Tensor], heads: OnnxHeads | None = None) -> None:
        """Copy tensors by name into the branch; names of other branches are left out.

        ``heads`` are those of the network with these weights.
        """
        own = self._branch.state_dict()
        for name, value in weights.items():
            if name in own:
                own[name].copy_(value)
        self._trunk_as_trained &= not any(map(is_trunk, weights))
        self._filters_as_trained &= not any(map(is_filter, weights))
        self._heads = heads

    def copy_from(self, other: PosePredictor) -> None:
        """Take over every weight of another predictor of the same network."""
        self.load(other._branch.state_dict(), other._heads)
        self._trunk_as_trained = other._trunk_as_trained
        self._filters_as_trained = other._filters_as_trained

    @denormals_are_zero()
    @torch.inference_mode()
    def predict(
        self,
        image: NDArray[np.uint8],
        box: SquareBox,
        index: int | None = None,
        *,
        fresh: bool = False,
        fusion: MotionFusion | None = None,
        beside: tuple[PosePredictor, float] | None = None,
    ) -> Pose:
        """Predict the person in ``box`` of an RGB image (H x W x 3, uint8).

        ``index`` is the frame's number, under which its features are remembered, or computed again
        if it is ``fresh`` (see ``FrozenTrunk``); with it, ``fusion`` adds what is known of the
        frames before. The heatmaps that another predictor gives have a share ``beside`` this
        one's, unless the ``heads`` have joined theirs already.
        """
        picture = crop_picture(image, box, self._branch.spec)
        keys = () if index is None else keys_of([index])
        output = self._output(picture, keys, fresh)
        if beside is not None and self._heads is None:
            other, share = beside
            output = output.joined(other._output(picture, keys, fresh=False).heatmaps, share)
        if fusion is not None and index is not None:
            output = replace(output, heatmaps=fusion.fused(output.heatmaps, [picture], [index]))
        return pose_in_image(output, box)

    def _output(self, picture: NDArray[np.uint8], keys: Sequence[Key], fresh: bool) -> PoseOutput:
        branch, heads = self._branch, self._heads  # which another thread may load
        crop = to_tensor([picture], bgr=branch.spec.bgr)
        if self._trunk is None or not self._trunk_as_trained:
            return _pose_of(branch, crop)
        taps = self._trunk(crop, keys, fresh=fresh)
        if heads is not None:
            return branch.output_of(*heads(taps))
        if not self._filters_as_trained:
            taps = without_filtered(taps)
        return branch.pose_of(branch.encoder.neck(tuple(tap.to(branch.dtype) for tap in taps)))
