"""How target-source pairs are cut out of clips."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from model.core.augmentation import Augmenter
from model.core.crop import warp
from model.core.masking import mask_matrix
from model.core.skeleton import PENN13
from model.data.records import BadDataError, Clip
from model.data.sampling import Example, PairCutter
from tests.model.data.clips import make_clip, plain_pictures

WIDE_AUGMENTER = Augmenter(shift_sd=0.05, colour_sd=0.3, blur_probability=0.5, hide_probability=1.0)
seeds = st.integers(0, 2**32 - 1)

SIZE = 160
BOX = (80.0, 76.0, 110.0)


def noise(seed: int = 0) -> NDArray[np.uint8]:
    """A picture whose every place looks different, without fine detail."""
    small = np.random.default_rng(seed).integers(30, 220, (20, 20, 3), np.uint8)
    return small.repeat(SIZE // 20, axis=0).repeat(SIZE // 20, axis=1)


def boxed(clip: Clip) -> Clip:
    return replace(clip, boxes=np.tile(BOX, (len(clip), 1)))


def cut(
    clip: Clip,
    seed: int,
    augmenter: Augmenter | None = None,
    *,
    frame: int = 0,
    independent: float = 0.0,
    with_source: bool = True,
    crop_size: int = 128,
) -> Example:
    cutter = PairCutter(PENN13, augmenter or Augmenter(), independent, crop_size)
    rng = np.random.default_rng(seed)
    return cutter.cut(clip, frame, rng, with_source=with_source)


def source_of(example: Example) -> NDArray[np.uint8]:
    assert example.source is not None
    return example.source


@given(seed=seeds)
def test_the_form_of_an_example(seed: int) -> None:
    example = cut(boxed(make_clip(pictures=[noise()] * 2)), seed, WIDE_AUGMENTER)
    for picture in (example.target, source_of(example)):
        assert picture.shape == (128, 128, 3) and picture.dtype == np.uint8
    assert example.joints.shape == (13, 2) and example.joints.dtype == np.float32
    assert example.weights.shape == (13,) and example.weights.dtype == np.float32
    assert set(example.weights) <= {0, 1}


@given(seed=seeds)
def test_the_same_seed_gives_the_same_example(seed: int) -> None:
    clip = boxed(make_clip(pictures=[noise(n) for n in range(5)]))
    one, other = (cut(clip, seed, WIDE_AUGMENTER, independent=0.5) for _ in range(2))
    for name in ("target", "source", "joints", "weights"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


@given(seed=seeds, wide=st.booleans())
def test_target_and_source_are_augmented_alike(seed: int, wide: bool) -> None:
    """Of equal frames, target and source are equal, although the frames' own squares differ."""
    clip = make_clip(pictures=[noise()] * 4)
    clip = replace(clip, boxes=np.array([BOX, (10, 10, 60), (90, 20, 70), (50, 90, 40)]))
    example = cut(clip, seed, WIDE_AUGMENTER if wide else None)
    np.testing.assert_array_equal(example.target, source_of(example))


def test_sources_are_frames_of_the_clip_drawn_evenly_the_target_among_them() -> None:
    clip = replace(make_clip(pictures=plain_pictures(4)), boxes=np.tile([4.0, 4.0, 2.0], (4, 1)))
    found = Counter(int(source_of(cut(clip, seed, frame=2))[64, 64, 0]) for seed in range(400))
    assert set(found) == {0, 1, 2, 3}
    assert min(found.values()) > 70


@pytest.mark.parametrize("independent", [0.3, 1.0])
def test_a_share_of_the_sources_is_placed_by_a_draw_of_their_own(independent: float) -> None:
    clip = boxed(make_clip(pictures=[noise()] * 2))
    numbers = range(300)
    examples = [cut(clip, seed, independent=independent) for seed in numbers]
    alike = [np.array_equal(example.target, source_of(example)) for example in examples]
    assert np.mean(alike) == pytest.approx(1 - independent, abs=0.1)
    # The target is not touched by it.
    for seed in numbers[:50]:
        np.testing.assert_array_equal(examples[seed].target, cut(clip, seed).target)


