"""The stacked hourglass (Newell et al., ECCV 2016): the supervised row of KeypointGAN's tables.

Layers are those of the released code (``hg.lua``); only sizes may differ. It is trained on pictures
and their own joints.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from model.core.augmentation import Augmenter
from model.core.crop import CROP_SIZE, crop_matrix, transform, warp
from model.core.device import Precision, choose_device
from model.core.errors import UserError, check_choices, check_number
from model.core.heatmaps import decode, gaussian_targets, supervised_loss
from model.core.panels import draw_skeleton, enlarged, tile
from model.core.skeleton import JointSet, joint_set
from model.core.weights import fill, read_metadata, read_weights, write_weights
from model.data.catalogue import Request
from model.data.records import Clip, DataSet, readable
from model.data.sampling import PairCutter
from model.engine.job import KeepingCallback, StepsJob, description, identity
from model.engine.optimisation import gradients_finite
from model.engine.ranks import BatchStatistics, Ranks, joined_ranks, running
from model.engine.run import Learner, TrainingResult

FORMAT = "stacked-hourglass-1"
REDUCTION = 4
"""Pixels of the picture for each cell of a map."""
_DEPTH = 4
_SMALLEST = REDUCTION * 2**_DEPTH


@dataclass(frozen=True)
class HourglassSpec:
    """Everything that a weight file must say of its network; the published values.

    ``joints`` is the joint set, ``size`` the side of the pictures, ``stacks`` how many hourglasses
    follow each other, ``width`` the channels within them.
    """

    joints: str
    size: int = 256
    stacks: int = 8
    width: int = 256

    def __post_init__(self) -> None:
        joint_set(self.joints)
        good = self.size >= _SMALLEST and self.size % _SMALLEST == 0
        check_number("size", self.size, good, f"a multiple of {_SMALLEST}")
        check_number("stacks", self.stacks, self.stacks >= 1, "1 or more")
        good = self.width >= 8 and self.width % 8 == 0
        check_number("width", self.width, good, "a multiple of 8")

    @property
    def joint_set(self) -> JointSet:
        return joint_set(self.joints)


class StackedHourglass(nn.Module):
    """Pictures (N, 3, S, S), RGB in 0..1, to a map for each joint after every hourglass."""

    def __init__(self, spec: HourglassSpec) -> None:
        super().__init__()
        self.spec = spec
        width, maps = spec.width, len(spec.joint_set)
        self.stem = nn.Sequential(
            nn.Conv2d(3, width // 4, 7, stride=2, padding=3),
            nn.BatchNorm2d(width // 4),
            nn.ReLU(inplace=True),
            Residual(width // 4, width // 2),
            nn.MaxPool2d(2),
            Residual(width // 2, width // 2),
            Residual(width // 2, width),
        )
        self.hourglasses = nn.ModuleList(
            nn.Sequential(
                Hourglass(_DEPTH, width),
                Residual(width, width),
                nn.Conv2d(width, width, 1),
                nn.BatchNorm2d(width),
                nn.ReLU(inplace=True),
            )
            for _ in range(spec.stacks)
        )
        self.heads = nn.ModuleList(nn.Conv2d(width, maps, 1) for _ in range(spec.stacks))
        between = range(spec.stacks - 1)
        self.features_back = nn.ModuleList(nn.Conv2d(width, width, 1) for _ in between)
        self.maps_back = nn.ModuleList(nn.Conv2d(maps, width, 1) for _ in between)

    @property
    def device(self) -> torch.device:
        """Where the network computes."""
        return next(self.parameters()).device

    def forward(self, images: Tensor) -> list[Tensor]:
        """The maps (N, K, S / 4, S / 4) of each hourglass, the last being the best."""
        carried: Tensor = self.stem(images)
        found: list[Tensor] = []
        for number, (hourglass, head) in enumerate(zip(self.hourglasses, self.heads, strict=True)):
            features = hourglass(carried)
            found.append(head(features))
            if number < len(self.maps_back):
                carried = (
                    carried
                    + self.features_back[number](features)
                    + self.maps_back[number](found[-1])
                )
        return found

    def points(self, images: Tensor) -> Tensor:
        """The joints (N, K, 2), (x, y) in -1..1 across the picture: decoded from the last maps."""
        cells, _ = decode(self(images)[-1].float())
        return 2 * REDUCTION / self.spec.size * cells - 1


class Hourglass(nn.Module):
    """Halves the maps ``depth`` times and comes back, adding at every size what was there."""

    def __init__(self, depth: int, width: int) -> None:
        super().__init__()
        self.beside = Residual(width, width)
        self.down = Residual(width, width)
        self.inside = Hourglass(depth - 1, width) if depth > 1 else Residual(width, width)
        self.up = Residual(width, width)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to the same shape."""
        low = self.up(self.inside(self.down(functional.max_pool2d(x, 2))))
        beside: Tensor = self.beside(x)
        return beside + functional.interpolate(low, scale_factor=2.0)


