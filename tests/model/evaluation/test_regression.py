"""Linear regression: numpy's own least squares, with what a ridge and an intercept change."""

from __future__ import annotations

import numpy as np
import pytest

from model.core.errors import UserError
from model.evaluation.metrics import fit_linear_map, fit_point_map

RNG = np.random.default_rng(3)
X = RNG.normal(5, 2, (40, 6))
Y = RNG.normal(-3, 4, (40, 4))


def test_without_an_intercept_it_is_least_squares() -> None:
    fitted = fit_linear_map(X, Y)
    wanted = np.linalg.lstsq(X, Y, rcond=None)[0]
    np.testing.assert_allclose(fitted.weights, wanted, rtol=1e-9)
    assert not fitted.offset.any()
    np.testing.assert_allclose(fitted(X), X @ wanted)


def test_an_intercept_is_a_column_of_ones() -> None:
    fitted = fit_linear_map(X, Y, intercept=True)
    wanted = np.linalg.lstsq(np.column_stack([X, np.ones(len(X))]), Y, rcond=None)[0]
    np.testing.assert_allclose(fitted.weights, wanted[:-1], rtol=1e-9)
    np.testing.assert_allclose(fitted.offset, wanted[-1], rtol=1e-9)


def test_a_ridge_solves_the_normal_equations_and_spares_the_intercept() -> None:
    fitted = fit_linear_map(X, Y, alpha=7.0)
    wanted = np.linalg.solve(X.T @ X + 7 * np.eye(6), X.T @ Y)
    np.testing.assert_allclose(fitted.weights, wanted, rtol=1e-9)
    heavy = fit_linear_map(X, Y, alpha=1e12, intercept=True)
    np.testing.assert_allclose(heavy(X), np.tile(Y.mean(axis=0), (40, 1)), rtol=1e-6)


def test_too_few_pictures_give_the_smallest_weights() -> None:
    fitted = fit_linear_map(X[:3], Y[:3])
    np.testing.assert_allclose(fitted(X[:3]), Y[:3])
    np.testing.assert_allclose(fitted.weights, np.linalg.pinv(X[:3]) @ Y[:3], rtol=1e-6)


def test_points_move_as_a_whole() -> None:
    points = X.reshape(40, 3, 2)
    landmarks = points[:, [2, 0]][..., ::-1] * 3 + 1  # other points, x and y exchanged
    fitted = fit_point_map(points, landmarks, intercept=True)
    moved = fitted.move(points)
    assert moved.shape == (40, 2, 2)
    np.testing.assert_allclose(moved, landmarks)


def test_what_does_not_fit_is_refused() -> None:
    spoilt = X.copy()
    spoilt[0, 0] = np.nan
    with pytest.raises(UserError, match="not finite"):
        fit_linear_map(spoilt, Y)
    for x, y in ((X[:5], Y), (X[:0], Y[:0]), (X[0], Y[0])):
        with pytest.raises(UserError, match="cannot be fitted"):
            fit_linear_map(x, y)
    for alpha in (-1.0, float("nan")):
        with pytest.raises(UserError, match="alpha"):
            fit_linear_map(X, Y, alpha=alpha)
    with pytest.raises(UserError, match="fitted to 6 features"):
        fit_linear_map(X, Y)(X[:, :5])
