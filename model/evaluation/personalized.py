"""Personalizing a network to each person of a data set (method 1.10, 1.11)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray

from model.crop import CROP_SIZE, crop_matrix, heatmap_to_image
from model.data.records import Clip, DataSet
from model.evaluation.accuracy import Predictions, gathered
from model.heatmaps import decode
from model.normalization import to_tensor
from model.personalization import PairSampler, Personalizer, PersonView, SourceMemory

Mode = Literal["online", "offline"]
Progress = Callable[[int], object]


def personalize_people(
    personalizer: Personalizer,
    data_set: DataSet,
    mode: Mode,
    *,
    micro_batch: int | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Predictions:
    """Predict every frame of every person with a network that was personalized to them.

    ``online`` updates on each frame and then predicts it; ``offline`` first updates as often as
    the person has frames (times the settings' rate) on random pairs of all of them. The clips of
    one person are gone through without a reset, and there is one after each person.
    ``micro_batch`` pairs are computed at a time. ``progress`` hears how many more frames are done.
    ``BadDataError`` names a frame that cannot be used.
    """
    rows: list[tuple[Clip, int]] = []
    points: list[NDArray[np.float64]] = []
    for number, clips in enumerate(data_set.persons.values()):
        own = [(clip, frame) for clip in clips for frame in range(len(clip))]
        person = _Person(personalizer, own, micro_batch, seed + number)
        points += person.online(progress) if mode == "online" else person.offline(progress)
        rows += own
        personalizer.reset()
    return gathered(data_set, rows, points, personalizer.network.spec.joint_set)


class _Person:
    """One person's frames and what the network has learnt from."""

    def __init__(
        self,
        personalizer: Personalizer,
        rows: Sequence[tuple[Clip, int]],
        micro_batch: int | None,
        seed: int,
    ) -> None:
        self._personalizer = personalizer
        self._rows = rows
        self._micro_batch = micro_batch
        self._bgr = personalizer.network.spec.bgr
        self._sampler = PairSampler(personalizer.settings, bgr=self._bgr, seed=seed)
        self._memory = SourceMemory(capacity=len(rows), seed=seed)

    def online(self, progress: Progress | None) -> list[NDArray[np.float64]]:
        points = []
        for index in range(len(self._rows)):
            view = self._seen(index)
            pairs = self._sampler.online(view, self._memory, self._batch_size)
            self._personalizer.update(*pairs, self._micro_batch)
            points.append(self._predict(view))
            if progress is not None:
                progress(1)
        return points

    def offline(self, progress: Progress | None) -> list[NDArray[np.float64]]:
        views = [self._seen(index) for index in range(len(self._rows))]
        rate = self._personalizer.settings.offline_updates_per_frame
        for _ in range(max(1, round(rate * len(views)))):
            pairs = self._sampler.offline(self._memory, self._batch_size)
            assert pairs is not None
            self._personalizer.update(*pairs, self._micro_batch)
            if progress is not None:
                progress(1)
        return [self._predict(view) for view in views]

    @property
    def _batch_size(self) -> int:
        return self._personalizer.settings.batch_size

    def _seen(self, index: int) -> PersonView:
        """The view of a frame, which is remembered from now on."""
        clip, frame = self._rows[index]
        clip.check(frame)
        view = PersonView.of_frame(clip.frames.read(frame), clip.box(frame), index)
        self._memory.add(view)
        return view

    def _predict(self, view: PersonView) -> NDArray[np.float64]:
        crop = to_tensor([view.crop(crop_matrix(view.box), CROP_SIZE)], bgr=self._bgr)
        output = self._personalizer.predict(crop.to(memory_format=torch.channels_last))
        return heatmap_to_image(decode(output.heatmaps.float())[0][0].cpu().numpy(), view.box)
