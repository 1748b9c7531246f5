"""Pairs: two warps of a picture, or two frames of a clip, and where they count."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from model.core.skeleton import PENN13
from model.data.records import BadDataError, DataSet
from model.imm.data import SOURCE_WARP, TARGET_WARP, ImmExamples, PairDrawer, loss_mask
from tests.model.data.clips import make_clip, make_data_set

SIZE = 64


def generator(seed: int = 5) -> np.random.Generator:
    return np.random.default_rng(seed)


def still(image: NDArray[np.uint8]) -> DataSet:
    clip = make_clip(pictures=[image])
    side = float(len(image))
    clip = dataclasses.replace(clip, boxes=np.array([[side / 2, side / 2, side]]))
    return DataSet("still", PENN13, (clip,))


def pixels() -> NDArray[np.float64]:
    return np.stack(np.meshgrid(np.arange(SIZE), np.arange(SIZE)), axis=-1).astype(np.float64)


def test_the_source_is_a_warp_of_the_target_and_both_of_the_picture() -> None:
    ramps = np.zeros((SIZE, SIZE, 3), np.uint8)
    ramps[..., :2] = 3 * pixels()
    example = PairDrawer(size=SIZE).draw(still(ramps).clips[0], 0, generator())

    rng = generator()
    first, second = TARGET_WARP.draw(rng), SOURCE_WARP.draw(rng)
    of_target = first.origins(pixels(), SIZE)
    between = second.origins(pixels(), SIZE)
    of_source = first.origins(between, SIZE)
    for found, wanted, others in (
        (example.target, of_target, of_target),
        (example.source, of_source, between),
    ):
        places = (wanted, others)
        inside = np.all([(p > 1).all(-1) & (p < SIZE - 2).all(-1) for p in places], axis=0)
        assert inside.mean() > 0.5
        difference = found[..., :2] / 3 - wanted
        assert np.abs(difference[inside]).max() < 1
    assert np.abs(of_target - pixels()).mean() > 1


def test_outside_of_the_picture_is_black() -> None:
    white = np.full((SIZE, SIZE, 3), 255, np.uint8)
    example = PairDrawer(size=SIZE).draw(still(white).clips[0], 0, generator())
    origins = TARGET_WARP.draw(generator()).origins(pixels(), SIZE)
    outside = (origins < -1).any(-1) | (origins > SIZE).any(-1)
    assert outside.any()
    assert not example.target[outside].any()
    inside = (origins > 0).all(-1) & (origins < SIZE - 1).all(-1)
    assert (example.target[inside] == 255).all()


def test_the_mask_goes_through_the_targets_warp() -> None:
    white = np.full((SIZE, SIZE, 3), 255, np.uint8)
    example = PairDrawer(size=SIZE).draw(still(white).clips[0], 0, generator())
    assert example.mask.dtype == np.float32
    x, y = np.moveaxis(TARGET_WARP.draw(generator()).origins(pixels(), SIZE), -1, 0)
    wanted = map_coordinates(loss_mask(SIZE), [y, x], order=1, mode="constant")
    np.testing.assert_allclose(example.mask, wanted, atol=0.02)


def test_the_mask_is_zero_at_the_border_and_rises_over_twenty_pixels() -> None:
    mask = loss_mask()
    assert mask.shape == (128, 128)
    assert not mask[:10].any() and not mask[-10:].any()
    np.testing.assert_allclose(mask[10, 64], 0.5 + 0.5 * np.tanh(-2.5), rtol=1e-5)
    np.testing.assert_allclose(mask[29, 64], 0.5 + 0.5 * np.tanh(2.5), rtol=1e-5)
    assert (mask[30:98, 30:98] == 1).all()
    np.testing.assert_array_equal(mask, mask[::-1, ::-1])
    np.testing.assert_allclose(mask, mask.T)


def test_video_pairs_are_two_frames_of_a_clip_in_the_targets_square() -> None:
    half = [np.zeros((8, 8, 3), np.uint8) for _ in range(3)]
    for number, image in enumerate(half):
        image[:, :4] = 50 * (number + 1)  # bright on the left
    clip = make_clip(pictures=half)
    drawer = PairDrawer("video", SIZE)
    sources, mirrored = set(), 0
    for seed in range(60):
        target, source, mask = drawer.draw(clip, 1, generator(seed))
        assert (mask == 1).all()
        assert target.max() == 100
        sources.add(int(source.max()))
        right = target[32, 60, 0] > 0
        assert right == (source[32, 60, 0] > 0)
        mirrored += right
    assert sources == {50, 150}
    assert 15 < mirrored < 45
    unflipped = PairDrawer("video", SIZE, flip=False)
    assert all(not unflipped.draw(clip, 1, generator(s)).target[32, 60].any() for s in range(20))


def test_a_clip_of_one_frame_gives_a_warped_pair_in_either_way() -> None:
    data = still(np.full((SIZE, SIZE, 3), 255, np.uint8))
    pairs = [
        PairDrawer(kind, SIZE).draw(data.clips[0], 0, generator()) for kind in ("warp", "video")
    ]
    for a, b in zip(*pairs, strict=True):
        np.testing.assert_array_equal(a, b)


def test_every_frame_is_drawn_as_often() -> None:
    data = make_data_set("d", [1, 3, 2])
    counts: dict[int, int] = {}

    class Notes(PairDrawer):
        def draw(self, clip, frame, rng):  # type: ignore[no-untyped-def]
            key = data.clips.index(clip) * 10 + frame
            counts[key] = counts.get(key, 0) + 1

    examples = ImmExamples(data, Notes())
    rng = generator()
    for _ in range(600):
        examples.draw(rng)
    assert set(counts) == {0, 10, 11, 12, 20, 21}
    assert all(70 < n < 130 for n in counts.values())


def test_the_same_generator_gives_the_same_example() -> None:
    examples = ImmExamples(make_data_set("d", [3, 2]), PairDrawer("video"))
    assert examples.draw(generator()).target.shape == (128, 128, 3)
    for a, b in zip(examples.draw(generator()), examples.draw(generator()), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_frame_without_a_square_is_named() -> None:
    clip = make_clip("spoilt")
    clip.boxes[1] = np.nan
    with pytest.raises(BadDataError, match="spoilt"):
        PairDrawer().draw(clip, 1, generator())
