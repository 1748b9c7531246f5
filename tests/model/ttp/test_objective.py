"""What training minimises of a masked network, and what is looked at."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from model.core.masking import mass_off_person
from model.core.perceptual import PerceptualLoss
from model.ttp.networks import PoseNetwork
from model.ttp.objective import JointObjective, TensorBatch, keypoint_use, share_on_person
from tests.networks import small_network, small_perceptual_loss


@pytest.fixture
def network() -> PoseNetwork:
    network = small_network("keypoint", backbone="movenet-lightning")
    network.spec = replace(network.spec, mask="person")
    return network


def batch_of(network: PoseNetwork, masks: Tensor | None = None, alone: int = 1) -> TensorBatch:
    """Two pairs, and some examples without a source after them."""
    size = network.spec.crop_size
    return TensorBatch(
        target=torch.randn(2 + alone, 3, size, size, generator=torch.Generator().manual_seed(3)),
        source=torch.randn(2, 3, 128, 128, generator=torch.Generator().manual_seed(4)),
        joints=torch.full((2 + alone, 13, 2), size / 2),
        weights=torch.ones(2 + alone, 13),
        masks=masks,
    )


def left(width: int) -> Tensor:
    """Masks of two targets, of which so many columns of 128 are the person."""
    masks = torch.zeros(2, 1, 128, 128)
    masks[..., :width] = 1
    return masks


@torch.no_grad()
def test_keypoints_off_the_person_are_punished_in_training_only(network: PoseNetwork) -> None:
    objective = JointObjective(network, small_perceptual_loss(), self_weight=1.0)
    batch = batch_of(network, left(50))
    whole = objective(batch, True)
    maps = network.self_heatmaps(batch.target[:2])
    off = mass_off_person(maps, left(50))
    # Personalization, which has no labels to go by either, minimises the pictures' errors alone.
    rebuilt = objective.reconstruction(replace(batch, target=batch.target[:2]))
    assert 0.1 < off < 1
    torch.testing.assert_close(whole.self_supervised, rebuilt + 6 * off, rtol=1e-4, atol=0)
    torch.testing.assert_close(whole.total, whole.supervised + whole.self_supervised)


@torch.no_grad()
def test_where_all_is_person_the_objective_is_as_published(network: PoseNetwork) -> None:
    objective = JointObjective(network, small_perceptual_loss(), self_weight=1.0)
    masked = objective(batch_of(network, torch.ones(2, 1, 128, 128)), True)
    plain = objective(batch_of(network), True)
    torch.testing.assert_close(masked.total, plain.total, rtol=1e-4, atol=0)
    torch.testing.assert_close(masked.errors, plain.errors, rtol=1e-4, atol=0)


@torch.no_grad()
def test_only_the_person_of_a_target_is_compared(network: PoseNetwork) -> None:
    """The errors told are those of the perceptual loss with the batch's masks."""
    loss = small_perceptual_loss()
    batch = batch_of(network, left(50))
    found = JointObjective(network, loss, self_weight=1.0)(batch, True)
    points = network.points_of(network.self_heatmaps(batch.target[:2]))
    rebuilt = network.rebuild(points, batch.source)
    wanted = loss.errors(rebuilt, batch.target[:2], left(50))
    torch.testing.assert_close(found.errors, wanted, rtol=1e-4, atol=0)
    plain = loss.errors(rebuilt, batch.target[:2])
    assert ((found.errors - plain).abs() > 0.01 * plain).all()


def test_the_punishment_reaches_the_keypoints(network: PoseNetwork) -> None:
    """A network that rebuilds nothing still learns where its keypoints should be."""

    class Silent(PerceptualLoss):
        def errors(self, rebuilt: Tensor, target: Tensor, masks: Tensor | None = None) -> Tensor:
            return 0 * super().errors(rebuilt, target, masks)

    objective = JointObjective(network, Silent(small_perceptual_loss().features), self_weight=1.0)
    for supervised in (True, False):
        objective._supervised = supervised
        network.zero_grad(set_to_none=True)
        objective(batch_of(network, left(50)), True).total.backward()
        gradient = network.self_head.weight.grad
        assert gradient is not None and gradient.abs().max() > 1e-4


def test_the_share_of_keypoints_on_the_person_is_counted(network: PoseNetwork) -> None:
    batch = batch_of(network, alone=0)
    size = network.spec.heatmap_size
    with torch.no_grad():
        points = network.points_of(network.self_heatmaps(batch.target))
        across = points[..., 0] * 128 / size  # a keypoint is in the mask's column
        middle = int(across.median())
    masks = left(middle)
    found = share_on_person(network, replace(batch, masks=masks))
    grown = middle + 4
    sure = (across < grown - 2).float().mean().item(), (across < grown + 2).float().mean().item()
    assert sure[0] <= found <= sure[1] and found > 0
    assert share_on_person(network, replace(batch, masks=torch.ones_like(masks))) == 1
    assert share_on_person(network, replace(batch, masks=torch.zeros_like(masks))) == 0


def test_the_probe_compares_the_person_only(network: PoseNetwork) -> None:
    batch = batch_of(network, left(64), alone=0)
    shown = torch.nn.functional.interpolate(batch.target, size=128, mode="area") * left(64)
    network.reconstruction.forward = lambda points, source: shown  # type: ignore[method-assign]
    loss = small_perceptual_loss()
    own, foreign = keypoint_use(network, loss, batch)
    assert own == foreign == pytest.approx(0, abs=1e-6)
    assert keypoint_use(network, loss, replace(batch, masks=None))[0] > 0.1