class Residual(nn.Module):
    """The bottleneck with BatchNorm and ReLU before each convolution."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        middle = outputs // 2
        self.body = nn.Sequential(
            nn.BatchNorm2d(inputs),
            nn.ReLU(inplace=True),
            nn.Conv2d(inputs, middle, 1),
            nn.BatchNorm2d(middle),
            nn.ReLU(inplace=True),
            nn.Conv2d(middle, middle, 3, padding=1),
            nn.BatchNorm2d(middle),
            nn.ReLU(inplace=True),
            nn.Conv2d(middle, outputs, 1),
        )
        self.skip = nn.Identity() if inputs == outputs else nn.Conv2d(inputs, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to (N, C', H, W)."""
        skipped: Tensor = self.skip(x)
        return skipped + self.body(x)


def to_images(pictures: Tensor, device: torch.device) -> Tensor:
    """Pictures (N, S, S, 3), uint8 RGB, as the network takes them: (N, 3, S, S) in 0..1."""
    return pictures.to(device).permute(0, 3, 1, 2).float() / 255


def cut(clip: Clip, frame: int, size: int) -> NDArray[np.uint8]:
    """The network's picture (size, size, 3) of a frame; ``BadDataError`` if it cannot be used."""
    clip.check_box(frame)
    return warp(clip.frames.read(frame), crop_matrix(clip.box(frame), size), size)


@torch.inference_mode()
def read(network: StackedHourglass, pictures: NDArray[np.uint8]) -> NDArray[np.float64]:
    """The joints (N, K, 2) of pictures (N, S, S, 3), as ``StackedHourglass.points``."""
    points = network.points(to_images(torch.from_numpy(pictures), network.device))
    return points.double().cpu().numpy()


def save(path: Path, network: StackedHourglass, metadata: Mapping[str, str]) -> None:
    """Write the network's tensors and what it is. ``UserError`` if the file cannot be written."""
    described = {"format": FORMAT, "spec": json.dumps(asdict(network.spec))}
    write_weights(path, network.state_dict(), {**metadata, **described})


def load(path: Path, device: torch.device | str = "cpu") -> StackedHourglass:
    """Open a weight file in eval mode; ``UserError`` if it is missing, damaged or another's."""
    metadata = read_metadata(path)
    if metadata.get("format") != FORMAT:
        raise UserError(
            f"{path} holds no stacked hourglass. Train one (python main.py train hourglass)."
        )
    try:
        spec = HourglassSpec(**json.loads(metadata["spec"]))
    except (KeyError, ValueError, TypeError) as error:
        raise UserError(f"{path} has damaged metadata ({error}). Copy it again.") from error
    network = StackedHourglass(spec)
    fill(network, read_weights(path), path, "the stacked hourglass")
    return network.to(device).eval()


_ROWS = 6
_SIGMA = 1.0  # of the targets, in cells
# Four pictures in ten are turned.
_AUGMENTER = Augmenter(rotation_probability=0.4)
_DROP = 5  # what the learning rate is divided by


