from __future__ import annotations

from typing import get_args

import cv2
import numpy as np
import pytest
import torch

from model.adaptation import Pairs, PairSampler, PersonalizationSettings, PersonView, SourceMemory
from model.adaptation.settings import SourceBox
from model.core.augmentation import Augmentation, Augmenter
from model.core.crop import SquareBox, crop_matrix, reduced, to_pictures, to_tensor, transform, warp
from model.core.masking import mask_matrix
from model.ttp.networks import NetworkSpec
from model.ttp.prediction import crop_tensor
from tests.networks import SMALL_BACKBONES

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


def _waves(number: int) -> np.ndarray:
    """A picture of slow changes, others for every number."""
    rows, columns = np.mgrid[0:240, 0:320]
    red = 128 + 60 * np.sin(columns / 25 + 2 * number) + 60 * np.cos(rows / 30 + number)
    return np.dstack([red, red / 2, rows]).astype(np.uint8)


def _red(picture: np.ndarray) -> np.ndarray:
    """A mask network that takes red for the person."""
    return np.asarray(cv2.resize(picture[..., 0], (128, 128), interpolation=cv2.INTER_AREA))


def _middle_red(images: torch.Tensor) -> torch.Tensor:
    """The red (0..1) of normalised pictures, where the mask's square surely reaches."""
    return torch.from_numpy(to_pictures(reduced(images, 128))[:, 40:88, 40:88, 0] / 255.0)


@pytest.mark.parametrize("backbone", SMALL_BACKBONES)
@pytest.mark.parametrize("source_box", get_args(SourceBox))
def test_masks_lie_where_their_pictures_do(backbone: str, source_box: SourceBox) -> None:
    """Of pictures whose mask is their red, however target and source are augmented."""
    memory = SourceMemory(crop_size=256)
    for number in range(4):
        box = SquareBox(130 + 20 * number, 100 + 12 * number, 110 + 8 * number)
        memory.add(PersonView.of_frame(_waves(number), box, number))
    current = PersonView.of_frame(_waves(4), _BOX, 4)
    settings = PersonalizationSettings(
        targets="random", source_box=source_box, independent_sources=0.5
    )
    masked = NetworkSpec(backbone=backbone, mask="person")
    found = PairSampler(settings, masked, masker=_red).online(current, memory, 12)
    plain = PairSampler(settings, NetworkSpec(backbone=backbone)).online(current, memory, 12)

    assert torch.equal(found.target, plain.target) and found.masks is not None
    middle = found.masks[:, 0, 40:88, 40:88]
    assert (middle - _middle_red(found.target)).abs().mean() < 0.006
    # Where a source's own red is, it is shown; the mean colour in place of the rest.
    shown = plain.source[:, :, 40:88, 40:88] * _middle_red(plain.source)[:, None]
    # Cut with a target's square, it reaches beyond that of its own mask here and there.
    limit = 0.006 if source_box == "own" else 0.025
    assert (found.source[:, :, 40:88, 40:88] - shown).abs().mean() < limit


def test_offline_pairs_have_masks_and_go_to_the_device_with_them() -> None:
    memory = SourceMemory()
    memory.add(_view(0))
    sampler = PairSampler(PersonalizationSettings(), MASKED, masker=_Halves())
    pairs = sampler.offline(memory, 3)
    assert pairs is not None and pairs.masks is not None and len(pairs.masks) == 3
    moved = pairs.to(torch.device("cpu"))
    assert moved.masks is not None and torch.equal(moved.masks, pairs.masks)
    parts = [part.masks for part in pairs.split(2)]
    assert torch.equal(torch.cat([part for part in parts if part is not None]), pairs.masks)


def test_a_view_is_masked_in_its_own_square() -> None:
    """The same mask as of the whole frame, whichever part of it was kept."""
    frame, box = _waves(1), SquareBox(150, 110, 90)
    wanted = _red(warp(frame, mask_matrix(box, 256), 256)).astype(int)
    view = PersonView.of_frame(frame, box, 0)
    for sight in (view, view.compact(128)):
        fresh = PersonView(0, sight.box, sight.image, sight.to_image)
        mask = fresh.mask(_red)
        assert mask.box == box
        assert np.abs(mask.values[8:-8, 8:-8].astype(int) - wanted[8:-8, 8:-8]).mean() < 2


@pytest.mark.parametrize(("share", "turned"), [(0.0, 0.0), (0.6, 0.6), (1.0, 1.0)])
def test_offline_pairs_are_turned_as_often_as_asked(
    share: float, turned: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[Augmentation] = []
    draw = Augmenter.draw

    def noting(augmenter: Augmenter, rng: np.random.Generator) -> Augmentation:
        drawn.append(draw(augmenter, rng))
        return drawn[-1]

    monkeypatch.setattr(Augmenter, "draw", noting)
    memory = SourceMemory()
    memory.add(_view(0))
    settings = PersonalizationSettings(offline_rotation=share)
    assert PairSampler(settings, NetworkSpec()).offline(memory, 200) is not None
    assert np.mean([d.rotation != 0 for d in drawn]) == pytest.approx(turned, abs=0.1)
