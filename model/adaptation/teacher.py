"""Who says where the joints of an unlabelled frame are, for ``ConsistencyTask`` (ours)."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from model.adaptation.memory import PersonView
from model.adaptation.motion import Carrier, grey
from model.core.crop import crop_matrix
from model.core.heatmaps import decode
from model.core.images import answers_both_ways, to_pictures, to_tensor
from model.ttp.networks import PoseNetwork
from model.ttp.trunk import Key, keys_both_ways

Features = Callable[[Tensor, Sequence[Key]], Tensor]
"""Images (n, 3, S, S) to shared features (n, 256, H, H); keys, or none, as a ``FrozenTrunk``'s."""

# Of how many frames the maps of a teacher that stays are kept, 0.12 MB each of MoveNet Thunder.
_REMEMBERED = 512
# The same of its points alone.
_TAUGHT = 4096
# What one frame further away counts less.
_DECAY = 0.9


class Taught(NamedTuple):
    """What a teacher says of a picture: ``points`` (K, 2) in cells, ``confidence`` (K,)."""

    points: Tensor
    confidence: Tensor


class _Answer(NamedTuple):
    """Its maps (K, H, H), float16, and the picture in grey (128, 128); both on the CPU."""

    maps: Tensor
    picture: NDArray[np.uint8]


class Teacher:
    """Asks a network of a picture and of its mirror image; of neighbouring frames too, if any.

    The mean of the two answers is the frame's; those of its neighbours are carried along by optical
    flow and added, each cell by how far it can be trusted.

    Args:
        network: the network that is asked.
        in_place: puts the teacher's weights into the network, inside.
        features: the network's shared features.
        fixed: the weights are always the same, so that answers are remembered by frame.
    """

    def __init__(
        self,
        network: PoseNetwork,
        in_place: Callable[[], AbstractContextManager[None]],
        features: Features,
        *,
        fixed: bool = False,
    ) -> None:
        self._network = network
        self._in_place = in_place
        self._features = features
        self._fixed = fixed
        self._carrier = Carrier()
        self._taught: OrderedDict[int, tuple[Taught, int]] = OrderedDict()
        self._known: OrderedDict[int, _Answer] = OrderedDict()

    def answers(self, images: Tensor, indices: Sequence[int]) -> tuple[Tensor, Tensor]:
        """Heatmaps (n, K, H, H) of pictures, and of their mirror images turned back.

        With the weights that are in place: inside, or of whoever learns.
        """
        keys = keys_both_ways(indices)

        def heatmaps_of(both: Tensor) -> Tensor:
            return self._network.pose_of(self._features(both, keys)).heatmaps

        return answers_both_ways(heatmaps_of, images, self._network.spec.joint_set.flip_order)

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
        if not indices:
            with self._in_place(), torch.no_grad():
                return decode(torch.stack(self.answers(images, indices)).mean(dim=0))
        new = {
            index: row
            for row, index in enumerate(indices)
            # With more neighbours than the last time, an answer gets better.
            if not self._fixed
            or index not in self._taught
            or self._taught[index][1] < len(around[row])
        }
        if new:
            asked = self._ask(images, new, around)
            for (index, row), *found in zip(new.items(), *asked, strict=True):
                self._taught[index] = Taught(*found), len(around[row])
        taught = [self._taught[index][0] for index in indices]
        while len(self._taught) > (_TAUGHT if self._fixed else 0):
            self._taught.popitem(last=False)
        points, confidence = zip(*taught, strict=True)
        return torch.stack(points), torch.stack(confidence)

    def forget(self) -> None:
        """Indices may begin again, or the weights are others."""
        self._taught.clear()
        self._known.clear()

    @torch.no_grad()
    def _ask(
        self, images: Tensor, rows: dict[int, int], around: Sequence[Sequence[PersonView]]
    ) -> tuple[Tensor, Tensor]:
        """Points and confidences of the frames ``rows``, by index, which are rows of the images."""
        if not any(around[row] for row in rows.values()):
            asked = images[list(rows.values())]
            with self._in_place():
                return decode(torch.stack(self.answers(asked, tuple(rows))).mean(dim=0))
        pictures = {index: images[row] for index, row in rows.items()}
        for row in rows.values():
            for view in around[row]:
                if view.index not in pictures and view.index not in self._known:
                    pictures[view.index] = self._crop(view).to(images)
        self._answer(pictures)
        means = [
            self._mean(index, [view.index for view in around[row]]) for index, row in rows.items()
        ]
        points, confidence = decode(torch.stack(means))
        if not self._fixed:
            self._known.clear()
        while len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
        return points.to(images.device), confidence.to(images.device)

    def _answer(self, pictures: dict[int, Tensor]) -> None:
        new = {i: image for i, image in pictures.items() if i not in self._known}
        if not new:
            return
        images = torch.stack(list(new.values()))
        with self._in_place():
            means = torch.stack(self.answers(images, tuple(new))).mean(dim=0)
        seen = to_pictures(images, bgr=self._network.spec.bgr)
        for index, maps, picture in zip(new, means.half().cpu(), seen, strict=True):
            self._known[index] = _Answer(maps.clone(), grey(picture))

    def _mean(self, index: int, others: Sequence[int]) -> Tensor:
        """The maps (K, H, H) of a frame, with those of others carried along."""
        own = self._known[index]
        total, weight = own.maps.float(), torch.ones(own.maps.shape[-2:])
        for other in others:
            answer = self._known[other]
            maps, trust = self._carrier.carried(answer.maps, answer.picture, own.picture)
            trust = trust * _DECAY ** abs(other - index)
            total, weight = total + trust * maps, weight + trust
        return total / weight

    def _crop(self, view: PersonView) -> Tensor:
        spec = self._network.spec
        size = spec.crop_size
        return to_tensor([view.crop(crop_matrix(view.box, size), size)], bgr=spec.bgr)[0]
