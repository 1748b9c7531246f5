"""What training minimises, L = L_sup + lambda L_self (method 1.6), and a probe of keypoints."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from model.core.crop import CROP_SIZE, reduced
from model.core.heatmaps import LOGIT_SIGMA, gaussian_targets, logit_loss, supervised_loss
from model.core.masking import mass_off_person, on_person
from model.core.perceptual import PerceptualLoss
from model.ttp.networks import NetworkSpec, PoseNetwork

# What it costs, beside a perceptual loss of about 6, if all self-supervised keypoints are off the
# person. Without it, those on walls learn next to nothing of where they should be.
_OFF_PERSON = 6.0


@dataclass(frozen=True)
class TensorBatch:
    """Examples on the device.

    ``target`` (B, 3, S, S), normalised, S being the network's crop size; ``source``
    (P, 3, 128, 128), one for each of the first P examples; ``joints`` (B, K, 2), (x, y) in pixels
    of the target; ``weights`` (B, K), 0 to 1. ``masks`` (P, 1, 128, 128), 0 to 1, are of the first
    targets, where the network is ``masked``; its sources then show the person only.
    """

    target: Tensor
    source: Tensor
    joints: Tensor
    weights: Tensor
    masks: Tensor | None = None


@dataclass(frozen=True)
class Losses:
    """``total`` has a gradient; the others are detached.

    ``supervised`` and ``self_supervised`` are scalars (0 where not computed); ``errors`` (6,) are
    the perceptual loss's own terms, or empty.
    """

    total: Tensor
    supervised: Tensor
    self_supervised: Tensor
    errors: Tensor


class JointObjective(nn.Module):
    """A network with its losses; calling it on a batch gives them.

    The perceptual loss divides by running means. Here they are moved by the present micro-batch's
    errors for the division, and for good by ``settle`` with the mean errors of a whole step.
    """

    def __init__(
        self,
        network: PoseNetwork,
        perceptual: PerceptualLoss | None,
        *,
        self_weight: float,
        supervised: bool = True,
    ) -> None:
        super().__init__()
        self.network = network
        self.perceptual = perceptual
        self._self_weight = self_weight
        self._supervised = supervised

    def forward(self, batch: TensorBatch, joint: bool, resolution: int = CROP_SIZE) -> Losses:
        """The losses of a batch, with the self-supervised one if ``joint``.

        The target is rebuilt at ``resolution``, or at what the network rebuilds if that is less.
        """
        zero = batch.target.new_zeros(())
        supervised, self_supervised, errors = zero, zero, zero.new_zeros(0)
        features = self.network.encoder(batch.target)
        self_maps = self.network.self_head(features) if self.network.spec.reconstructs else None
        if self._supervised:
            scores = self.network.scores(features, self_maps)[0].float()
            supervised = pose_loss(self.network.spec, scores, batch.joints, batch.weights)
        if joint and self.network.spec.variant == "rotation":
            self_supervised = self._rotation_loss(batch.target)
        elif joint and self_maps is not None and self.perceptual is not None:
            self_maps = self_maps[: len(batch.source)]
            self_supervised, errors = self._reconstruction_loss(self_maps, batch, resolution)
            if batch.masks is not None:
                self_supervised += _OFF_PERSON * mass_off_person(self_maps, batch.masks)
        total = supervised + self._self_weight * self_supervised
        return Losses(total, supervised.detach(), self_supervised.detach(), errors)

    def reconstruction(self, batch: TensorBatch) -> Tensor:
        """What personalization minimises, for a batch of pairs: the perceptual loss alone."""
        maps = self.network.self_heatmaps(batch.target)
        return self._reconstruction_loss(maps, batch, self.network.spec.rebuilt)[0]

    def _reconstruction_loss(
        self, self_maps: Tensor, batch: TensorBatch, resolution: int
    ) -> tuple[Tensor, Tensor]:
        """The perceptual loss of the batch's pairs, and its terms (6,), detached."""
        assert self.perceptual is not None
        source = reduced(batch.source, resolution)
        rebuilt = self.network.rebuild(self.network.points_of(self_maps), source)
        target = batch.target[: len(source)]
        terms = self.perceptual.errors(rebuilt.float(), target, batch.masks)
        errors = terms.detach()
        return (terms / self.perceptual.means_after(errors)).sum(), errors

    def settle(self, errors: Tensor) -> None:
        """Move the running means by a step's mean errors (6,)."""
        if self.perceptual is not None and len(errors):
            self.perceptual.means.copy_(self.perceptual.means_after(errors))

    def _rotation_loss(self, images: Tensor) -> Tensor:
        """Four-way cross-entropy; a quarter of the examples stands in each of the directions."""
        turns = torch.arange(len(images), device=images.device) % 4
        turned = torch.stack(
            [image.rot90(int(turn), (-2, -1)) for image, turn in zip(images, turns, strict=True)]
        )
        logits = self.network.rotation_logits(turned)
        return functional.cross_entropy(logits.float(), turns)


def pose_loss(spec: NetworkSpec, scores: Tensor, joints: Tensor, weights: Tensor) -> Tensor:
    """The supervised loss of a network (method 1.6).

    Args:
        spec: the network.
        scores: (B, K, H, H), what it says.
        joints: (B, K, 2), (x, y) in pixels of the targets.
        weights: (B, K), 0 to 1.

    Returns:
        Scalar.
    """
    points = joints * (spec.heatmap_size / spec.crop_size)
    if spec.logits:
        return logit_loss(scores, points, weights, LOGIT_SIGMA)
    maps, counts = gaussian_targets(points, weights, spec.heatmap_size)
    return supervised_loss(scores, maps, counts)


@torch.no_grad()
def keypoint_use(
    network: PoseNetwork, perceptual: PerceptualLoss, batch: TensorBatch
) -> tuple[float, float]:
    """The perceptual loss with each target's own keypoints, and with another target's.

    All examples of the ``batch``, more than one, have a source. A renderer that uses the keypoints
    does clearly worse with those of the next target in the batch; one that copies the source does
    not.
    """
    points = network.points_of(network.self_heatmaps(batch.target))
    losses = []
    for used in (points, points.roll(1, dims=0)):
        rebuilt = network.rebuild(used, batch.source).float()
        errors = perceptual.errors(rebuilt, batch.target, batch.masks)
        losses.append(float((errors / perceptual.means).sum()))
    return losses[0], losses[1]


@torch.no_grad()
def share_on_person(network: PoseNetwork, batch: TensorBatch) -> float:
    """The share (0..1) of the self-supervised keypoints that lie on the person's dilated mask."""
    assert batch.masks is not None
    points = network.points_of(network.self_heatmaps(batch.target))
    return float(on_person(points, batch.masks, network.spec.heatmap_size).float().mean())


def spread(network: PoseNetwork, target: Tensor) -> float:
    """Mean distance (pixels of 128) between self-supervised keypoints and their mean, per image.

    Keypoints that have collapsed into one place cannot describe a pose: near 0 is a failure.
    """
    with torch.no_grad():
        cells = network.points_of(network.self_heatmaps(target))  # N, M, 2
        points = cells * (CROP_SIZE / network.spec.heatmap_size)
    return float((points - points.mean(dim=1, keepdim=True)).norm(dim=-1).mean())
