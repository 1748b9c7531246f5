"""Pictures that stay on the device, and batches that are drawn and augmented there.

A loader's processes feed a few hundred examples a second, a large GPU eats thousands. Here all
pictures lie on the device as uint8, and one batched operation there turns, scales, mirrors,
colours, blurs and covers a whole batch, without a process to wait for and without a
synchronisation within a step.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from model.core.augmentation import DETAIL, FLIP_PROBABILITY, HIDDEN
from model.core.crop import CROP_SIZE, normalized
from model.core.errors import UserError
from model.core.masking import MASK_MARGIN, MASK_SIZE, only_person
from model.data.records import ABSENT, BadDataError, DataSet
from model.ttp.networks import NetworkSpec
from model.ttp.objective import TensorBatch
from model.ttp.training.settings import ResidentSettings

# How far outside its crop a joint must lie, in shares of the side, for its map to be called empty.
_OUTSIDE_MARGIN = 0.03


@dataclass(frozen=True)
class Bank:
    """The N frames of one data set on a device, clip by clip.

    Attributes:
        name: the data set's.
        pictures: (N, 3, S, S) uint8 RGB.
        boxes: (N, 3) float32; centre x, centre y and side of the crop squares, in stored pixels.
        joints: (N, K, 2) float32, (x, y) in stored pixels; 0 where the label gives no place.
        weights: (N, K) float32, 0 to 1; 0 for an absent joint.
        first: (N,) int64, the row where the clip of each frame begins.
        length: (N,) int64, how many frames that clip has.
        paired: whether its examples may come with a source, another frame of the clip.
        outside: whether the places of absent joints are true. Those that lie outside a crop then
            have an empty map there, which is learnt; else nothing is learnt of absent joints.
        masks: (N, 1, 128, 128) uint8, see ``PersonMask``; None where they are not needed.
    """

    name: str
    pictures: Tensor
    boxes: Tensor
    joints: Tensor
    weights: Tensor
    first: Tensor
    length: Tensor
    paired: bool = False
    outside: bool = False
    masks: Tensor | None = None

    def __len__(self) -> int:
        return len(self.pictures)


def load_bank(
    data: DataSet,
    device: torch.device,
    *,
    joint_weight: float = 1.0,
    paired: bool = True,
    outside: bool = False,
    threads: int = 4,
) -> Bank:
    """Decode a data set whose pictures are squares of one size, and put it on the device.

    Args:
        data: what to load.
        device: where to.
        joint_weight: what each of its joints counts, 0 to 1.
        paired: whether it may give pairs; it does not if most of its frames are alone in their
            clip.
        outside: see ``Bank``.
        threads: how many pictures are decoded at a time.

    Raises:
        BadDataError: names a frame that cannot be used, or is of another size.
        UserError: the device has no room for the pictures.
    """
    clips = data.clips
    lengths = np.array([len(clip) for clip in clips])
    visible = np.concatenate([clip.visible for clip in clips]) != ABSENT
    joints = np.concatenate([clip.joints for clip in clips])
    known = np.isfinite(joints).all(axis=-1, keepdims=True)
    in_clips = float((np.repeat(lengths, lengths) > 1).mean()) > 0.5
    pictures = _decoded(data, threads)
    masked = paired and in_clips and clips[0].masks is not None

    def moved(array: NDArray[np.generic]) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(array)).to(device)

    try:
        return Bank(
            data.name,
            pictures.to(device),
            moved(np.concatenate([clip.boxes for clip in clips]).astype(np.float32)),
            moved(np.where(known, joints, 0).astype(np.float32)),
            moved(visible.astype(np.float32) * np.float32(joint_weight)),
            moved(np.repeat(np.cumsum(lengths) - lengths, lengths)),
            moved(np.repeat(lengths, lengths)),
            paired and in_clips,
            outside,
            moved(np.concatenate([clip.masks for clip in clips])[:, None]) if masked else None,
        )
    except torch.OutOfMemoryError as error:
        raise UserError(
            f"The {len(pictures)} pictures of {data.name} take {pictures.nbytes / 1e9:.1f} GB, and "
            f"{device} has no room for them. Train on less data, or without --resident."
        ) from error


def _decoded(data: DataSet, threads: int) -> Tensor:
    """All pictures of a data set (N, 3, S, S), uint8."""
    places = [(clip, index) for clip in data for index in range(len(clip))]
    clip, index = places[0]
    side = clip.frames.read(index).shape[0]
    pictures = torch.empty(len(places), 3, side, side, dtype=torch.uint8)

    def read(number: int) -> None:
        clip, index = places[number]
        clip.check(index)
        picture = clip.frames.read(index)
        if picture.shape != (side, side, 3):
            height, width = picture.shape[:2]
            raise BadDataError(
                f"{clip.frames.describe(index)} has {width} x {height} pixels, but --resident "
                f"needs the pictures of {data.name} to be squares of one size, such as the first "
                f"one's {side} x {side}. Pack them into shards, or train without --resident."
            )
        pictures[number] = torch.from_numpy(picture).permute(2, 0, 1)

    with ThreadPoolExecutor(max(1, threads), thread_name_prefix="decode") as pool:
        for _ in pool.map(read, range(len(places))):
            pass
    return pictures


class BatchMaker:
    """Draws batches from banks, augmented on the device.

    Args:
        banks: the data, all on one device.
        shares: what share of the examples comes from each bank; they need not sum to 1.
        spec: the network that is trained. Only one that reconstructs gets sources.
        settings: batch size, pairs, augmentation and seed.

    Raises:
        UserError: more pairs are asked for than the banks with pairs have a share of.
    """

    def __init__(
        self,
        banks: Sequence[Bank],
        shares: Sequence[float],
        spec: NetworkSpec,
        settings: ResidentSettings,
    ) -> None:
        self._banks = list(banks)
        self._size = spec.crop_size
        self._bgr = spec.bgr
        self._settings = settings
        self._augmenter = settings.augmenter
        self._device = banks[0].pictures.device
        self._flip_order = torch.tensor(spec.joint_set.flip_order, device=self._device)
        self._rng = torch.Generator(self._device).manual_seed(settings.seed)
        self._host = np.random.default_rng(settings.seed)
        self._masked = spec.masked
        reconstructs = spec.reconstructs and settings.self_weight > 0
        paired = [reconstructs and bank.paired for bank in banks]
        self._dealer = _Dealer(shares, paired)
        if reconstructs:
            _check_pairs(settings, self._dealer.paired_share)

    def draw(self) -> TensorBatch:
        """The next batch; the examples with a source come first."""
        with_source, without = self._dealer.deal(self._settings.batch_size, self._settings.pairs)
        parts = [
            self._part(bank, self._rows(bank, count), with_source=sourced)
            for counts, sourced in ((with_source, True), (without, False))
            for bank, count in zip(self._banks, counts, strict=True)
            if count
        ]
        return TensorBatch(
            target=torch.cat([part.target for part in parts]),
            source=torch.cat([part.source for part in parts]),
            joints=torch.cat([part.joints for part in parts]),
            weights=torch.cat([part.weights for part in parts]),
            masks=torch.cat(masks) if (masks := _given(part.masks for part in parts)) else None,
        )

    def draw_person(self, support: int, query: int) -> tuple[TensorBatch, TensorBatch]:
        """Frames of one clip, as personalization meets a person.

        Args:
            support: how many pairs to learn from.
            query: how many other frames, without sources, to be judged by.

        Returns:
            Both batches. No frame is in both of them, unless the clip has only one.
        """
        shares = self._dealer.paired_shares
        bank = self._banks[int(self._host.choice(len(shares), p=shares))]
        anchor = self._rows(bank, 1)
        order = int(self._host.integers(2))
        batches: list[TensorBatch] = []
        for parity, count in ((order, support), (1 - order, query)):
            length = bank.length[anchor]
            # Every other frame of the clip is for learning.
            found = 2 * (self._uniform(count) * ((length + 1) // 2)).long() + parity
            other = torch.where(found < length, found, parity).minimum(length - 1)
            rows = bank.first[anchor] + other
            batches.append(self._part(bank, rows, with_source=not batches))
        return batches[0], batches[1]

    def _rows(self, bank: Bank, count: int) -> Tensor:
        return torch.randint(len(bank), (count,), generator=self._rng, device=self._device)

    def _part(self, bank: Bank, rows: Tensor, *, with_source: bool) -> TensorBatch:
        """These examples of one bank; with masks if they have sources and need them."""
        count = len(rows)
        linear, flip = self._linear(count)
        boxes = self._shifted(bank.boxes[rows])
        gains, gamma = self._colours(count)
        target = self._blurred(
            _coloured(warped(bank.pictures[rows], boxes, linear, self._size), gains, gamma)
        )
        joints, weights = self._labels(bank, rows, boxes, linear, flip)
        source, masks = target.new_zeros(0, 3, CROP_SIZE, CROP_SIZE), None
        if with_source:
            # Nothing would tell the renderer of a grey patch, so nothing is covered.
            chosen, placed = self._places_of_sources(bank, rows, linear)
            source = warped(bank.pictures[chosen], boxes, placed, 2 * CROP_SIZE)
            source = functional.avg_pool2d(_coloured(source, gains, gamma), 2)
            source = self._normalized(source)
            if self._masked:
                masks = _cut_masks(bank, rows, boxes, linear)
                source = only_person(source, _cut_masks(bank, chosen, boxes, placed))
        else:
            target = self._covered(target)
        return TensorBatch(self._normalized(target), source, joints, weights, masks)

    def _labels(
        self, bank: Bank, rows: Tensor, boxes: Tensor, linear: Tensor, flip: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Joints (n, K, 2) in pixels of the crops, and their weights (n, K)."""
        joints = _moved(bank.joints[rows], boxes, linear, self._size)
        weights = bank.weights[rows]
        joints = torch.where(flip[:, None, None], joints[:, self._flip_order], joints)
        weights = torch.where(flip[:, None], weights[:, self._flip_order], weights)
        if bank.outside:
            margin = _OUTSIDE_MARGIN * self._size
            away = ((joints < -margin) | (joints > self._size + margin)).any(dim=-1)
            weights = torch.where(away & (weights == 0), weights.new_ones(()), weights)
        return joints, weights

    def _places_of_sources(self, bank: Bank, rows: Tensor, linear: Tensor) -> tuple[Tensor, Tensor]:
        """Other frames of the same clips, and how they are turned.

        They are cut with the targets' boxes, at twice their size, so that, halved, every pixel of a
        source is the mean of those it covers.
        """
        count = len(rows)
        other = (self._uniform(count) * bank.length[rows]).long()
        chosen = bank.first[rows] + other.clamp(max=bank.length[rows] - 1)
        own, _ = self._linear(count)
        alone = self._uniform(count) < self._settings.independent_sources
        return chosen, torch.where(alone[:, None, None], own, linear)

    def _normalized(self, images: Tensor) -> Tensor:
        return normalized(images.round(), bgr=self._bgr)

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
        flip = self._uniform(count) <= FLIP_PROBABILITY
        cos, sin = angle.cos() / scale, angle.sin() / scale
        sign = torch.where(flip, -1.0, 1.0)
        rows = [torch.stack([sign * cos, sign * sin], -1), torch.stack([-sin, cos], -1)]
        return torch.stack(rows, dim=1), flip

    def _shifted(self, boxes: Tensor) -> Tensor:
        shift = self._normal(len(boxes), 2).clamp(-2, 2) * self._augmenter.shift_sd
        return torch.cat([boxes[:, :2] + shift * boxes[:, 2:], boxes[:, 2:]], dim=1)

    def _colours(self, count: int) -> tuple[Tensor, Tensor]:
        """Gains (n, 3, 1, 1) and gammas (n, 1, 1, 1)."""
        sd = self._augmenter.colour_sd
        gains = (sd * (self._normal(count, 1) + 0.4 * self._normal(count, 3))).exp()
        return gains[:, :, None, None], (sd * self._normal(count, 1, 1, 1)).exp()

    def _blurred(self, images: Tensor) -> Tensor:
        """The first few of a part lose detail, all to the same degree: examples are in no order."""
        count = self._host.binomial(len(images), self._augmenter.blur_probability)
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


