from __future__ import annotations

import numpy as np
import pytest
import torch

from model.augmentation import Augmentation, Augmenter
from model.crop import SquareBox, crop_matrix, transform
from model.networks import NetworkSpec
from model.normalization import to_tensor
from model.personalization import (
    Pairs,
    PairSampler,
    PersonalizationSettings,
    PersonView,
    SourceMemory,
)
from model.prediction import crop_tensor

_BOX = SquareBox(160, 120, 128)
_rng = np.random.default_rng(3)


def _frame() -> np.ndarray:
    small = _rng.integers(0, 255, (8, 8, 3)).astype(np.uint8)
    return small.repeat(30, 0).repeat(40, 1)


def _view(index: int, box: SquareBox = _BOX) -> PersonView:
    return PersonView.of_frame(_frame(), box, index)


def test_the_first_pair_is_the_plain_crop_of_the_current_frame() -> None:
    current, memory = _view(0), SourceMemory()
    sampler = PairSampler(PersonalizationSettings(), NetworkSpec())
    target, source, *_ = sampler.online(current, memory, 3)
    assert target.shape == source.shape == (3, 3, 128, 128)
    assert torch.equal(target[:1], crop_tensor(current.image, current.box, NetworkSpec()))
    # Frame 0 has nothing before it and reconstructs itself.
    assert torch.equal(target, source)
    assert not torch.equal(target[1], target[0])


def test_later_micro_batches_are_augmented_from_their_first_pair() -> None:
    current = _view(0)
    sampler = PairSampler(PersonalizationSettings(), NetworkSpec())
    target, *_ = sampler.online(current, SourceMemory(), 1, first=False)
    assert not torch.equal(target, crop_tensor(current.image, current.box, NetworkSpec()))


def test_the_source_is_cropped_with_the_target_s_box_or_with_its_own() -> None:
    far = SquareBox(100, 120, 90)
    memory = SourceMemory()
    memory.add(_view(0, far))
    current = _view(1)
    (stored,) = memory.sample(np.random.default_rng(0), 1)
    by_target = PersonalizationSettings(source_box="target")
    by_own = PersonalizationSettings(source_box="own")
    for box, settings in ((current.box, by_target), (far, by_own)):
        _, source, *_ = PairSampler(settings, NetworkSpec()).online(current, memory, 1)
        assert torch.equal(source, to_tensor([stored.crop(crop_matrix(box), 128)]))


def test_random_targets_come_from_memory_but_the_first_is_the_current_frame() -> None:
    memory = SourceMemory()
    for index in range(4):
        memory.add(_view(index))
    current = _view(4)
    sampler = PairSampler(PersonalizationSettings(targets="random"), NetworkSpec())
    target, *_ = sampler.online(current, memory, 2)
    assert torch.equal(target[:1], crop_tensor(current.image, current.box, NetworkSpec()))


def test_bgr_networks_get_bgr_pairs() -> None:
    current = _view(0)
    rgb, *_ = PairSampler(PersonalizationSettings(), NetworkSpec()).online(
        current, SourceMemory(), 1
    )
    bgr, *_ = PairSampler(PersonalizationSettings(), NetworkSpec(channel_order="bgr")).online(
        current, SourceMemory(), 1
    )
    assert torch.equal(
        bgr, crop_tensor(current.image, current.box, NetworkSpec(channel_order="bgr"))
    )
    assert not torch.equal(rgb, bgr)


def test_augmentation_stays_within_the_published_ranges() -> None:
    rng = np.random.default_rng(0)
    draws = [Augmenter(0.6).draw(rng) for _ in range(2000)]
    scales = np.array([d.scale for d in draws])
    rotations = np.array([d.rotation for d in draws])
    assert scales.min() == 0.75 and scales.max() == 1.25
    assert np.abs(rotations).max() == 60.0
    assert abs((rotations == 0).mean() - 0.4) < 0.04
    assert abs(np.mean([d.flip for d in draws]) - 0.5) < 0.04
    assert all(Augmenter(1.0).draw(rng).rotation != 0 for _ in range(100))


