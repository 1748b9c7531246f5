"""The stacked hourglass (Newell et al., ECCV 2016): the supervised row of KeypointGAN's tables.

Layers are those of the released code (``hg.lua``); only sizes may differ.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from model.core.crop import crop_matrix, warp
from model.core.errors import UserError, check_number
from model.core.heatmaps import decode
from model.core.skeleton import JointSet, joint_set
from model.core.weights import fill, read_metadata, read_weights, write_weights
from model.data.records import Clip

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
