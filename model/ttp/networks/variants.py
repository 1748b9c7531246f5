"""The four networks of Table 1, one class built from a description (method 1.2 to 1.6)."""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, Self, get_args

import torch
from torch import Tensor, nn

from model.core.blocks import FEATURES
from model.core.crop import CROP_SIZE, HEATMAP_SIZE, reduced
from model.core.errors import UserError
from model.core.heatmaps import (
    LOGIT_SIGMA,
    SIGMA_CELLS,
    marginal_expectation,
    matched,
    spatial_expectation,
)
from model.core.skeleton import JointSet, joint_set
from model.ttp.networks.encoder import SIZES, make_encoder
from model.ttp.networks.heads import AffinityTransformer, Reconstruction

Variant = Literal["baseline", "rotation", "keypoint", "transformer"]
ChannelOrder = Literal["rgb", "bgr"]
Mask = Literal["none", "person"]
VARIANTS: tuple[Variant, ...] = get_args(Variant)
VARIANT_TITLES: dict[Variant, str] = {
    "baseline": "Baseline",
    "rotation": "Feat. shared (rotation)",
    "keypoint": "Feat. shared (keypoint)",
    "transformer": "Transformer (keypoint)",
}
REBUILT = (CROP_SIZE, CROP_SIZE // 2)
# The square reaches 0.625 of the box from its centre: with more, the box's centre is at its edge.
_LARGEST_CROP_SHIFT = 0.5


@dataclass(frozen=True)
class NetworkSpec:
    """What a network is made of: everything that its weights' metadata must say.

    ``channel_order`` is the order of the picture's channels that the weights were trained on:
    ``rgb`` for ours, ``bgr`` for the authors' released code. ``crop_shift`` is how far the squares
    they were trained on lie below the person boxes' centres, in shares of the boxes' longest side:
    the published 0.075, or 0 for crops that are centred. ``mask`` is what the weights learnt to
    rebuild: the whole picture, as published, or the ``person`` alone (``model.core.masking``).
    ``rebuilt`` is the side of the pictures that they rebuild: the published 128, or 64 at a quarter
    of the cost; their weights have the same shapes.
    """

    variant: Variant = "transformer"
    backbone: str = "resnet50"
    joints: str = "penn13"
    k_self: int = 30
    channel_order: ChannelOrder = "rgb"
    crop_shift: float = 0.0
    mask: Mask = "none"
    rebuilt: int = CROP_SIZE

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
        if self.mask not in get_args(Mask):
            raise UserError(
                f"There is no mask called {self.mask!r}. "
                f"Choose one of: {', '.join(get_args(Mask))}."
            )
        if self.rebuilt not in REBUILT:
            raise UserError(
                f"Pictures of {self.rebuilt} pixels cannot be rebuilt. "
                f"Choose one of: {', '.join(map(str, REBUILT))}."
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
    def crop_size(self) -> int:
        """The side of the pictures that go in, pixels: the published 128, or the backbone's own."""
        return SIZES[self.backbone].crop if self.backbone in SIZES else CROP_SIZE

    @property
    def heatmap_size(self) -> int:
        """The side of the maps that come out, cells: a quarter of the crop's."""
        return self.crop_size // 4

    @property
    def logits(self) -> bool:
        """Whether self-supervised maps are logits, and heatmaps the sigmoid of what they make up.

        So it is with MoveNet, which was trained so; published networks have raw maps (method 1.2).
        The sigmoid is then seen through ``model.core.heatmaps.matched``.
        """
        return self.backbone in SIZES

    @property
    def heatmap_sigma(self) -> float:
        """How wide the Gaussian of a perfect heatmap is, cells."""
        return LOGIT_SIGMA * math.sqrt(2) if self.logits else SIGMA_CELLS

    @property
    def bgr(self) -> bool:
        """Whether pictures go in with blue first."""
        return self.channel_order == "bgr"

    @property
    def masked(self) -> bool:
        """Whether the self-supervised task needs to know where the person is."""
        return self.reconstructs and self.mask == "person"

    @property
    def personalizable(self) -> bool:
        """Whether the variant has a task that needs no labels."""
        return self.variant != "baseline"


@dataclass(frozen=True)
class PoseOutput:
    """The pose branch's result.

    ``heatmaps`` (N, k_sup, H, H), H being ``NetworkSpec.heatmap_size`` (published: 32);
    ``self_heatmaps`` (N, k_self, H, H) raw, and ``self_points`` (N, k_self, 2), the
    self-supervised keypoints in cells of these maps, (x, y): None without any; ``affinity``
    (N, k_sup, k_self), None without a transformer.
    """

    heatmaps: Tensor
    self_heatmaps: Tensor | None
    affinity: Tensor | None
    self_points: Tensor | None = None

    @classmethod
    def of_parts(cls, parts: Sequence[Self]) -> Self:
        """One result (sum of the N) of the results for parts of a batch."""
        if len(parts) == 1:
            return parts[0]
        found: dict[str, Any] = {}
        for each in fields(cls):
            values = [getattr(part, each.name) for part in parts]
            found[each.name] = None if values[0] is None else torch.cat(values)
        return cls(**found)

    def joined(self, heatmaps: Tensor, share: float) -> Self:
        """The same with other ``heatmaps`` (N, k_sup, H, H) having a ``share`` (0 to 1) in its."""
        return replace(self, heatmaps=self.heatmaps.lerp(heatmaps.to(self.heatmaps), share))


@dataclass(frozen=True)
class NetworkOutput(PoseOutput):
    """The pose branch's result and ``reconstruction`` (N, 3, R, R), None if not rebuilt.

    R is the spec's ``rebuilt`` (published: 128), or the source's side if that is less.
    """

    reconstruction: Tensor | None = None


class PoseNetwork(nn.Module):
    """One of the four variants; ``network(target, source)`` runs it whole.

    The target is (N, 3, S, S), S being ``spec.crop_size`` (published: 128), the source always
    (N, 3, 128, 128); both float32, normalised (see ``model.core.crop``). Everything about the
    pose reads only the target; the source goes only into the appearance encoder.
    """

    def __init__(self, spec: NetworkSpec) -> None:
        super().__init__()
        self.spec = spec
        k_sup = len(spec.joint_set)
        self.encoder: Any = make_encoder(spec.backbone)  # of either kind
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
        return next(self.parameters()).device

    @property
    def dtype(self) -> torch.dtype:
        """In which precision the network computes."""
        return next(self.parameters()).dtype

    def pose_branch(self) -> PoseNetwork:
        """A copy that only predicts: without the renderer, in eval mode, without gradients."""
        branch = copy.copy(self)
        branch._modules = {k: v for k, v in self._modules.items() if k != "reconstruction"}
        return copy.deepcopy(branch).eval().requires_grad_(False)

    def pose(self, target: Tensor) -> PoseOutput:
        """Predict from the target alone: the only part that prediction pays for."""
        return self.pose_of(self.encoder(target))

    def pose_of(self, features: Tensor) -> PoseOutput:
        """The same from the target's shared features (N, 256, H, H)."""
        self_maps = self.self_head(features) if self.spec.reconstructs else None
        return self.output_of(self_maps, *self.scores(features, self_maps))

    def output_of(
        self,
        self_maps: Tensor | None,
        scores: Tensor,
        affinity: Tensor | None,
        others: Tensor | None = None,
        share: float = 0.0,
    ) -> PoseOutput:
        """The result that self-supervised maps (N, k_self, H, H), and ``scores``'s two, make.

        The heatmaps of ``others``, the scores that other weights give, have a ``share`` (0 to 1).
        """
        output = PoseOutput(
            heatmaps=self._heatmaps_of(scores),
            self_heatmaps=self_maps,
            affinity=affinity,
            self_points=None if self_maps is None else self.points_of(self_maps),
        )
        return output if others is None else output.joined(self._heatmaps_of(others), share)

    def _heatmaps_of(self, scores: Tensor) -> Tensor:
        return matched(scores.sigmoid(), LOGIT_SIGMA) if self.spec.logits else scores

    def scores(
        self, features: Tensor, self_heatmaps: Tensor | None
    ) -> tuple[Tensor, Tensor | None]:
        """Supervised maps (N, k_sup, H, H), as logits where ``spec.logits``, and the affinity."""
        if self.spec.variant == "transformer":
            affinity = self.affinity(features)
            # Each supervised map is a convex combination of the raw self-supervised maps.
            return torch.einsum("nks,nshw->nkhw", affinity, self_heatmaps), affinity
        return self.supervised_head(features), None

    def self_heatmaps(self, target: Tensor) -> Tensor:
        """Raw self-supervised maps (N, k_self, H, H), without the supervised head."""
        return self.self_head(self.encoder(target))

    def points_of(self, self_heatmaps: Tensor) -> Tensor:
        """The self-supervised keypoints (N, k_self, 2), (x, y) in cells of their maps."""
        maps = self_heatmaps.float()
        return spatial_expectation(maps) if self.spec.logits else marginal_expectation(maps)

    def rebuild(self, points: Tensor, source: Tensor) -> Tensor:
        """The target (N, 3, R, R) from its keypoints (cells) and a source's appearance."""
        cells = points * (HEATMAP_SIZE / self.spec.heatmap_size)
        return self.reconstruction(cells, reduced(source, self.spec.rebuilt))

    def reconstruct(self, target: Tensor, source: Tensor) -> Tensor:
        """The self-supervised task alone: rebuild the target (N, 3, R, R)."""
        return self.reconstruct_from(self.encoder(target), source)

    def reconstruct_from(self, features: Tensor, source: Tensor) -> Tensor:
        """The same from the target's shared features (N, 256, H, H)."""
        return self.rebuild(self.points_of(self.self_head(features)), source)

    def rotation_logits(self, image: Tensor) -> Tensor:
        """Scores (N, 4) for 0, 90, 180, 270 degrees; the ``rotation`` variant's own task."""
        return self.rotation_head(self.encoder(image).mean(dim=(-2, -1)))

    def forward(self, target: Tensor, source: Tensor | None = None) -> NetworkOutput:
        pose = self.pose(target)
        rebuilt = None
        if source is not None and pose.self_points is not None:
            rebuilt = self.rebuild(pose.self_points, source)
        return NetworkOutput(**vars(pose), reconstruction=rebuilt)