def test_augmentation_keeps_the_centre_and_flips_about_it() -> None:
    box = SquareBox(50, 40, 64)
    for augmentation in (Augmentation(1.2, 30, False), Augmentation(0.8, -45, True)):
        centre = transform(np.array([50.0, 40.0]), augmentation.matrix(box))
        np.testing.assert_allclose(centre, [64, 64])
    right = transform(np.array([60.0, 40.0]), Augmentation(flip=True).matrix(box))
    np.testing.assert_allclose(right, [64 - 20, 64])


def test_upright_targets_are_what_prediction_sees() -> None:
    current = _view(7)
    settings = PersonalizationSettings(consistency=1.0)
    pairs = PairSampler(settings, NetworkSpec()).online(current, SourceMemory(), 3)
    assert pairs.upright is not None and pairs.indices == (7, 7, 7)
    for image in pairs.upright:
        assert torch.equal(image[None], crop_tensor(current.image, current.box, NetworkSpec()))
    assert not torch.equal(pairs.target[1], pairs.upright[1])
    plain = PairSampler(PersonalizationSettings(), NetworkSpec()).online(current, SourceMemory(), 1)
    assert plain.upright is None and plain.indices == ()


def test_pairs_are_split_with_their_upright_targets() -> None:
    images = torch.arange(5.0)[:, None, None, None].expand(5, 3, 2, 2)
    pieces = list(Pairs(images, -images, 2 * images, (0, 1, 2, 3, 4)).split(2))
    assert [piece.indices for piece in pieces] == [(0, 1), (2, 3), (4,)]
    for piece in pieces:
        assert piece.upright is not None
        assert torch.equal(piece.upright, 2 * piece.target)
        assert torch.equal(piece.source, -piece.target)
    assert [piece.upright for piece in Pairs(images, images).split(3)] == [None, None]


def test_independent_sources_are_augmented_by_themselves() -> None:
    current = _view(0)  # its own source, as nothing is remembered
    for share, alike in ((0.0, True), (1.0, False)):
        sampler = PairSampler(PersonalizationSettings(independent_sources=share), NetworkSpec())
        target, source, *_ = sampler.online(current, SourceMemory(), 4, first=False)
        assert torch.equal(target, source) == alike


MASKED = NetworkSpec(mask="person")


class _Halves:
    """A mask network that takes the left half of any picture for the person."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, picture: np.ndarray) -> np.ndarray:
        self.asked += 1
        mask = np.zeros((128, 128), np.uint8)
        mask[:, :64] = 255
        return mask


def test_a_masked_network_needs_a_masker() -> None:
    with pytest.raises(ValueError, match="needs a masker"):
        PairSampler(PersonalizationSettings(), MASKED)
    PairSampler(PersonalizationSettings(), NetworkSpec("baseline", mask="person"))


def test_pairs_of_a_masked_network_show_the_person_only() -> None:
    current, masker = _view(0), _Halves()
    pairs = PairSampler(PersonalizationSettings(), MASKED, masker=masker).online(
        current, SourceMemory(), 3
    )
    plain = PairSampler(PersonalizationSettings(), NetworkSpec()).online(current, SourceMemory(), 3)
    assert torch.equal(pairs.target, plain.target) and plain.masks is None
    assert pairs.masks is not None and pairs.masks.shape == (3, 1, 128, 128)
    # The first pair is not augmented: the mask's middle is the crop's.
    assert pairs.masks[0, 0, 60, :60].min() == 1 and not pairs.masks[0, 0, 60, 68:].any()
    assert torch.equal(pairs.source[0, ..., :60], plain.source[0, ..., :60])
    assert not pairs.source[0, ..., 68:].any()
    assert masker.asked == 1  # of one view, whatever was made of it
    (part, *_) = pairs.split(2)
    assert part.masks is not None and len(part.masks) == 2


def test_masks_are_found_only_where_something_is_rebuilt() -> None:
    settings = PersonalizationSettings(self_weight=0.0, consistency=1.0)
    masker = _Halves()
    sampler = PairSampler(settings, MASKED, masker=masker)
    assert sampler.online(_view(0), SourceMemory(), 2).masks is None and not masker.asked
    assert sampler.online(_view(0), SourceMemory(), 2, shown=True).masks is not None


def test_a_view_is_masked_once_even_if_it_was_made_compact() -> None:
    view, masker = _view(0), _Halves()
    compact = view.compact(64)
    assert compact.mask(masker) is compact.mask(masker) is view.mask(masker)
    assert masker.asked == 1 and compact.mask(masker).box == view.box
