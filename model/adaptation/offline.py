"""Personalizing to a whole recording before any frame of it is predicted (method 1.11)."""

from __future__ import annotations

from collections.abc import Iterator

from model.adaptation.guard import Guard
from model.adaptation.memory import SourceMemory
from model.adaptation.pairs import PairSampler
from model.adaptation.personalizer import Personalizer, UpdateReport
from model.adaptation.settings import PersonalizationSettings


def planned_updates(settings: PersonalizationSettings, frames: int) -> int:
    """How many updates ``frames`` frames are worth: as published one each, and none for none."""
    return round(max(frames > 0, settings.offline_updates_per_frame * frames))


def learn_offline(
    personalizer: Personalizer,
    memory: SourceMemory,
    sampler: PairSampler,
    frames: int,
    *,
    guard: Guard | None = None,
    micro_batch: int | None = None,
) -> Iterator[UpdateReport]:
    """Update on random pairs of what is remembered of a recording, one update at a time.

    Args:
        personalizer: What learns, with the settings that say how often.
        memory: Views of the whole recording.
        sampler: Draws the pairs: two independent views each.
        frames: The recording's frames with the person, which may be more than are remembered.
        guard: Undoes what makes held-out views worse.
        micro_batch: Pairs computed at a time, to bound memory (default: all of a batch).

    Yields:
        The report of each update.
    """
    settings = personalizer.settings
    for _ in range(planned_updates(settings, frames)):
        pairs = sampler.offline(memory, settings.batch_size)
        if pairs is None:  # nothing is remembered
            return
        yield personalizer.update(pairs, micro_batch)
        if guard is not None:
            guard.check()