@given(seed=seeds)
def test_an_independent_source_is_in_the_light_of_its_target(seed: int) -> None:
    clip = make_clip(pictures=[np.full((SIZE, SIZE, 3), (90, 120, 150), np.uint8)] * 2)
    clip = replace(clip, boxes=np.tile([80.0, 80.0, 30.0], (2, 1)))
    augmenter = Augmenter(colour_sd=0.3)
    example = cut(clip, seed, augmenter, independent=1.0)
    assert np.ptp(example.target, axis=(0, 1)).max() == 0
    np.testing.assert_array_equal(example.target, source_of(example))


def test_parts_are_hidden_in_examples_without_a_source_only() -> None:
    clip = make_clip(pictures=[np.full((SIZE, SIZE, 3), 90, np.uint8)] * 2)
    clip = replace(clip, boxes=np.tile([80.0, 80.0, 30.0], (2, 1)))
    augmenter = Augmenter(hide_probability=1.0)
    for seed in range(20):
        alone = cut(clip, seed, augmenter, with_source=False)
        assert alone.source is None
        assert (alone.target != 90).any()
        pair = cut(clip, seed, augmenter, independent=0.5)
        assert (pair.target == 90).all() and (source_of(pair) == 90).all()
        np.testing.assert_array_equal(pair.joints, alone.joints)


