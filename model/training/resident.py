"""Training with everything on the device: pictures, augmentation, and a budget of minutes.

A loader's processes feed a few hundred pairs a second, a large GPU eats thousands. Here all
pictures lie on the device as uint8, and one batched operation there turns, scales, mirrors,
colours, blurs and covers a whole batch, without a process to wait for and without a
synchronisation within a step.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from model.augmentation import DETAIL, HIDDEN, Augmenter
from model.crop import CROP_SIZE
from model.data.records import ABSENT, Clip, DataSet
from model.normalization import normalized
from model.training.objective import TensorBatch


@dataclass
class Bank:
    """The frames of one data set on a device.

    ``pictures`` (N, 3, S, S) uint8 RGB; ``boxes`` (N, 3): centre x, y and side; ``joints``
    (N, K, 2) in stored pixels; ``weights`` (N, K), 0 to 1; ``first`` and ``length`` (N): where the
    clip of each frame begins and how many frames it has; ``beyond``: joints without weight that lie
    outside a crop are outside the picture for certain, and their maps are to be empty.
    """

    name: str
    pictures: Tensor
    boxes: Tensor
    joints: Tensor
    weights: Tensor
    first: Tensor
    length: Tensor
    beyond: bool = False

    def __len__(self) -> int:
        return len(self.pictures)

    @property
    def paired(self) -> bool:
        """Whether most frames have others of their clip, to be their sources."""
        return bool((self.length > 1).float().mean() > 0.5)


def load_bank(
    data: DataSet,
    device: torch.device,
    *,
    weight: float = 1.0,
    beyond: bool = False,
    threads: int = 4,
) -> Bank:
    """Decode a data set whose pictures all have one size, and put it on the device.

    Args:
        data: clips of square pictures of one side.
        device: where to.
        weight: what each of its joints counts, 0 to 1.
        beyond: see ``Bank``.
        threads: how many pictures are decoded at a time.

    Raises:
        BadDataError: names a picture that cannot be read.
    """
    clips = data.clips
    frames = [(clip, index) for clip in clips for index in range(len(clip))]

    def read(place: tuple[Clip, int]) -> NDArray[np.uint8]:
        return place[0].frames.read(place[1])

    with ThreadPoolExecutor(threads) as pool:
        pictures = np.stack(list(pool.map(read, frames)))
    lengths = np.array([len(clip) for clip in clips])
    first = np.cumsum([0, *lengths[:-1]])
    visible = np.concatenate([clip.visible for clip in clips]) != ABSENT
    joints = np.concatenate([clip.joints for clip in clips])
    usable = np.isfinite(joints).all(axis=-1)

    def moved(array: NDArray[np.generic]) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(array)).to(device)

    return Bank(
        data.name,
        moved(pictures).permute(0, 3, 1, 2).contiguous(),
        moved(np.concatenate([clip.boxes for clip in clips]).astype(np.float32)),
        moved(np.where(usable[..., None], joints, 0).astype(np.float32)),
        moved((visible & usable).astype(np.float32) * weight),
        moved(np.repeat(first, lengths)),
        moved(np.repeat(lengths, lengths)),
        beyond,
    )


class BatchMaker:
    """Draws batches from banks, augmented on the device.

    ``shares`` says how many examples of a batch come from each bank; those of banks with pairs come
    first. ``independent`` (0 to 1) of the sources are turned, scaled and mirrored by a draw of
    their own.
    """

    def __init__(
        self,
        banks: Sequence[Bank],
        shares: Sequence[int],
        *,
        crop_size: int,
        flip_order: Sequence[int],
        augmenter: Augmenter,
        independent: float = 0.0,
        seed: int = 0,
    ) -> None:
        order = sorted(range(len(banks)), key=lambda number: not banks[number].paired)
        self._banks = [banks[number] for number in order]
        self._shares = [shares[number] for number in order]
        self._size = crop_size
        self._augmenter = augmenter
        self._independent = independent
        self._device = banks[0].pictures.device
        self._flip_order = torch.tensor(flip_order, device=self._device)
        self._rng = torch.Generator(self._device).manual_seed(seed)
        self._host = np.random.default_rng(seed)

    def draw(self, pairs: int = 0) -> TensorBatch:
        """A batch; each bank with pairs has its share of the ``pairs`` that get a source."""
        paired = sum(s for b, s in zip(self._banks, self._shares, strict=True) if b.paired)
        parts: list[TensorBatch] = []
        sources: list[TensorBatch] = []
        for bank, count in zip(self._banks, self._shares, strict=True):
            wanted = min(count, round(pairs * count / paired)) if bank.paired and paired else 0
            for number, with_source in ((wanted, True), (count - wanted, False)):
                if number:
                    part = self._part(bank, number, with_source=with_source)
                    (sources if with_source else parts).append(part)
        whole = [*sources, *parts]
        source = [part.source for part in sources]
        empty = torch.zeros(0, 3, CROP_SIZE, CROP_SIZE, device=self._device)
        return TensorBatch(
            target=torch.cat([part.target for part in whole]),
            source=torch.cat(source) if source else empty,
            joints=torch.cat([part.joints for part in whole]),
            weights=torch.cat([part.weights for part in whole]),
        )

    def _part(self, bank: Bank, count: int, *, with_source: bool) -> TensorBatch:
        rows = torch.randint(len(bank), (count,), generator=self._rng, device=self._device)
        linear, flip = self._linear(count)
        boxes = self._shifted(bank.boxes[rows])
        target = _warped(bank.pictures[rows], boxes, linear, self._size)
        joints = _moved(bank.joints[rows], boxes, linear, self._size)
        weights = bank.weights[rows]
        joints = torch.where(flip[:, None, None], joints[:, self._flip_order], joints)
        weights = torch.where(flip[:, None], weights[:, self._flip_order], weights)
        if bank.beyond:
            margin = 0.03 * self._size
            away = ((joints < -margin) | (joints > self._size + margin)).any(dim=-1)
            weights = torch.where(away & (weights == 0), weights.new_ones(()), weights)
        gains, gamma = self._colours(count)
        target = self._blurred(_coloured(target, gains, gamma))
        source = target[:0]
        if with_source:
            other = (torch.rand(count, generator=self._rng, device=self._device)).mul(
                bank.length[rows]
            )
            chosen = bank.first[rows] + other.long().clamp(max=bank.length[rows] - 1)
            own, _ = self._linear(count)
            alone = self._uniform(count) < self._independent
            turned = torch.where(alone[:, None, None], own, linear)
            # Half the target's size: every pixel of the source is the mean of those it covers.
            source = _warped(bank.pictures[chosen], boxes, turned, 2 * CROP_SIZE)
            source = functional.avg_pool2d(_coloured(source, gains, gamma), 2)
        else:
            target = self._covered(target)
        pictures = [normalized(image.round_()) for image in (target, source) if len(image)]
        return TensorBatch(pictures[0], pictures[-1] if with_source else source, joints, weights)

    def _uniform(self, *shape: int) -> Tensor:
        return torch.rand(shape, generator=self._rng, device=self._device)

    def _normal(self, *shape: int) -> Tensor:
        return torch.randn(shape, generator=self._rng, device=self._device)

    def _linear(self, count: int) -> tuple[Tensor, Tensor]:
        """Maps (n, 2, 2) from stored to crop directions for a square of side 1, and who flips."""
        augmenter = self._augmenter
        scale = 1 + augmenter.scale_sd * self._normal(count).clamp(-1, 1)
        rotated = self._uniform(count) <= augmenter.rotation_probability
        angle = rotated * augmenter.rotation_sd * self._normal(count).clamp(-2, 2) * math.pi / 180
        flip = self._uniform(count) <= 0.5
        cos, sin = angle.cos() / scale, angle.sin() / scale
        sign = torch.where(flip, -1.0, 1.0)
        rows = [torch.stack([sign * cos, sign * sin], -1), torch.stack([-sin, cos], -1)]
        return torch.stack(rows, dim=1), flip

    def _shifted(self, boxes: Tensor) -> Tensor:
        shift = self._normal(len(boxes), 2).clamp(-2, 2) * self._augmenter.shift_sd
        return torch.cat([boxes[:, :2] + shift * boxes[:, 2:], boxes[:, 2:]], dim=1)

    def _colours(self, count: int) -> tuple[Tensor, Tensor]:
        sd = self._augmenter.colour_sd
        gains = (sd * (self._normal(count, 1) + 0.4 * self._normal(count, 3))).exp()
        return gains[:, :, None, None], (sd * self._normal(count, 1, 1, 1)).exp()

    def _blurred(self, images: Tensor) -> Tensor:
        """The first few of a part lose detail, all to the same degree: examples are in no order."""
        count = round(self._augmenter.blur_probability * len(images))
        if not count:
            return images
        side = round(self._size * self._host.uniform(*DETAIL))
        small = functional.interpolate(images[:count], size=side, mode="area")
        soft = functional.interpolate(small, size=self._size, mode="bilinear", align_corners=False)
        return torch.cat([soft, images[count:]])

    def _covered(self, images: Tensor) -> Tensor:
        """A grey rectangle over some pictures."""
        count = len(images)
        low, high = HIDDEN
        sides = low + (high - low) * self._uniform(count, 2)
        start = self._uniform(count, 2) * (1 - sides)
        along = (torch.arange(self._size, device=self._device) + 0.5) / self._size
        inside = (along >= start[..., None]) & (along < (start + sides)[..., None])  # n, 2, S
        hit = self._uniform(count) < self._augmenter.hide_probability
        mask = inside[:, 1, :, None] & inside[:, 0, None, :] & hit[:, None, None]
        grey = 255 * self._uniform(count, 1, 1, 1)
        return torch.where(mask[:, None], grey, images)


def _moved(points: Tensor, boxes: Tensor, linear: Tensor, size: int) -> Tensor:
    """Stored pixels (n, K, 2) to pixels of the crops."""
    away = (points - boxes[:, None, :2]) * (size / boxes[:, None, 2:])
    return away @ linear.transpose(1, 2) + size / 2


def _warped(pictures: Tensor, boxes: Tensor, linear: Tensor, size: int) -> Tensor:
    """Crops (n, 3, size, size) of uint8 pictures as floats 0..255, black outside."""
    stored = pictures.shape[-1]
    cells = torch.arange(size, device=pictures.device, dtype=torch.float32) - size / 2
    grid = torch.stack(torch.meshgrid(cells, cells, indexing="xy"), dim=-1)  # size, size, 2
    back = torch.linalg.inv_ex(linear)[0] * (boxes[:, 2] / size)[:, None, None]
    places = grid.view(1, -1, 2) @ back.transpose(1, 2) + boxes[:, None, :2]
    normal = ((2 * places + 1) / stored - 1).view(len(pictures), size, size, 2)
    return functional.grid_sample(pictures.float(), normal, align_corners=False)


def _coloured(images: Tensor, gains: Tensor, gamma: Tensor) -> Tensor:
    return (255 * (images / 255).clamp(min=0) ** gamma * gains).clamp(0, 255)