@dataclass(frozen=True)
class HourglassSettings:
    """Settings of training, as released. ``UserError`` for values that are out of range."""

    #: Optimiser steps in all: 100 epochs of 4,000.
    steps: int = 400_000
    #: Pictures per step.
    batch_size: int = 6
    #: Pictures computed at a time by one process; 0: as many as a process has of the batch.
    micro_batch: int = 0
    #: RMSprop's learning rate.
    learning_rate: float = 2.5e-4
    #: The rate is divided by 5 after so many steps; 0: never. Published: once, when the accuracy
    #: of validation no longer rises.
    drop_at: int = 0
    precision: Precision = "float32"
    #: Look at the network, and draw what it finds, every so many steps.
    look_every: int = 1_000
    #: Save a checkpoint every so many steps.
    checkpoint_every: int = 2_000
    seed: int = 0

    def __post_init__(self) -> None:
        check_choices(self, {"precision": get_args(Precision)})
        for name in ("steps", "batch_size", "look_every", "checkpoint_every"):
            check_number(name, getattr(self, name), getattr(self, name) >= 1, "1 or more")
        for name in ("micro_batch", "drop_at", "seed"):
            check_number(name, getattr(self, name), getattr(self, name) >= 0, "0 or more")
        check_number("learning_rate", self.learning_rate, 0 < self.learning_rate <= 1, "in (0, 1]")

    def learning_rate_at(self, step: int) -> float:
        """The learning rate of step 0, 1, ..."""
        return self.learning_rate / (_DROP if 0 < self.drop_at <= step else 1)


class LabelledExample(NamedTuple):
    """``picture`` (S, S, 3) uint8 RGB; ``joints`` (K, 2) in its pixels; ``weights`` (K,), 0 or 1.

    A batch has the same names, of tensors with one more axis in front.
    """

    picture: NDArray[np.uint8]
    joints: NDArray[np.float32]
    weights: NDArray[np.float32]


class LabelledExamples:
    """Every frame of ``people`` is as likely, cut by its own square, turned, scaled and mirrored.

    The released code changes the colours as well.
    """

    def __init__(self, people: DataSet, size: int) -> None:
        self._places = [(clip, frame) for clip in people for frame in range(len(clip))]
        self._cutter = PairCutter(people.joint_set, _AUGMENTER, crop_size=size)

    def draw(self, rng: np.random.Generator) -> LabelledExample:
        """One example. ``BadDataError`` names a frame that cannot be used."""
        clip, frame = self._places[rng.integers(len(self._places))]
        example = self._cutter.cut(clip, frame, rng, with_source=False)
        return LabelledExample(example.target, example.joints, example.weights)


