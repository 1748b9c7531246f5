"""Augmentation: what is drawn, and what it does to a crop."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from model.core.augmentation import DETAIL, HIDDEN, NONE, Augmentation, Augmenter
from model.core.crop import CROP_SIZE, SquareBox, crop_matrix, transform

BOX = SquareBox(70, 50, 40)
WIDE = Augmenter(shift_sd=0.03, colour_sd=0.2, blur_probability=0.5, hide_probability=0.5)
seeds = st.integers(0, 2**32 - 1)
crops = arrays(np.uint8, (24, 24, 3))


def draws(augmenter: Augmenter, count: int = 3000) -> list[Augmentation]:
    rng = np.random.default_rng(0)
    return [augmenter.draw(rng) for _ in range(count)]


@given(seed=seeds)
def test_the_published_augmentation_is_scale_rotation_and_flip_alone(seed: int) -> None:
    drawn = Augmenter().draw(np.random.default_rng(seed))
    assert 0.75 <= drawn.scale <= 1.25
    assert -60 <= drawn.rotation <= 60
    assert drawn == Augmentation(drawn.scale, drawn.rotation, drawn.flip)


def test_published_scales_rotations_and_flips_are_spread_as_published() -> None:
    found = draws(Augmenter())
    scales = np.array([drawn.scale for drawn in found])
    rotations = np.array([drawn.rotation for drawn in found])
    # A normal draw is beyond one standard deviation, and then clipped, 16 times in 100 a side.
    for end in (0.75, 1.25):
        assert np.mean(scales == end) == pytest.approx(0.159, abs=0.03)
    assert np.mean(np.abs(scales - 1) < 0.125) == pytest.approx(0.383, abs=0.04)
    assert np.mean(rotations == 0) == pytest.approx(0.4, abs=0.04)
    turned = rotations[rotations != 0]
    assert np.mean(np.abs(turned) < 30) == pytest.approx(0.683, abs=0.04)
    assert np.mean(np.abs(turned) == 60) == pytest.approx(0.0455, abs=0.02)
    assert turned.mean() == pytest.approx(0, abs=2)
    flips = np.array([drawn.flip for drawn in found])
    assert flips.mean() == pytest.approx(0.5, abs=0.04)
    # Each is drawn on its own.
    together = np.corrcoef([scales, np.abs(rotations), flips])
    assert np.abs(together - np.eye(3)).max() < 0.08


def test_personalization_always_rotates() -> None:
    rng = np.random.default_rng(0)
    assert all(Augmenter(1.0).draw(rng).rotation != 0 for _ in range(300))
    assert not any(Augmenter(0.0).draw(rng).rotation for _ in range(300))
    one, other = np.random.default_rng(4), np.random.default_rng(4)
    assert [Augmenter(0.6).draw(one) for _ in range(20)] == [
        Augmenter().draw(other) for _ in range(20)
    ]


@given(seed=seeds)
def test_what_is_not_published_stays_within_its_limits(seed: int) -> None:
    drawn = WIDE.draw(np.random.default_rng(seed))
    assert 0.75 <= drawn.scale <= 1.25 and -60 <= drawn.rotation <= 60
    assert max(map(abs, drawn.shift)) <= 2 * 0.03
    assert min(drawn.gains) > 0 and drawn.gamma > 0
    assert drawn.detail == 1 or DETAIL[0] <= drawn.detail <= DETAIL[1]
    if drawn.hidden is not None:
        left, top, wide, high = drawn.hidden
        assert all(HIDDEN[0] <= side <= HIDDEN[1] for side in (wide, high))
        assert left >= 0 and top >= 0 and left + wide <= 1 and top + high <= 1
        assert 0 <= drawn.grey <= 255


def test_what_is_not_published_is_spread_as_asked_for() -> None:
    found = draws(WIDE)
    shifts = np.array([drawn.shift for drawn in found])
    assert shifts.std(axis=0) == pytest.approx([0.03 * 0.96] * 2, rel=0.06)  # clipped at two sd
    assert np.mean([drawn.detail < 1 for drawn in found]) == pytest.approx(0.5, abs=0.04)
    assert np.mean([drawn.hidden is not None for drawn in found]) == pytest.approx(0.5, abs=0.04)
    gammas = np.log([drawn.gamma for drawn in found])
    assert gammas.std() == pytest.approx(0.2, rel=0.06) and abs(gammas.mean()) < 0.02
    gains = np.log([drawn.gains for drawn in found])
    # All three share the light; each has a smaller part of its own.
    assert gains.std(axis=0) == pytest.approx([0.2 * 1.16**0.5] * 3, rel=0.06)
    assert np.corrcoef(gains.T)[0, 1] == pytest.approx(1 / 1.16, abs=0.03)


@pytest.mark.parametrize(
    ("augmenter", "name"),
    [
        (Augmenter(shift_sd=0.1), "shift"),
        (Augmenter(colour_sd=0.1), "gamma"),
        (Augmenter(blur_probability=1.0), "detail"),
        (Augmenter(hide_probability=1.0), "hidden"),
    ],
)
def test_each_knob_moves_its_own_part_alone(augmenter: Augmenter, name: str) -> None:
    own = {"gamma": {"gains", "gamma"}, "hidden": {"hidden", "grey"}}.get(name, {name})
    for drawn in draws(augmenter, 20):
        assert getattr(drawn, name) != getattr(NONE, name)
        assert drawn == replace(
            Augmentation(drawn.scale, drawn.rotation, drawn.flip),
            **{part: getattr(drawn, part) for part in own},
        )


@given(seed=seeds)
def test_a_generator_in_the_same_state_draws_the_same(seed: int) -> None:
    one, other = (WIDE.draw(np.random.default_rng(seed)) for _ in range(2))
    assert one == other


def test_the_map_of_no_augmentation_is_that_of_the_plain_crop() -> None:
    np.testing.assert_array_equal(NONE.matrix(BOX), crop_matrix(BOX))
    np.testing.assert_array_equal(NONE.matrix(BOX, 64), crop_matrix(BOX, 64))


def test_a_shift_is_a_share_of_the_square_whatever_else_is_drawn() -> None:
    moved = np.array([BOX.x + 0.1 * BOX.side, BOX.y - 0.25 * BOX.side])
    for scale, rotation, flip in ((1.0, 0.0, False), (1.2, 40.0, True), (0.8, -15.0, False)):
        drawn = Augmentation(scale, rotation, flip, shift=(0.1, -0.25))
        np.testing.assert_allclose(transform(moved, drawn.matrix(BOX)), [64, 64])


@given(seed=seeds, scale=st.floats(0.75, 1.25), rotation=st.floats(-60, 60), flip=st.booleans())
def test_the_map_scales_turns_and_mirrors(
    seed: int, scale: float, rotation: float, flip: bool
) -> None:
    matrix = Augmentation(scale, rotation, flip).matrix(BOX)
    points = np.random.default_rng(seed).uniform(-100, 200, (5, 2))
    found = transform(points, matrix) - CROP_SIZE / 2
    # Complex numbers turn by multiplication; on screen y points down.
    plain = (points - (BOX.x, BOX.y)) @ [1, -1j] * CROP_SIZE / (BOX.side * scale)
    turned = plain * np.exp(1j * np.deg2rad(rotation))
    expected = np.stack([-turned.real if flip else turned.real, -turned.imag], axis=-1)
    np.testing.assert_allclose(found, expected, atol=1e-9)


@given(crop=crops)
def test_geometry_alone_leaves_colours_as_they_are(crop: NDArray[np.uint8]) -> None:
    np.testing.assert_array_equal(Augmentation(1.2, 30, True, (0.1, 0.1)).retouch(crop), crop)


@given(crop=crops, seed=seeds, colour=st.sampled_from([0, 0.2]), blur=st.sampled_from([0, 1]))
def test_retouching_keeps_the_form_and_the_crop_it_was_given(
    crop: NDArray[np.uint8], seed: int, colour: float, blur: float
) -> None:
    before = crop.copy()
    augmenter = Augmenter(colour_sd=colour, blur_probability=blur, hide_probability=1)
    drawn = augmenter.draw(np.random.default_rng(seed))
    found = drawn.retouch(crop)
    assert found.shape == crop.shape and found.dtype == np.uint8
    np.testing.assert_array_equal(crop, before)


@given(crop=crops, gamma=st.floats(0.5, 2), gains=st.tuples(*[st.floats(0.5, 2)] * 3))
def test_colours_follow_the_equation(
    crop: NDArray[np.uint8], gamma: float, gains: tuple[float, float, float]
) -> None:
    found = Augmentation(gains=gains, gamma=gamma).retouch(crop)
    expected = np.clip(255 * (crop / 255.0) ** gamma * gains, 0, 255)
    np.testing.assert_allclose(found, expected, atol=0.5 + 1e-6)


def test_each_gain_is_of_its_own_colour() -> None:
    crop = np.full((4, 4, 3), 100, np.uint8)
    found = Augmentation(gains=(1.0, 0.5, 1.5)).retouch(crop)
    np.testing.assert_array_equal(found, np.tile(np.array([100, 50, 150], np.uint8), (4, 4, 1)))
    np.testing.assert_array_equal(Augmentation(gamma=2.0).retouch(crop), np.full((4, 4, 3), 39))


@given(
    colour=st.tuples(*[st.integers(0, 255)] * 3),
    detail=st.floats(0.3, 0.8),
    size=st.integers(1, 40),
)
def test_an_even_crop_has_no_detail_to_lose(
    colour: tuple[int, int, int], detail: float, size: int
) -> None:
    crop = np.full((size, size, 3), colour, np.uint8)
    np.testing.assert_array_equal(Augmentation(detail=detail).retouch(crop), crop)


def test_less_detail_means_less_contrast_between_neighbours_and_the_same_light() -> None:
    crop = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    contrasts = []
    for detail in (1.0, 0.8, 0.5, 0.3):
        found = Augmentation(detail=detail).retouch(crop).astype(float)
        contrasts.append(np.abs(np.diff(found, axis=1)).mean())
        assert found.mean() == pytest.approx(crop.mean(), abs=2)
    assert contrasts == sorted(contrasts, reverse=True)
    assert contrasts[-1] < 0.4 * contrasts[0]


def test_a_hidden_part_is_one_grey_and_the_rest_is_as_before() -> None:
    crop = np.random.default_rng(0).integers(1, 255, (128, 128, 3), np.uint8)
    found = Augmentation(hidden=(0.25, 0.5, 0.125, 0.375), grey=255).retouch(crop)
    expected = crop.copy()
    expected[64:112, 32:48] = 255
    np.testing.assert_array_equal(found, expected)


@given(seed=seeds)
def test_a_hidden_part_has_the_size_drawn(seed: int) -> None:
    drawn = Augmenter(hide_probability=1.0).draw(np.random.default_rng(seed))
    assert drawn.hidden is not None
    hidden = (
        drawn.retouch(np.full((128, 128, 3), (drawn.grey + 1) % 256, np.uint8)) == drawn.grey
    ).all(axis=2)
    _, _, wide, high = drawn.hidden
    assert hidden.sum() == pytest.approx(wide * high * 128**2, rel=0.2)
    rows, columns = np.flatnonzero(hidden.any(axis=1)), np.flatnonzero(hidden.any(axis=0))
    assert hidden.sum() == len(rows) * len(columns)
    assert np.ptp(rows) == len(rows) - 1 and np.ptp(columns) == len(columns) - 1
