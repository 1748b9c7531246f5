"""Supervised target maps and their loss, against cases worked by hand (method 1.6)."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import Tensor

from model.core.heatmaps import decode, gaussian_targets, supervised_loss


def target(x: float, y: float, weight: float = 1.0) -> tuple[NDArray[np.float32], float]:
    """The map (32, 32) and the weight of one joint."""
    points, weights = torch.tensor([[[x, y]]]), torch.tensor([[weight]])
    maps, found = gaussian_targets(points, weights, 32)
    assert maps.shape == (1, 1, 32, 32) and found.shape == (1, 1)
    assert maps.dtype == torch.float32
    return maps[0, 0].numpy(), found.item()


def test_a_target_is_a_gaussian_of_sigma_two_with_peak_one_cut_off_at_six_cells() -> None:
    heatmap, weight = target(10, 20)
    assert weight == 1
    assert heatmap[20, 10] == 1
    assert heatmap[20, 12] == pytest.approx(math.exp(-0.5))
    assert heatmap[17, 14] == pytest.approx(math.exp(-(3**2 + 4**2) / 8))
    # The corner of the window of 13 x 13 cells is drawn, its neighbours are not.
    assert heatmap[26, 16] == pytest.approx(math.exp(-9))
    assert heatmap[27, 16] == heatmap[26, 17] == 0
    rows, columns = np.nonzero(heatmap)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (14, 26, 4, 16)
    assert len(rows) == 13 * 13


@pytest.mark.parametrize(
    ("coordinate", "cell"),
    [(9.5, 10), (10.0, 10), (10.49, 10), (10.5, 11), (0.2, 0), (-0.4, 0), (-1.4, 0), (30.6, 31)],
)
def test_centres_are_whole_cells(coordinate: float, cell: int) -> None:
    """int(coordinate + 0.5): to the nearest, but towards zero among the negative ones."""
    expected, _ = target(cell, 16)
    np.testing.assert_array_equal(target(coordinate, 16)[0], expected)
    np.testing.assert_array_equal(target(16, coordinate)[0], expected.T)


@given(x=st.floats(-50, 80), y=st.floats(-50, 80), size=st.sampled_from([8, 32]))
def test_targets_follow_the_rule(x: float, y: float, size: int) -> None:
    points = torch.tensor([[[x, y]]], dtype=torch.float64)
    maps, weights = gaussian_targets(points, torch.ones(1, 1), size)
    column, row = int(x + 0.5), int(y + 0.5)
    expected = np.zeros((size, size))
    for v in range(max(0, row - 6), min(size, row + 7)):
        for u in range(max(0, column - 6), min(size, column + 7)):
            expected[v, u] = math.exp(-((u - column) ** 2 + (v - row) ** 2) / 8)
    np.testing.assert_allclose(maps[0, 0], expected, atol=1e-12)
    # The released code keeps a window that ends right before cell 0 (method 1.6).
    assert weights.item() == (min(column, row) >= -7 and max(column, row) <= size + 5)


@pytest.mark.parametrize(
    ("x", "y", "kept"),
    [
        (-7.4, 16, True),  # cell -6
        (-8.5, 16, False),
        (37, 16, True),
        (38, 16, False),
        (16, -7.4, True),
        (16, -8.5, False),
        (16, 37, True),
        (16, 38, False),
        (-6, -6, True),
        (-6, 38, False),
        (-500, 1e6, False),
    ],
)
def test_a_joint_outside_is_kept_as_far_as_its_window_reaches(
    x: float, y: float, kept: bool
) -> None:
    heatmap, weight = target(x, y)
    assert weight == kept
    assert heatmap.any() == kept


def test_a_joint_outside_draws_the_part_of_its_window_that_is_inside() -> None:
    heatmap, _ = target(-4.6, 16)  # cell -4
    rows, columns = np.nonzero(heatmap)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (10, 22, 0, 2)
    assert heatmap.max() == heatmap[16, 0] == pytest.approx(math.exp(-(4**2) / 8))


def test_a_joint_without_weight_has_none_afterwards_either() -> None:
    assert target(10, 20, 0.0)[1] == 0


def test_targets_decode_to_their_cells() -> None:
    generator = torch.Generator().manual_seed(0)
    points = torch.randint(0, 32, (4, 13, 2), generator=generator).float()
    maps, _ = gaussian_targets(points, torch.ones(4, 13), 32)
    found, confidence = decode(maps)
    torch.testing.assert_close(found, points)
    torch.testing.assert_close(confidence, torch.ones(4, 13))


def test_the_loss_is_half_the_mean_square_over_pictures_cells_and_joints() -> None:
    # Two joints on maps of 2 x 2 cells: squares 4 + 0 + 0 + 0 and 1 + 1 + 1 + 1, over 8 cells.
    heatmaps = torch.tensor([[[[2.0, 0], [0, 0]], [[1, 1], [1, 1]]]])
    targets = torch.tensor([[[[0.0, 0], [0, 0]], [[0, 2], [0, 2]]]])
    loss = supervised_loss(heatmaps, targets, torch.ones(1, 2))
    assert loss.item() == pytest.approx(0.5 * 8 / 8)
    # A second picture without an error halves it.
    twice = supervised_loss(
        torch.cat([heatmaps, targets]), torch.cat([targets, targets]), torch.ones(2, 2)
    )
    assert twice.item() == pytest.approx(0.25)


def test_joints_without_weight_count_as_zero_in_the_mean() -> None:
    heatmaps, targets = torch.ones(1, 4, 2, 2), torch.zeros(1, 4, 2, 2)
    losses = [
        supervised_loss(heatmaps, targets, torch.tensor([weights])).item()
        for weights in ([1.0, 1, 1, 1], [1.0, 1, 0, 0], [0.0, 0, 0, 1], [0.0, 0, 0, 0])
    ]
    assert losses == pytest.approx([0.5, 0.25, 0.125, 0])


def reference_loss(heatmaps: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
    """As the rule is told: per joint, over pictures and cells; then over joints."""
    of_joints = []
    for joint in range(heatmaps.shape[1]):
        weight = weights[:, joint, None]
        found = heatmaps[:, joint].flatten(1) * weight
        wanted = targets[:, joint].flatten(1) * weight
        of_joints.append(0.5 * torch.nn.functional.mse_loss(found, wanted))
    return torch.stack(of_joints).mean()


@given(seed=st.integers(0, 2**32 - 1))
def test_the_loss_follows_the_rule_joint_by_joint(seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    heatmaps, targets = torch.randn(2, 3, 5, 8, 8, generator=generator, dtype=torch.float64)
    weights = torch.randint(0, 2, (3, 5), generator=generator).double()
    torch.testing.assert_close(
        supervised_loss(heatmaps, targets, weights), reference_loss(heatmaps, targets, weights)
    )


def test_only_joints_with_weight_are_learnt_from() -> None:
    heatmaps = torch.zeros(1, 3, 32, 32, requires_grad=True)
    points = torch.tensor([[[10.0, 10], [-30, 10], [20, 20]]])
    maps, weights = gaussian_targets(points, torch.tensor([[1.0, 1, 0]]), 32)
    (gradient,) = torch.autograd.grad(supervised_loss(heatmaps, maps, weights), heatmaps)
    assert weights.tolist() == [[1, 0, 0]]
    assert gradient[0, 0].argmin() == 10 * 32 + 10
    assert not gradient[0, 1:].any()


@pytest.mark.parametrize(
    ("cell", "weight"), [(-8.0, 0), (-7.0, 1), (-6.0, 1), (37.0, 1), (38.0, 0)]
)
def test_windows_count_as_in_the_released_code(cell: float, weight: int) -> None:
    """It leaves a joint out if the window of 13 cells ends before cell 0 or begins after 31."""
    # Centres are truncated after adding a half, towards zero.
    point = cell - 0.5 if cell < 0 else cell
    maps, weights = gaussian_targets(torch.tensor([[[point, 16.0]]]), torch.ones(1, 1), 32)

    assert weights.item() == weight
    assert bool(maps.any()) == (cell in (-6.0, 37.0))