class HourglassStep(Learner):
    """Trains ``network`` in place, on its device: every hourglass's maps towards Gaussians."""

    def __init__(
        self, network: StackedHourglass, settings: HourglassSettings, ranks: Ranks | None = None
    ) -> None:
        self.network: StackedHourglass = network.train()
        self.settings = settings
        self.done = 0
        self._ranks = ranks or Ranks()
        self._statistics = BatchStatistics(running(network))
        self._optimiser = torch.optim.RMSprop(network.parameters(), lr=settings.learning_rate)

    def step(self, batches: Sequence[LabelledExample]) -> dict[str, float]:
        """Learn from batches; ``total`` is the sum over the hourglasses, ``last`` the last one's.

        They are those before the step. One that is not finite changes nothing, and is NaN.
        """
        self.learning_rate = self.settings.learning_rate_at(self.done)
        for group in self._optimiser.param_groups:
            group["lr"] = self.learning_rate
        self._optimiser.zero_grad(set_to_none=True)
        self._statistics.begin()
        found = []
        for batch in batches:
            each = self._losses(batch)
            total = torch.stack(each).sum()
            (total / len(batches)).backward()
            self._statistics.collect()
            found.append({"total": total, "last": each[-1]})
        self._ranks.share_gradients(self.network.parameters())
        losses = self._ranks.losses(found)
        if math.isfinite(losses["total"]) and gradients_finite(self.network.parameters()):
            self._optimiser.step()
            self._statistics.finish(self._ranks, len(batches))
        else:
            losses["total"] = math.nan
        self.done += 1
        return losses

    def state(self) -> dict[str, Any]:
        """All that is needed to go on exactly: tensors and plain values only."""
        return {
            "done": self.done,
            "network": self.network.state_dict(),
            "optimiser": self._optimiser.state_dict(),
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Take over what ``state`` returned."""
        self.network.load_state_dict(state["network"])
        self._optimiser.load_state_dict(state["optimiser"])
        self.done = int(state["done"])

    def _losses(self, batch: LabelledExample) -> list[Tensor]:
        device = self.network.device
        joints, weights = (torch.as_tensor(each).to(device) for each in batch[1:])
        maps, weights = gaussian_targets(
            joints / REDUCTION, weights, self.network.spec.size // REDUCTION, _SIGMA
        )
        images = to_images(torch.as_tensor(batch.picture), device)
        precise = self.settings.precision == "float32"
        with torch.autocast(device.type, torch.bfloat16, enabled=not precise):
            found = self.network(images)
        return [supervised_loss(each.float(), maps, weights) for each in found]


class HourglassCallback(KeepingCallback):
    """Draws what the network finds, and keeps it."""

    def __init__(
        self, network: StackedHourglass, people: DataSet, folder: Path, metadata: Mapping[str, str]
    ) -> None:
        super().__init__(folder, metadata)
        self._network = network
        self._people = people

    def look(self, step: int, *, probe: bool) -> dict[str, float | NDArray[np.uint8]]:
        """Keeps the network; the panel."""
        self.keep(step)
        return {"panel": panel(self._network, self._people)}

    def write(self, path: Path, metadata: Mapping[str, str]) -> None:
        save(path, self._network, metadata)


def panel(network: StackedHourglass, people: DataSet, rows: int = _ROWS) -> NDArray[np.uint8]:
    """Picture, joints found and labels of some people; RGB (H, W, 3). The network is in eval mode.

    Damaged pictures are left out.
    """
    size = network.spec.size
    clips, pictures = readable(people.clips, rows, lambda clip: cut(clip, len(clip) // 2, size))
    points = read(network, np.stack(pictures))
    crops = enlarged(pictures, zoom=False)
    labels = [
        (transform(clip.joints[i], crop_matrix(clip.box(i))), clip.visible[i])
        for clip in clips
        for i in [len(clip) // 2]
    ]
    return tile(
        {
            "picture": enlarged(crops),
            "points": [
                draw_skeleton(crop, (found + 1) * (CROP_SIZE / 2), people.joint_set)
                for crop, found in zip(crops, points, strict=True)
            ],
            "labels": [
                draw_skeleton(crop, joints, people.joint_set, visible)
                for crop, (joints, visible) in zip(crops, labels, strict=True)
            ],
        }
    )


@dataclass(frozen=True, kw_only=True)
class HourglassJob(StepsJob):
    """What to train, on what, and where to."""

    spec: HourglassSpec
    settings: HourglassSettings
    data: Request


def run_hourglass_training(
    job: HourglassJob, stopping: Callable[[], bool] = lambda: False
) -> TrainingResult:
    """Train.

    Args:
        job: what to train.
        stopping: asked between steps whether to stop early.

    Returns:
        How far it came.

    Raises:
        UserError: something cannot be read, does not fit, or would overwrite another run.
    """
    settings = job.settings
    torch.manual_seed(settings.seed)
    people = job.data.read("train", job.data.source.crop_shift)
    said = description(settings, data=f"{job.data.named}, {len(people)} frames")
    with joined_ranks(choose_device(job.device).device) as ranks:
        network = StackedHourglass(job.spec)
        network.to(ranks.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        run = job.run_of(
            HourglassStep(network, settings, ranks),
            LabelledExamples(people, job.spec.size),
            settings,
            identity(settings, job.spec, data=[people.name, len(people)]),
            HourglassCallback(network, people, job.out, said),
            ranks,
        )
        return job.finish(run, said, stopping)
