from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from model.core.augmentation import (
    CONDITIONING,
    ThinPlateWarp,
    WarpDistribution,
    random_thin_plate_warp,
)

_UNIT = np.eye(2, 3)
_NO_WEIGHTS = np.zeros((100, 2))
_seeds = st.integers(0, 2**32 - 1)


def _pixels(size: int) -> NDArray[np.float64]:
    return np.stack(np.meshgrid(np.arange(size), np.arange(size)), axis=-1).astype(np.float64)


def _picture(size: int = 128) -> NDArray[np.uint8]:
    y, x = np.mgrid[:size, :size]
    return np.stack([2 * x, 2 * y, 128 + 100 * np.sin(x / 5) * np.cos(y / 7)], -1).astype(np.uint8)


@given(
    image=arrays(np.uint8, st.sampled_from([(2, 2, 3), (31, 31, 3), (40, 40)])),
    extent=st.floats(0.25, 1),
)
def test_no_weights_and_the_unit_affine_change_nothing(
    image: NDArray[np.uint8], extent: float
) -> None:
    warp = ThinPlateWarp(_UNIT, _NO_WEIGHTS, extent)
    np.testing.assert_allclose(warp.grid(len(image)), _pixels(len(image)), atol=1e-3)
    np.testing.assert_array_equal(warp.apply(image), image)


@given(seed=_seeds, size=st.integers(8, 40))
def test_the_grid_says_where_each_pixel_comes_from(seed: int, size: int) -> None:
    warp = CONDITIONING.draw(np.random.default_rng(seed))
    np.testing.assert_allclose(warp.grid(size), warp.origins(_pixels(size), size), atol=1e-3)


@given(seed=_seeds, control=st.integers(0, 99))
def test_at_a_control_point_its_own_weight_does_not_count(seed: int, control: int) -> None:
    rng = np.random.default_rng(seed)
    weights = 0.01 * rng.standard_normal((100, 2))
    others = weights.copy()
    others[control] = 0
    row, column = divmod(control, 10)
    point = np.array([column, row]) * 127 / 9
    np.testing.assert_allclose(
        ThinPlateWarp(_UNIT, weights).origins(point, 128),
        ThinPlateWarp(_UNIT, others).origins(point, 128),
        atol=1e-4,
    )


def test_one_weight_by_hand() -> None:
    # The first control point is the corner (-1, -1). The opposite corner is at r^2 = 8 and the
    # neighbouring one at r^2 = 4, in units of half the picture, which is 10 pixels.
    weights = _NO_WEIGHTS.copy()
    weights[0] = 0.01, -0.02
    origins = ThinPlateWarp(_UNIT, weights).origins(np.array([[20, 20], [20, 0]]), 21)
    far, near = 8 * np.log(8), 4 * np.log(4)
    expected = [[20 + 0.1 * far, 20 - 0.2 * far], [20 + 0.1 * near, 0 - 0.2 * near]]
    np.testing.assert_allclose(origins, expected)


def test_padding_halves_the_picture_in_units_of_the_control_square() -> None:
    shift = np.array([[1, 0, 0.1], [0, 1, 0]])
    centre = np.array([10, 10])
    plain = ThinPlateWarp(shift, _NO_WEIGHTS).origins(centre, 21)
    padded = ThinPlateWarp(shift, _NO_WEIGHTS, extent=0.5).origins(centre, 21)
    np.testing.assert_allclose([plain, padded], [[11, 10], [12, 10]])


def test_a_shift_moves_the_picture_and_continues_its_edge() -> None:
    image = _picture(21)
    right = ThinPlateWarp(np.array([[1, 0, 0.3], [0, 1, 0]]), _NO_WEIGHTS).apply(image)
    np.testing.assert_array_equal(right[:, :18], image[:, 3:])
    np.testing.assert_array_equal(right[:, 18:], np.repeat(image[:, -1:], 3, axis=1))


@given(seed=_seeds)
def test_the_same_generator_draws_the_same_warp(seed: int) -> None:
    image = _picture(32)
    first, second = (random_thin_plate_warp(image, np.random.default_rng(seed)) for _ in "12")
    np.testing.assert_array_equal(first, second)


def test_warps_differ_from_the_picture_and_from_each_other() -> None:
    rng = np.random.default_rng(0)
    image = _picture()
    before = image.copy()
    views = [image, *(random_thin_plate_warp(image, rng) for _ in range(5))]
    np.testing.assert_array_equal(image, before)
    assert all(view.shape == (128, 128, 3) and view.dtype == np.uint8 for view in views)
    for i, view in enumerate(views):
        for other in views[:i]:
            assert np.abs(view.astype(int) - other).mean() > 3


def test_published_warps_move_the_picture_by_a_few_pixels_and_never_fold_it() -> None:
    rng = np.random.default_rng(0)
    grids = [CONDITIONING.draw(rng).grid(128) for _ in range(200)]
    distances = [np.linalg.norm(grid - _pixels(128), axis=-1).mean() for grid in grids]
    assert 7 < np.median(distances) < 14
    for grid in grids:
        along_x, along_y = np.diff(grid, axis=1)[:-1], np.diff(grid, axis=0)[:, :-1]
        areas = along_x[..., 0] * along_y[..., 1] - along_x[..., 1] * along_y[..., 0]
        assert areas.min() > 0


def test_draws_have_the_spread_asked_for() -> None:
    spread = WarpDistribution(5, 0.05, 0.1, 0.001, 0.01)
    rng = np.random.default_rng(0)
    warps = [spread.draw(rng) for _ in range(2000)]
    affines = np.stack([warp.affine for warp in warps])
    scales = np.hypot(affines[:, 0, 0], affines[:, 1, 0])
    angles = np.rad2deg(np.arctan2(affines[:, 1, 0], affines[:, 0, 0]))
    weights = np.stack([warp.weights for warp in warps[:200]])
    assert scales.mean() == pytest.approx(1, abs=0.01)
    assert scales.std() == pytest.approx(0.05, rel=0.1)
    assert angles.std() == pytest.approx(5, rel=0.1)
    assert affines[:, :, 2].std(axis=0) == pytest.approx([0.1, 0.1], rel=0.1)
    # Half of the weights have both parts, the other half the weak one only.
    assert weights.std() == pytest.approx(np.sqrt(0.001**2 + 0.01**2 / 2), rel=0.02)
    assert np.mean(np.abs(weights) < 0.003) == pytest.approx(0.5 + 0.5 * 0.235, abs=0.02)


def test_a_picture_that_is_not_square_is_refused() -> None:
    with pytest.raises(ValueError, match="square picture, not 30 x 20"):
        CONDITIONING.draw(np.random.default_rng(0)).apply(np.zeros((20, 30, 3), np.uint8))
