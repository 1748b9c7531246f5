"""Going through one person's frames: updating, predicting, starting again (method 1.10, 1.11)."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from model.adaptation import (
    Adapter,
    PersonalizationSettings,
    Personalizer,
    PersonView,
    SourceMemory,
)
from model.adaptation.guard import Check
from model.adaptation.memory import LIVE_VIEWS
from model.core.crop import heatmap_to_image, to_tensor
from model.core.errors import UserError, check_choices, check_number
from model.core.heatmaps import decode
from model.core.skeleton import JointSet
from model.data.records import BadDataError, Clip, DataSet
from model.evaluation.accuracy import Predictions, gathered
from model.ttp.networks import PoseNetwork

Mode = Literal["none", "carried", "online", "camera", "offline"]
"""The network as it is on single frames; as it is, with what the settings ``carry`` from frame to
frame; personalized on each frame before it is predicted; after some time before a ``Camera``; and
personalized on the whole recording."""
Unit = Literal["person", "clip"]

_CHOICES = {"mode": get_args(Mode), "unit": get_args(Unit)}


@dataclass(frozen=True)
class Camera:
    """What the live window had of a person: so many ``seconds``, and as many updates as fit.

    The person's frames come ``frames_per_second``, forwards and backwards again and again, and
    each update, of which there are ``updates_per_second``, is on the newest that came.
    """

    seconds: float = 30.0
    updates_per_second: float = 1.0
    frames_per_second: float = 25.0

    def __post_init__(self) -> None:
        check_number("seconds", self.seconds, 0 <= self.seconds < math.inf, "0 or more")
        for name in ("updates_per_second", "frames_per_second"):
            value = getattr(self, name)
            check_number(name, value, 0 < value < math.inf, "above 0")

    @property
    def updates(self) -> int:
        """How many are finished at the end."""
        return int(self.seconds * self.updates_per_second + 1e-9)

    def frames_before(self, update: int) -> int:
        """How many have come when ``update`` (0, 1, ...) begins, at least one."""
        return 1 + int(update / self.updates_per_second * self.frames_per_second + 1e-9)


def there_and_back(number: int, count: int) -> int:
    """Which of ``count`` frames comes as ``number`` 0, 1, ...: of three 0, 1, 2, 1, 0, 1, ..."""
    place = number % max(1, 2 * count - 2)
    return place if place < count else 2 * count - 2 - place


@dataclass(frozen=True)
class Protocol:
    """One way to personalize a network to people and to predict their frames.

    The defaults personalize nothing: ``mode`` ``none`` predicts with the network as it is.
    """

    mode: Mode = "none"
    settings: PersonalizationSettings = field(default_factory=PersonalizationSettings)
    #: Trained weights come back after each ``person``, whose clips are one recording, or after
    #: each ``clip``.
    unit: Unit = "person"
    #: Only frames d-1, 2d-1, 3d-1, ... of the data set are updated on and predicted; the others
    #: may still be sources. 1: all frames. Offline is published with 1 only.
    downsample: int = 1
    #: Update on the first frame of each unit only. With ``downsample`` above 1 the released code
    #: then never updates, and neither does this.
    first_frame_only: bool = False
    #: Of sources, targets and augmentations.
    seed: int = 0
    #: For the mode ``camera``.
    camera: Camera = field(default_factory=Camera)

    def __post_init__(self) -> None:
        check_choices(self, _CHOICES)
        check_number("downsample", self.downsample, self.downsample >= 1, "1 or more")
        check_number("seed", self.seed, self.seed >= 0, "0 or more")
        if self.mode == "offline":
            check_number("downsample", self.downsample, self.downsample == 1, "1 offline")


_BATCH = 32
# What the frames of a person may take that are kept whole, bytes.
_WHOLE_FRAMES = 2**29

Progress = Callable[[int], object]
OnCheck = Callable[[Check, int], object]
_Row = tuple[int, int]  # number of a clip, number of a frame in it


@dataclass(frozen=True)
class PersonFrames:
    """One person's clips; ``first`` is the number of their first frame in the data set."""

    person: str
    clips: tuple[Clip, ...]
    first: int


@dataclass(frozen=True, eq=False)
class PersonPredictions:
    """What was predicted of one person.

    ``points`` (n, K, 2) float32 in image pixels, of the frames ``rows`` (n, 2): number of the clip
    among the person's, number of the frame in it. ``order`` (n,) counts the frames of the same
    unit that were predicted before. ``skipped`` has a sentence for each frame that could not be
    used. ``means`` are the perceptual loss's running means after the last frame, if anybody asked.
    """

    points: NDArray[np.float32]
    rows: NDArray[np.int64]
    order: NDArray[np.int64]
    skipped: tuple[str, ...]
    means: tuple[float, ...] = ()


