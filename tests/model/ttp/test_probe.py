from __future__ import annotations

import pytest
import torch

from model.ttp.objective import TensorBatch, keypoint_use, spread
from tests.networks import small_network, small_perceptual_loss


def test_keypoint_use_tells_a_renderer_that_copies_from_one_that_looks() -> None:
    network, loss = small_network(rebuilt=128), small_perceptual_loss()
    target, source = torch.randn(2, 4, 3, 128, 128).unbind()
    batch = TensorBatch(target, source, torch.zeros(4, 13, 2), torch.ones(4, 13))
    with torch.no_grad():
        wanted = network.points_of(network.self_heatmaps(target))

    def look(points: torch.Tensor, source: torch.Tensor) -> torch.Tensor:
        """Right where the points are the target's own."""
        right = (points - wanted).abs().amax(dim=(1, 2)) < 1e-3
        return torch.where(right[:, None, None, None], target, source)

    def copy(points: torch.Tensor, source: torch.Tensor) -> torch.Tensor:
        return source

    network.reconstruction.forward = look  # type: ignore[method-assign]
    own, foreign = keypoint_use(network, loss, batch)
    assert own == 0 and foreign > 0
    network.reconstruction.forward = copy  # type: ignore[method-assign]
    own, foreign = keypoint_use(network, loss, batch)
    assert own == foreign > 0


def test_spread_is_zero_when_all_keypoints_have_collapsed() -> None:
    network = small_network()
    target = torch.randn(2, 3, 128, 128)

    assert spread(network, target) > 0
    with torch.no_grad():
        network.self_head.weight.zero_()
        network.self_head.bias.zero_()  # type: ignore[union-attr]
    assert spread(network, target) == pytest.approx(0, abs=1e-4)