@given(seed=seeds, independent=st.sampled_from([0.0, 1.0]))
def test_the_source_of_a_still_is_a_warp_and_never_the_target(
    seed: int, independent: float
) -> None:
    example = cut(boxed(make_clip(pictures=[noise()])), seed, independent=independent)
    difference = np.abs(example.target.astype(int) - source_of(example))
    assert difference.mean() > 2
    if not independent:
        # Yet it shows the same: nearly every colour of the target is there, some pixels away.
        palette = {tuple(c) for c in source_of(example).reshape(-1, 3) // 16}
        shown = [
            tuple(c) in palette for c in example.target[16:-16:8, 16:-16:8].reshape(-1, 3) // 16
        ]
        assert np.mean(shown) > 0.8


def marked(joint: int, place: NDArray[np.float64]) -> Clip:
    """A black picture with a soft spot at ``place``, which is where its only joint is."""
    y, x = np.mgrid[:SIZE, :SIZE]
    distance = (x - place[0]) ** 2 + (y - place[1]) ** 2
    picture = np.repeat((255 * np.exp(-distance / 18))[..., None], 3, axis=2).astype(np.uint8)
    clip = make_clip(pictures=[picture] * 2)
    visible = np.zeros_like(clip.visible)
    visible[:, joint] = 1
    joints = np.full_like(clip.joints, np.nan)
    joints[:, joint] = place
    return replace(boxed(clip), joints=joints, visible=visible)


@given(
    seed=seeds,
    joint=st.integers(0, 12),
    x=st.floats(60, 100),
    y=st.floats(56, 96),
    shift=st.sampled_from([0.0, 0.03]),
)
def test_joints_and_weights_land_where_the_picture_shows_them(
    seed: int, joint: int, x: float, y: float, shift: float
) -> None:
    example = cut(marked(joint, np.array([x, y])), seed, Augmenter(shift_sd=shift))
    light = example.target[..., 0].astype(float)
    rows, columns = np.mgrid[:128, :128]
    spot = np.array([(light * columns).sum(), (light * rows).sum()]) / light.sum()
    (found,) = np.flatnonzero(example.weights)
    np.testing.assert_allclose(example.joints[found], spot, atol=0.1)
    # A mirrored left wrist is a right one.
    flipped = dict(PENN13.flip_pairs) | {right: left for left, right in PENN13.flip_pairs}
    assert found in (joint, flipped.get(joint, joint))
    assert np.isfinite(example.joints).all()


def test_left_and_right_swap_exactly_when_the_picture_is_mirrored() -> None:
    left, right = PENN13.index("left wrist"), PENN13.index("right wrist")
    clip = marked(left, np.array([80.0, 60.0]))
    swapped = 0
    for seed in range(100):
        mirrored = Augmenter().draw(np.random.default_rng(seed)).flip
        weights = cut(clip, seed).weights
        assert weights[right if mirrored else left] == 1 and weights.sum() == 1
        swapped += mirrored
    assert 30 < swapped < 70


def test_absent_joints_have_no_weight_and_occluded_ones_have() -> None:
    clip = boxed(make_clip(pictures=[noise()] * 2))
    visible = clip.visible.copy()
    visible[0] = [0, 1, 1, 2, 2, 0, 0, 1, 2, 0, 1, 2, 1]
    for seed in range(10):
        example = cut(replace(clip, visible=visible), seed)
        flips = (
            PENN13.flip_order if Augmenter().draw(np.random.default_rng(seed)).flip else slice(None)
        )
        np.testing.assert_array_equal(example.weights, (visible[0] > 0)[flips])


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_joints_that_are_no_numbers_are_named(value: float) -> None:
    clip = boxed(make_clip("jump", pictures=[noise()] * 2))
    joints = clip.joints.copy()
    joints[1, 4, 0] = value
    damaged = replace(clip, joints=joints)
    cut(damaged, 0)
    with pytest.raises(BadDataError, match=r"picture 1 \(clip jump\).*not finite"):
        cut(damaged, 0, frame=1)
    hidden = damaged.visible.copy()
    hidden[1, 4] = 0
    assert np.isfinite(cut(replace(damaged, visible=hidden), 0, frame=1).joints).all()


@pytest.mark.parametrize("box", [(np.nan,) * 3, (80, np.inf, 50), (80, 80, 0), (80, 80, -3)])
def test_squares_that_are_none_are_named(box: tuple[float, float, float]) -> None:
    clip = replace(make_clip("jump", pictures=[noise()]), boxes=np.array([box]))
    with pytest.raises(BadDataError, match=r"picture 0 \(clip jump\)"):
        cut(clip, 0)


def test_labels_are_checked_before_the_picture_is_read() -> None:
    clip = make_clip(pictures=[np.zeros((0, 0, 3), np.uint8)])
    with pytest.raises(BadDataError, match="labels"):
        cut(replace(clip, boxes=np.full((1, 3), np.nan)), 0)


def masked(clip: Clip) -> Clip:
    """With masks that are the red of the pictures, as masks are cut of them."""
    box = clip.box(0)
    masks = [warp(clip.frames.read(n)[..., 0], mask_matrix(box), 128) for n in range(len(clip))]
    return replace(clip, masks=np.stack(masks))


@given(seed=seeds, frames=st.sampled_from([1, 3]), size=st.sampled_from([128, 256]))
def test_masks_are_cut_and_warped_with_their_pictures(seed: int, frames: int, size: int) -> None:
    """Of a smooth picture, whose mask is its red, the cut mask is the red of what is cut."""
    clip = masked(boxed(make_clip(pictures=[smooth(n) for n in range(frames)])))
    example = cut(clip, seed, independent=0.5, crop_size=size)
    assert example.target.shape == (size, size, 3)
    target = cv2.resize(example.target, (128, 128), interpolation=cv2.INTER_AREA)
    pairs = (target, example.mask), (source_of(example), example.source_mask)
    for picture, mask in pairs:
        assert mask is not None and mask.shape == (128, 128) and mask.dtype == np.uint8
        inside = mask[40:88, 40:88].astype(int)  # the mask ends sooner than the picture
        assert np.abs(picture[40:88, 40:88, 0].astype(int) - inside).mean() < 6


def test_without_a_source_or_masks_there_are_none() -> None:
    clip = boxed(make_clip(pictures=[noise()] * 2))
    plain, alone = cut(clip, 0), cut(masked(clip), 0, with_source=False)
    assert plain.mask is plain.source_mask is alone.mask is alone.source_mask is None


def smooth(number: int) -> NDArray[np.uint8]:
    """A picture of slow changes."""
    rows, columns = np.mgrid[0:SIZE, 0:SIZE]
    red = 128 + 60 * np.sin(columns / 25 + number) + 60 * np.cos(rows / 30)
    return np.dstack([red, red / 2, rows]).astype(np.uint8)
