"""Online personalization of a network to each person of a data set (method 1.10)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

from model.crop import crop_matrix, heatmap_to_image
from model.data.records import Clip, DataSet
from model.evaluation.accuracy import Predictions, gathered
from model.heatmaps import decode
from model.normalization import to_tensor
from model.personalization import PairSampler, Personalizer, PersonView, SourceMemory


def personalize_online(
    personalizer: Personalizer,
    data_set: DataSet,
    *,
    limit: int | None = None,
    micro_batch: int | None = None,
    seed: int = 0,
    progress: Callable[[int], None] | None = None,
) -> Predictions:
    """Update on each frame, then predict it; reset after each person.

    ``limit`` takes that many frames of each person, from the first. The clips of one person are
    gone through without a reset. ``progress`` hears of every frame.
    """
    rows: list[tuple[Clip, int]] = []
    points: list[NDArray[np.float64]] = []
    bgr = personalizer.network.spec.bgr
    for number, clips in enumerate(data_set.persons.values()):
        sampler = PairSampler(personalizer.settings, bgr=bgr, seed=seed + number)
        own_rows = [(clip, frame) for clip in clips for frame in range(len(clip))][:limit]
        memory = SourceMemory(capacity=max(1, len(own_rows)), seed=seed + number)
        personalizer.reset()
        for index, (clip, frame) in enumerate(own_rows):
            view = PersonView.of_frame(clip.frames.read(frame), clip.box(frame), index)
            memory.add(view)
            target, source = sampler.online(view, memory, personalizer.settings.batch_size)
            personalizer.update(target, source, micro_batch)
            points.append(_predict(personalizer, view, bgr))
            if progress is not None:
                progress(len(points))
        rows += own_rows
    personalizer.reset()
    return gathered(data_set, rows, points, personalizer.network.spec.joint_set)


def _predict(personalizer: Personalizer, view: PersonView, bgr: bool) -> NDArray[np.float64]:
    crop = to_tensor([view.crop(crop_matrix(view.box), 128)], bgr=bgr)
    heatmaps = personalizer.predict(crop.to(memory_format=torch.channels_last)).heatmaps
    return heatmap_to_image(decode(heatmaps.float())[0][0].cpu().numpy(), view.box)