class _Dealer:
    """Divides batches among banks, so that each has its share over time, however small it is."""

    def __init__(self, shares: Sequence[float], paired: Sequence[bool]) -> None:
        self._shares = np.array(shares, np.float64) / sum(shares)
        self._paired = np.array(paired)
        self._owed = np.zeros(len(shares))

    @property
    def paired_share(self) -> float:
        """The share of the examples that may have a source."""
        return float(self._shares[self._paired].sum())

    @property
    def paired_shares(self) -> NDArray[np.float64]:
        """How likely a pair comes from each bank."""
        shares = np.where(self._paired, self._shares, 0)
        return shares / shares.sum()

    def deal(self, batch: int, pairs: int) -> tuple[list[int], list[int]]:
        """How many examples each bank gives to the next batch, with a source and without.

        Args:
            batch: examples in all.
            pairs: how many have a source; 0: as many as come from banks with pairs.
        """
        self._owed += batch * self._shares
        sourced = self._next(pairs if self._paired.any() else 0, self._paired)
        rest = self._next(batch - int(sourced.sum()), np.ones_like(self._paired))
        if not pairs:
            sourced, rest = np.where(self._paired, rest, 0), np.where(self._paired, 0, rest)
        return sourced.tolist(), rest.tolist()

    def _next(self, count: int, among: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Deal so many examples, each to whom most is owed."""
        dealt = np.zeros(len(self._shares), np.int64)
        for _ in range(count):
            bank = int(np.where(among, self._owed, -np.inf).argmax())
            dealt[bank] += 1
            self._owed[bank] -= 1
        return dealt


def _check_pairs(settings: ResidentSettings, share: float) -> None:
    if not share:
        raise UserError(
            "No data set gives pairs: they are frames of the same clip. Give a data set of clips, "
            "or --self-weight 0 to train with labels alone."
        )
    most = math.ceil(settings.batch_size * share)
    if settings.pairs > most:
        raise UserError(
            f"{settings.pairs} pairs were asked for, but of {settings.batch_size} examples only "
            f"{most} come from data sets that give pairs. Ask for fewer, or raise their shares."
        )


def _given(masks: Iterable[Tensor | None]) -> list[Tensor]:
    return [mask for mask in masks if mask is not None]


def _cut_masks(bank: Bank, rows: Tensor, boxes: Tensor, linear: Tensor) -> Tensor:
    """Masks (n, 1, 128, 128), 0 to 1, of frames, as ``warped`` cuts their pictures."""
    assert bank.masks is not None
    own = bank.boxes[rows]
    zoom = MASK_SIZE / (MASK_MARGIN * own[:, 2:])
    centres = (boxes[:, :2] - own[:, :2]) * zoom + MASK_SIZE / 2
    seen = torch.cat([centres, boxes[:, 2:] * zoom], dim=1)
    return warped(bank.masks[rows], seen, linear, CROP_SIZE) / 255


def _moved(points: Tensor, boxes: Tensor, linear: Tensor, size: int) -> Tensor:
    """Stored pixels (n, K, 2) to pixels of the crops."""
    away = (points - boxes[:, None, :2]) * (size / boxes[:, None, 2:])
    return away @ linear.transpose(1, 2) + size / 2


def warped(pictures: Tensor, boxes: Tensor, linear: Tensor, size: int) -> Tensor:
    """Cut augmented crops out of stored pictures, as ``crop_matrix`` and ``warp`` do.

    Args:
        pictures: (n, C, S, S) uint8.
        boxes: (n, 3), centre x, centre y and side of the squares, in stored pixels.
        linear: (n, 2, 2), from directions in the picture to those in the crop, of a square of the
            same size; the identity cuts the square as it is.
        size: the side of the crops, pixels.

    Returns:
        (n, C, size, size) float32, 0 to 255, black outside the picture.
    """
    stored = pictures.shape[-1]
    cells = torch.arange(size, device=pictures.device, dtype=torch.float32) - size / 2
    grid = torch.stack(torch.meshgrid(cells, cells, indexing="xy"), dim=-1)  # size, size, 2
    back = torch.linalg.inv_ex(linear)[0] * (boxes[:, 2] / size)[:, None, None]
    places = grid.view(1, -1, 2) @ back.transpose(1, 2) + boxes[:, None, :2]
    normal = ((2 * places + 1) / stored - 1).view(len(pictures), size, size, 2)
    return functional.grid_sample(pictures.float(), normal, align_corners=False)


def _coloured(images: Tensor, gains: Tensor, gamma: Tensor) -> Tensor:
    return (255 * (images / 255).clamp(min=0) ** gamma * gains).clamp(0, 255)
