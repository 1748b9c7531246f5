"""The self-supervised tasks whose gradient personalizes the network, and the teacher of one (ours).

A task receives a batch in one or several micro-batches. In eval mode samples do not see each
other, so the summed gradients of the micro-batches are the batch's.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from model.adaptation.memory import Pairs, PersonView
from model.adaptation.settings import PersonalizationSettings
from model.core.crop import answers_both_ways, to_pictures, to_tensor
from model.core.heatmaps import decode, gaussian_targets, supervised_loss
from model.core.motion import Carrier, grey
from model.core.perceptual import PerceptualLoss
from model.ttp.networks import NetworkSpec, PoseNetwork
from model.ttp.trunk import Key, keys_both_ways, keys_of

Ask = Callable[[Tensor, Sequence[Key]], Tensor]
"""Images (n, 3, S, S) to heatmaps (n, K, H, H); keys, or none, as a ``FrozenTrunk``'s."""

# Of how many neighbours the maps are kept, 0.12 MB each of MoveNet Thunder.
_SEEN = 512
# Of how many frames what was taught is kept.
_TAUGHT = 4096
# What a neighbour counts less for each frame that it is further away.
_DECAY = 0.9


class _Remembered(NamedTuple):
    """``points`` (K, 2) in cells, ``confidence`` (K,), and how many neighbours were asked."""

    points: Tensor
    confidence: Tensor
    neighbours: int


class _Seen(NamedTuple):
    """A neighbour: its maps (K, H, H), float16, and the picture in grey (128, 128), on the CPU."""

    maps: Tensor
    picture: NDArray[np.uint8]


class Teacher:
    """Asks a network of a picture and of its mirror image; of neighbouring frames too, if any.

    The mean of the two answers is the frame's. Those for neighbouring frames, one each, are carried
    along by optical flow and added, each cell by how far it can be trusted.

    Args:
        ask: what the network with the teacher's weights says.
        spec: that network's.
        fixed: the weights are always the same, so that answers are remembered by frame.
    """

    def __init__(self, ask: Ask, spec: NetworkSpec, *, fixed: bool = False) -> None:
        self._answers = ask
        self._spec = spec
        self._fixed = fixed
        self._carrier = Carrier()
        self._taught: OrderedDict[int, _Remembered] = OrderedDict()
        self._seen: OrderedDict[int, _Seen] = OrderedDict()

    def teach(
        self,
        images: Tensor,
        indices: Sequence[int] = (),
        neighbours: Sequence[Sequence[PersonView]] = (),
    ) -> tuple[Tensor, Tensor]:
        """Where the joints are.

        Args:
            images: (n, 3, S, S), normalised and not augmented.
            indices: the frames that they are of; none: nothing can be remembered.
            neighbours: for each of them, views of frames around it.

        Returns:
            Points (n, K, 2) in cells, and confidences (n, K), 0 to 1.
        """
        around = neighbours or [()] * len(images)
        if not (self._fixed and indices):
            return self._ask(images, indices, around)
        # With more neighbours than the last time, an answer gets better.
        new = {
            index: row
            for row, index in enumerate(indices)
            if index not in self._taught or self._taught[index].neighbours < len(around[row])
        }
        if new:
            rows = list(new.values())
            points, confidence = self._ask(images[rows], list(new), [around[row] for row in rows])
            for place, (index, row) in enumerate(new.items()):
                self._taught[index] = _Remembered(
                    points[place], confidence[place], len(around[row])
                )
        taught = [self._taught[index] for index in indices]
        while len(self._taught) > _TAUGHT:
            self._taught.popitem(last=False)
        return (
            torch.stack([known.points for known in taught]),
            torch.stack([known.confidence for known in taught]),
        )

    def forget(self) -> None:
        """Indices may begin again, or the weights are others."""
        self._taught.clear()
        self._seen.clear()

    @torch.no_grad()
    def _ask(
        self, images: Tensor, indices: Sequence[int], around: Sequence[Sequence[PersonView]]
    ) -> tuple[Tensor, Tensor]:
        return decode(self._means(images, indices, around))

    def _means(
        self, images: Tensor, indices: Sequence[int], around: Sequence[Sequence[PersonView]]
    ) -> Tensor:
        """What the frames' own answers and those of their neighbours make up, (n, K, H, H)."""
        keys = keys_both_ways(indices)
        both = answers_both_ways(
            lambda pictures: self._answers(pictures, keys), images, self._spec.joint_set.flip_order
        )
        own = torch.stack(both).mean(dim=0)
        if not any(around):
            return own
        self._look_at([view for views in around for view in views])
        pictures = to_pictures(images, bgr=self._spec.bgr)
        means = [
            self._with_neighbours(maps, grey(picture), index, views)
            for maps, picture, index, views in zip(
                own.cpu(), pictures, indices, around, strict=True
            )
        ]
        if not self._fixed:
            self._seen.clear()
        while len(self._seen) > _SEEN:
            self._seen.popitem(last=False)
        return torch.stack(means).to(own)

    def _look_at(self, views: Sequence[PersonView]) -> None:
        """Have the answers for some views, unless they are remembered."""
        new = {view.index: view for view in views if view.index not in self._seen}
        if not new:
            return
        crops = [view.upright(self._spec.crop_size) for view in new.values()]
        images = to_tensor(crops, bgr=self._spec.bgr)
        maps = self._answers(images, keys_of(list(new))).half().cpu()
        for index, answer, crop in zip(new, maps, crops, strict=True):
            self._seen[index] = _Seen(answer.clone(), grey(crop))

    def _with_neighbours(
        self, own: Tensor, picture: NDArray[np.uint8], index: int, views: Sequence[PersonView]
    ) -> Tensor:
        """The maps (K, H, H) of a frame with those of its neighbours carried along."""
        total, weight = own.clone(), torch.ones(own.shape[-2:])
        for view in views:
            seen = self._seen[view.index]
            maps, trust = self._carrier.carried(seen.maps, seen.picture, picture)
            trust = trust * _DECAY ** abs(view.index - index)
            total, weight = total + trust * maps, weight + trust
        return total / weight


