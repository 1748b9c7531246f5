"""Who says where the joints of an unlabelled frame are, for ``ConsistencyTask`` (ours)."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from model.adaptation.memory import PersonView
from model.core.heatmaps import decode
from model.core.images import answers_both_ways, to_pictures, to_tensor
from model.core.motion import Carrier, grey
from model.ttp.networks import NetworkSpec
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