def predict_person(
    network: PoseNetwork,
    personalizer: Personalizer | None,
    clips: Sequence[Clip],
    protocol: Protocol,
    *,
    first: int = 0,
    autocast: bool = False,
    micro_batch: int | None = None,
    capacity: int | None = None,
    progress: Progress | None = None,
    on_check: OnCheck | None = None,
) -> PersonPredictions:
    """Predict the frames of a person's ``clips`` as ``protocol`` says, from trained weights on.

    ``online`` updates on each frame and then predicts it; ``camera`` predicts all with what was
    learnt in the protocol's ``Camera``; ``offline`` first updates as often as the unit has frames
    (times the settings' rate) on random pairs of all of them. ``first`` is the
    number of the person's first frame in the data set, by which ``downsample`` counts.
    ``autocast`` predicts in bfloat16; ``micro_batch`` pairs are computed at a time. ``capacity``
    views are remembered at most, by default all. ``progress`` hears how many more frames are done,
    ``on_check`` what the guard found, and how many frames were predicted before. The personalizer,
    which must own the network and have the protocol's settings, is left as trained; ``none`` needs
    no personalizer.
    """
    heard = progress or (lambda done: None)
    walk = _Walk(network, personalizer, protocol, autocast, micro_batch, heard, capacity, on_check)
    numbers = range(len(clips))
    units = [list(numbers)] if protocol.unit == "person" else [[number] for number in numbers]
    for unit in units:
        frames = [(number, frame) for number in unit for frame in range(len(clips[number]))]
        walk.unit(clips, frames, first)
        first += len(frames)
    return walk.predictions()


def predict_people(
    network: PoseNetwork,
    personalizer: Personalizer | None,
    data_set: DataSet,
    protocol: Protocol,
    *,
    autocast: bool = False,
    micro_batch: int | None = None,
    progress: Progress | None = None,
) -> Predictions:
    """Predict all people of a data set, one after another; as ``predict_person`` does."""
    tasks = list(people_of(data_set))
    found = {
        task.person: predict_person(
            network,
            personalizer,
            task.clips,
            protocol,
            first=task.first,
            autocast=autocast,
            micro_batch=micro_batch,
            progress=progress,
        )
        for task in tasks
    }
    return together(data_set, tasks, found, network.spec.joint_set)


def people_of(data_set: DataSet) -> Iterator[PersonFrames]:
    """The people of a data set, who may have clips anywhere in it."""
    first = 0
    for person, clips in data_set.persons.items():
        yield PersonFrames(person, clips, first)
        first += sum(map(len, clips))


def together(
    data_set: DataSet,
    tasks: Sequence[PersonFrames],
    found: dict[str, PersonPredictions],
    joints: JointSet,
) -> Predictions:
    """The predictions of all ``tasks``, found by name, beside the truth.

    ``UserError`` if there are none.
    """
    rows, points, order = [], [], []
    skipped: list[str] = []
    for task in tasks:
        person = found[task.person]
        rows += [(task.clips[clip], int(frame)) for clip, frame in person.rows]
        points += list(person.points)
        order.append(person.order)
        skipped += person.skipped
    if not rows:
        reason = skipped[0] if skipped else "None is left by --every."
        raise UserError(f"No frame of {data_set.name} can be used. {reason}")
    return gathered(data_set, rows, points, joints, skipped, np.concatenate(order))