Features = Callable[[Tensor, Sequence[Key]], Tensor]
"""Images (n, 3, S, S) to shared features (n, 256, H, H); keys, or none, as a ``FrozenTrunk``'s."""

_LAMBDA = 1e-3


class SelfSupervisedTask(Protocol):
    """Adds gradients of one batch to the network, and tells its loss."""

    def accumulate(self, pairs: Pairs, share: float, weight: float) -> Tensor | None:
        """Backpropagate a micro-batch that makes up ``share`` (0..1) of the batch.

        ``weight`` multiplies the gradient, not the loss that is told. Returns the reconstruction
        (n, 3, 128, 128), detached, if the task makes one.
        """

    def finish(self) -> float:
        """Close the batch and return its loss."""

    def discard(self) -> None:
        """Forget an open batch."""

    def reset(self) -> None:
        """Forget an open batch and bring running statistics back to their start."""


class ReconstructionTask:
    """Rebuild the target from the source's appearance and the target's keypoints (method 1.6).

    The perceptual loss divides each of its six errors by a running mean that includes the
    batch's own error with a weight of 1 %. Within a batch fed in pieces, that error is known only
    for the pieces so far; the divisors of early pieces are therefore off by 1 % of the pieces'
    spread. The running means themselves end exactly where the whole batch would put them. They go
    back to their start with the weights, unless they are ``carried`` on.
    """

    def __init__(
        self,
        network: PoseNetwork,
        perceptual: PerceptualLoss,
        features: Features,
        *,
        carried: bool = False,
    ) -> None:
        self._network = network
        self._perceptual = perceptual
        self._features = features
        self._carried = carried
        self.discard()

    def discard(self) -> None:
        self._errors = torch.zeros_like(self._perceptual.means)
        self._share = 0.0

    def accumulate(self, pairs: Pairs, share: float, weight: float) -> Tensor:
        target, source = pairs.target, pairs.source
        features = self._features(target, ())
        reconstruction = self._network.reconstruct_from(features, source).float()
        errors = self._perceptual.errors(reconstruction, target, pairs.masks)
        self._errors += share * errors.detach()
        self._share += share
        divisors = self._perceptual.means_after(self._errors / self._share)
        (weight * share * (errors / divisors).sum()).backward()
        return reconstruction.detach()

    def finish(self) -> float:
        errors = self._errors / self._share
        self.discard()
        means = self._perceptual.means_after(errors)
        if means.isfinite().all():
            self._perceptual.means.copy_(means)
        return float((errors / means).sum())

    def reset(self) -> None:
        if not self._carried:
            self._perceptual.reset()
        self.discard()


