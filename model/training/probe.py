"""Looking at a network beyond its accuracy: does it gain by personalization, and why not."""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from model.data.records import Clip, DataSet
from model.evaluation.accuracy import predict_data_set
from model.evaluation.online import personalize_online
from model.heatmaps import marginal_expectation
from model.networks import PerceptualLoss, PoseNetwork
from model.personalization import PersonalizationSettings, Personalizer


@dataclass(frozen=True)
class Gain:
    """PCK (0..100) on the same frames without and with online personalization.

    ``by_person`` holds each person's gain in PCK points.
    """

    none: float
    online: float
    by_person: dict[str, float]

    @property
    def gain(self) -> float:
        """Points won (lost, if negative) over all frames."""
        return self.online - self.none

    @property
    def harmed(self) -> float:
        """Share (0..1) of the people who lost more than half a point."""
        return float(np.mean([value < -0.5 for value in self.by_person.values()]))

    @property
    def worst(self) -> float:
        """The smallest gain of one person."""
        return min(self.by_person.values())


def first_frames(data_set: DataSet, people: int, frames: int) -> DataSet:
    """The first ``frames`` frames of the first clip of ``people`` people, spread over the set."""
    persons = list(data_set.persons.values())
    step = max(1, len(persons) // people)
    clips = tuple(_shortened(clips[0], frames) for clips in persons[::step][:people])
    return DataSet(data_set.name, data_set.joint_set, clips)


def probe_gain(
    network: PoseNetwork,
    perceptual: PerceptualLoss,
    people: DataSet,
    settings: PersonalizationSettings,
    *,
    autocast: bool = False,
    micro_batch: int | None = None,
) -> Gain:
    """Personalize a copy of the network online to each of the people (method 1.10)."""
    before = predict_data_set(network, people, autocast=autocast)
    personalizer = Personalizer(
        copy.deepcopy(network), copy.deepcopy(perceptual), settings, autocast=autocast
    )
    after = personalize_online(personalizer, people, micro_batch=micro_batch)
    scores = before.by_person(), after.by_person()
    return Gain(
        none=before.score().mean,
        online=after.score().mean,
        by_person={
            person: scores[1][person].mean - score.mean
            for person, score in scores[0].items()
            if not math.isnan(score.mean)
        },
    )


@torch.no_grad()
def keypoint_use(
    network: PoseNetwork, perceptual: PerceptualLoss, target: Tensor, source: Tensor
) -> tuple[float, float]:
    """The perceptual loss with each target's own keypoints, and with another target's.

    ``target`` and ``source`` (N, 3, 128, 128), N > 1. A renderer that uses the keypoints does
    clearly worse with those of the next target in the batch; one that copies the source does not.
    """
    maps = network.self_heatmaps(target)
    losses = []
    for used in (maps, maps.roll(1, dims=0)):
        errors = perceptual.errors(network.reconstruction(used, source).float(), target)
        losses.append(float((errors / perceptual.means).sum()))
    return losses[0], losses[1]


def spread(network: PoseNetwork, target: Tensor) -> float:
    """Mean distance (crop pixels) between self-supervised keypoints and their mean, per image.

    Keypoints that have collapsed into one place cannot describe a pose: near 0 is a failure.
    """
    with torch.no_grad():
        points = 4 * marginal_expectation(network.self_heatmaps(target).float())  # N, M, 2
    return float((points - points.mean(dim=1, keepdim=True)).norm(dim=-1).mean())


def _shortened(clip: Clip, frames: int) -> Clip:
    count = min(frames, len(clip))
    return clip.part(np.arange(count))
