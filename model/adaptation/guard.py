"""The guard: takes updates back when frames that were never learnt from are predicted worse.

Nothing is known of the true keypoints. What can be seen without labels is whether the network says
the same of a picture and of its mirror image: where personalization ruins predictions, the two
drift apart, on the frames that it learnt from last of all. Not in the paper.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from model.adaptation.memory import SourceMemory
from model.adaptation.personalizer import Personalizer
from model.core.crop import HEATMAP_SIZE, answers_both_ways, to_tensor
from model.core.heatmaps import decode
from model.ttp.networks import PoseOutput
from model.ttp.trunk import Key, keys_both_ways

Verdict = Literal["accepted", "undone"]

HOLD_EVERY = 8
"""Of how many frames one is held out, where there is a guard."""

# A verdict after so many updates.
_UPDATES = 8
# Undone is what disagrees with its mirror image more than the trained network by this factor and
# this much (in 32nds of the crop, the published maps' cells).
_FACTOR = 1.05
_SLACK = 0.1
# Two answers further apart than this (the same unit) are simply two different answers.
_APART = 6.0


@dataclass(frozen=True)
class Check:
    """One look at the held-out frames: disagreement in 32nds of the crop, and what was done."""

    updates: int
    trained: float
    personalized: float
    verdict: Verdict


def mirror_disagreement(plain: Tensor, turned: Tensor) -> float:
    """Mean distance (32nds of the crop) between the keypoints of pictures and of their mirrors.

    Joints count by the confidence of the surer answer.

    Args:
        plain: heatmaps (n, K, H, H) of the pictures.
        turned: those of their mirror images, turned back, as ``answers_both_ways`` gives them.
    """
    return _mean(_distances(plain, turned))


def _distances(plain: Tensor, turned: Tensor) -> Tensor:
    """For each picture (n, 2): its joints' distances, by their weights, and these weights' sum."""
    points, confidence = decode(plain)
    other, other_confidence = decode(turned)
    weight = torch.maximum(confidence, other_confidence)
    cells = (points - other).norm(dim=-1) * (HEATMAP_SIZE / plain.shape[-1])
    distance = cells.clamp(max=_APART)
    return torch.stack([(weight * distance).sum(dim=-1), weight.sum(dim=-1)], dim=-1)


def _mean(distances: Tensor) -> float:
    distance, weight = distances.sum(dim=0)
    return float(distance / weight.clamp(min=1e-6))


class Guard:
    """Watches one personalizer by the frames that ``memory`` holds out.

    After some updates ``check`` compares, on these frames, how far the keypoints of a picture are
    from those of its mirror image, with the weights as they are and as trained. If it is worse,
    the weights go back to where they last were good, and go on at half the pace. What was learnt
    elsewhere (a profile) is good until then; if it is worse too, the trained weights come back.
    """

    def __init__(self, personalizer: Personalizer, memory: SourceMemory) -> None:
        self._personalizer = personalizer
        self._memory = memory
        self.forget()

    def forget(self) -> None:
        """The personalizer was reset: only the trained weights are known to be good."""
        self._begin(proven=True)

    def adopt(self) -> None:
        """The personalizer goes on from what was learnt elsewhere, which is not yet proven here."""
        self._begin(proven=False)

    def _begin(self, *, proven: bool) -> None:
        self._good = self._personalizer.snapshot()
        self._proven = proven
        self._checked_at = self._personalizer.updates
        self._pace = 1.0
        # What the trained network says of held-out frames, which it says whenever it is asked.
        self._trained: dict[int, Tensor] = {}

    def check(self) -> Check | None:
        """Look at the held-out frames if it is time to, and undo what made them worse."""
        personalizer = self._personalizer
        if personalizer.updates < self._checked_at:  # it went back to the trained weights
            self.forget()
        if personalizer.updates - self._checked_at < _UPDATES:
            return None
        views = self._memory.held()
        if not views:
            return None
        spec = personalizer.network.spec
        crops = to_tensor([view.upright(spec.crop_size) for view in views], bgr=spec.bgr)
        indices = [view.index for view in views]
        trained = self._disagreement_as_trained(crops, indices)

        def disagreement() -> float:
            return _mean(self._distances(crops, indices, personalizer.predict))

        limit = _FACTOR * trained + _SLACK
        present, updates = disagreement(), personalizer.updates
        verdict: Verdict = "accepted"
        if present > limit:
            verdict = "undone"
            self._pace /= 2
            personalizer.restore(self._good, self._pace)
            if not self._proven and disagreement() > limit:
                personalizer.reset()
                self.forget()
        else:
            self._good = personalizer.snapshot()
        self._proven = True
        self._checked_at = personalizer.updates
        return Check(updates, trained, present, verdict)

    def _disagreement_as_trained(self, crops: Tensor, indices: Sequence[int]) -> float:
        """The trained network's, who is asked of new frames only."""
        new = [row for row, index in enumerate(indices) if index not in self._trained]
        if new:
            asked = [indices[row] for row in new]
            found = self._distances(crops[new], asked, self._personalizer.predict_as_trained)
            self._trained.update(zip(asked, found, strict=True))
        self._trained = {index: self._trained[index] for index in indices}
        return _mean(torch.stack(list(self._trained.values())))

    def _distances(
        self,
        crops: Tensor,
        indices: Sequence[int],
        predict: Callable[[Tensor, Sequence[Key]], PoseOutput],
    ) -> Tensor:
        """``_distances`` in the answers that one of the personalizer's ways to predict gives."""
        keys = keys_both_ways(indices)
        order = self._personalizer.network.spec.joint_set.flip_order
        return _distances(
            *answers_both_ways(lambda both: predict(both, keys).heatmaps, crops, order)
        )
