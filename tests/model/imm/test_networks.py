"""IMM's network: its shapes, its size, and what its parts may see."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from model.core.errors import UserError
from model.imm.networks import Imm, ImmSpec, point_maps
from tests.model.imm.small import SPEC, lively_network, picture, small_network


def pictures(seed: int, size: int = 32) -> torch.Tensor:
    """Two that differ; (2, 3, S, S), 0..255."""
    both = np.stack([picture(10 * seed + i, size) for i in range(2)])
    return torch.from_numpy(both).permute(0, 3, 1, 2).float()


def count(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


def test_the_published_network_has_the_published_sizes() -> None:
    network = Imm(ImmSpec(points=10)).eval()
    with torch.no_grad():
        output = network(pictures(0, 128), pictures(1, 128))
        assert network.pose_encoder(pictures(0, 128)).shape == (2, 256, 16, 16)
    assert output.points.shape == (2, 10, 2)
    assert output.maps.shape == (2, 10, 16, 16)
    assert output.reconstruction.shape == (2, 3, 128, 128)

    def layers(*sizes: tuple[int, int, int]) -> int:
        return sum(k * k * a * b + 3 * b for k, a, b in sizes)  # bias and BatchNorm's two

    encoder = layers(
        (7, 3, 32), (3, 32, 32), (3, 32, 64), (3, 64, 64),
        (3, 64, 128), (3, 128, 128), (3, 128, 256), (3, 256, 256),
    )  # fmt: skip
    renderer = layers(
        (3, 266, 256), (3, 256, 256), (3, 256, 128), (3, 128, 128),
        (3, 128, 64), (3, 64, 64), (3, 64, 32),
    )  # fmt: skip
    assert count(network.image_encoder) == count(network.pose_encoder) == encoder
    assert count(network.pose_head) == 256 * 10 + 10
    assert count(network.renderer) == renderer + 9 * 32 * 9 + 9  # nine channels, of which three
    assert count(network) == 2 * encoder + 2570 + renderer + 2601


def test_batch_norm_has_tensorflows_settings() -> None:
    norms = [m for m in small_network().modules() if isinstance(m, nn.BatchNorm2d)]
    assert len(norms) == 8 + 8 + 7
    assert {(norm.eps, norm.momentum) for norm in norms} == {(1e-3, 0.01)}


def test_the_target_reaches_the_renderer_through_its_points_alone() -> None:
    network = lively_network()
    target, source = pictures(0), pictures(1)
    output = network(target, source)
    torch.testing.assert_close(output.points, network.points(target))
    torch.testing.assert_close(output.reconstruction, network.reconstruct(target, source))
    assert (output.points - network.points(source)).abs().max() > 0.05

    given = torch.autograd.grad(output.reconstruction.sum(), output.points, retain_graph=True)[0]
    assert given.abs().sum() > 0
    assert (network.reconstruct(pictures(2), source) - output.reconstruction).abs().max() > 0.05
    with torch.no_grad():
        network.pose_head.weight.zero_()  # every point is now in the middle
    blind = [network.reconstruct(pictures(seed), source) for seed in (0, 2)]
    torch.testing.assert_close(blind[0], blind[1])


def test_points_are_x_then_y_between_minus_one_and_one() -> None:
    network = small_network().eval()
    network.pose_encoder = nn.Sequential(nn.AvgPool2d(8))  # type: ignore[assignment]
    network.pose_head = nn.Conv2d(3, 3, 1, bias=False)  # type: ignore[assignment]
    with torch.no_grad():
        network.pose_head.weight.copy_(50 * torch.eye(3)[..., None, None])
        image = torch.zeros(1, 3, 32, 32)
        image[0, 0, :8, 24:] = 255  # top right
        image[0, 1, 24:, 8:16] = 255  # bottom, second column of four
        points = network.points(image)[0]
    torch.testing.assert_close(points[0], torch.tensor([1.0, -1.0]))
    torch.testing.assert_close(points[1], torch.tensor([-1 / 3, 1.0]))
    torch.testing.assert_close(points[2], torch.zeros(2), atol=1e-6, rtol=0)


def test_the_renderer_can_scale_up_as_pytorch_does() -> None:
    target, source = pictures(0), pictures(1)
    legacy = lively_network()
    pytorch = Imm(dataclasses.replace(SPEC, upsampling="pytorch")).eval()
    pytorch.load_state_dict(legacy.state_dict())
    found = [network.reconstruct(target, source) for network in (pytorch, legacy)]
    assert found[0].shape == found[1].shape
    assert (found[0] - found[1]).abs().max() > 0.05


def test_gaussians_follow_the_released_formulas() -> None:
    points = torch.tensor([[[0.3, -0.55]]], dtype=torch.float64)
    cells = np.linspace(-1, 1, 16)
    x, y = np.meshgrid(cells - 0.3, cells + 0.55)
    wanted = {
        "rot": np.exp(-(x**2 + y**2) / 0.1**2),
        "flat": np.exp(-(((x**2 + y**2) / 0.1**2 + 1e-5) ** 0.25)),
        "ankush": np.exp(-np.sqrt(1e-4 + abs(x) / 0.1)) * np.exp(-np.sqrt(1e-4 + abs(y) / 0.1)),
    }
    for mode, values in wanted.items():
        found = point_maps(points, 16, 0.1, mode)  # type: ignore[arg-type]
        assert found.shape == (1, 1, 16, 16)
        np.testing.assert_allclose(found[0, 0].numpy(), values, rtol=1e-9)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("points", 0), ("size", 100), ("size", 8), ("width", 0), ("spare_channels", -1),
        ("upsampling", "nearest"), ("sigma", 0.0), ("sigma", float("nan")), ("gaussians", "round"),
    ],
)  # fmt: skip
def test_a_network_that_cannot_be_is_refused_by_name(name: str, value: Any) -> None:
    with pytest.raises(UserError, match=name):
        dataclasses.replace(SPEC, **{name: value})
