"""Before and after in numbers that need no label. Not in the paper.

Whether predictions became better nobody can say without the true joints. What can be said is
whether answers for a picture and for its mirror image came closer, whether joints tremble less from
frame to frame, and whether the person is rebuilt better on frames that were not learnt from.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from model.adaptation.guard import mirror_disagreement
from model.adaptation.memory import PersonView
from model.adaptation.personalizer import Personalizer
from model.core.crop import HEATMAP_SIZE, answers_both_ways, heatmap_to_image, to_tensor
from model.core.heatmaps import decode
from model.ttp.networks import PoseOutput
from model.ttp.trunk import Key, keys_both_ways, keys_of

BURST = 3
"""Neighbouring frames that tell how much joints tremble."""

# Of how many frames neighbours may be apart: a slow machine does not see every one.
_GAP = 4

Predict = Callable[[Tensor, Sequence[Key]], PoseOutput]


@dataclass(frozen=True)
class Figures:
    """What one set of weights does on some views; less is better in all three.

    Attributes:
        mirror: mean distance between the keypoints of a picture and of its mirror image, in percent
            of the box's side.
        jitter: mean distance of a joint from the straight way between where it was a frame before
            and is a frame later, in percent of the box's side; None without neighbouring frames.
        reconstruction: the perceptual errors of other views' appearance in these views' poses, in
            percent of the trained network's; None for a network that rebuilds nothing.
        points: (n, K, 2) float32, each view's keypoints in pixels of its frame.
    """

    mirror: float
    jitter: float | None
    reconstruction: float | None
    points: NDArray[np.float32]


@dataclass(frozen=True)
class BeforeAfter:
    """The trained and the personalized weights on the same ``views``."""

    views: tuple[PersonView, ...]
    trained: Figures
    personalized: Figures


def bursts_of(views: Sequence[PersonView]) -> list[list[PersonView]]:
    """The views in runs of neighbours, at most ``BURST`` long."""
    bursts: list[list[PersonView]] = [[view] for view in views[:1]]
    for before, view in pairwise(views):
        if view.index - before.index <= _GAP and len(bursts[-1]) < BURST:
            bursts[-1].append(view)
        else:
            bursts.append([view])
    return bursts


def compare(
    personalizer: Personalizer,
    views: Sequence[PersonView],
    moving: Sequence[PersonView] | None = None,
) -> BeforeAfter:
    """Compare what ``personalizer`` predicts now with what it did before the first update.

    Its weights, optimiser and running means stay as they are.

    Args:
        personalizer: whose weights are compared, and whose perceptual loss compares pictures.
        views: at least one, in the order of their indices.
        moving: views in the order of their indices for the jitter (default: the same).

    Returns:
        The figures of both.
    """
    moving = views if moving is None else moving
    trained = _figures(personalizer, personalizer.predict_as_trained, views, moving)
    personalized = _figures(personalizer, personalizer.answer, views, moving)
    if personalizer.network.spec.reconstructs:
        before = _errors(personalizer, views, as_trained=True)
        after = _errors(personalizer, views, as_trained=False)
        trained = replace(trained, reconstruction=100.0)
        personalized = replace(personalized, reconstruction=100 * float((after / before).mean()))
    return BeforeAfter(tuple(views), trained, personalized)


def _figures(
    personalizer: Personalizer,
    predict: Predict,
    views: Sequence[PersonView],
    moving: Sequence[PersonView],
) -> Figures:
    """What can be told without rebuilding anything."""
    order = personalizer.network.spec.joint_set.flip_order
    mirror, points = [], []
    for burst in bursts_of(views):
        keys = keys_both_ways([view.index for view in burst])
        plain, turned = answers_both_ways(
            lambda both, keys=keys: predict(both, keys).heatmaps,  # type: ignore[misc]
            _crops(personalizer, burst),
            order,
        )
        mirror += [mirror_disagreement(plain, turned)] * len(burst)
        points.append(_points(plain, burst))
    trembling = [
        _jitter(predict(_crops(personalizer, burst), keys_of([v.index for v in burst])), burst)
        for burst in bursts_of(moving)
        if len(burst) == BURST
    ]
    return Figures(
        mirror=100 / HEATMAP_SIZE * float(np.mean(mirror)),
        jitter=float(np.mean(trembling)) if trembling else None,
        reconstruction=None,
        points=np.concatenate(points),
    )


def _crops(personalizer: Personalizer, views: Sequence[PersonView]) -> Tensor:
    """Normalised crops (n, 3, S, S), as prediction sees them."""
    spec = personalizer.network.spec
    return to_tensor([view.upright(spec.crop_size) for view in views], bgr=spec.bgr)


def _points(heatmaps: Tensor, views: Sequence[PersonView]) -> NDArray[np.float32]:
    """Keypoints (n, K, 2) in pixels of each view's frame."""
    cells = decode(heatmaps.float())[0].cpu().numpy()
    side = heatmaps.shape[-1]
    found = [heatmap_to_image(each, v.box, side) for each, v in zip(cells, views, strict=True)]
    return np.stack(found).astype(np.float32)


def _jitter(output: PoseOutput, views: Sequence[PersonView]) -> float:
    confidence = decode(output.heatmaps.float())[1][1].cpu().numpy()
    times = [view.index for view in views]
    return jitter(_points(output.heatmaps, views), times, confidence, views[1].box.side)


def jitter(
    points: NDArray[np.floating],
    times: Sequence[float],
    confidence: NDArray[np.floating],
    side: float,
) -> float:
    """Mean distance of joints from the straight way between their neighbours, in percent.

    Args:
        points: (3, K, 2), a person's joints at three times.
        times: when they were there, ascending, in any unit.
        confidence: (K,), by which joints count; those of the middle.
        side: of the person's box, in the units of the points.
    """
    first, middle, last = times
    way = points[0] + (middle - first) / (last - first) * (points[2] - points[0])
    away = np.linalg.norm(points[1] - way, axis=-1)
    weight = np.maximum(confidence, 1e-6)
    return float(100 / side * (weight * away).sum() / weight.sum())


def _errors(
    personalizer: Personalizer,
    views: Sequence[PersonView],
    *,
    as_trained: bool,
) -> Tensor:
    """Perceptual errors (6,) of views that are rebuilt as the person looked at other times."""
    perceptual, sampler = personalizer.perceptual, personalizer.sampler()
    targets = [burst[len(burst) // 2] for burst in bursts_of(views)]
    half = len(targets) // 2
    total = torch.zeros_like(perceptual.means)
    for target, source in zip(targets, targets[half:] + targets[:half], strict=True):
        pairs = sampler.plain([target], [source]).to(personalizer.device)
        rebuilt = personalizer.rebuilt(pairs, as_trained=as_trained)
        with torch.inference_mode():
            total = total + perceptual.errors(rebuilt, pairs.target, pairs.masks)
    return total / len(targets)
