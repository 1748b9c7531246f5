"""The four networks of Table 1, one class built from a description (method 1.2 to 1.6)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor, nn

from model.errors import UserError
from model.networks.affinity import AffinityTransformer
from model.networks.encoder import FEATURES, Encoder
from model.networks.reconstruction import Reconstruction
from model.skeleton import JointSet, joint_set

Variant = Literal["baseline", "rotation", "keypoint", "transformer"]
ChannelOrder = Literal["rgb", "bgr"]
VARIANTS: tuple[Variant, ...] = get_args(Variant)
VARIANT_TITLES: dict[Variant, str] = {
    "baseline": "Baseline",
    "rotation": "Feat. shared (rotation)",
    "keypoint": "Feat. shared (keypoint)",
    "transformer": "Transformer (keypoint)",
}
# The square reaches 0.625 of the box from its centre: with more, the box's centre is at its edge.
_LARGEST_CROP_SHIFT = 0.5


@dataclass(frozen=True)
class NetworkSpec:
    """What a network is made of: everything that its weights' metadata must say.

    ``channel_order`` is the order of the picture's channels that the weights were trained on:
    ``rgb`` for ours, ``bgr`` for the authors' released code. ``crop_shift`` is how far the squares
    they were trained on lie below the person boxes' centres, in shares of the boxes' longest side:
    the published 0.075, or 0 for crops that are centred.
    """

    variant: Variant = "transformer"
    backbone: str = "resnet50"
    joints: str = "penn13"
    k_self: int = 30
    channel_order: ChannelOrder = "rgb"
    crop_shift: float = 0.0

    def __post_init__(self) -> None:
        if self.variant not in VARIANTS:
            raise UserError(
                f"There is no variant called {self.variant!r}. "
                f"Choose one of: {', '.join(VARIANTS)}."
            )
        if self.k_self < 1:
            raise UserError(f"A network needs self-supervised keypoints; k_self was {self.k_self}.")
        if self.channel_order not in get_args(ChannelOrder):
            raise UserError(
                f"There is no channel order called {self.channel_order!r}. "
                f"Choose one of: {', '.join(get_args(ChannelOrder))}."
            )
        if not abs(self.crop_shift) <= _LARGEST_CROP_SHIFT:  # so that NaN is refused
            raise UserError(
                f"Crops cannot be moved down by {self.crop_shift} of the person box; give a share "
                f"from {-_LARGEST_CROP_SHIFT} to {_LARGEST_CROP_SHIFT}."
            )

    @property
    def joint_set(self) -> JointSet:
        return joint_set(self.joints)

    @property
    def reconstructs(self) -> bool:
        """Whether the variant has self-supervised keypoints and rebuilds the target from them."""
        return self.variant in ("keypoint", "transformer")

    @property
    def bgr(self) -> bool:
        """Whether pictures go in with blue first."""
        return self.channel_order == "bgr"

    @property
    def personalizable(self) -> bool:
        """Whether the variant has a task that needs no labels."""
        return self.variant != "baseline"


@dataclass(frozen=True)
class PoseOutput:
    """The pose branch's result.

    ``heatmaps`` (N, k_sup, 32, 32); ``self_heatmaps`` (N, k_self, 32, 32) raw, None without
    self-supervised keypoints; ``affinity`` (N, k_sup, k_self), None without a transformer.
    """

    heatmaps: Tensor
    self_heatmaps: Tensor | None
    affinity: Tensor | None


@dataclass(frozen=True)
class NetworkOutput(PoseOutput):
    """The pose branch's result and ``reconstruction`` (N, 3, 128, 128), None if not rebuilt."""

    reconstruction: Tensor | None


class PoseNetwork(nn.Module):
    """One of the four variants; ``network(target, source)`` runs it whole.

    Both images are (N, 3, 128, 128), float32, normalised (see ``model.normalization``).
    Everything about the pose reads only the target; the source goes only into the appearance
    encoder.
    """

    def __init__(self, spec: NetworkSpec) -> None:
        super().__init__()
        self.spec = spec
        k_sup = len(spec.joint_set)
        self.encoder = Encoder(spec.backbone)
        if spec.reconstructs:
            self.self_head = nn.Conv2d(FEATURES, spec.k_self, 1)
            self.reconstruction = Reconstruction(spec.k_self)
        if spec.variant == "transformer":
            self.affinity = AffinityTransformer(k_sup, spec.k_self)
        else:
            self.supervised_head = nn.Conv2d(FEATURES, k_sup, 1)
            nn.init.normal_(self.supervised_head.weight, std=0.001)
            nn.init.zeros_(self.supervised_head.bias)  # type: ignore[arg-type]
        if spec.variant == "rotation":
            self.rotation_head = nn.Linear(FEATURES, 4)

    @property
    def device(self) -> torch.device:
        """Where the network computes."""
        return self.encoder.conv1.weight.device

    def pose(self, target: Tensor) -> PoseOutput:
        """Predict from the target alone: the only part that prediction pays for."""
        return self._pose_of(self.encoder(target))

    def pose_of_trunk(self, trunk: Tensor) -> PoseOutput:
        """The same from the target's trunk features (N, C, 4, 4), see ``Encoder.trunk``."""
        return self._pose_of(self.encoder.deconv(trunk))

    def _pose_of(self, features: Tensor) -> PoseOutput:
        self_maps = self.self_head(features) if self.spec.reconstructs else None
        return self.heatmaps(features, self_maps)

    def heatmaps(self, features: Tensor, self_heatmaps: Tensor | None) -> PoseOutput:
        """The supervised head on features (N, 256, 32, 32) and the raw maps made from them."""
        if self.spec.variant == "transformer":
            affinity = self.affinity(features)
            # Each supervised map is a convex combination of the raw self-supervised maps.
            heatmaps = torch.einsum("nks,nshw->nkhw", affinity, self_heatmaps)
            return PoseOutput(heatmaps, self_heatmaps, affinity)
        return PoseOutput(self.supervised_head(features), self_heatmaps, None)

    def self_heatmaps(self, target: Tensor) -> Tensor:
        """Raw self-supervised maps (N, k_self, 32, 32), without the supervised head."""
        return self.self_head(self.encoder(target))

    def reconstruct(self, target: Tensor, source: Tensor) -> Tensor:
        """The self-supervised task alone: rebuild the target (N, 3, 128, 128)."""
        return self.reconstruction(self.self_heatmaps(target), source)

    def rotation_logits(self, image: Tensor) -> Tensor:
        """Scores (N, 4) for 0, 90, 180, 270 degrees; the ``rotation`` variant's own task."""
        return self.rotation_head(self.encoder(image).mean(dim=(-2, -1)))

    def forward(self, target: Tensor, source: Tensor | None = None) -> NetworkOutput:
        pose = self.pose(target)
        rebuilt = None
        if source is not None and pose.self_heatmaps is not None:
            rebuilt = self.reconstruction(pose.self_heatmaps, source)
        return NetworkOutput(pose.heatmaps, pose.self_heatmaps, pose.affinity, rebuilt)
