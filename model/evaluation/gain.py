"""What personalization gains, and whom it harms: the same frames without it and with it."""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from model.data.records import Clip, DataSet
from model.errors import UserError
from model.evaluation.accuracy import Predictions, predict_data_set
from model.evaluation.people import PeopleMean, mean_over_people
from model.evaluation.personalized import Mode, Progress, personalize_people
from model.networks import PerceptualLoss, PoseNetwork
from model.personalization import PersonalizationSettings, Personalizer

HARM = 0.5
"""Points of PCK: who loses more by personalization counts as harmed."""


@dataclass(frozen=True)
class Gain:
    """Scores in percent of the joints that are right, on the same frames.

    ``none`` is the network as it is, ``personalized`` after ``mode``, both pooled over all frames;
    ``by_person`` holds each person's gain in points.
    """

    mode: Mode
    none: float
    personalized: float
    by_person: dict[str, float]

    @property
    def gain(self) -> float:
        """Points won (lost, if negative) over all frames."""
        return self.personalized - self.none

    @property
    def harmed(self) -> float:
        """Share (0..1) of the people who lost more than ``HARM`` points."""
        return float(np.mean([gain < -HARM for gain in self.by_person.values()]))

    @property
    def worst(self) -> float:
        """The smallest gain of one person, in points."""
        return min(self.by_person.values())

    @property
    def over_people(self) -> PeopleMean:
        """The mean of the people's gains, with its 95 % interval."""
        return mean_over_people(self.by_person.values())


def measure_gain(
    network: PoseNetwork,
    perceptual: PerceptualLoss,
    people: DataSet,
    settings: PersonalizationSettings,
    modes: Sequence[Mode] = ("online",),
    *,
    autocast: bool = False,
    micro_batch: int | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> list[Gain]:
    """Personalize a copy of the network to each of the people, once for each of ``modes``.

    The network is left as it is. ``autocast`` computes in bfloat16. ``UserError`` if nobody of the
    people can be scored; ``BadDataError`` names a frame that cannot be used.
    """
    before = predict_data_set(network, people, autocast=autocast)
    found = []
    for mode in modes:
        personalizer = Personalizer(
            copy.deepcopy(network), copy.deepcopy(perceptual), settings, autocast=autocast
        )
        after = personalize_people(
            personalizer, people, mode, micro_batch=micro_batch, seed=seed, progress=progress
        )
        found.append(_compared(mode, before, after))
    return found


def _compared(mode: Mode, before: Predictions, after: Predictions) -> Gain:
    scores = after.by_person()
    gains = {
        person: scores[person].mean - score.mean for person, score in before.by_person().items()
    }
    known = {person: gain for person, gain in gains.items() if not math.isnan(gain)}
    if not known:
        raise UserError("None of these people has joints to score. Choose others.")
    return Gain(mode, before.score().mean, after.score().mean, known)


def first_frames(data_set: DataSet, people: int | None, frames: int | None) -> DataSet:
    """The first ``frames`` frames of ``people`` people, spread over the set; None: all of them."""
    persons = list(data_set.persons.values())
    if people is not None:
        persons = persons[:: max(1, len(persons) // people)][:people]
    kept: list[Clip] = []
    for clips in persons:
        left = sum(map(len, clips)) if frames is None else frames
        for clip in clips:
            kept.append(clip if len(clip) <= left else clip.part(np.arange(left)))
            left -= len(kept[-1])
            if not left:
                break
    return replace(data_set, clips=tuple(kept))