class _Walk:
    """Goes through units of frames and keeps what was predicted."""

    def __init__(
        self,
        network: PoseNetwork,
        personalizer: Personalizer | None,
        protocol: Protocol,
        autocast: bool,
        micro_batch: int | None,
        progress: Progress,
        capacity: int | None = None,
        on_check: OnCheck | None = None,
    ) -> None:
        self._capacity = capacity
        self._on_check = on_check or (lambda check, predicted: None)
        self._network = network
        self._owner = personalizer
        self._protocol = protocol
        self._autocast = autocast
        self._micro_batch = micro_batch
        self._progress = progress
        self._bgr = network.spec.bgr
        self._points: list[NDArray[np.float64]] = []
        self._rows: list[_Row] = []
        self._order: list[int] = []
        self._skipped: list[str] = []

    def _make_adapter(self, views: int, seed: int) -> Adapter | None:
        """What adapts to one unit with so many views; None where nothing is personalized."""
        if self._owner is None:
            return None
        if self._protocol.mode == "camera":
            views = LIVE_VIEWS
        memory = SourceMemory(
            capacity=min(views, self._capacity or views),
            seed=seed,
            crop_size=self._network.spec.crop_size,
            whole_bytes=_WHOLE_FRAMES if self._protocol.settings.views == "whole" else 0,
        )
        return Adapter(self._owner, memory, micro_batch=self._micro_batch, seed=seed)

    def predictions(self) -> PersonPredictions:
        joints = len(self._network.spec.joint_set)
        return PersonPredictions(
            np.array(self._points, np.float32).reshape(-1, joints, 2),
            np.array(self._rows, np.int64).reshape(-1, 2),
            np.array(self._order, np.int64),
            tuple(self._skipped),
        )

    def unit(self, clips: Sequence[Clip], frames: Sequence[_Row], first: int) -> None:
        """All frames (clip, frame) between two resets; ``first`` numbers the first of them."""
        self._adapter = self._make_adapter(len(frames), self._protocol.seed + first)
        self._predicted = 0
        self._clips, self._frames, self._first = clips, frames, first
        if self._protocol.mode == "none":
            self._none()
            return
        assert self._adapter is not None
        go = {
            "carried": self._carried,
            "online": self._online,
            "camera": self._camera,
            "offline": self._offline,
        }
        go[self._protocol.mode](self._adapter)
        self._adapter.reset()

    def _views(self, *, quiet: bool = False) -> Iterator[tuple[_Row, PersonView]]:
        """The unit's frames that can be used; ``quiet`` notes no others and tells no progress."""
        for index, row in enumerate(self._frames):
            try:
                view = self._view(index)
            except BadDataError as error:
                if not quiet:
                    self._skipped.append(str(error))
            else:
                yield row, view
            if not quiet:
                self._progress(1)

    def _view(self, index: int) -> PersonView:
        """The unit's frame ``index``; ``BadDataError`` if it cannot be used."""
        number, frame = self._frames[index]
        clip = self._clips[number]
        clip.check(frame)
        return PersonView.of_frame(clip.frames.read(frame), clip.box(frame), index)

    def _wanted(self, view: PersonView) -> bool:
        """Whether a frame of the unit is kept by ``downsample``."""
        keep = self._protocol.downsample
        return (self._first + view.index) % keep == keep - 1

    def _none(self) -> None:
        self._predict_all(seen for seen in self._views() if self._wanted(seen[1]))

    def _carried(self, _: Adapter) -> None:
        self._none()

    def _online(self, adapter: Adapter) -> None:
        for row, view in self._views():
            adapter.watch(view.image)
            adapter.remember(view)
            if not self._wanted(view):
                continue
            if view.index == 0 or not self._protocol.first_frame_only:
                adapter.update(view)
                if adapter.last_check is not None:
                    self._on_check(adapter.last_check, self._predicted)
            self._predict([(row, view)])
            adapter.end_frame()

    def _camera(self, adapter: Adapter) -> None:
        camera = self._protocol.camera
        usable = [view.index for _, view in self._views(quiet=True)]
        shown = 0
        for update in range(camera.updates if usable else 0):
            view = None
            due = camera.frames_before(update)
            # One that is held out teaches nothing: the next is waited for, as the window does.
            while view is None or shown < due or adapter.memory.is_held(view):
                view = replace(self._view(usable[there_and_back(shown, len(usable))]), index=shown)
                adapter.watch(view.image)
                adapter.remember(view)
                shown += 1
            adapter.update(view)
        adapter.does_not_follow()
        self._predict_all(
            (row, replace(view, index=shown + view.index)) for row, view in self._views()
        )

    def _offline(self, adapter: Adapter) -> None:
        # Frames are read once more to be predicted: the memory may keep parts of them only.
        count = 0
        for _, view in self._views(quiet=True):
            adapter.remember(view)
            count += 1
        for _ in adapter.offline(count):
            pass
        self._predict_all(self._views())

    def _predict_all(self, views: Iterator[tuple[_Row, PersonView]]) -> None:
        """Predict with the weights as they are, a batch of frames in memory at a time."""
        while batch := list(itertools.islice(views, _BATCH)):
            self._predict(batch)

    def _predict(self, seen: Sequence[tuple[_Row, PersonView]]) -> None:
        size = self._network.spec.crop_size
        crops = [view.upright(size) for _, view in seen]
        cells = self._cells(to_tensor(crops, bgr=self._bgr), [view.index for _, view in seen])
        for (row, view), found in zip(seen, cells, strict=True):
            self._points.append(heatmap_to_image(found, view.box, self._network.spec.heatmap_size))
            self._rows.append(row)
            self._order.append(self._predicted)
            self._predicted += 1

    def _cells(self, crops: Tensor, indices: Sequence[int]) -> NDArray[np.float32]:
        """Decoded keypoints (n, K, 2) of the crops (n, 3, S, S) of views with such indices."""
        network = self._network
        with torch.autocast(network.device.type, torch.bfloat16, enabled=self._autocast):
            if self._adapter is not None:
                output = self._adapter.predict(crops, indices)
            else:
                crops = crops.to(network.device, memory_format=torch.channels_last)
                with torch.inference_mode():
                    output = network.pose(crops)
        return decode(output.heatmaps.float())[0].cpu().numpy()