class RotationTask:
    """Tell by how many quarter turns the target was rotated (method 1.6).

    Each target stands in ``all_directions``, or the targets of a batch by turns in one of them.
    """

    def __init__(self, network: PoseNetwork, *, all_directions: bool = True) -> None:
        self._network = network
        self._all_directions = all_directions
        self.discard()

    def accumulate(self, pairs: Pairs, share: float, weight: float) -> None:
        target = pairs.target
        directions = torch.arange(4, device=target.device)
        if self._all_directions:
            turns = directions.repeat_interleave(len(target))
            turned = torch.cat([target.rot90(int(turn), (-2, -1)) for turn in directions])
        else:
            turns = directions[(torch.arange(len(target)) + self._count) % 4]
            turned = torch.cat(
                [target[i : i + 1].rot90(int(turn), (-2, -1)) for i, turn in enumerate(turns)]
            )
        self._count += len(target)
        logits = self._network.rotation_logits(turned)
        loss = functional.cross_entropy(logits.float(), turns)
        (weight * share * loss).backward()
        self._loss += share * float(loss.detach())

    def finish(self) -> float:
        loss = self._loss
        self.discard()
        return loss

    def discard(self) -> None:
        self._loss = 0.0
        self._count = 0

    def reset(self) -> None:
        self.discard()


class ConsistencyTask:
    """Say of a picture and of its mirror image what a teacher says; not in the paper.

    The teacher sees each target as prediction sees it. It gives points and confidences, and from
    the picture and its mirror image the network learns maps with Gaussians at these points, with
    the supervised loss (method 1.6) weighted by the confidences. The loss it tells is divided by
    the lambda of joint training (1e-3), and so has the units of the self-supervised one beside it
    there.
    """

    def __init__(self, network: PoseNetwork, features: Features, teacher: Teacher) -> None:
        self._network = network
        self._features = features
        self._teacher = teacher
        self._loss = 0.0

    def accumulate(self, pairs: Pairs, share: float, weight: float) -> None:
        images = pairs.target if pairs.upright is None else pairs.upright
        points, confidence = self._teacher.teach(images, pairs.indices, pairs.neighbours)
        spec, keys = self._network.spec, keys_both_ways(pairs.indices)
        answers = answers_both_ways(
            lambda both: self._network.pose_of(self._features(both, keys)).heatmaps,
            images,
            spec.joint_set.flip_order,
        )
        maps, weights = gaussian_targets(
            points, confidence, answers[0].shape[-1], spec.heatmap_sigma
        )
        loss = torch.stack([supervised_loss(answer, maps, weights) for answer in answers]).mean()
        (weight * share * loss).backward()
        self._loss += share * float(loss.detach())

    def finish(self) -> float:
        loss = self._loss / _LAMBDA
        self.discard()
        return loss

    def discard(self) -> None:
        self._loss = 0.0

    def reset(self) -> None:
        self._teacher.forget()
        self.discard()


def task_for(
    network: PoseNetwork,
    perceptual: PerceptualLoss,
    features: Features,
    settings: PersonalizationSettings,
) -> SelfSupervisedTask:
    """The task that the network's variant was trained with."""
    if network.spec.reconstructs:
        carried = settings.running_means == "carried"
        return ReconstructionTask(network, perceptual, features, carried=carried)
    return RotationTask(network, all_directions=settings.rotations == "four")
