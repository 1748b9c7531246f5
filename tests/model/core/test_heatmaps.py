"""The keypoint bottleneck and decoding, against cases worked by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from torch import Tensor

from model.core.heatmaps import (
    decode,
    gaussian_maps,
    marginal_expectation,
    marginal_mean_points,
)

MAPS = arrays(np.float64, (1, 2, 8, 8), elements=st.floats(-3, 3))


def spike(x: int, y: int, height: float = 1.0) -> Tensor:
    """A map (1, 1, 32, 32) that is zero but for one cell."""
    heatmap = torch.zeros(1, 1, 32, 32)
    heatmap[0, 0, y, x] = height
    return heatmap


def test_marginals_are_sums_and_not_means() -> None:
    # Column sums are (0, ln 2): their softmax is (1/3, 2/3). Means would give ln 2 / 2 and 0.586.
    heatmap = torch.tensor([[[[0.0, math.log(2)], [0.0, 0.0]]]])
    torch.testing.assert_close(marginal_expectation(heatmap), torch.tensor([[[2 / 3, 1 / 3]]]))


def test_marginals_add_up_scores_along_a_line() -> None:
    # 32 small scores in one column weigh as much as their sum, which no cell of them shows.
    heatmap = torch.zeros(1, 1, 32, 32)
    heatmap[..., 20] = 0.5
    x, y = marginal_expectation(heatmap)[0, 0].tolist()
    others = sum(i for i in range(32) if i != 20)
    assert x == pytest.approx((20 * math.e**16 + others) / (math.e**16 + 31), rel=1e-5)
    assert y == pytest.approx(15.5)


@pytest.mark.parametrize(("x", "y"), [(0, 0), (31, 0), (3, 29), (17, 16)])
def test_a_sharp_map_gives_its_cell(x: int, y: int) -> None:
    point = marginal_expectation(spike(x, y, 40.0))
    torch.testing.assert_close(point, torch.tensor([[[x, y]]], dtype=torch.float32))


@given(MAPS, st.floats(-2, 2))
def test_a_constant_changes_no_point(heatmaps: NDArray[np.float64], constant: float) -> None:
    maps = torch.from_numpy(heatmaps)
    points = marginal_expectation(maps)
    assert ((points >= 0) & (points <= 7)).all()
    torch.testing.assert_close(marginal_expectation(maps + constant), points)


@given(MAPS)
def test_mirrored_and_transposed_maps_give_such_points(heatmaps: NDArray[np.float64]) -> None:
    maps = torch.from_numpy(heatmaps)
    x, y = marginal_expectation(maps).unbind(-1)
    mirrored = marginal_expectation(maps.flip(-1))
    torch.testing.assert_close(mirrored, torch.stack([7 - x, y], -1))
    transposed = marginal_expectation(maps.transpose(-1, -2))
    torch.testing.assert_close(transposed, torch.stack([y, x], -1))


def test_gaussians_have_peak_one_and_sigma_two() -> None:
    maps = gaussian_maps(torch.tensor([[[10.0, 20.0]]]), 32)
    assert maps.shape == (1, 1, 32, 32)
    assert maps[0, 0, 20, 10] == 1
    assert maps.argmax() == 20 * 32 + 10
    assert maps[0, 0, 20, 12].item() == pytest.approx(math.exp(-0.5))
    assert maps[0, 0, 18, 10].item() == pytest.approx(math.exp(-0.5))
    assert maps[0, 0, 23, 14].item() == pytest.approx(math.exp(-(3**2 + 4**2) / 8))


@given(st.floats(0, 31), st.floats(0, 31), st.floats(0.5, 4))
def test_gaussians_follow_the_equation(x: float, y: float, sigma: float) -> None:
    found = gaussian_maps(torch.tensor([[[x, y]]], dtype=torch.float64), 32, sigma)[0, 0]
    row, column = np.mgrid[:32, :32]
    wanted = np.exp(-((row - y) ** 2 + (column - x) ** 2) / (2 * sigma**2))
    np.testing.assert_allclose(found, wanted, atol=1e-12)


@given(st.floats(2, 29), st.floats(2, 29), st.floats(1, 3))
def test_a_rendered_point_is_found_to_a_quarter_of_a_cell(x: float, y: float, sigma: float) -> None:
    point = torch.tensor([[[x, y]]], dtype=torch.float64)
    found, confidence = decode(gaussian_maps(point, 32, sigma))
    assert (found - point).abs().max() <= 0.25 + 1e-6 and confidence.item() > 0.7


def keypoint_bottleneck(heatmaps: Tensor) -> Tensor:
    return gaussian_maps(marginal_expectation(heatmaps), 32)


def test_the_bottleneck_forgets_all_but_the_point() -> None:
    sharp = keypoint_bottleneck(spike(9, 21, 50.0))
    torch.testing.assert_close(sharp, gaussian_maps(torch.tensor([[[9.0, 21.0]]]), 32))
    torch.testing.assert_close(keypoint_bottleneck(spike(9, 21, 60.0)), sharp)


def test_gradients_pass_the_bottleneck() -> None:
    heatmaps = torch.zeros(1, 1, 32, 32, requires_grad=True)
    right_half = keypoint_bottleneck(heatmaps)[..., 16:].sum()
    (gradient,) = torch.autograd.grad(right_half, heatmaps)
    # The point is in the middle: scores to its right draw it, and its Gaussian, to the right.
    assert (gradient[..., 16:] > 0).all()
    assert (gradient[..., :16] < 0).all()


def decoded(heatmap: Tensor) -> tuple[list[float], float]:
    points, confidence = decode(heatmap)
    assert points.shape == (1, 1, 2)
    assert confidence.shape == (1, 1)
    return points[0, 0].tolist(), confidence.item()


@pytest.mark.parametrize(
    ("dx", "dy", "wanted"),
    [
        (1, 0, [10.25, 20.0]),
        (-1, 0, [9.75, 20.0]),
        (0, 1, [10.0, 20.25]),
        (0, -1, [10.0, 19.75]),
        (0, 0, [10.0, 20.0]),
    ],
)
def test_decoding_moves_a_quarter_towards_the_higher_neighbour(
    dx: int, dy: int, wanted: list[float]
) -> None:
    heatmap = spike(10 + dx, 20 + dy, 1e-3)
    heatmap[0, 0, 20, 10] = 0.8
    point, confidence = decoded(heatmap)
    assert point == wanted
    assert confidence == pytest.approx(0.8)


@pytest.mark.parametrize(
    ("x", "y", "moved"),
    [
        (2, 2, True),
        (30, 30, True),
        (1, 15, False),
        (15, 1, False),
        (31, 15, False),
        (15, 31, False),
        (0, 0, False),
        (31, 31, False),
    ],
)
def test_decoding_leaves_the_border_alone(x: int, y: int, moved: bool) -> None:
    heatmap = torch.zeros(1, 1, 32, 32)
    heatmap[..., y, :] = torch.linspace(0.1, 0.2, 32)
    heatmap[0, 0, y, x] = 1.0
    assert decoded(heatmap)[0] == [x + 0.25 * moved, y]


@pytest.mark.parametrize("level", [0.0, -0.3])
def test_a_map_without_a_positive_cell_is_not_found(level: float) -> None:
    heatmap = torch.full((1, 1, 32, 32), -1.0)
    heatmap[0, 0, 12, 14] = level
    assert decoded(heatmap) == ([0.0, 0.0], 0.0)


def test_confidence_ends_at_one() -> None:
    assert decoded(spike(5, 6, 1.7)) == ([5.0, 6.0], 1.0)


@given(st.integers(0, 2**32 - 1))
def test_decoding_follows_the_rule_map_by_map(seed: int) -> None:
    generator = np.random.default_rng(seed)
    # All values differ, so that the highest cell is one.
    maps = generator.permutation(2 * 3 * 32 * 32).reshape(2, 3, 32, 32).astype(np.float32) - 2000
    points, confidence = decode(torch.from_numpy(maps))
    for n in range(2):
        for k in range(3):
            wanted = decode_one(maps[n, k])
            assert points[n, k].tolist() == wanted
            assert confidence[n, k] == np.clip(maps[n, k].max(), 0, 1)


def decode_one(h: NDArray[np.float32]) -> list[float]:
    y, x = divmod(int(h.argmax()), 32)
    if h[y, x] <= 0:
        return [0.0, 0.0]
    if not (1 < x < 31 and 1 < y < 31):
        return [x, y]
    return [
        x + 0.25 * float(np.sign(h[y, x + 1] - h[y, x - 1])),
        y + 0.25 * float(np.sign(h[y + 1, x] - h[y - 1, x])),
    ]


# KeypointGAN's and IMM's points


@pytest.mark.parametrize(("x", "y"), [(0, 0), (15, 0), (0, 15), (15, 15), (5, 10)])
def test_mean_points_run_from_minus_one_to_one_between_the_outermost_cells(x: int, y: int) -> None:
    maps = torch.zeros(1, 1, 16, 16)
    maps[0, 0, y, x] = 1e4
    wanted = torch.tensor([[[2 * x / 15 - 1, 2 * y / 15 - 1]]])
    torch.testing.assert_close(marginal_mean_points(maps), wanted, atol=1e-6, rtol=0)


def test_mean_points_of_flat_maps_are_in_the_middle() -> None:
    points = marginal_mean_points(torch.full((2, 3, 16, 16), 7.0))
    torch.testing.assert_close(points, torch.zeros(2, 3, 2), atol=1e-6, rtol=0)


def test_mean_points_by_hand() -> None:
    # Column means are (0, ln 3): softmax (1/4, 3/4). Row means are equal.
    maps = torch.tensor([[[[0.0, math.log(3)], [0.0, math.log(3)]]]])
    torch.testing.assert_close(marginal_mean_points(maps), torch.tensor([[[0.5, 0.0]]]))


def test_mean_points_of_maps_that_are_not_square() -> None:
    # Each row's mean is over its 4 columns, each column's over its 2 rows.
    maps = torch.zeros(1, 1, 2, 4, dtype=torch.float64)
    maps[0, 0, 1, 3] = 4 * math.log(3)
    row = torch.tensor([0.0, math.log(3)]).softmax(0)
    column = torch.tensor([0.0, 0.0, 0.0, 2 * math.log(3)]).softmax(0)
    x, y = (column * torch.linspace(-1, 1, 4)).sum(), (row * torch.linspace(-1, 1, 2)).sum()
    found = marginal_mean_points(maps)[0, 0]
    torch.testing.assert_close(found.float(), torch.stack([x, y]))


@given(arrays(np.float64, (1, 2, 16, 16), elements=st.floats(-3, 3)))
def test_means_are_as_much_softer_than_sums_as_a_map_is_wide(maps: NDArray[np.float64]) -> None:
    scores = torch.from_numpy(maps)
    cells = marginal_expectation(scores)
    torch.testing.assert_close(
        marginal_mean_points(16 * scores), cells * (2 / 15) - 1, atol=1e-9, rtol=0
    )


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_mean_points_of_half_precision_are_computed_in_full(dtype: torch.dtype) -> None:
    maps = torch.randn(1, 2, 16, 16).to(dtype)
    points = marginal_mean_points(maps)
    assert points.dtype == torch.float32
    torch.testing.assert_close(points, marginal_mean_points(maps.float()), rtol=0, atol=0)
