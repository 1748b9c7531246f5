"""Cuts are seen once; motion, light, shake, noise and fades are not taken for one."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from app.assets import demo
from model.tracking.scene import SceneChange

Image = NDArray[np.uint8]


def scene(seed: int, height: int = 240, width: int = 320) -> Image:
    """A place of its own: coloured patches, between 40 and 200 grey levels."""
    patches = np.random.default_rng(seed).integers(40, 200, (9, 12, 3), dtype=np.uint8)
    return np.asarray(cv2.resize(patches, (width, height)), np.uint8)


def blend(first: Image, second: Image, share: float) -> Image:
    return np.asarray(cv2.addWeighted(first, 1 - share, second, share, 0), np.uint8)


def lit(image: Image, gain: float, offset: float = 0) -> Image:
    return np.asarray(cv2.convertScaleAbs(image, alpha=gain, beta=offset), np.uint8)


def frames(name: str, first: int, last: int) -> list[Image]:
    capture = cv2.VideoCapture(str(demo(name).video))
    images = []
    for index in range(last):
        _, image = capture.read()
        if index >= first:
            images.append(np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8))
    capture.release()
    return images


def cuts(images: list[Image]) -> list[int]:
    """The places in ``images`` at which a change is reported."""
    watch = SceneChange()
    return [index for index, image in enumerate(images) if watch.changed(image)]


def test_the_demo_at_the_desk_has_no_cut() -> None:
    assert cuts(frames("webcam", 0, 400)) == []


def test_the_gymnast_is_cut_where_the_camera_changes() -> None:
    assert cuts(frames("gymnast", 0, 400)) == [100, 200, 300]


@pytest.mark.parametrize("turned", [False, True])
def test_two_clips_after_one_another_have_one_cut(turned: bool) -> None:
    clips = [frames("webcam", 0, 60), frames("gymnast", 0, 60)]
    first, second = clips[::-1] if turned else clips
    assert cuts([*first, *second]) == [60]


def test_scenes_are_cut_each_time_they_change() -> None:
    assert cuts([scene(seed) for seed in range(6) for _ in range(10)]) == [10, 20, 30, 40, 50]


def test_the_first_image_is_no_cut() -> None:
    assert not SceneChange().changed(scene(0))


def test_the_size_of_the_picture_may_change() -> None:
    assert cuts([scene(0), scene(0, 720, 960), scene(0, 120, 161), scene(0, 20, 20)]) == []


def test_a_shaking_camera_makes_no_cut() -> None:
    rng = np.random.default_rng(1)
    wide = scene(2, 300, 400)
    places = rng.integers(0, 20, (30, 2))
    assert cuts([wide[y : y + 240, x : x + 320] for y, x in places]) == []


@pytest.mark.parametrize("zoom", [0.85, 1.18])
def test_a_sudden_zoom_makes_no_cut(zoom: float) -> None:
    matrix = cv2.getRotationMatrix2D((160, 120), 0, zoom)
    image = scene(3)
    zoomed = cv2.warpAffine(image, matrix, (320, 240), borderMode=cv2.BORDER_REFLECT)
    assert cuts([image] * 5 + [np.asarray(zoomed, np.uint8)] * 5) == []


def test_somebody_walking_by_makes_no_cut() -> None:
    images = []
    for step in range(20):
        image = scene(4)
        image[60:, 15 * step : 15 * step + 70] = (220, 30, 60)
        images.append(image)
    assert cuts(images) == []


def test_noise_makes_no_cut() -> None:
    rng = np.random.default_rng(0)
    dark = lit(scene(5), 0.2)
    noisy = [np.clip(dark + rng.normal(0, 25, dark.shape), 0, 255).astype(np.uint8)] * 2
    assert cuts([dark, *noisy, dark]) == []


@pytest.mark.parametrize("flash", [(1.6, 60), (1, 120), (0.3, 0), (1, 255)])
def test_a_flash_of_light_or_darkness_makes_no_cut(flash: tuple[float, float]) -> None:
    image = scene(6)
    assert cuts([*[image] * 5, *[lit(image, *flash)] * 2, *[image] * 5]) == []


def test_a_drift_of_the_light_makes_no_cut() -> None:
    light = 1 + 0.5 * np.sin(np.arange(100) / 8)
    assert cuts([lit(scene(7), gain) for gain in light]) == []


def test_a_slow_fade_to_another_scene_makes_no_cut() -> None:
    assert cuts([blend(scene(8), scene(9), share) for share in np.linspace(0, 1, 50)]) == []


@pytest.mark.parametrize(("after", "expected"), [(10, []), (11, [23])])
def test_what_comes_out_of_black_is_compared_with_what_went_in(
    after: int, expected: list[int]
) -> None:
    out = [lit(scene(10), gain) for gain in np.linspace(1, 0, 11)]
    black = [np.zeros((240, 320, 3), np.uint8)] * 10
    images = [*out, *black, *(lit(scene(after), gain) for gain in np.linspace(0, 1, 11))]
    found = cuts(images)
    assert len(found) == len(expected)
    assert all(20 < place < 26 for place in found)


@pytest.mark.parametrize("shares", [[0.5], [0.3, 0.7], [0.6, 0.9]])
def test_a_cut_with_blended_frames_is_seen_at_most_once(shares: list[float]) -> None:
    between = [blend(scene(12), scene(13), share) for share in shares]
    assert len(cuts([*[scene(12)] * 8, *between, *[scene(13)] * 8])) <= 1


def test_a_restless_video_needs_a_clearer_cut() -> None:
    calm = [scene(14)] * 16
    restless = [blend(scene(14), scene(seed), 0.36) for seed in range(20, 36)]
    somewhat_like_it = blend(scene(14), scene(50), 0.63)
    assert cuts([*calm, somewhat_like_it]) == [16]
    assert cuts([*restless, somewhat_like_it]) == []
    assert cuts([*restless, scene(51)]) == [16]


@settings(max_examples=40)
@given(seed=st.integers(0, 1000), gain=st.floats(0.4, 1.2), offset=st.floats(-15, 15))
def test_the_same_scene_in_another_light_is_never_a_cut(
    seed: int, gain: float, offset: float
) -> None:
    assert cuts([scene(seed), lit(scene(seed), gain, offset), scene(seed)]) == []


@settings(max_examples=40)
@given(st.lists(st.integers(0, 3), min_size=1, max_size=8))
def test_every_change_of_scene_is_seen_and_nothing_else(seeds: list[int]) -> None:
    images = [scene(100 + seed) for seed in seeds for _ in range(5)]
    changes = [5 * i for i in range(1, len(seeds)) if seeds[i] != seeds[i - 1]]
    assert cuts(images) == changes
